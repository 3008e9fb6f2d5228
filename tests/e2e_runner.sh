#!/usr/bin/env bash
# tests/e2e_runner.sh BUILD: the runner against what goes wrong on real machines. The program is BUILD/tests/test_runner, which
# is latentlab with a small experiment, and BUILD/latentlab for the experiments that there are.
# Prints `ok CASE`, `FAILED CASE` or `skipped CASE: why`; exit status 1 when a case failed.
set -uo pipefail
build=$(cd "$1" && pwd)
driver=("$build/tests/test_runner" --driver)
work=$(mktemp -d)
mounted=""
clean() { [ -z "$mounted" ] || umount "$mounted" 2>/dev/null; chattr -R -i "$work" 2>/dev/null; rm -rf "$work"; }
trap clean EXIT
unset SLURM_ARRAY_TASK_ID OMPI_COMM_WORLD_RANK PMI_RANK OMP_NUM_THREADS
bad=0
why=""
say() { why="$why  $*"$'\n'; return 1; }

# same A B EXPERIMENT: the point files of both folders are the same, byte for byte, and there are some.
same() {
  local a=$1/$3 b=$2/$3 f n=0
  for f in "$a"/*.h5; do
    case $f in *.timing.h5 | *'*.h5') continue ;; esac
    cmp -s "$f" "$b/${f##*/}" || say "${f##*/} differs between $a and $b" || return 1
    n=$((n + 1))
  done
  [ "$n" -gt 0 ] || say "$a is empty" || return 1
  [ "$n" = "$(find "$b" -name '*.h5' ! -name '*.timing.h5' | wc -l)" ] || say "$b has more points than $a"
}
# Nothing but results is left over.
tidy() { ! find "$1" -name '*.lock' -o -name '*.tmp.*' -o -name '*.checkpoint' | grep . >>"$work/left" || say "left over: $(cat "$work/left")"; }
run() { "${driver[@]}" run sample "$@"; }
# In the background the program itself has to be the job, not a shell around it: ("${driver[@]}" run sample ... &).
expect() { # STATUS COMMAND...: the command ends with this status; its output is in $work/out and $work/err
  local wanted=$1 got; shift
  "$@" >"$work/out" 2>"$work/err"; got=$?
  [ $got = "$wanted" ] || say "status $got in place of $wanted: $* : $(head -c 500 "$work/err")"
}
says() { grep -q -e "$2" "$work/$1" || say "no '$2' in: $(head -c 500 "$work/$1")"; }
one_line() { [ "$(wc -l <"$work/err")" = 1 ] || say "not one line: $(cat "$work/err")"; }
# Without procps, which a bare machine has not: the children of a process, and processes with this word in their command, which is
# bracketed so that grep does not find itself.
children() { grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null | cut -d/ -f3; }
running() { grep -l -a -e "[${1:0:1}]${1:1}" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 | grep -v -x "$$"; }
results() { find "$1" -name '*.h5' ! -name '*.timing.h5' 2>/dev/null | wc -l; }
serial() { # the points of size smoke, once
  [ -d "$work/serial" ] || OMP_NUM_THREADS=1 run --size smoke --out "$work/serial" >/dev/null
}
# 24 points that take a moment each; `wait` is in no result, but in the id.
slow=(--size smoke --set layers=1,2,4,5 --set wait=15)
serial_slow() { [ -d "$work/slow" ] || run "${slow[@]}" --out "$work/slow" >/dev/null; }

same_bytes_for_jobs_threads_and_shards() {
  serial
  OMP_NUM_THREADS=2 run --size smoke --out "$work/threads" >/dev/null && same "$work/serial" "$work/threads" sample || return 1
  run --size smoke --jobs 2 --out "$work/jobs" >/dev/null && same "$work/serial" "$work/jobs" sample || return 1
  for k in 2 0 1; do run --size smoke --shard $k/3 --out "$work/shards" >/dev/null || return 1; done
  same "$work/serial" "$work/shards" sample && tidy "$work/shards" || return 1
  for k in 5 7 6; do
    SLURM_ARRAY_TASK_ID=$k SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=5 run --size smoke --out "$work/slurm" >"$work/out" || return 1
    says out ' 5 done now, 0 already there' || return 1
  done
  same "$work/serial" "$work/slurm" sample
}

