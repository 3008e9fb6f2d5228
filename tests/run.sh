#!/usr/bin/env bash
# tests/run.sh BUILD [NAME...]: runs BUILD/tests/test_* and tests/e2e_*.sh (or those named), and counts their cases.
# A program that ends badly without a failed case (a crash) counts as one. Last line: "N passed, N failed, N skipped".
set -uo pipefail
build=$1; shift
names=("$@")
here=$(dirname "$0")
logs=$build/tests/logs; mkdir -p "$logs"
passed=0 failed=0 skipped=0
# Two programs at a time on two cores: threads that wait must not spin.
export OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

# cmocka names a failed case twice, once where it runs and once in its summary.
cases() { grep -a -E "$1" "$2" | sort -u | wc -l; }

account() { # NAME STATUS LOG PASS-PATTERN FAIL-PATTERN SKIP-PATTERN
  local p f s
  p=$(cases "$4" "$3"); f=$(cases "$5" "$3"); s=$(cases "$6" "$3")
  if [ "$2" != 0 ] && [ "$f" = 0 ]; then f=1; fi
  if [ "$2" = 0 ] && [ "$p" = 0 ] && [ "$s" = 0 ]; then f=1; echo "$1: ran no case"; fi
  passed=$((passed + p)); failed=$((failed + f)); skipped=$((skipped + s))
  printf '%-28s %4d passed %3d failed %3d skipped\n' "$1" "$p" "$f" "$s"
  if [ "$f" != 0 ]; then echo "--- $3 (exit status $2)"; tail -n 40 "$3"; echo "---"; fi
  [ "$s" = 0 ] || grep -E "$6" "$3"
}

wanted() {
  [ ${#names[@]} -gt 0 ] || return 0
  local n
  for n in "${names[@]}"; do [ "$n" != "$1" ] || return 0; done
  return 1
}
programs=() scripts=()
for t in "$here"/test_*.c; do n=$(basename "$t" .c); if wanted "$n"; then programs+=("$n"); fi; done
for t in "$here"/e2e_*.sh; do n=$(basename "$t" .sh); if [ -e "$t" ] && wanted "$n"; then scripts+=("$n"); fi; done

# The test programs run two at a time, each with a log and a status file of its own; they are accounted for in order.
if [ ${#programs[@]} -gt 0 ]; then
  printf '%s\n' "${programs[@]}" | xargs -P 2 -I{} sh -c \
    'timeout 600 "$0/tests/{}" >"$0/tests/logs/{}.log" 2>&1; echo $? >"$0/tests/logs/{}.status"' "$build"
  for n in "${programs[@]}"; do
    account "$n" "$(cat "$logs/$n.status")" "$logs/$n.log" '^\[ +OK \]' '^\[ +FAILED +\] [a-zA-Z_0-9]+$' \
      '^\[ +SKIPPED +\] [a-zA-Z_0-9]+$'
  done
fi
for n in ${scripts[@]+"${scripts[@]}"}; do
  timeout 900 bash "$here/$n.sh" "$build" >"$logs/$n.log" 2>&1; s=$?
  account "$n" $s "$logs/$n.log" '^ok ' '^FAILED ' '^skipped '
done
if [ $((passed + failed)) = 0 ]; then echo "no test ran"; failed=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
