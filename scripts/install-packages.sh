#!/usr/bin/env bash
# Installs the Debian packages that are named, as root or with sudo, and lets none of them start a service.
set -euo pipefail

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "error: $* missing; install with: apt-get install $*" >&2
  exit 1
fi

# The packages start servers on the standard ports, which may be somebody else's. Debian asks this file first; exit code
# 101 means no. One that is there already is the machine's own rule, and stays.
policy=/usr/sbin/policy-rc.d
forbid_starts() {
  # `set -C` writes only where no file is.
  # shellcheck disable=SC2016 # $1 belongs to the inner shell
  if "${as_root[@]}" sh -c 'set -C; printf "#!/bin/sh\nexit 101\n" >"$1"' sh "$policy" 2>/dev/null; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    "${as_root[@]}" chmod 755 "$policy"
  elif [ ! -e "$policy" ]; then
    echo "error: could not write $policy, so the packages would start servers; nothing was installed" >&2
    exit 1
  fi
}

echo "installing $*"
"${as_root[@]}" apt-get update -qq
forbid_starts
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
