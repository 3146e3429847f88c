#!/usr/bin/env bash
# Two titles, seven dates, five marts each: seventy partitions on a local warehouse.
# The list of partitions is kept; a later run must give the same one.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
bin=$target/debug
data=${DEMO_DATA:-$target/demo}
data=${data%/}
log=$data-warehouse.log
list=$data-partitions.txt
from=2019-09-02 to=2019-09-08 # session dates; each computes the day before
expected=70

fail() {
  echo "demo: $*" >&2
  exit 1
}

mkdir -p "$(dirname "$data")"
echo "== starting a local BigQuery on $data"
exec 3< <(exec "$bin/himekuri-warehouse" --port 0 --data "$data" 2>"$log")
warehouse=$!
stop_warehouse() {
  kill "$warehouse" 2>/dev/null || true
  # Until it has ended, the data folder is taken.
  wait "$warehouse" 2>/dev/null || true
}
trap stop_warehouse EXIT
if ! read -r -u 3 line; then
  cat "$log" >&2
  fail "the warehouse did not start"
fi
url=${line#listening on }

for title in title_a title_b; do
  echo "== making the raw logs of $title"
  "$bin/himekuri-example-logs" --warehouse "$url" --title "$title" --users 300 \
    --from 2019-09-01 --to 2019-09-07 --seed 6
done
for title in title_a title_b; do
  echo "== running $title, sessions $from to $to"
  "$bin/himekuri" run "examples/$title" --from "$from" --to "$to" --bigquery "$url" >/dev/null
done

echo "== the marts"
"$bin/himekuri" partitions --bigquery "$url" --dataset summary >"$list.new"
cat "$list.new"

count=$(grep -c '\$[0-9]\{8\}' "$list.new" || true)
[ "$count" -eq "$expected" ] || fail "there are $count partitions, but there must be $expected"

if [ ! -e "$list" ]; then
  mv "$list.new" "$list"
  echo "== list kept in $list; run it again to compare"
elif diff -u "$list" "$list.new"; then
  rm "$list.new"
  echo "== identical to the run before"
else
  fail "not identical to the run before; if that is meant, remove $list"
fi
