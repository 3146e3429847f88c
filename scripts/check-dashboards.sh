#!/usr/bin/env bash
# Checks dashboards and alerts: the JSON is what deploy/grafana/dashboards.py writes, Grafana's own types accept it, every metric and
# label is in docs/metrics.md, Prometheus reads the rules and its configuration, and each alert fires when it should.
set -euo pipefail
cd "$(dirname "$0")/.."

python=scripts/dashboards-python.sh
prometheus=deploy/prometheus

"$python" deploy/grafana/dashboards.py --check
"$python" deploy/grafana/check.py

# The types of the Grafana that the dashboards are made for: deploy/grafana/requirements.txt.
types=${CARGO_TARGET_DIR:-$PWD/target}/grafana-types
if [ ! -x "$types/node_modules/.bin/tsc" ]; then
  mkdir -p "$types"
  npm install --prefix "$types" --silent --no-audit --no-fund --ignore-scripts @grafana/schema@11.6.0 typescript@5.8.3
fi
"$python" deploy/grafana/typescript.py >"$types/dashboards.ts"
"$types/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution node \
  "$types/dashboards.ts"
echo "check-dashboards: Grafana's types accept the dashboards"

command -v promtool >/dev/null || scripts/install-packages.sh prometheus
promtool check config "$prometheus/prometheus.yml"
promtool test rules "$prometheus/alerts_test.yml"
