#!/usr/bin/env bash
# run_all.sh [smoke|quick|paper] [--out DIR] [--jobs N]
#   installs what is missing, builds, runs every experiment at that size (default quick), merges, plots, writes the report.
#   N processes work at once (default: as many as there are cores); the results are the same for any N.
# run_all.sh setup [--with-peers]
#   only installs what is missing; --with-peers adds the optional programs that some tests compare with.
# Exit status: 0 done, 1 something failed, 2 something is missing that this script may not install, or misuse.
set -euo pipefail
cd "$(dirname "$0")"

need=(gcc make pkg-config libc6-dev libgomp1 libgsl-dev libhdf5-dev libopenblas-dev libcyaml-dev libyaml-dev libjson-c-dev libxxhash-dev
      librandom123-dev libcmocka-dev gnuplot-nox fonts-liberation)
peers=(berkeley-abc python3-h5py python3-xarray python3-netcdf4 python3-h5netcdf netcdf-bin)

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }
die() { echo "run_all.sh: $*" >&2; exit 2; }

cores=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
size=quick out=results/run jobs=$cores packages=("${need[@]}") command=run
while [ $# -gt 0 ]; do
  case $1 in
    smoke|quick|paper) size=$1 ;;
    setup) command=setup ;;
    --with-peers) packages+=("${peers[@]}") ;;
    --out) [ $# -ge 2 ] || die "--out needs a folder"; out=$2; shift ;;
    --jobs) [ $# -ge 2 ] || die "--jobs needs a number"; jobs=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    *) die "'$1' is not a size (smoke, quick, paper) or an option; see ./run_all.sh --help" ;;
  esac
  shift
done

# What is needed is looked for by use, not by package manager, so that any system that has it is left alone: a program that
# includes the headers is compiled and linked with all the libraries.
works() {
  local libraries="gsl hdf5 openblas libcyaml json-c libxxhash cmocka" flags
  command -v "${CC:-gcc}" >/dev/null && command -v make >/dev/null && command -v gnuplot >/dev/null &&
    command -v pkg-config >/dev/null && flags=$(pkg-config --cflags --libs $libraries 2>/dev/null) &&
    printf '#include <%s>\n' Random123/philox.h gsl/gsl_rng.h hdf5_hl.h cblas.h cyaml/cyaml.h json.h xxhash.h argp.h |
      sed '$a int main(void) { return 0; }' | "${CC:-gcc}" -x c - $flags -lhdf5_hl -o /dev/null 2>/dev/null
}
missing_packages() {
  local p
  for p in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || echo "$p"
  done
}
say_what_to_install() {
  cat >&2 <<EOT
run_all.sh: these are missing and this user may not install them. One line does it:
  Debian, Ubuntu:  sudo apt-get install ${missing[*]}
  Fedora:          sudo dnf install gcc make pkgconf-pkg-config gsl-devel hdf5-devel openblas-devel libcyaml-devel libyaml-devel json-c-devel xxhash-devel random123-devel libcmocka-devel gnuplot liberation-sans-fonts
  Homebrew:        brew install gcc make pkg-config gsl hdf5 openblas libcyaml libyaml json-c xxhash cmocka gnuplot argp-standalone   (Random123 is headers only: copy its include folder)
EOT
  exit 2
}
setup() {
  local -a missing=()
  if command -v dpkg-query >/dev/null; then
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ ${#packages[@]} -gt ${#need[@]} ] || ! works || return 0
    local -a as=()
    if [ "$(id -u)" != 0 ]; then
      if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as=(sudo -n); else say_what_to_install; fi
    fi
    echo "installing: ${missing[*]}"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}" >/dev/null
  elif ! works; then
    missing=("${need[@]}")
    say_what_to_install
  fi
}

setup
[ "$command" = run ] || exit 0
make --no-print-directory -s -j"$cores" all
lab=${BUILD:-build}/latentlab
failed=0
"$lab" run all --size "$size" --out "$out" --jobs "$jobs" || failed=1
"$lab" merge all --out "$out" || failed=1
"$lab" plot all --out "$out" || failed=1
"$lab" report --out "$out" || failed=1
[ $failed = 0 ] || { echo "run_all.sh: something above failed; running this again goes on where it stopped" >&2; exit 1; }
echo "report: $out/report.html"
