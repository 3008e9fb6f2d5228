#!/usr/bin/env bash
# tests/e2e_superposition.sh BUILD: the experiment on graphs of its own and on a ProsQA file that is written here, and what it
# says of files and names that are none.
set -uo pipefail
program=$1/latentlab
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
case $program in /*) ;; *) program=$PWD/$program ;; esac
cd "$folder" || exit 1
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }

cat >two.json <<'END'
[{"question": "Is Ann a gimp or a zump?", "answer": "Ann is a gimp.", "steps": ["Ann is a wump."],
  "idx_to_symbol": ["Ann", "Bob", "wump", "yump", "zump", "rimp", "gimp", "dimp", "limp"],
  "edges": [[0, 2], [0, 7], [2, 5], [5, 6], [1, 3], [3, 4], [1, 5], [7, 8], [2, 8]], "root": 0, "target": 6, "neg_target": 4},
 {"idx_to_symbol": ["Ann", "Bob", "wump", "yump", "zump", "rimp", "gimp"],
  "edges": [[1, 3], [3, 4], [0, 2], [4, 6], [2, 5], [0, 5]], "root": 1, "target": 6, "neg_target": 5}]
END

supported() { # NAME ARGUMENTS...: runs at smoke size and reads the verdict
  local name=$1; shift
  "$program" run superposition --size smoke --out out "$@" >/dev/null 2>log || { bad "$name" "$(cat log)"; return; }
  "$program" merge superposition --out out >log 2>&1 || { bad "$name" "$(cat log)"; return; }
  if grep -q '"verdict":"supported"' out/tables/superposition/verdict.json; then ok "$name"; else bad "$name" "$(cat log)"; fi
}
supported own_graphs_at_smoke_size
rm -rf out
supported a_prosqa_file --set data=two.json
row=$(grep '^two.json' out/tables/superposition/search.tsv | cut -f 1-4,7,10)
if [ "$row" = $'two.json\t2\t2\t2\t3.00\t3.00' ]; then ok both_records_are_searched; else bad both_records_are_searched "$row"; fi
rm -rf out

refused() { # NAME WORD ARGUMENTS...: status 2 and one sentence that has the word, and nothing is run
  local name=$1 word=$2 status; shift 2
  "$program" run superposition --size smoke --out out "$@" >/dev/null 2>log; status=$?
  if [ $status = 2 ] && [ "$(wc -l <log)" = 1 ] && grep -q -F -- "$word" log && [ ! -e out/superposition ]; then ok "$name"
  else bad "$name" "status $status: $(cat log)"; fi
}
echo '{"edges": []}' >object.json
echo 'no json' >text.json
sed 's/\[3, 4\]/[3, 9999999999]/' two.json >huge.json
sed 's/\[3, 4\]/[3, -4]/' two.json >negative.json
sed 's/"root": 1/"root": "Bob"/' two.json >typed.json
sed 's/"neg_target": 5/"neg_target": 4/' two.json >both.json
refused an_object_is_no_prosqa_file 'object.json: this is no ProsQA file' --set data=object.json
refused a_text_is_no_json 'text.json: this is no JSON text' --set data=text.json
refused a_huge_index 'record 0: edges[5][1] is 9999999999, and the nodes are 0 to 8' --set data=huge.json
refused a_negative_index 'record 0: edges[5][1] is -4' --set data=negative.json
refused an_index_of_another_type 'record 1: root is string' --set data=typed.json
refused two_reached_candidates 'record 1: the negative, node 4, is reached' --set data=both.json
refused no_such_file 'none.json' --set data=none.json
refused no_such_family "'tree:3' is no family of graphs" --set family=tree:3
refused a_graph_of_no_node 'prosqa:0' --set family=prosqa:0
refused odd_positions 'setting positions:7: an even number' --set setting=positions:7
refused a_setting_without_its_number "setting tau:" --set setting=tau:
refused a_setting_out_of_range 'setting sharpness:-1' --set setting=sharpness:-1
refused no_node 'nodes=0' --set nodes=0
refused no_channel 'channels_read=0' --set channels_read=0
refused no_such_setting "setting 'all'" --set setting=all
exit $failed