killed_twenty_times() {
  local pid i jobs before many=(--size smoke --set layers=1:8 --set wait=40) # 45 points, 2 s in all
  run "${many[@]}" --jobs 2 --out "$work/many" >/dev/null
  RANDOM=$(date +%N | sed 's/^0*//;s/$/1/;s/^\(.....\).*/\1/'); echo "  seed $RANDOM" >>"$work/notes"
  for i in $(seq 20); do
    jobs=$((1 + i % 2))
    "${driver[@]}" run sample "${many[@]}" --jobs $jobs --out "$work/kill" >/dev/null 2>&1 & pid=$!
    # Every other time not before something new is there, so that it ends on a slow machine too.
    before=$(results "$work/kill")
    for _ in $(seq 200); do [ $((i % 2)) = 0 ] || [ "$(results "$work/kill")" -gt "$before" ] && break; sleep 0.02; done
    sleep "0.$(printf '%03d' $((RANDOM % 120 + 5)))"
    kill -9 $pid; wait $pid
  done 2>/dev/null
  local done_before; done_before=$(results "$work/kill")
  run "${many[@]}" --jobs 2 --out "$work/kill" >"$work/out" || return 1
  echo "  $done_before of 45 points were done after 20 kills" >>"$work/notes"
  same "$work/many" "$work/kill" sample && tidy "$work/kill" && expect 0 "${driver[@]}" verify sample --out "$work/kill"
}

full_disk() {
  serial_slow
  local out
  if [ "$(id -u)" = 0 ] && mkdir -p "$work/disk" && mount -t tmpfs -o size=300k tmpfs "$work/disk" 2>/dev/null; then
    mounted=$work/disk; out=$work/disk/results
    expect 1 run "${slow[@]}" --jobs 2 --out "$out" && says err 'No space left' && one_line || return 1
    [ "$(find "$out" -name '*.h5' | wc -l)" -gt 1 ] || say "nothing was done before the disk was full" || return 1
    mount -o remount,size=64m "$work/disk" || return 1
  else
    out=$work/limited
    (ulimit -f 4; expect 1 run "${slow[@]}" --out "$out"; cp "$work/err" "$work/err.limited"; exit 0)
    cp "$work/err.limited" "$work/err"; says err 'File too large' && one_line || return 1
  fi
  tidy "$out" && run "${slow[@]}" --out "$out" >/dev/null && same "$work/slow" "$out" sample
}

damaged_points() {
  serial
  cp -r "$work/serial" "$work/damage"
  local files bytes f
  mapfile -t files < <(find "$work/damage/sample" -name '*.h5' ! -name '*.timing.h5' | sort)
  bytes=$(stat -c %s "${files[1]}")
  # One bit of the word `layers` in it.
  printf 'm' | dd of="${files[0]}" bs=1 seek="$(grep -abo layers "${files[0]}" | head -n 1 | cut -d: -f1)" conv=notrunc status=none
  truncate -s $((bytes / 2)) "${files[1]}"
  : >"${files[2]}"
  cp "${files[3]}" "${files[4]}" # another point's content
  expect 1 "${driver[@]}" status sample --size smoke --out "$work/damage" || return 1
  for f in 0 1 2 4; do says out "${files[$f]##*/}.*delete it" || return 1; done
  expect 1 "${driver[@]}" verify sample --out "$work/damage" && says err 'delete' || return 1
  expect 2 "${driver[@]}" merge sample --out "$work/damage" || return 1
  rm "${files[0]}" "${files[1]}" "${files[2]}" "${files[4]}"
  expect 0 run --size smoke --out "$work/damage" && says out ' 4 done now, 11 already there' || return 1
  same "$work/serial" "$work/damage" sample && expect 0 "${driver[@]}" verify sample --out "$work/damage"
}

