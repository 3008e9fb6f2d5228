#!/usr/bin/env bash
# tests/e2e_thoughts.sh BUILD: `latentlab circuit` with thoughts in a cache, from the command line to exit status.
set -uo pipefail
program=$1/latentlab
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
case $program in /*) ;; *) program=$PWD/$program ;; esac
cd "$folder" || exit 1
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }

# right NAME PATTERN ARGUMENTS: status 0, nothing on stderr, no wrong bit, and the pattern in the JSON.
right() {
  local name=$1 pattern=$2 got; shift 2
  "$program" circuit --json "$@" >out 2>err; got=$?
  [ $got = 0 ] && [ ! -s err ] && grep -q '"wrong_bits":0' out && grep -q '"wrong_thought_bits":0' out &&
    grep -q '"certified":true' out && grep -q -- "$pattern" out && ok "$name" || bad "$name" "status $got: $(cat err)"
}
right one_bit_a_token '"vocabulary":2,' --family wallace:4 --variant cot
right four_bits_a_token '"log2_vocabulary":4' --family wallace:4 --variant cot --bits-per-step 4
right wide_nodes '"bits_materialised_per_step"' --family wallace:4 --variant cot --bits-per-step 2 --lut 4
right one_bit_a_vector '"channels":1,' --family wallace:4 --variant vector --bits-per-step 1
right levels_in_channels '"channels":3,' --family wallace:4 --variant vector --bits-per-step 6 --bits-per-channel 2

# In narrow formats, with sums in the same format too: certified and exact.
for dtype in bf16 fp8-e4m3 fp8-e5m2; do
  "$program" circuit --json --family ripple:5 --variant vector --dtype $dtype >out 2>err && grep -q '"certified":true' out &&
    grep -q '"wrong_bits":0' out && ok "one_thought_in_$dtype" || bad "one_thought_in_$dtype" "$(cat err)"
  right "vectors_in_$dtype" '"largest_error":0.0' --family ripple:5 --variant vector --bits-per-step 4 --dtype $dtype
  right "tokens_in_$dtype" '"largest_error":0.0' --family ripple:5 --variant cot --dtype $dtype
  right "wide_tokens_in_$dtype" '"largest_error":0.0' --family ripple:5 --variant cot --bits-per-step 5 --dtype $dtype --accumulate $dtype
done
"$program" circuit --family parity:5 --variant cot --bits-per-step 9 --dtype fp8-e5m2 --accumulate fp8-e5m2 >out 2>err
grep -q 'not certified: a logit is a sum of more terms' out && ok logits_too_long || bad logits_too_long "$(cat out err)"

# Below the certificate: not certified, wrong, and it says so by its exit status.
"$program" circuit --json --family wallace:4 --variant cot --beta 0.3 >out 2>err; got=$?
[ $got = 1 ] && grep -q '"certified":false' out && ! grep -q '"wrong_bits":0,' out && ok a_small_beta_is_wrong ||
  bad a_small_beta_is_wrong "status $got"

"$program" circuit --family wallace:4 --variant cot --bits-per-step 2 --save cot.h5 >out 2>err &&
  "$program" circuit --family wallace:4 --variant vector --bits-per-step 2 --save vector.h5 >out 2>err &&
  [ -s cot.h5 ] && [ -s vector.h5 ] && ok save || bad save "$(cat err)"

# refused NAME WORD ARGUMENTS: status 2 and one line with the word.
refused() {
  local name=$1 word=$2 got; shift 2
  "$program" circuit --family wallace:4 "$@" >out 2>err; got=$?
  [ $got = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -q -- "$word" err && ok "$name" || bad "$name" "status $got: $(cat err)"
}
refused no_bits bits-per-step --variant cot --bits-per-step 0
refused a_vocabulary_too_large 2^18 --variant cot --bits-per-step 18
refused channels_wider_than_the_thought 'cannot fill' --variant vector --bits-per-step 4 --bits-per-channel 5
refused too_many_levels 'over 12' --variant vector --bits-per-step 20 --bits-per-channel 13
refused channels_for_tokens bits-per-channel --variant cot --bits-per-channel 2
refused too_few_steps '3 steps' --variant cot --steps 3
refused other_layers layers --variant cot --layers 5
refused wide_fan_ins lut --variant cot --lut 7
refused too_large_a_model parameters --variant vector --bits-per-step 400
refused a_norm layernorm --variant cot --norm layernorm
refused fast_attention dense --variant cot --attention fast
refused extraction extract --variant cot --extract back.blif
exit $failed
