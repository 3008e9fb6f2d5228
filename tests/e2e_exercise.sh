#!/usr/bin/env bash
# tests/e2e_exercise.sh BUILD: the exercises as a student meets them: the page, help, JSON, mistakes.
# tests/e2e_exercise.sh BUILD write: prints docs/exercises.md with the outputs as they are now.
set -uo pipefail
build=$(cd "$1" && pwd) || exit 1
program=$build/latentlab
page=$(cd "$(dirname "$0")/.." && pwd)/docs/exercises.md
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }

# A block of the page that begins with `$ latentlab ...` is a command and what it prints, byte by byte.
blocks=0
run_block() { # COMMAND-LINE, without the dollar sign
  # The page is ours: its words are split as a shell would split them, and nothing more.
  local -a words; read -r -a words <<<"$1"
  "$program" "${words[@]:1}" 2>&1
}
check_page() {
  local line command="" inside=0
  : >said; : >wanted
  while IFS= read -r line; do
    if [ "$inside" = 0 ] && [ "$line" = '```' ]; then inside=1; command=""; : >wanted; continue; fi
    [ "$inside" = 1 ] || continue
    if [ "$line" = '```' ]; then
      inside=0
      [ -n "$command" ] || continue
      blocks=$((blocks + 1))
      run_block "$command" >said
      if cmp -s said wanted; then ok "page_$blocks"; else bad "page_$blocks" "$command: $(diff wanted said | head -6 | tr '\n' '|')"; fi
    elif [ -z "$command" ] && [ ! -s wanted ] && [ "${line#\$ latentlab }" != "$line" ]; then command=${line#\$ }
    else printf '%s\n' "$line" >>wanted; fi
  done <"$page"
}
write_page() {
  local line inside=0 skip=0
  while IFS= read -r line; do
    if [ "$inside" = 1 ] && [ "$line" = '```' ]; then inside=0; skip=0
    elif [ "$inside" = 0 ] && [ "$line" = '```' ]; then inside=1
    elif [ "$inside" = 1 ] && [ "$skip" = 0 ] && [ "${line#\$ latentlab }" != "$line" ]; then
      printf '%s\n' "$line"; run_block "${line#\$ }"; skip=1; continue
    fi
    [ "$skip" = 1 ] || printf '%s\n' "$line"
  done <"$page"
}
if [ "${2:-}" = write ]; then write_page; exit; fi

check_page
count=$("$program" exercise --list | wc -l)
if [ "$blocks" -gt "$count" ]; then ok page_has_a_block_for_each; else bad page_has_a_block_for_each "$blocks blocks, $count exercises"; fi
for n in $(seq "$count"); do
  if grep -q "^\$ latentlab exercise $n\b" "$page"; then ok "page_shows_$n"; else bad "page_shows_$n" "no block"; fi
  "$program" exercise "$n" --help >out 2>err; got=$?
  if [ $got = 0 ] && [ ! -s err ] && grep -q -e '--json' out && grep -q 'Exit status: 0' out; then ok "help_$n"; else bad "help_$n" "$(cat err)"; fi
done

# JSON: one object, the keys of all, checks that hold, tables whose rows have the same keys; the same text twice.
if command -v python3 >/dev/null; then
  for n in $(seq "$count"); do
    "$program" exercise "$n" --json >out 2>err || bad "json_$n" "status $?: $(cat err)"
    if message=$(python3 - out "$n" <<'END2' 2>&1
import json, sys
j = json.load(open(sys.argv[1]))
assert list(j) == "exercise name question parameters formula tables checks conclusion source".split(), list(j)
assert j["exercise"] == int(sys.argv[2]) and j["formula"] and j["conclusion"] and j["source"]
assert j["tables"] and all(rows and all(list(r) == list(rows[0]) for r in rows) for rows in j["tables"].values())
assert j["checks"] and all(c["holds"] is True for c in j["checks"])
END2
    ); then ok "json_$n"; else bad "json_$n" "$message"; fi
  done
  "$program" exercise --list --json >out
  if message=$(python3 -c "import json; l = json.load(open('out')); assert [e['exercise'] for e in l] == list(range(1, $count + 1))" 2>&1); then
    ok json_list; else bad json_list "$message"; fi
else
  echo "skipped json: there is no python3"
fi

# mistake NAME WORDS...: status 2, nothing on stdout, one line on stderr.
mistake() {
  local name=$1 got; shift
  "$program" exercise "$@" >out 2>err; got=$?
  if [ $got = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -q '^latentlab: ' err; then ok "$name"
  else bad "$name" "status $got: $(head -c 300 err)"; fi
}
mistake no_number
mistake number_zero 0
mistake number_too_large 99
mistake number_negative -1
mistake no_such_name dpeth
mistake two_numbers 1 2
mistake list_and_number --list 1
mistake unknown_flag 1 --depth 3
mistake flag_of_another 1 --bits 3
mistake no_layers 1 --layers 0
mistake no_number_at_all 1 --layers ten
mistake half_a_number 1 --steps 3x
mistake heads_do_not_divide 1 --width 10 --heads 3
mistake one_token 2 --vocabulary 1
mistake no_entries 2 --entries 0
mistake noise_is_nan 2 --snr nan
mistake one_bit 3 --bits 1
mistake one_head 3 --heads 1
mistake no_such_family 4 --family nothing:4
mistake family_without_size 4 --family parity
mistake no_such_file 4 missing.blif
mistake two_files 4 a.blif b.blif
mistake flat_clip 5 --kappa 0.5
mistake no_such_norm 5 --norm batchnorm
mistake no_gates 6 --family parity:1
mistake channel_wider_than_thought 6 --bits-per-step 2 --bits-per-channel 3
mistake one_bit_a_step 6 --bits-per-step 1
mistake no_channel 7 --width 0
mistake one_address_bit 7 --address-bits 1
mistake all_leaks 8 --leak 0.5

# A name, and --json before the number, do as well.
"$program" exercise --json 3 >a; "$program" exercise parity --json >b
if cmp -s a b; then ok by_name; else bad by_name "differs from the number"; fi
# A full disk is not a success.
if [ -w /dev/full ]; then
  "$program" exercise 4 >/dev/full 2>err; got=$?
  if [ $got = 1 ] && grep -q '^latentlab: ' err; then ok full_disk; else bad full_disk "status $got"; fi
fi
exit $failed
