#!/usr/bin/env bash
# The house rules that a program can check. Exit status 1 when one is broken.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
complain() { echo "lint: $*"; bad=1; }
# none SENTENCE GREP-ARGUMENTS...: complains, with the lines found, when grep finds any.
none() {
  local sentence=$1 found
  shift
  found=$(grep -I -H -n -E "$@")
  case $? in
    0) printf '%s\n' "$found"; complain "$sentence" ;;
    1) ;;
    *) complain "grep failed on: $sentence" ;;
  esac
}
mapfile -t sources < <(find lib cli experiments tests -name '*.[ch]' | sort)
mapfile -t library < <(find lib -name '*.[ch]' | sort)
mapfile -t product < <(find lib cli experiments -name '*.[ch]' | sort)
mapfile -t tests < <(find tests -name '*.[ch]' | sort)
mapfile -t written < <(git ls-files 2>/dev/null | grep . || find . -type f -not -path './build*' -not -path './.git/*')
[ ${#library[@]} -gt 0 ] && [ ${#tests[@]} -gt 0 ] && [ ${#written[@]} -gt 0 ] || complain "no file to look at"

# A floor includes only lower floors; neighbours on one floor stay apart, except that stored weights know what a model is.
floor() {
  case $1 in
    lib/base) echo 0 ;; lib/nn | lib/circuit | lib/info | lib/store) echo 1 ;; lib/compile | lib/task) echo 2 ;;
    lib/train) echo 3 ;; lib/sweep) echo 4 ;; cli | experiments) echo 5 ;; *) echo 9 ;;
  esac
}
module() { case $1 in lib/*) echo "$1" | cut -d/ -f1,2 ;; *) echo "${1%%/*}" ;; esac }
while read -r from to; do
  [ "$from" != "$to" ] && [ "$from $to" != "lib/store lib/nn" ] || continue
  [ "$(floor "$to")" -lt "$(floor "$from")" ] || complain "$from includes $to: $(grep -l "\"$to/" -r "$from" --include='*.[ch]' | xargs)"
done < <(grep -o -E '^#include "[^"]+"' "${product[@]}" | sed -E 's/:#include "/ /; s/"$//' |
  while read -r file include; do echo "$(module "$file") $(module "$include")"; done | sort -u)

mapfile -t apart < <(printf '%s\n' "${product[@]}" | grep -v '^lib/store/')
none "HDF5 outside lib/store" '^#include <(hdf5|H5)' "${apart[@]}"
mapfile -t apart < <(printf '%s\n' "${product[@]}" | grep -v '^lib/nn/gemm\.')
none "CBLAS outside lib/nn/gemm" '^#include .*cblas|\bcblas_[a-z]+\(' "${apart[@]}"

none "the library prints, exits or starts processes" \
  '\b(printf|vprintf|puts|putchar|perror|warnx?|errx?|_?exit|abort|system|popen|fork|pthread_create)\(|\b(stdout|stderr)\b' "${library[@]}"
mapfile -t apart < <(printf '%s\n' "${product[@]}" | grep -v '^lib/base/memory\.')
none "memory that lib/base/memory does not count (json-c, GSL and HDF5 free their own)" \
  '\b(malloc|calloc|realloc|strn?dup|v?asprintf|aligned_alloc|posix_memalign)\(' "${apart[@]}"
none "random numbers that are not lib/base/random's" '\b((s?rand(om)?|[dlm]rand48)\(|gsl_rng_alloc\([^l])' "${product[@]}"
none "a reduction over threads in the library: sums of floats would depend on their number" '#pragma omp.*\breduction\(' "${library[@]}"

# Length, unfinished words, comparisons that let NaN pass, paths that exist on one machine only.
for f in "${sources[@]}"; do n=$(wc -l <"$f"); [ "$n" -le 400 ] || complain "$f has $n lines"; done
mapfile -t apart < <(printf '%s\n' "${written[@]}" | grep -v '^tests/lint\.sh$')
none "unfinished words" -w 'TODO|FIXME|XXX' "${apart[@]}"
none "a path of one machine" '(^|[^A-Za-z0-9_.})*-])/(work|root|home|Users)/' "${written[@]}"
none "a comparison that NaN passes: write if (!(error <= bound))" \
  'if \((fabsf?\([^;]*\)|[a-z_]*(err|diff|gap|off)[a-z_]*) >=? |assert_false\(.* >=? .*\)|if \(.* > (leak|bound|tolerance|limit)\b' "${tests[@]}"

mapfile -t scripts < <(find tests -name '*.sh' -not -name lint.sh)
none "a pipe into grep -q: what writes into it may die of SIGPIPE and fail the test" '\| *grep +(-[a-zA-Z]+ +)*-[a-zA-Z]*q' "${scripts[@]}"

if command -v cppcheck >/dev/null; then
  cppcheck --quiet --std=c11 --language=c -I. --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
    --suppress=internalAstError --suppress=normalCheckLevelMaxBranches --error-exitcode=1 lib cli experiments || complain "cppcheck"
else
  echo "lint: cppcheck is not here; its checks were not made"
fi
[ $bad = 0 ] && echo "lint: clean"
exit $bad
