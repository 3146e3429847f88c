#!/usr/bin/env bash
# Puts the images of deploy/Containerfile together as folders, without a container engine, and runs their programs there as
# Kubernetes would: not as root, in a root that is read-only, with nothing else of this machine.
#
#   scripts/check-container.sh [FOLDER]     FOLDER holds the programs and libduckdb.so [default: target/release or target/debug]
#
# The base is made of the Debian packages that distroless/cc-debian12 is made of. Needs root and Debian 12.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
file=deploy/Containerfile
user=65532

say() { echo "check-container: $*"; }
fail() {
  say "$*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "mounts and chroot need root"
[ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = bookworm ] || fail "the images are made of Debian 12's packages; this is another system"

programs=${1:-}
if [ -z "$programs" ]; then
  for programs in "$target/release" "$target/debug"; do
    [ -x "$programs/himekuri-coordinator" ] && break
  done
fi
[ -x "$programs/himekuri-coordinator" ] || fail "no programs in \`$programs\`; run \`make build\`, or name their folder"
library=$programs/libduckdb.so
[ -f "$library" ] || library=${DUCKDB_LIB_DIR:-target/duckdb}/libduckdb.so

say "what the build reads is in its context"
python3 - <<'PYTHON'
import fnmatch, pathlib, re, subprocess, sys

def ignored(path, rules):
    """As Docker reads .dockerignore: the last rule that fits the path or a folder above it counts."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    verdict = False
    for rule in rules:
        keeps = rule.startswith("!")
        pattern = rule.lstrip("!").removeprefix("**/")
        deep = rule.lstrip("!").startswith("**/")
        for folder in above:
            names = [folder] + ([folder.rsplit("/", 1)[-1]] if deep else [])
            # A `*` of Docker does not cross a `/`.
            if any(n.count("/") == pattern.count("/") and fnmatch.fnmatchcase(n, pattern) for n in names):
                verdict = not keeps
    return verdict

lines = pathlib.Path(".dockerignore").read_text().splitlines()
rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
context = {path for path in tracked.stdout.splitlines() if not ignored(path, rules)}
folders = {str(parent) for path in context for parent in pathlib.PurePath(path).parents}
wrong = [f"`{path}` is in the context" for path in context if path.startswith((".git/", "target/"))]
for source in sorted(path for path in context if path.endswith(".rs") and "/tests/" not in path):
    text = pathlib.Path(source).read_text()
    for name in re.findall(r'include_(?:str|bytes)!\(\s*(?:concat!\(\s*)?"([^"]+)"', text):
        wanted = (pathlib.Path(source).parent / name).resolve().relative_to(pathlib.Path.cwd())
        if str(wanted) not in context | folders:
            wrong.append(f"{source} includes `{name}`, which .dockerignore leaves out")
for name in re.findall(r"^COPY (?!--from)(\S+) ", pathlib.Path("deploy/Containerfile").read_text(), re.M):
    if name != "." and name not in context:
        wrong.append(f"the Containerfile copies `{name}`, which .dockerignore leaves out")
sys.exit("\n".join(wrong) or None)
PYTHON

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"

say "making the base of Debian's packages"
debs=$target/container
mkdir -p "$debs"
packages=(base-files netbase tzdata ca-certificates libc6 libgcc-s1 libgomp1 libstdc++6 libssl3)
missing=()
for package in "${packages[@]}"; do
  compgen -G "$debs/${package}_*.deb" >/dev/null || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  # apt's own user may not write here.
  (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root "${missing[@]}")
fi
for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$work/base"; done
cat "$work"/base/usr/share/ca-certificates/mozilla/*.crt >"$work/base/etc/ssl/certs/ca-certificates.crt"
echo "nonroot:x:$user:$user:nonroot:/home/nonroot:/sbin/nologin" >"$work/base/etc/passwd"
mkdir -p "$work"/base/{dev,proc,tmp}
[ ! -e "$work/base/bin/sh" ] || fail "the base has a shell"

# The lines of a stage, joined where a backslash ends them.
stage() {
  sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$file" | awk -v stage="$1" '/^FROM /{inside = ($4 == stage)} inside'
}

# Makes the tree of a stage: the base, and what is copied from the builder.
assemble() {
  local tree=$work/$1 line words destination name
  cp -a "$work/base" "$tree"
  stage "$1" | grep '^COPY --from=builder' | while read -r line; do
    read -ra words <<<"$(sed -E 's/^COPY //; s/--[a-z]+=[^ ]+ //g' <<<"$line")"
    destination=$tree${words[-1]}
    for name in "${words[@]:0:${#words[@]}-1}"; do
      case $name in
        /out/data) install -d -o "$user" -g "$user" "$destination" ;;
        /out/libduckdb.so) install -D -m 644 "$library" "$destination/libduckdb.so" ;;
        /out/*) install -D -m 755 "$programs/${name#/out/}" "$destination/${name#/out/}" ;;
        *) fail "do not know what \`$name\` of the Containerfile is" ;;
      esac
    done
  done
}

entry() { stage "$1" | sed -nE 's/^ENTRYPOINT \["([^"]+)"\]$/\1/p'; }

# Runs the entry point of a stage with arguments, in its tree; in the background, `replace=exec` makes it that very process.
run() {
  local tree=$work/$1 program
  program=$(entry "$1")
  shift
  # shellcheck disable=SC2016 # for the shell inside
  ${replace:-} unshare --mount --propagation private sh -ec '
    tree=$1 user=$2; shift 2
    mount --bind "$tree" "$tree"
    mount --bind /proc "$tree/proc"
    mount --bind /dev "$tree/dev"
    [ ! -d "$tree/data" ] || mount --bind "$tree/data" "$tree/data"
    mount -o remount,bind,ro "$tree"
    if touch "$tree/written" 2>/dev/null; then echo "the root can be written" >&2; exit 1; fi
    exec env -i /usr/sbin/chroot --userspec="$user:$user" --groups= "$tree" "$@"
  ' sh "$tree" "$user" "$program" "$@"
}

for stage in coordinator worker warehouse cli; do
  assemble "$stage"
  run "$stage" --version
  run "$stage" --help >"$work/help"
  grep -q '^Usage: ' "$work/help" || fail "the help of $stage is not what a help is"
  say "$stage: $(du -sm "$work/$stage" | cut -f 1) MB, of which the base $(du -sm "$work/base" | cut -f 1)"
done

say "the warehouse answers, from a root that is read-only"
replace="exec" run warehouse --host 127.0.0.1 --port 0 --data /data >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
  grep -q '^listening on ' "$work/out" && break
  kill -0 "$server" 2>/dev/null || fail "the warehouse has ended: $(tail -n 3 "$work/log")"
  sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$work/out")
[ "$(awk '/^Uid:/{print $2}' "/proc/$server/status")" = "$user" ] || fail "the warehouse does not run as $user"
run cli partitions --bigquery "$url" | grep -q '^0 partitions' || fail "the command line gets no answer"

say "coordinator and worker come as far as their servers"
ends_for_want_of() {
  local server=$1
  shift
  if run "$@" >"$work/log" 2>&1; then fail "$2 has no $server, and ends well"; fi
  grep -q "$server" "$work/log" || fail "$2 does not name $server: $(tail -n 3 "$work/log")"
}
ends_for_want_of Redis coordinator --redis redis://127.0.0.1:1 --listen 127.0.0.1:0
ends_for_want_of RabbitMQ worker --amqp amqp://127.0.0.1:1 --bigquery "$url"
say "all is well"
