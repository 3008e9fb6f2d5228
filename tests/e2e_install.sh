#!/usr/bin/env bash
# tests/e2e_install.sh BUILD: installs BUILD into a folder of its own and uses it as a stranger would: the program, the
# headers one by one, and a program built with pkg-config against the shared library and against the archive.
# Prints `ok CASE` or `FAILED CASE`; exit status 1 when a case failed.
set -uo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -r cc flags <"$build/flags.txt"
sanitizers=$(tr ' ' '\n' <<<"$flags" | grep -E '^-fsanitize=' | xargs)
bad=0
try() { # CASE COMMAND...
  local name=$1; shift
  if "$@" >"$work/log" 2>&1; then echo "ok $name"; else echo "FAILED $name"; cat "$work/log"; bad=1; fi
}
install_to() { make -s --no-print-directory install-built "BUILD=$build" "$@"; }
prefix=$work/prefix
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

every_file_is_there() {
  install_to "PREFIX=$prefix" || return 1
  find lib -name '*.h' | while read -r h; do cmp "$h" "$prefix/include/latentlab/$h" || echo "$h"; done | grep . && return 1
  for f in analysis/*.gp; do cmp "$f" "$prefix/share/latentlab/$f" || return 1; done
  [ -x "$prefix/bin/latentlab" ] && [ -f "$prefix/lib/liblatentlab.a" ] && [ -e "$prefix/lib/liblatentlab.so" ]
}
the_program_runs_elsewhere() {
  cd "$work" || return 1
  printf 'INPUT(a)\nINPUT(b)\nINPUT(c)\nOUTPUT(s)\nOUTPUT(m)\nx = XOR(a, b)\ns = XOR(x, c)\np = AND(a, b)\nq = AND(x, c)\nm = OR(p, q)\n' \
    >"$work/adder.bench"
  "$prefix/bin/latentlab" --version && "$prefix/bin/latentlab" circuit "$work/adder.bench"
}
each_header_stands_alone() {
  local h
  cd "$work" || return 1
  find "$prefix/include/latentlab" -name '*.h' | while read -r h; do
    echo "#include \"${h#"$prefix/include/latentlab/"}\"" >one.c
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only $(pkg-config --cflags latentlab) one.c || echo "$h"
  done | grep . && return 1
  return 0
}
compile() { # PROGRAM LIBRARIES...
  local program=$1; shift
  "$cc" -std=c11 -Wall -Wextra -Werror $sanitizers $(pkg-config --cflags latentlab) tests/install/consumer.c "$@" -o "$program"
}
it_links_the_shared_library() {
  compile "$work/shared" $(pkg-config --libs latentlab) || return 1
  readelf -d "$work/shared" | grep 'NEEDED.*liblatentlab\.so\.[0-9]' && LD_LIBRARY_PATH=$prefix/lib "$work/shared" "$work/adder.bench"
}
it_links_the_archive() {
  compile "$work/static" $(pkg-config --static --libs latentlab | sed 's/-llatentlab/-l:liblatentlab.a/') || return 1
  ! readelf -d "$work/static" | grep -E 'liblatentlab|gslcblas' && "$work/static" "$work/adder.bench"
}
uninstalling_leaves_no_file() {
  echo keep >"$prefix/lib/other"
  make -s --no-print-directory uninstall "PREFIX=$prefix" || return 1
  [ "$(find "$prefix" ! -type d)" = "$prefix/lib/other" ] || { find "$prefix" ! -type d; return 1; }
}
a_staged_tree_names_its_final_place() {
  install_to "DESTDIR=$work/stage" PREFIX=/opt/latentlab || return 1
  grep '^prefix=/opt/latentlab$' "$work/stage/opt/latentlab/lib/pkgconfig/latentlab.pc" || return 1
  ! grep -r -l -F "$work" "$work/stage/opt/latentlab/lib/pkgconfig" "$work/stage/opt/latentlab/include" || return 1
  [ "$(ls "$work/stage")" = opt ] || return 1
  make -s --no-print-directory uninstall "DESTDIR=$work/stage" PREFIX=/opt/latentlab && [ -z "$(find "$work/stage" ! -type d)" ]
}

try every_file_is_there every_file_is_there
try the_program_runs_elsewhere eval '(the_program_runs_elsewhere)'
try each_header_stands_alone eval '(each_header_stands_alone)'
try it_links_the_shared_library it_links_the_shared_library
try it_links_the_archive it_links_the_archive
try uninstalling_leaves_no_file uninstalling_leaves_no_file
try a_staged_tree_names_its_final_place a_staged_tree_names_its_final_place
exit $bad
