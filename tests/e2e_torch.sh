#!/usr/bin/env bash
# tests/e2e_torch.sh BUILD: models of eight kinds, their gradients and twenty steps of training, against PyTorch where it is installed.
set -uo pipefail
build=$1
here=$(dirname "$0")
python=
for p in python3 /usr/bin/python3; do
  if "$p" -c 'import h5py, numpy, torch' 2>/dev/null; then python=$p; break; fi
done
if [ -z "$python" ]; then
  echo "skipped torch: no python3 with torch, h5py and numpy (Debian: apt-get install python3-torch python3-h5py)"
  exit 0
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
if LAT_KEEP=$folder "$build/tests/test_torch_given" >"$folder/log" 2>&1; then echo "ok torch_models_are_written"; else
  cat "$folder/log"; echo "FAILED torch_models_are_written"; exit 1
fi
"$python" "$here/check_torch.py" "$folder" 2>&1
