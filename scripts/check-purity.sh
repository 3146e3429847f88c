#!/usr/bin/env bash
# Proves from the lists of dependencies that the pure crates can neither do input or output nor read the clock
# (docs/decisions/0005-jiff-without-std.md).
set -euo pipefail
cd "$(dirname "$0")/.."

forbidden='tokio|mio|lapin|redis|reqwest|hyper|rquickjs|rustix|libc'
# One target, so that the answer is the same on every machine: on arm64, sha2 asks libc which CPU it runs on.
target=x86_64-unknown-linux-gnu

fail() {
  echo "check-purity: $*" >&2
  exit 1
}

tree() {
  cargo tree --locked --target "$target" --prefix none "$@" || fail "cargo could not list the dependencies"
}

for crate in himekuri-engine himekuri-workflow himekuri-protocol himekuri-schedule himekuri-cost; do
  # Each crate alone: in a build of several, Cargo joins their features.
  packages=$(tree -p "$crate" -e normal)
  found=$(grep -oE "^($forbidden) v[^ ]+" <<<"$packages" | sort -u | paste -sd ' ' || true)
  [ -z "$found" ] || fail "$crate must be pure, but depends on $found; see: cargo tree -p $crate -e normal -i ${found%% *}"

  features=$(tree -p "$crate" -e normal,features)
  if grep -q '^jiff feature "std"' <<<"$features"; then
    fail "$crate must not read the clock, but jiff has its feature \"std\"; see: cargo tree -p $crate -e normal,features -i jiff"
  fi
  echo "check-purity: $crate is pure"
done
