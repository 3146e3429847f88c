#!/usr/bin/env bash
# Makes a folder with Debian 13 inside, for its RabbitMQ 4.0 and Valkey 8: Debian 12 has RabbitMQ 3.10 and Redis 7. The tests
# start the servers from there when HIMEKURI_TEST_RABBITMQ_ROOT and HIMEKURI_TEST_REDIS_ROOT name the folder. Nothing is
# installed beside it but `debootstrap`. Needs root, about 250 MB, and a mirror of Debian: apt's own, or DEBIAN_MIRROR.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$repository/target/debian-13}
packages=rabbitmq-server,valkey-server

has_all() {
  [ -x "$1/usr/bin/valkey-server" ] && [ -d "$1/usr/lib/rabbitmq/lib" ] && [ -e "$1/.complete" ]
}

if has_all "$root"; then
  exit 0
fi

fail() {
  echo "fetch-rabbitmq-4: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "debootstrap needs root: run \`sudo scripts/fetch-rabbitmq-4.sh\`"
if ! command -v debootstrap >/dev/null; then
  echo "installing debootstrap"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi

# The mirror that apt uses, if this is Debian; otherwise debootstrap's own choice.
mirror=${DEBIAN_MIRROR:-}
if [ -z "$mirror" ]; then
  # shellcheck disable=SC2016 # apt's words, not the shell's
  mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null |
    awk '$1 == "Debian" { print $2; exit }')
fi

# Under another name until it is whole. What an earlier try left is of no use.
unfinished=$root.unfinished
rm -rf "$unfinished" "$root"
mkdir -p "$(dirname "$root")"
# shellcheck disable=SC2086 # no argument at all when there is no mirror
debootstrap --variant=minbase --include="$packages" trixie "$unfinished" $mirror >"$root.log" 2>&1 ||
  fail "debootstrap failed; the end of $root.log: $(tail -n 5 "$root.log")"
# Packages are installed now; what is left of them would only take room.
rm -rf "$unfinished"/var/cache/apt/archives/*.deb "$unfinished"/var/lib/apt/lists/*
touch "$unfinished/.complete"
mv "$unfinished" "$root"
has_all "$root" || fail "$root lacks one of $packages"
