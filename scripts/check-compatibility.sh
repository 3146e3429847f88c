#!/usr/bin/env bash
# Proves that docs/compatibility.md names tests that exist, and that its sections on the language, on control flow and on
# sessions leave nothing open.
#
# `workflow/compiling::a_test` is `fn a_test` in tests/compiling.rs, tests/compiling/main.rs or src/compiling.rs of the
# crate in the folder `workflow`; `a_test (name)` also needs the case cli/tests/check/name.project, and for the crate
# `compat` the case tests/compat/workflows/name.case.
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/compatibility.md
failures=0

wrong() {
  echo "check-compatibility: $page:$1" >&2
  failures=$((failures + 1))
}

# Every test of the repository as `crate/file::name`, made once: a search for each reference would take minutes.
known() {
  git grep --untracked -oE '\bfn [a-z0-9_]+' -- '*.rs' |
    sed -nE 's#^(.*/)?([^/]+)/(src|tests)/(.+)\.rs:fn ([a-z0-9_]+)$#\2/\4::\5#p' |
    sed -E 's#/main::#::#'
}

# Lines `number:crate/file::name`, with ` (case)` behind some.
references() {
  grep -noE '`[A-Za-z0-9_-]+/[A-Za-z0-9_/-]+::[A-Za-z0-9_-]+( \([a-z0-9-]+\))?`' "$page" | tr -d '`'
}

tests=$(known | sort -u)
count=0
while IFS=: read -r line reference; do
  count=$((count + 1))
  test=${reference%% (*}
  grep -qxF "$test" <<<"$tests" || wrong "$line: no test \`$test\`; correct its name, or write it"
  if [ "$test" != "$reference" ]; then
    case=${reference#* (}
    case=${case%)}
    case $test in
      compat/*) file=tests/compat/workflows/$case.case ;;
      *) file=cli/tests/check/$case.project ;;
    esac
    [ -f "$file" ] || wrong "$line: no case $file"
  fi
done < <(references)
[ "$count" -gt 0 ] || wrong "1: it names no test at all"

# Rows of sections 1 to 3, of control flow and of 5.1 to 5.6: none may be open, and each names a test.
rows=$(awk '/^## / { inside = ($2 ~ /^[123]\.$/) } /^### / && !/^### [123]\./ { inside = (/^### Control flow$/ || $2 ~ /^5\.[1-6]$/) } inside && /^\|/ && !/^\|---/ && !/^\| (digdag|moment) \|/ { print NR ": " $0 }' "$page")
while IFS= read -r row; do
  wrong "${row%%:*}: \"not yet\" where nothing may be open; say what is the same or how it differs"
done < <(grep -i 'not yet' <<<"$rows" || true)
while IFS= read -r row; do
  wrong "${row%%:*}: a row without a test"
done < <(grep . <<<"$rows" | grep -v '::' || true)

[ "$failures" -eq 0 ] || exit 1
echo "check-compatibility: $(wc -l <<<"$rows") rows, $count references to tests that exist"
