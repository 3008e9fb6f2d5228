#!/usr/bin/env bash
# The house rules that a program can check. Exit status 1 when one is broken.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
complain() { echo "lint: $*"; bad=1; }
files=$(find lib cli experiments tests -name '*.[ch]' | sort)

# No floor includes a higher one.
floor() {
  case $1 in base) echo 0 ;; nn | circuit | info | store) echo 1 ;; compile | train | task) echo 2 ;; sweep) echo 3 ;; *) echo 9 ;; esac
}
while IFS=: read -r file include; do
  from=$(floor "$(echo "$file" | cut -d/ -f2)"); to=$(floor "$(echo "$include" | cut -d/ -f2)")
  [ "$to" -le "$from" ] || complain "$file includes $include of a higher floor"
done < <(grep -o -E '^#include "[a-z]+/[^"]+"' -r lib --include='*.[ch]' | sed -E 's/:#include "/:/; s/"$//')
grep -l 'hdf5' -r lib cli experiments --include='*.[ch]' | xargs -r grep -l -E '#include <hdf5' | grep -v '^lib/store/' |
  while read -r f; do echo "lint: $f includes HDF5 outside lib/store"; done | grep . && bad=1
grep -l -E '#include .*cblas' -r lib cli experiments --include='*.[ch]' | grep -v '^lib/nn/gemm' && complain "CBLAS outside lib/nn/gemm"
# The library does not print or exit.
grep -n -E '\b(printf|puts|exit|abort)\(' -r lib --include='*.c' | grep -v -E 'snprintf|fprintf\(file|_printf\(|/\*' && complain "the library prints or exits"
# Length, unfinished words, comparisons that let NaN pass.
for f in $files; do n=$(wc -l <"$f"); [ "$n" -le 400 ] || complain "$f has $n lines"; done
grep -n -w -E 'TODO|FIXME|XXX' $files && complain "unfinished words"
grep -n -E 'if \((fabsf?\([^;]*\)|[a-z_]*(err|diff)[a-z_]*) >=? ' tests/*.c && complain "a comparison that NaN passes"
if command -v cppcheck >/dev/null; then
  cppcheck --quiet --std=c11 --language=c -I. --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
    --suppress=internalAstError --suppress=normalCheckLevelMaxBranches --error-exitcode=1 lib cli experiments || complain "cppcheck"
fi
[ $bad = 0 ] && echo "lint: clean"
exit $bad
