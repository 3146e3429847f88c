#!/usr/bin/env bash
# A whole pool as processes of this machine, until Ctrl-C: RabbitMQ, Redis, a local BigQuery with raw logs of both example titles,
# two coordinators and two workers. Nothing of it touches servers that run here already: ports and folders are its own.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${CARGO_TARGET_DIR:-target}/debug
folder=${POOL_DATA:-$PWD/.himekuri/pool}
api=${POOL_API_PORT:-7070} standby=${POOL_STANDBY_PORT:-7071} bigquery=${POOL_BIGQUERY_PORT:-9050}
redis=${POOL_REDIS_PORT:-6390} amqp=${POOL_AMQP_PORT:-5690}
distribution=${POOL_DISTRIBUTION_PORT:-25690} mapper=${POOL_MAPPER_PORT:-4390}
# Dates of raw logs.
from=${POOL_FROM:-2019-09-01} to=${POOL_TO:-2019-09-30}
log=$folder/log

say() { echo "pool: $*"; }
fail() {
  say "$*; see $log" >&2
  exit 1
}

scripts/install-servers.sh
mkdir -p "$log" "$folder/redis" "$folder/rabbitmq"

stop() {
  trap - EXIT
  say "stopping"
  # Programs first: they hand over what they have.
  kill "${programs[@]}" 2>/dev/null || true
  wait "${programs[@]}" 2>/dev/null || true
  kill "${servers[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
programs=() servers=()
trap stop EXIT
trap 'exit 0' INT TERM

# Runs a program again when it has ended, as systemd or Kubernetes would: a coordinator that is replaced ends.
keep() {
  local log=$1 child
  shift
  trap 'kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; exit 0' TERM
  while true; do
    "$@" >>"$log" 2>&1 &
    child=$!
    wait "$child" || true
    sleep 1
  done
}

# Waits until something listens on a port.
await() {
  for _ in $(seq 600); do
    if (: <"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "$1 does not listen on port $2"
}

say "starting Redis and RabbitMQ"
redis-server --port "$redis" --bind 127.0.0.1 --dir "$folder/redis" --appendonly yes --save '' \
  --maxmemory-policy noeviction >"$log/redis.log" 2>&1 &
servers+=($!)
cat >"$folder/rabbitmq/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp
log.file.level = warning
disk_free_limit.absolute = 50MB
CONF
echo '[].' >"$folder/rabbitmq/enabled_plugins"
epmd -address 127.0.0.1 -port "$mapper" >"$log/epmd.log" 2>&1 &
servers+=($!)
rabbitmq=$(find /usr/lib/rabbitmq/lib -path '*/sbin/rabbitmq-server' | sort | tail -n 1)
env HOME="$folder/rabbitmq" RABBITMQ_NODENAME="himekuri-pool-$amqp@localhost" \
  RABBITMQ_DIST_PORT="$distribution" RABBITMQ_MNESIA_BASE="$folder/rabbitmq/data" \
  RABBITMQ_LOG_BASE="$log" RABBITMQ_PID_FILE="$folder/rabbitmq/pid" \
  RABBITMQ_CONFIG_FILE="$folder/rabbitmq/rabbitmq.conf" \
  RABBITMQ_ENABLED_PLUGINS_FILE="$folder/rabbitmq/enabled_plugins" \
  RABBITMQ_CONF_ENV_FILE="$folder/rabbitmq/none" RABBITMQ_ADVANCED_CONFIG_FILE="$folder/rabbitmq/none.config" \
  ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$mapper" "$rabbitmq" >"$log/rabbitmq.log" 2>&1 &
servers+=($!)

say "making raw logs of both titles, $from to $to"
"$bin/himekuri-warehouse" --port "$bigquery" --data "$folder/warehouse" >"$log/warehouse.log" 2>&1 &
servers+=($!)
await "the local BigQuery" "$bigquery"
for title in title_a title_b; do
  [ -e "$folder/$title.made" ] || "$bin/himekuri-example-logs" --warehouse "http://127.0.0.1:$bigquery" \
    --title "$title" --users 300 --from "$from" --to "$to" --seed 6 >"$log/$title.log" 2>&1
  touch "$folder/$title.made"
done
await Redis "$redis"
await RabbitMQ "$amqp"

export HIMEKURI_REDIS=redis://127.0.0.1:$redis HIMEKURI_AMQP=amqp://guest:guest@127.0.0.1:$amqp/%2f
export HIMEKURI_ARCHIVE=$folder/archive HIMEKURI_TABLE_INTERVAL=0
for port in "$api" "$standby"; do
  keep "$log/coordinator-$port.log" "$bin/himekuri-coordinator" --listen "127.0.0.1:$port" &
  programs+=($!)
done
for worker in 1 2; do
  keep "$log/worker-$worker.log" "$bin/himekuri-worker" --bigquery "http://127.0.0.1:$bigquery" \
    --name "worker-$worker" &
  programs+=($!)
done
await "the coordinator" "$api"
# It asks again while nobody leads.
"$bin/himekuri" projects --coordinator "http://127.0.0.1:$api" >/dev/null || fail "no coordinator leads"
say "ready at http://127.0.0.1:$api; its data and logs are in $folder; Ctrl-C stops it"
wait -n "${programs[@]}" "${servers[@]}" || true
fail "a program has ended"