folder_that_cannot_be_written() {
  : >"$work/file"
  expect 1 run --size smoke --out "$work/file/results" && one_line && says err "$work/file" || return 1
  expect 1 run --size smoke --jobs 2 --out "$work/file/results" && one_line
}

folder_that_was_made_read_only() {
  serial
  mkdir -p "$work/fixed/sample"
  if [ "$(id -u)" = 0 ]; then chattr +i "$work/fixed/sample" 2>/dev/null || return 77; else chmod a-w "$work/fixed/sample"; fi
  expect 1 run --size smoke --jobs 2 --out "$work/fixed" && one_line || return 1
  if [ "$(id -u)" = 0 ]; then chattr -i "$work/fixed/sample"; else chmod u+w "$work/fixed/sample"; fi
  expect 0 run --size smoke --out "$work/fixed" && same "$work/serial" "$work/fixed" sample
}

two_runners_at_once() {
  serial_slow
  local pid a b
  "${driver[@]}" run sample "${slow[@]}" --out "$work/two" >"$work/first" 2>&1 & pid=$!
  run "${slow[@]}" --out "$work/two" >"$work/second" 2>&1 || say "the second failed: $(cat "$work/second")" || return 1
  wait $pid || say "the first failed: $(cat "$work/first")" || return 1
  a=$(sed -n 's/.*: \([0-9]*\) done now.*/\1/p' "$work/first"); b=$(sed -n 's/.*: \([0-9]*\) done now.*/\1/p' "$work/second")
  [ $((a + b)) = 24 ] || say "$a and $b points make not 24" || return 1
  [ "$a" -gt 0 ] && [ "$b" -gt 0 ] || say "one did all the work: $a, $b" || return 1
  same "$work/slow" "$work/two" sample && tidy "$work/two"
}

interrupted_run_prints_how_to_go_on() {
  serial_slow
  local jobs signal pid command status
  for jobs in 1 2; do
    for signal in INT TERM; do
      rm -rf "$work/int er"
      "${driver[@]}" run sample "${slow[@]}" --filter 'seed==0 || layers<9' --jobs $jobs --out "$work/int er" >"$work/out" 2>"$work/err" & pid=$!
      sleep 0.2; kill -$signal $pid; wait $pid; status=$?
      [ $status = 1 ] || say "$signal with $jobs jobs ends with $status: $(cat "$work/err")" || return 1
      says out ' left' || return 1
      command=$(sed -n 's/.*Go on with: //p' "$work/err")
      [ -n "$command" ] || say "no command: $(cat "$work/err")" || return 1
      eval "$command" >"$work/out" 2>&1 || say "$command fails: $(cat "$work/out")" || return 1
      same "$work/slow" "$work/int er" sample && tidy "$work/int er" || return 1
    done
  done
  # A shard that came from the environment is spelled out.
  SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=0 "${driver[@]}" run sample --size smoke --set wait=99 --out "$work/part" >/dev/null 2>"$work/err" & pid=$!
  sleep 0.3; kill -INT $pid; wait $pid
  says err '--shard 1/2$'
}

second_signal_ends_at_once() {
  local jobs pid start status
  for jobs in 1 2; do
    "${driver[@]}" run sample --size smoke --set wait=9000 --jobs $jobs --out "$work/twice$jobs" >/dev/null 2>&1 & pid=$!
    sleep 0.3; kill -INT $pid; sleep 0.2
    kill -0 $pid 2>/dev/null || say "the first signal did not let the point finish" || return 1
    start=$SECONDS; kill -INT $pid; wait $pid 2>/dev/null; status=$?
    [ $status -gt 128 ] && [ $((SECONDS - start)) -lt 10 ] || say "status $status after $((SECONDS - start)) s" || return 1
    sleep 0.3
    [ -z "$(running "twice$jobs")" ] || say "workers outlive the run" || return 1
  done
}

