#!/usr/bin/env bash
# tests/e2e_equivalence.sh BUILD: berkeley-abc proves that what `latentlab circuit --extract` reads back from the weights
# equals the circuit that went in, and that it tells a changed circuit apart.
set -uo pipefail
program=$1/latentlab
cases="parity:48/2/none/relu/full/universal/1 kogge_stone:12/4/layernorm/gelu/causal/weights/2
  wallace:5/6/rmsnorm/gelu-tanh/full/universal/3 comparator:16/3/layernorm/gelu-tanh/causal/universal/1
  s5_tree:3/5/none/gelu/causal/weights/1 batcher:16/4/rmsnorm/relu/full/weights/2"
if ! command -v berkeley-abc >/dev/null; then
  for c in $cases; do echo "skipped equivalent_${c//[:\/]/_}: no berkeley-abc"; done
  echo "skipped another_circuit_is_told_apart: no berkeley-abc"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
case $program in /*) ;; *) program=$OLDPWD/$program ;; esac
status=0
judge() { berkeley-abc -q "cec -n $1 $2" 2>&1; }
for c in $cases; do
  IFS=/ read -r family lut norm activation mask variant layers <<<"$c"
  name=equivalent_${c//[:\/]/_}
  if "$program" convert --family "$family" source.aig >log 2>&1 &&
    "$program" circuit source.aig --lut "$lut" --norm "$norm" --activation "$activation" --mask "$mask" \
      --variant "$variant" --layers "$layers" --random 8 --extract extracted.blif >>log 2>&1 &&
    judge source.aig extracted.blif >>log && grep -q "Networks are equivalent" log; then
    echo "ok $name"
  else
    echo "FAILED $name"; tail -n 20 log; status=1
  fi
done
# one gate of the source changed: abc must not take the extracted circuit for it
"$program" convert --family parity:16 good.blif >log 2>&1
"$program" circuit good.blif --random 8 --extract extracted.blif >>log 2>&1
awk '/^\.names/ && !done { print; getline; print "11 1"; getline; done = 1; next } { print }' good.blif >bad.blif
if grep -q "NOT EQUIVALENT" <<<"$(judge bad.blif extracted.blif)" && grep -q "are equivalent" <<<"$(judge good.blif extracted.blif)"; then
  echo "ok another_circuit_is_told_apart"
else
  echo "FAILED another_circuit_is_told_apart"; status=1
fi
exit $status
