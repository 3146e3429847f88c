#!/usr/bin/env bash
# Asks the API of a running pool for whatever its description allows and forbids (schemathesis), as an admin with a token.
# It starts a pool of its own, and takes it away afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
target=${CARGO_TARGET_DIR:-$PWD/target}
tool=$target/schemathesis
[ -x "$tool/bin/schemathesis" ] || { python3 -m venv "$tool" && "$tool/bin/pip" install -q 'schemathesis>=4.32,<5'; }

token=$("$target/debug/himekuri" token schemathesis --role admin 2>"$folder/entry")
echo "[$(cat "$folder/entry")]" >"$folder/tokens.json"
export HIMEKURI_TOKENS=$folder/tokens.json HIMEKURI_TOKEN=$token HIMEKURI_REQUESTS_PER_SECOND=100000
export POOL_DATA=$folder/pool POOL_FROM=2019-09-01 POOL_TO=2019-09-03
url=http://127.0.0.1:${POOL_API_PORT:-7070}
export HIMEKURI_COORDINATOR=$url
touch "$folder/pool.log"
scripts/pool.sh >>"$folder/pool.log" 2>&1 &
pool=$!
stop() {
  kill "$pool" 2>/dev/null || true
  wait "$pool" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
until grep -q 'pool: ready' "$folder/pool.log"; do
  kill -0 "$pool" 2>/dev/null || { cat "$folder/pool.log"; exit 1; }
  sleep 0.2
done
"$target/debug/himekuri" push examples/title_a --gcp-project title-a
"$target/debug/himekuri" start title_a summary --session 2019-09-02
# And a schedule, with sessions that run still.
mkdir "$folder/scheduled"
printf 'timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+wait:\n  wait>: 1h\n' >"$folder/scheduled/daily.dig"
"$target/debug/himekuri" push "$folder/scheduled" --gcp-project title-a
"$target/debug/himekuri" start scheduled daily --from 2019-09-01 --to 2019-09-09
# The scheduler looks once a second.
until "$target/debug/himekuri" schedules --json | grep -q scheduled/daily; do sleep 0.2; done
# Numbers and names of what is there: made up, they would lead to nothing but 404.
"$tool/bin/python" scripts/openapi-values.py "$url" >"$folder/schemathesis.toml"
# Of what is valid by form alone, much is refused: a range that ends before it begins, a title that is not there.
"$tool/bin/schemathesis" --config-file "$folder/schemathesis.toml" run "$url/openapi.json" --url "$url" -H "Authorization: Bearer $token" \
  --checks all --exclude-checks positive_data_acceptance --max-examples "${EXAMPLES:-50}" --workers 2 --request-timeout 60 "$@"
grep -c panicked "$folder/pool/log"/*.log && { echo "a program has panicked"; exit 1; } || true