worker_that_dies_is_told_and_nothing_is_lost() {
  serial_slow
  local pid worker
  "${driver[@]}" run sample "${slow[@]}" --jobs 2 --out "$work/dead" >"$work/out" 2>"$work/err" & pid=$!
  for _ in $(seq 100); do worker=$(children $pid | head -n 1); [ -z "$worker" ] || break; sleep 0.02; done
  sleep 0.1; kill -9 "$worker"; wait $pid
  [ $? = 1 ] && says err 'a worker was ended by signal 9' && one_line || say "status" || return 1
  expect 0 run "${slow[@]}" --out "$work/dead" && same "$work/slow" "$work/dead" sample && tidy "$work/dead"
}

failed_rows_and_trouble() {
  local set=(--size smoke --set layers=1 --set beta=1 --set seed=0,1 --set fail=no,numeric)
  expect 0 run "${set[@]}" --out "$work/rows" && says out '4 done now, 0 already there, 2 failed' || return 1
  expect 1 "${driver[@]}" status "${set[@]}" sample --out "$work/rows" && says out 'the loss is not a number at step 1' || return 1
  expect 0 run "${set[@]}" --out "$work/rows" && says out '0 done now, 4 already there' || return 1
  cp -r "$work/rows" "$work/rows2"
  expect 0 run "${set[@]}" --out "$work/rows2" --retry-failed --jobs 2 && says out '2 done now, 2 already there, 2 failed' || return 1
  same "$work/rows" "$work/rows2" sample || return 1
  expect 1 env LAT_SAMPLE_TROUBLE=1 "${driver[@]}" run sample --size smoke --set fail=memory --out "$work/trouble" --jobs 2 || return 1
  says out '0 done now, 0 already there, 0 failed, 3 rejected, 15 could not be done' || return 1
  expect 1 "${driver[@]}" status sample --size smoke --set fail=memory --out "$work/trouble" && says out 'no memory for 1 GB' || return 1
  expect 0 run --size smoke --set fail=memory --out "$work/trouble" && says out '15 done now' || return 1
  expect 0 "${driver[@]}" status sample --size smoke --set fail=memory --out "$work/trouble"
}

merge_verify_export() {
  serial
  cp -r "$work/serial" "$work/merge"
  local out=$work/merge f
  expect 0 "${driver[@]}" merge sample --out "$out" && says out '15 points, 0 failed; supported: 15 of 15' || return 1
  expect 0 "${driver[@]}" verify --out "$out" && says out 'sound: 15 points, the merged file, the timings, the tables' || return 1
  cp "$out/sample.h5" "$work/first.h5"; "${driver[@]}" merge all --out "$out" >/dev/null && cmp "$out/sample.h5" "$work/first.h5" || return 1
  for f in tables/sample/totals.tsv tables/sample/verdict.json sample.h5; do
    cp "$out/$f" "$work/kept"
    printf 'm' | dd of="$out/$f" bs=1 seek="$(grep -abo -e layers -e points "$out/$f" | head -n 1 | cut -d: -f1)" conv=notrunc status=none
    expect 1 "${driver[@]}" verify sample --out "$out" && says err "${f##*/}" || return 1
    cp "$work/kept" "$out/$f"
  done
  find "$out/sample" -name '*.h5' ! -name '*.timing.h5' | sort | head -n 1 | xargs rm
  expect 1 "${driver[@]}" verify sample --out "$out" || return 1
  expect 0 "${driver[@]}" export sample --out "$work/serial" || return 1
  [ "$(wc -l <"$work/out")" = 16 ] && grep -q 'layers (layers)' <<<"$(head -n 1 "$work/out")" || say "not 15 rows and a header" || return 1
  expect 0 "${driver[@]}" export sample --csv --file "$work/table.csv" --out "$work/serial" && [ "$(wc -l <"$work/table.csv")" = 16 ] || return 1
}

