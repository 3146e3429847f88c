#!/usr/bin/env bash
# Runs a Python program of deploy/grafana with the packages that it needs, which pip puts into a folder under target/:
#   scripts/dashboards-python.sh deploy/grafana/dashboards.py
#   scripts/dashboards-python.sh deploy/grafana/render.py http://127.0.0.1:9090 --out target/pictures
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
grafana=$root/deploy/grafana
tool=${CARGO_TARGET_DIR:-$root/target}/dashboards
case $(basename "${1:?a Python program is missing}") in
  expressions.py) needed=$grafana/requirements-expressions.txt ;;
  render.py) needed=$grafana/requirements-render.txt ;;
  *) needed=$grafana/requirements.txt ;;
esac

# Two at once, as tests may be, wait for each other.
mkdir -p "$tool"
(
  flock 9
  if ! cmp -s "$needed" "$tool/$(basename "$needed")"; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || "$root/scripts/install-packages.sh" python3-venv >&2
    [ -x "$tool/bin/python" ] || python3 -m venv "$tool"
    "$tool/bin/pip" install -q --disable-pip-version-check -r "$needed" >&2
    cp "$needed" "$tool"
  fi
) 9>"$tool/lock"
exec "$tool/bin/python" "$@"
