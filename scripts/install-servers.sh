#!/usr/bin/env bash
# Makes sure that RabbitMQ, Redis and Prometheus are installed: the tests start their own, on private ports and folders. They drive
# Google's Python client and read the dashboards' expressions, with packages that pip brings, and step clocks with libfaketime.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v git >/dev/null || missing+=(git)
command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
[ -d /usr/lib/rabbitmq ] || missing+=(rabbitmq-server)
python3 -c 'import ensurepip, venv' 2>/dev/null || python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-venv)
ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing+=(libfaketime)
[ ${#missing[@]} -eq 0 ] || exec "$(dirname "$0")/install-packages.sh" "${missing[@]}"