json_of_every_table() {
  local f python
  python=$(command -v python3) || { why="there is no python3"; return 77; }
  serial
  for f in list status "verify sample" "merge sample" "export sample" "run sample --size smoke" "run sample --dry-run"; do
    # shellcheck disable=SC2086
    expect 0 "${driver[@]}" $f --json $([ "$f" = list ] || echo --out "$work/serial") || return 1
    "$python" -c 'import json,sys; json.load(open(sys.argv[1]))' "$work/out" || say "$f --json is no JSON" || return 1
  done
}

misuse_is_status_2_and_one_line() {
  local c
  while read -r c; do
    # shellcheck disable=SC2086
    expect 2 "${driver[@]}" $c && one_line && says err '^latentlab: ' || return 1
    [ ! -s "$work/out" ] || say "output on misuse: $c" || return 1
  done <<EOF
nothing
run
run smaple
run sample --size huge
run sample --set layers=0
run sample --set layrs=1
run sample --filter layers=1
run sample --shard 3/3
run sample --sweep /nonexistent.yaml
run --sweep /nonexistent.yaml
merge
merge sample --out /nonexistent
export
list smaple
EOF
  expect 2 "${driver[@]}" run --nonsense || return 1
  SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=2 expect 2 "${driver[@]}" run sample --out "$work/never" || return 1
  expect 0 "${driver[@]}" run sample --dry-run --out "$work/never" && [ ! -e "$work/never" ] || say "a dry run writes" || return 1
  for c in list run status merge verify export; do
    expect 0 "${driver[@]}" $c --help && says out '^Usage: latentlab ' || return 1
    expect 0 "${driver[@]}" $c --version || return 1
  done
  expect 1 sh -c '"$0" --driver list >/dev/full' "$build/tests/test_runner"
}

sweep_files() {
  serial
  printf 'runs:\n  - experiments: [sample]\n    size: smoke\n    filter: layers<=2\n  - experiments: [all]\n    size: smoke\n    set: ["layers=3"]\n' >"$work/s.yaml"
  expect 0 "${driver[@]}" run --sweep "$work/s.yaml" --jobs 2 --out "$work/file-run" && same "$work/serial" "$work/file-run" sample || return 1
  printf '    sizes: 3\n' >>"$work/s.yaml"
  expect 2 "${driver[@]}" run --sweep "$work/s.yaml" && says err 's.yaml, line 8, column 5: '
}

real_experiments() {
  local name any=0
  for name in $("$build/latentlab" list --json | sed -n 's/.*"name":"\(.*\)".*/\1/p'); do
    any=1
    OMP_NUM_THREADS=1 "$build/latentlab" run "$name" --size smoke --out "$work/real1" >/dev/null || say "$name fails" || return 1
    OMP_NUM_THREADS=2 "$build/latentlab" run "$name" --size smoke --shard 1/2 --jobs 2 --out "$work/real2" >/dev/null || return 1
    OMP_NUM_THREADS=2 "$build/latentlab" run "$name" --size smoke --out "$work/real2" >/dev/null || return 1
    same "$work/real1" "$work/real2" "$name" || return 1
    "$build/latentlab" merge "$name" --out "$work/real1" >/dev/null && "$build/latentlab" verify "$name" --out "$work/real1" >/dev/null || say "$name is not sound" || return 1
  done
  [ $any = 1 ] || return 77
}

for case in same_bytes_for_jobs_threads_and_shards killed_twenty_times full_disk damaged_points folder_that_cannot_be_written \
  folder_that_was_made_read_only two_runners_at_once interrupted_run_prints_how_to_go_on second_signal_ends_at_once worker_that_dies_is_told_and_nothing_is_lost \
  failed_rows_and_trouble merge_verify_export json_of_every_table misuse_is_status_2_and_one_line sweep_files real_experiments; do
  why=""
  : >"$work/notes"
  $case; status=$?
  case $status in
    0) echo "ok $case"; cat "$work/notes" ;;
    77) echo "skipped $case: not possible here" ;;
    *) echo "FAILED $case"; printf '%s' "$why"; cat "$work/notes"; bad=1 ;;
  esac
done
exit $bad
