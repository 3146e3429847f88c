#!/usr/bin/env bash
# Takes one safeguard after another out of a copy of the last commit, and shows that the simulation notices: with which
# seed, and what it found. Takes some minutes for each.
#
#   scripts/check-mutations.sh               all of tests/simulation/mutations
#   scripts/check-mutations.sh epoch-check   one of them
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${SEEDS:-2000}
# A folder of its own: cargo cannot tell two copies of a workspace apart, and would take a mutated program for the real one.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/mutations
mutations=$PWD/tests/simulation/mutations
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  mapfile -t names < <(cd "$mutations" && ls -- *.patch | sed 's/\.patch$//')
fi

copy=$(mktemp -d)
trap 'git worktree remove --force "$copy"' EXIT
git worktree add --quiet --detach "$copy" HEAD
cd "$copy"

unnoticed=0
for name in "${names[@]}"; do
  git apply "$mutations/$name.patch"
  cargo build --quiet --profile simulation -p himekuri-simulation
  if found=$("$CARGO_TARGET_DIR/simulation/himekuri-simulation" --seeds "$seeds" --fail-fast --faults-may-miss 2>&1 >/dev/null); then
    echo "$name: NOT noticed in $seeds seeds"
    unnoticed=1
  else
    echo "$name: noticed"
    sed -n '1,3s/^/  /p' <<<"$found"
  fi
  git diff --name-only | xargs git checkout --quiet --
done
exit "$unnoticed"
