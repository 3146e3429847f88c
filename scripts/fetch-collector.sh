#!/usr/bin/env bash
# Brings a collector of OpenTelemetry for the tests of traces, and prints its path: rotel, a program that PyPI has as a package.
# fetch-collector.sh FOLDER
set -euo pipefail

folder=$1
version=0.0.1a15
mkdir -p "$folder"
# Two tests may ask at the same time.
exec 9>"$folder/.lock"
flock 9
program=$(find "$folder" -name rotel-agent -type f | head -n 1)
if [ -z "$program" ]; then
  python3 -c 'import ensurepip, venv' 2>/dev/null || "$(dirname "$0")/install-packages.sh" python3-venv >&2
  python3 -m venv "$folder/venv" >&2
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "rotel==$version" >&2
  program=$(find "$folder" -name rotel-agent -type f | head -n 1)
fi
[ -n "$program" ] || {
  echo "fetch-collector: the package has no program" >&2
  exit 1
}
echo "$program"
