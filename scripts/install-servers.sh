#!/usr/bin/env bash
# Makes sure that RabbitMQ and Redis are installed: the tests start their own, on private ports and folders.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
[ -d /usr/lib/rabbitmq ] || missing+=(rabbitmq-server)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "error: ${missing[*]} missing; install with: apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
# The packages would start servers of their own on the standard ports; nobody needs these.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
