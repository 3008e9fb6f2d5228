#!/usr/bin/env bash
# tests/e2e_plot.sh BUILD: every experiment draws its figure from a sweep of one point: panels without points are empty frames.
set -uo pipefail
program=$1/latentlab analysis=$PWD/analysis
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
case $program in /*) ;; *) program=$PWD/$program ;; esac
cd "$folder" || exit 1
export LATENTLAB_ANALYSIS=$analysis OMP_NUM_THREADS=1
failed=0
ok() { echo "ok $1"; }
bad() { echo "FAILED $1: $2"; failed=1; }

# A shard of so many takes the first point alone.
"$program" run all --size smoke --shard 0/1000000 --out one >out 2>err || bad run "$(cat err)"
"$program" merge all --out one >out 2>err || bad merge "$(cat err)"
for tables in one/tables/*/; do
  name=$(basename "$tables")
  said=$("$program" plot "$name" --format svg --out one 2>&1 >out) && [ -s "one/figures/$name.svg" ] && ok "one_point_$name" || bad "one_point_$name" "$said"
done
points=$(find one -name '*.h5' -path 'one/*/*' ! -name '*.timing.h5' | wc -l); experiments=$(find one/tables -mindepth 1 -maxdepth 1 | wc -l)
[ "$points" = "$experiments" ] && [ "$points" -gt 10 ] && ok one_point_each || bad one_point_each "$points points of $experiments"
grep -q 'no points in this sweep' one/figures/leak_law.svg && ok an_empty_panel_says_so || bad an_empty_panel_says_so "not in the figure"
exit $failed
