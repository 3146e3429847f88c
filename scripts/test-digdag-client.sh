#!/usr/bin/env bash
# Runs digdag's own client library against a pool. Installs Java and Maven if they are missing (Debian, as root).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
  echo "test-digdag-client: installing a JDK and Maven"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends default-jdk-headless maven
fi
library="${CARGO_TARGET_DIR:-$PWD/target}/digdag-client"
mkdir -p "$library/classes"
mvn -q -f tests/digdag-client/pom.xml dependency:copy-dependencies -DoutputDirectory="$library/jars"
jars=$(printf '%s:' "$library"/jars/*.jar)
javac -cp "$jars" -d "$library/classes" tests/digdag-client/Client.java
HIMEKURI_DIGDAG_CLIENT="$library/classes:$jars" \
  cargo test -p himekuri-integration-tests --test digdag_client -- --ignored --nocapture
