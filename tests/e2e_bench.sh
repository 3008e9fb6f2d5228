#!/usr/bin/env bash
# tests/e2e_bench.sh BUILD: `latentlab bench train` from words to table, JSON and file. Its seconds are nobody's promise here.
set -uo pipefail
program=$1/latentlab
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
case $program in /*) ;; *) program=$OLDPWD/$program ;; esac
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }
refused() { # NAME FRAGMENT ARGUMENT...
  local name=$1 fragment=$2 got; shift 2
  "$program" bench "$@" >out 2>err; got=$?
  [ $got = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -q -e "$fragment" err && ok "$name" || bad "$name" "status $got: $(cat err)"
}

"$program" bench train --quick --config small --json --out train.h5 >out 2>err; got=$?
[ $got = 0 ] && [ -s train.h5 ] && [ -s train.timing.h5 ] && [ ! -s err ] && ok bench_train || bad bench_train "status $got: $(cat err)"
if /usr/bin/env python3 -c 'import json' 2>/dev/null; then
  python3 - <<'END' && ok json_has_the_named_keys || bad json_has_the_named_keys "$(cat out)"
import json
rows = json.load(open("out"))
keys = "config milliseconds tokens_per_second useful_gflops peak_gflops percent_of_peak peak_bytes gemm".split()
assert isinstance(rows, list) and len(rows) == 1 and sorted(rows[0]) == sorted(keys), rows
row = rows[0]
assert row["config"] == "small" and len(row["gemm"]) >= 5
assert all(row[k] > 0 for k in keys[1:-1]), row
# 6 operations for each of 12 D^2 weights in 8 loops and V D of the head, and 6 S D of attention in 8 loops, a token
flops = 6 * (12 * 64 * 64 * 8 + 64 * 64) + 6 * 24 * 64 * 8
assert abs(row["useful_gflops"] / (flops * row["tokens_per_second"] * 1e-9) - 1) < 1e-9, row
assert abs(row["tokens_per_second"] * row["milliseconds"] / (64 * 24 * 1000) - 1) < 1e-9, row
assert abs(row["percent_of_peak"] - 100 * row["useful_gflops"] / row["peak_gflops"]) < 1e-9, row
END
fi
"$program" bench train --quick --config small,A --threads 1 >out 2>err; got=$?
[ $got = 0 ] && grep -q '^small ' out && grep -q '^A ' out && grep -q 'on 1 threads' out && ok a_table_of_chosen_configurations ||
  bad a_table_of_chosen_configurations "status $got: $(cat err)"
refused another_configuration "C8, C16" train --config A,F
refused no_configuration "no configuration ''" train --config ''
refused a_comma_too_many "no configuration ''" train --config A,
refused named_twice twice train --config B,B
refused no_threads "threads is '0'" train --threads 0
refused threads_in_words "threads is 'two'" train --threads two
refused circuits_have_no_configurations "bench circuits has none" circuits --config A
refused another_benchmark train nothing
refused no_benchmark train
"$program" bench train --quick --config small --out nowhere/train.h5 >out 2>err; got=$?
[ $got = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -q nowhere err && ok a_file_that_cannot_be || bad a_file_that_cannot_be "status $got: $(cat err)"
exit $failed
