#!/usr/bin/env bash
# tests/e2e_circuit.sh BUILD: `latentlab circuit` from files to exit status. c17 of ISCAS-85 is written here.
set -uo pipefail
program=$1/latentlab
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
case $program in /*) ;; *) program=$OLDPWD/$program ;; esac
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }

cat >c17.bench <<'END'
INPUT(1)
INPUT(2)
INPUT(3)
INPUT(6)
INPUT(7)
OUTPUT(22)
OUTPUT(23)
10 = NAND(1, 3)
11 = NAND(3, 6)
16 = NAND(2, 11)
19 = NAND(11, 7)
22 = NAND(10, 16)
23 = NAND(16, 19)
END
cat >c17.blif <<'END'
.model c17
.inputs 1 2 3 6 7
.outputs 22 23
.names 1 3 10
0- 1
-0 1
.names 3 6 11
11 0
.names 2 11 16
11 0
.names 11 7 19
11 0
.names 10 16 22
11 0
.names 16 19 23
11 0
.end
END
cat >c17.aag <<'END'
aag 11 5 0 2 6
2
4
6
8
10
21
23
12 2 6
14 6 8
16 4 15
18 15 10
20 13 17
22 17 19
END

# status WANTED NAME ARGUMENTS...: the exit status, and for 2 exactly one line on stderr and nothing on stdout.
status() {
  local wanted=$1 name=$2 got; shift 2
  "$program" circuit "$@" >out 2>err; got=$?
  if [ "$got" != "$wanted" ]; then bad "$name" "status $got, not $wanted: $(head -c 300 err)"; return 1; fi
  if [ "$wanted" = 2 ] && { [ "$(wc -l <err)" != 1 ] || [ -s out ] || ! grep -q '^latentlab: ' err; }; then
    bad "$name" "not one line on stderr: $(head -c 300 err)"; return 1
  fi
  if [ "$wanted" != 2 ] && [ -s err ] && ! grep -q '^latentlab: ' err; then bad "$name" "stderr: $(head -c 300 err)"; return 1; fi
  ok "$name"
}

for format in aag bench blif; do
  status 0 "c17_${format}_all_vectors" c17.$format --exhaustive
  status 0 "c17_${format}_as_a_gpt_block" c17.$format --layers 3 --norm layernorm --activation gelu --mask causal --lut 4
done

# One JSON object with every key, and with numbers that can be checked by hand.
status 0 json_runs c17.bench --exhaustive --json
if command -v python3 >/dev/null; then
  if message=$(python3 - out <<'END' 2>&1
import json, sys
j = json.load(open(sys.argv[1]))
keys = """file inputs outputs gates luts depth layers steps levels width heads ffn parameters sequence variant norm activation mask attention
dtype accumulate beta kappa snap certified certificate_margin certificate_reason beta_minimum vectors wrong_bits total_bits outputs_ready
settled_step per_level seconds peak_bytes""".split()
assert list(j) == keys, [k for k in list(j) + keys if (k in j) != (k in keys)]
assert (j["inputs"], j["outputs"], j["gates"], j["depth"], j["vectors"]) == (5, 2, 6, 3, 32)
assert (j["wrong_bits"], j["total_bits"], j["outputs_ready"], j["steps"], j["levels"]) == (0, 64, 2, 3, 3)
assert j["dtype"] == j["accumulate"] == "fp32" and isinstance(j["peak_bytes"], int) and j["peak_bytes"] > 0
assert j["certified"] is True and j["certificate_margin"] >= 0 and j["beta"] >= j["beta_minimum"]
assert sorted(j["settled_step"]) == ["max", "mean", "min"] and j["settled_step"]["max"] <= 3
assert list(j["seconds"]) == "read map compile certify run check".split()
assert [l["level"] for l in j["per_level"]] == [0, 1, 2, 3]
assert sum(l["wires"] for l in j["per_level"]) == j["sequence"]
assert all(l["right"] == l["ready"] == 32 * l["wires"] for l in j["per_level"])
END
  ); then ok json_has_every_key; else bad json_has_every_key "$message"; fi
else
  echo "skipped json_has_every_key: there is no python3"
fi

# Vectors: 22 = (1 & 3) | (2 & !(3 & 6)), 23 = !(3 & 6) & (2 | 7).
printf '# inputs outputs\n00000 00\n10100 10\n\n01000 11\r\n00001 01\n11111 10\n' >right.vec
status 0 right_vectors c17.aag --vectors right.vec
sed 's/^00001 01/00001 00/' right.vec >wrong.vec
status 1 a_wrong_expected_bit_is_status_1 c17.aag --vectors wrong.vec
grep -q ' 1 wrong' out || bad a_wrong_expected_bit_is_counted "$(grep wrong out)"
printf '00000 00\n0000 00\n' >short.vec
status 2 a_short_line_is_refused c17.aag --vectors short.vec
grep -q 'short.vec:2:' err || bad a_short_line_is_placed "$(cat err)"
printf '00000 0x\n' >letter.vec
status 2 a_letter_is_refused c17.aag --vectors letter.vec
printf '# nothing\n' >empty.vec
status 2 no_vectors_are_refused c17.aag --vectors empty.vec
status 2 a_missing_vectors_file_is_refused c17.aag --vectors none.vec

# Below the depth: outputs that are not ready, and here values that are wrong.
status 1 steps_below_the_depth --family ripple:8 --steps 4
grep -q 'not ready: .* right by luck' out && ok luck_is_reported || bad luck_is_reported "$(cat out)"
grep -q 'up to level 4 of ' out && ok the_certificate_says_how_far_the_steps_reach ||
  bad the_certificate_says_how_far_the_steps_reach "$(cat out)"
status 0 generated_circuits --family parity:11
status 0 the_weights_variant c17.bench --variant weights
status 0 the_vector_variant c17.bench --variant vector --exhaustive
grep -q '64 of 64 bits right' out || bad the_vector_variant_is_right "$(grep outputs out)"
status 0 the_vector_variant_with_options c17.bench --variant vector --layers 2 --lut 4 --norm rmsnorm --activation gelu --save v.h5
status 2 a_thought_has_no_mean_to_take_away c17.bench --variant vector --norm layernorm
status 2 a_vector_is_not_read_back c17.bench --variant vector --extract v.blif
status 2 a_dense_vector_of_28_GB --family ripple:2048 --variant vector --save big.h5
status 0 but_it_runs_sparsely --family ripple:2048 --variant vector --random 16
status 2 bits_of_no_thought c17.bench --bits-per-step 2
"$program" circuit c17.bench --variant vector --steps 2 --json >out 2>err
grep -q '"certified": *true' out && grep -q '"outputs_ready": *0' out || bad one_step_fewer_is_not_ready "$(cat out err | head -c 300)"
status 0 bit_exact c17.bench --beta 56 --attention fast --mask causal
status 1 below_the_certificate --family wallace:6 --beta 0.9
grep -q 'not certified: ' out && ok the_reason_is_given || bad the_reason_is_given "$(cat out)"
status 0 right_without_a_certificate c17.bench --beta 1.3 --random 2 --seed 1
grep -q 'not certified: ' out && grep -q 'proves nothing' out && ok being_right_is_no_proof || bad being_right_is_no_proof "$(cat out)"

# Narrow number formats: certified and right, not certified and wrong where sums are too narrow for a norm, and read back.
for format in bf16 fp16 fp8-e4m3 fp8-e5m2; do
  status 0 "c17_in_$format" c17.bench --exhaustive --dtype $format --save narrow.h5 --extract narrow.blif
  grep -q "tokens, $format, sums in fp32" out && grep -q 'right for all inputs' out || bad "c17_in_${format}_is_certified" "$(cat out)"
  status 0 "c17_out_of_$format" narrow.blif --vectors right.vec
  status 0 "ripple_all_in_$format" --family ripple:8 --dtype $format --accumulate $format --norm none --random 16
  grep -q 'right for all inputs' out || bad "ripple_all_in_${format}_is_certified" "$(cat out)"
done
status 0 a_gpt_block_in_bf16 --family parity:9 --dtype bf16 --norm layernorm --activation gelu --layers 2 --mask causal
grep -q 'every wire is stored as exactly' out || bad a_gpt_block_in_bf16_is_exact "$(cat out)"
status 0 a_gpt_block_all_in_fp8 --family ripple:4 --dtype fp8-e4m3 --accumulate fp8-e4m3 --norm layernorm --random 16
grep -q 'right for all inputs' out || bad a_gpt_block_all_in_fp8_is_certified "$(cat out)"
"$program" circuit --family parity:200 --dtype bf16 --accumulate fp8-e5m2 --random 2 >out 2>err
grep -q 'not certified: the partial sums of a score do not fit' out && ok scores_of_nine_bits_do_not_fit_fp8_e5m2 ||
  bad scores_of_nine_bits_do_not_fit_fp8_e5m2 "$(cat out err)"
status 1 below_the_certificate_in_bf16 --family wallace:6 --dtype bf16 --beta 0.9
"$program" circuit c17.bench --dtype bf16 --accumulate fp16 --json >out 2>err
grep -q '"dtype": *"bf16"' out && grep -q '"accumulate": *"fp16"' out && ok json_names_the_formats ||
  bad json_names_the_formats "$(head -c 300 out; cat err)"
status 2 no_such_dtype c17.bench --dtype int8
grep -q "'int8' is no number format: fp32, bf16" err || bad no_such_dtype_names_them "$(cat err)"
status 2 no_such_accumulator c17.bench --accumulate double
status 2 fast_attention_in_bf16 c17.bench --dtype bf16 --attention fast
status 2 a_beta_beyond_fp8 c17.bench --dtype fp8-e4m3 --beta 300
status 0 thoughts_in_bf16 c17.bench --variant cot --dtype bf16
grep -q 'right for all inputs' out || bad thoughts_in_bf16_are_certified "$(cat out)"
status 0 two_bits_a_channel_in_bf16 c17.bench --variant vector --bits-per-step 2 --bits-per-channel 2 --dtype bf16
grep -q 'not certified: ' out || bad two_bits_a_channel_in_bf16_say_why_not "$(cat out)"

# The circuit out of the weights, then through everything again, against the vectors of the original.
status 0 save_and_extract c17.blif --save c17.h5 --extract back.blif
[ -s c17.h5 ] || bad save_and_extract "no weights file"
status 0 the_extracted_circuit_is_c17 back.blif --vectors right.vec
cp c17.h5 first.h5
"$program" circuit c17.blif --save c17.h5 >/dev/null && cmp -s c17.h5 first.h5 && ok equal_runs_save_equal_bytes ||
  bad equal_runs_save_equal_bytes "the files differ"

# Two threads and one say the same, but for seconds and bytes.
for threads in 1 2; do
  OMP_NUM_THREADS=$threads "$program" circuit --family wallace:5 --json | sed '/"seconds"/,/}/d; /"peak_bytes"/d' >threads$threads
done
cmp -s threads1 threads2 && [ -s threads1 ] && ok threads_change_nothing || bad threads_change_nothing "$(diff threads1 threads2 | head)"

# Misuse.
status 2 no_circuit
status 2 two_circuits c17.aag c17.blif
status 2 a_file_and_a_family c17.aag --family parity:4
status 2 an_unknown_option c17.aag --frobnicate
status 2 a_missing_value c17.aag --beta
status 2 lut_out_of_range c17.aag --lut 7
status 2 lut_no_number c17.aag --lut two
status 2 no_such_norm c17.aag --norm batch
status 2 no_such_activation c17.aag --activation tanh
status 2 no_such_mask c17.aag --mask window
status 2 no_such_attention c17.aag --attention sparse
status 2 no_such_variant c17.aag --variant other
status 2 zero_layers c17.aag --layers 0
status 2 kappa_below_1 c17.aag --kappa 0.5
status 2 random_and_exhaustive c17.aag --random 4 --exhaustive
status 2 too_many_for_exhaustive --family parity:40 --exhaustive
status 2 no_such_family --family frob:3
status 2 fast_needs_underflow_under_a_causal_mask c17.aag --attention fast --mask causal
status 2 no_such_file none.aag
status 2 a_folder .
printf 'INPUT(a)\nOUTPUT(b)\nb = FOO(a)\n' >bad.bench
status 2 a_bad_circuit bad.bench
grep -q 'bad.bench:3' err || bad a_bad_circuit_is_placed "$(cat err)"

# What cannot be written is told, in one line. Root writes anywhere, so the folder is missing instead of locked.
for kind in save extract; do
  "$program" circuit c17.aag --$kind missing/file.$([ $kind = save ] && echo h5 || echo blif) >out 2>err; got=$?
  [ $got = 1 ] && [ "$(wc -l <err)" = 1 ] && ok "${kind}_into_a_missing_folder" || bad "${kind}_into_a_missing_folder" "status $got: $(cat err)"
done
if [ -e /dev/full ]; then
  "$program" circuit c17.aag >/dev/full 2>err; got=$?
  [ $got = 1 ] && grep -q 'cannot write' err && ok a_full_disk_behind_stdout || bad a_full_disk_behind_stdout "status $got: $(cat err)"
fi

# The benchmark's small run: right results, a table, JSON, and a file. Its seconds are nobody's promise here.
"$program" bench circuits --quick --json --out bench.h5 >out 2>err; got=$?
[ $got = 0 ] && grep -q '"wrong_bits":0' out && [ -s bench.h5 ] && [ -s bench.timing.h5 ] && ok bench_circuits ||
  bad bench_circuits "status $got: $(cat err)"
"$program" bench nothing >out 2>err; got=$?
[ $got = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -q circuits err && ok bench_of_another_name || bad bench_of_another_name "$(cat err)"

"$program" circuit --help >out 2>err && grep -q -- --attention out && [ ! -s err ] && ok help || bad help "$(cat err)"
exit $failed
