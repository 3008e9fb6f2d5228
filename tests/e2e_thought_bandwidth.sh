#!/usr/bin/env bash
# tests/e2e_thought_bandwidth.sh BUILD: the experiment from the command line, with a circuit of its user and with circuits that
# cannot be.
set -uo pipefail
build=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0
ok() { echo "ok $1"; }
failed() { echo "FAILED $1${2:+: $2}"; bad=1; }
lat() { "$build/latentlab" "$@" >"$folder/out" 2>"$folder/err"; }

cat >"$folder/carry.blif" <<'BLIF'
.model carry
.inputs a b c d e
.outputs s t
.names a b x
10 1
01 1
.names x c s
10 1
01 1
.names a b c y
11- 1
1-1 1
-11 1
.names y d e t
111 1
000 1
.end
BLIF
name=a_circuit_of_the_user_is_run_by_every_kind_of_thought
tables=$folder/run/tables/thought_bandwidth
if lat run thought_bandwidth --size smoke --set family=file --set circuit="$folder/carry.blif" --out "$folder/run" &&
  lat merge thought_bandwidth --out "$folder/run"; then
  kinds=$(awk -F'\t' 'NR > 1 && $1 == "carry.blif" {print $3}' "$tables/machines.tsv" | sort -u | xargs)
  # steps as scheduled, no bit wrong, an output missing one step earlier
  off=$(awk -F'\t' 'NR > 1 && ($6 != $7 || $15 != 0 || $16 == 0 || $17 >= $18)' "$tables/machines.tsv" | wc -l)
  if [ "$kinds" = "gates token vector wires" ] && [ "$off" = 0 ]; then ok $name; else failed $name "kinds: $kinds; off: $off"; fi
else
  failed $name "$(cat "$folder/err")"
fi

name=every_schedule_in_the_table_is_within_brents_bounds
# columns: circuit, K, w, steps, lower, upper
off=$(awk -F'\t' 'NR > 1 && NF == 6 && ($4 < $5 || $4 > $6)' "$tables/schedule.tsv" | wc -l)
rows=$(awk -F'\t' 'NR > 1 && NF == 6' "$tables/schedule.tsv" | wc -l)
if [ "$rows" -ge 17 ] && [ "$off" = 0 ]; then ok $name; else failed $name "$off of $rows"; fi

name=what_cannot_be_is_told_in_one_sentence_and_status_2
wrong=
for set in family=nothing:3 family=parity:0 family=parity:1 family=wallace thought=aloud bits=-1 fan_in=1 channel_bits=13 vectors=0; do
  lat run thought_bandwidth --size smoke --set "$set" --out "$folder/bad"
  [ $? = 2 ] && [ "$(wc -l <"$folder/err")" = 1 ] || wrong="$wrong $set"
done
if [ -z "$wrong" ]; then ok $name; else failed $name "$wrong"; fi
exit $bad
