#!/usr/bin/env bash
# tests/e2e_weights.sh BUILD: weights files of three kinds of model, run by an independent forward pass in numpy.
set -uo pipefail
build=$1
here=$(dirname "$0")
kinds="layernorm_gelu_causal rmsnorm_tanh_full none_relu_rotary_window"
python=
for p in python3 /usr/bin/python3; do
  if "$p" -c 'import h5py, numpy' 2>/dev/null; then python=$p; break; fi
done
if [ -z "$python" ]; then
  for kind in $kinds; do echo "skipped weights_in_numpy_$kind: no python3 with h5py and numpy"; done
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
LAT_KEEP=$folder "$build/tests/test_weights_given" >"$folder/log" 2>&1 || cat "$folder/log"
status=0 i=0
for kind in $kinds; do
  if "$python" "$here/check_weights.py" "$folder/model$i.h5" "$folder/model$i.state"; then
    echo "ok weights_in_numpy_$kind"
  else
    echo "FAILED weights_in_numpy_$kind"
    status=1
  fi
  i=$((i + 1))
done
exit $status
