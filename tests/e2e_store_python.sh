#!/usr/bin/env bash
# tests/e2e_store_python.sh BUILD: merged files open as they are in h5py, netCDF4 and xarray, with the right dimensions,
# units, fill values and texts. Skips what this machine has not.
set -uo pipefail
build=$1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || { echo "skipped store_python: no python3"; exit 0; }
LAT_KEEP=$folder "$build/tests/test_merge" >"$folder/log" 2>&1 || { cat "$folder/log"; echo "FAILED merged_files_are_written"; exit 1; }
echo "ok merged_files_are_written"

status=0
run() { # NAME MODULES: the program on stdin, with the folder as its argument
  local module
  for module in $2; do
    "$python" -c "import $module" 2>/dev/null || { echo "skipped $1: no Python module $module"; return; }
  done
  if "$python" -W error::RuntimeWarning - "$folder" >"$folder/log" 2>&1; then echo "ok $1"; else
    cat "$folder/log"; echo "FAILED $1"; status=1
  fi
}

run h5py_reads_texts_and_numbers "h5py numpy" <<'P'
import sys, h5py, numpy as np
f = h5py.File(sys.argv[1] + "/merged.h5")
assert f.attrs["Conventions"] == "CF-1.8" and f.attrs["experiment"] == "sample" and f.attrs["experiment_version"] == 3
assert f["curve"].shape == (11, 3) and f["curve"].attrs["units"] == "nat" and f["curve"].attrs["long_name"] == "loss"
assert [d[0].name for d in f["table"].dims] == ["/point", "/step", "/level"]
assert f["table"].attrs["_FillValue"] == np.iinfo(np.int64).min == f["table"][4, 0, 0] and np.isnan(f["curve"].attrs["_FillValue"])
assert f["verdict"].asstr()[3] == "größer" and f["verdict"].asstr()[2] == "" and f["family"].asstr()[0] == "parity:8"
assert list(f["table_extent_step"][:5]) == [1, 0, 3, 1, 0] and "_FillValue" not in f["layers"].attrs
assert f["status"].asstr()[4] == "failed" and f["reason"].asstr()[4] == "the loss is not finite at step 7"
P

run netcdf4_reads_dimensions_and_masks "netCDF4 numpy" <<'P'
import sys, netCDF4, numpy as np
d = netCDF4.Dataset(sys.argv[1] + "/merged.h5")
assert {k: len(v) for k, v in d.dimensions.items()} == {"point": 11, "level": 2, "step": 3, "pair": 1}, d.dimensions
assert d["curve"].dimensions == ("point", "step") and d["table"].dimensions == ("point", "step", "level")
assert "step" not in d.variables and "level" not in d.variables and list(d["point"][:]) == list(range(11))
assert d["error"].units == "bit" and d["error"][3] == 0.1 * 3 and np.ma.getmaskarray(d["wrong"][:])[4] and d["wrong"][3] == -3
assert d["verdict"][1] == "größer" and len(d["id"][0]) == 32 and d["canonical"][2] == "family=parity:8 layers=3"
t = netCDF4.Dataset(sys.argv[1] + "/merged_timing.h5")
assert t["seconds"][0] == 0.25 and t["seconds"].units == "s" and list(t["layers"][:]) == list(range(1, 12))
P

for engine in netcdf4:netCDF4 h5netcdf:h5netcdf; do
  run "xarray_opens_it_by_${engine%%:*}" "xarray ${engine##*:}" <<P
import sys, xarray, numpy as np
d = xarray.open_dataset(sys.argv[1] + "/merged.h5", engine="${engine%%:*}")
assert dict(d.sizes) == {"point": 11, "level": 2, "step": 3, "pair": 1} and list(d.coords) == ["point"]
assert d.layers.dtype == np.int64 and d.curve.dtype == np.float64 and d.curve.attrs["units"] == "nat"
assert np.isnan(d.wrong[4]) and d.wrong[3] == -3 and np.isnan(d.table[2, 2, 1]) == False and d.table[2, 1, 0] == 3
assert np.array_equal(d.curve[2].values, [1, 0.5, np.nan], equal_nan=True) and np.isnan(d.curve[0, 1])
ok = d.where(d.status == "ok", drop=True)
assert ok.sizes["point"] == 9 and str(ok.verdict.values[1]) == "größer"
p = xarray.open_dataset(sys.argv[1] + "/point.h5", engine="${engine%%:*}")
assert dict(p.sizes) == {"step": 3, "level": 2, "pair": 1} and int(p.layers) == 3 and p.error.attrs["units"] == "bit"
P
done

if command -v ncdump >/dev/null; then
  if grep -q 'table(point, step, level)' <<<"$(ncdump -h "$folder/merged.h5")"; then echo "ok ncdump_shows_it"; else echo "FAILED ncdump_shows_it"; status=1; fi
else
  echo "skipped ncdump_shows_it: no ncdump"
fi
exit $status
