#!/usr/bin/env bash
# Renders deploy/gke and judges what comes out, and docker-compose.yml: schemas of Kubernetes and of the operators, and the rules of
# scripts/manifests/. Needs Python 3.11, and kustomize, kubectl or go.
#
#   scripts/check-manifests.sh [FOLDER]     FOLDER holds the programs, whose --help must know every setting that is used
#                                           [default: target/release or target/debug, if they are there]
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${CARGO_TARGET_DIR:-target}/manifests
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)

programs=${1:-}
if [ -z "$programs" ]; then
  for folder in "$target/release" "$target/debug"; do
    if [ -x "$folder/himekuri-coordinator" ] && [ -x "$folder/himekuri-worker" ]; then
      programs=$folder
      break
    fi
  done
fi

if [ ! -x "$tools/python/bin/check-jsonschema" ]; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check \
    check-jsonschema==0.39.0 kubernetes-validate==1.37.0 PyYAML==6.0.3
fi

if command -v kustomize >/dev/null; then
  kustomize=(kustomize build)
elif kubectl kustomize --help >/dev/null 2>&1; then
  kustomize=(kubectl kustomize)
else
  [ -x "$tools/kustomize" ] || GOBIN=$tools go install sigs.k8s.io/kustomize/kustomize/v5@v5.6.0
  kustomize=("$tools/kustomize" build)
fi

"$tools/python/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
PYTHONDONTWRITEBYTECODE=1 "$tools/python/bin/python" scripts/manifests/check.py --programs "$programs" -- "${kustomize[@]}"
