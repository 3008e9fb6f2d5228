#!/usr/bin/env bash
# tests/e2e_misuse.sh BUILD: what a new user may give to trained experiments: one sentence each and the right status, and a
# full disk loses nothing.
# Prints `ok CASE` or `FAILED CASE`; exit status 1 when a case failed.
set -uo pipefail
lab=$(cd "$1" && pwd)/latentlab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset SLURM_ARRAY_TASK_ID OMPI_COMM_WORLD_RANK PMI_RANK
export OMP_NUM_THREADS=1
why=""
say() { why="$why  $*"$'\n'; return 1; }

refused() { # WORDS ARGUMENTS...: status 2, one line with these words, nothing on standard output, no folder
  local words=$1; shift
  "$lab" run "$@" --size smoke --out "$work/none" >"$work/out" 2>"$work/err"
  local status=$?
  [ $status = 2 ] || say "status $status: $*: $(head -c 300 "$work/err")" || return 1
  [ "$(wc -l <"$work/err")" = 1 ] && grep -q -e "$words" "$work/err" || say "$*: no '$words' in: $(head -c 300 "$work/err")" || return 1
  [ ! -s "$work/out" ] && [ ! -e "$work/none" ] || say "$*: something was written" || return 1
}

values_that_cannot_be() {
  local name
  refused 'loops is a whole number from 1' learned_depth --set loops=0 && refused 'layers x loops' looped_tasks --set model=1x0 || return 1
  for name in learned_depth depth_staircase looped_tasks word_problems gradient_flow supervision loop_extrapolation life_bandwidth loop_bits; do
    refused 'seed is a whole number' "$name" --set seed=-1 && refused 'a value is missing' "$name" --set seed= || return 1
  done
  for name in learned_depth depth_staircase looped_tasks word_problems gradient_flow supervision loop_extrapolation life_bandwidth; do
    refused 'rate is a number from' "$name" --set rate=nan && refused 'rate is a number from' "$name" --set rate=-1 || return 1
  done
}

widths_that_heads_do_not_divide() {
  refused 'does not divide into 4 heads' learned_depth --set width=30 && refused 'does not divide into 4 heads' loop_bits --set width=30 &&
    refused 'does not divide into 5 heads' depth_staircase --set heads=5 && refused 'does not divide into 2 heads' gradient_flow --set width=7 &&
    refused 'does not divide into 5 heads' word_problems --set heads=5 && refused 'no multiple of 8' loop_extrapolation --set width=30 &&
    refused 'an even one' looped_tasks --set width=7 && refused 'an even one' supervision --set width=7
}

no_point_left() {
  refused 'learned_depth has no point to run: all 8 combinations are rejected, the first because ' learned_depth --set loops=5 &&
    refused 'no point to run: none .* the filter' learned_depth --filter 'loops==9' || return 1
  "$lab" run learned_depth --size smoke --set loops=5 --dry-run --out "$work/none" >"$work/out" 2>"$work/err" &&
    grep -q 'rejected: ' "$work/out" || say "a dry run does not list the reasons: $(cat "$work/err")"
}

# Files may not grow beyond 4 kB: the checkpoint and the result do not fit.
disk_that_is_full() {
  local set=(learned_depth --size smoke --set how=trained --set control=none --set layers=1 --set loops=1) status
  (ulimit -f 4; "$lab" run "${set[@]}" --out "$work/full" >"$work/out" 2>&1 | head -c 2000 >"$work/err"; exit "${PIPESTATUS[0]}"); status=$?
  [ $status = 1 ] || say "status $status: $(cat "$work/err" "$work/out")" || return 1
  "$lab" run "${set[@]}" --out "$work/full" >"$work/out" 2>"$work/err" && grep -q ' 1 done now, 0 already there, 0 failed' "$work/out" ||
    say "it does not go on: $(cat "$work/err" "$work/out")"
}

bad=0
for case in values_that_cannot_be widths_that_heads_do_not_divide no_point_left disk_that_is_full; do
  why=""
  if $case; then echo "ok $case"; else echo "FAILED $case"; printf '%s' "$why"; bad=1; fi
done
exit $bad
