#!/usr/bin/env bash
# Two titles, seven dates, five marts each: seventy partitions on a local warehouse. Running it again changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
bin=$target/debug
data=${DEMO_DATA:-$target/demo}
from=2019-09-02 to=2019-09-08 # session dates; each computes the day before

echo "== starting a local BigQuery on $data"
exec 3< <(exec "$bin/himekuri-warehouse" --port 0 --data "$data" 2>"$target/demo-warehouse.log")
warehouse=$!
trap 'kill "$warehouse" 2>/dev/null || true' EXIT
if ! read -r -u 3 line; then
  cat "$target/demo-warehouse.log" >&2
  exit 1
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
"$bin/himekuri" partitions --bigquery "$url" --dataset summary
