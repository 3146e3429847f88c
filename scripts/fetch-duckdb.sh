#!/bin/sh
# Fetches DuckDB's shared library, which `himekuri-warehouse` links.
#
# It is part of the npm package of DuckDB's own Node bindings. The file goes to
# ${DUCKDB_LIB_DIR:-target/duckdb}; when the right one is already there, nothing happens.
set -eu

fail() {
    echo "fetch-duckdb: $*" >&2
    exit 1
}

# Package sums are of the packed archive, library sums of the unpacked `libduckdb.so`.
# There is no 1.5.6 for arm64; 1.5.5 exports the same C functions.
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
        package="@duckdb/node-bindings-linux-x64@1.5.6-r.1"
        package_sum=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
        library_sum=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
        ;;
    Linux-aarch64 | Linux-arm64)
        package="@duckdb/node-bindings-linux-arm64@1.5.5-r.5"
        package_sum=3b85f3ea438f7dc3691d7b5e6e4222ffe9127fd17885f96ca72e0c99925c348e
        library_sum=d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e
        ;;
    *)
        fail "no prebuilt library for $(uname -s) $(uname -m); build with \`--features bundled\` instead"
        ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${DUCKDB_LIB_DIR:-$root/target/duckdb}
library=$folder/libduckdb.so

sum_of() {
    sha256sum "$1" | cut -d ' ' -f 1
}

if [ -f "$library" ] && [ "$(sum_of "$library")" = "$library_sum" ]; then
    exit 0
fi

command -v npm >/dev/null 2>&1 ||
    fail "npm is missing: install Node.js with npm, or build with \`--features bundled\`"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archive=$(cd "$work" && npm pack --silent "$package" 2>npm.log | tail -n 1) ||
    fail "npm could not fetch $package: $(tail -n 3 "$work/npm.log")"
[ -f "$work/$archive" ] || fail "npm could not fetch $package: $(tail -n 3 "$work/npm.log")"

found=$(sum_of "$work/$archive")
[ "$found" = "$package_sum" ] ||
    fail "$package has SHA-256 $found, expected $package_sum; nothing was installed"

tar -xzf "$work/$archive" -C "$work" package/libduckdb.so
found=$(sum_of "$work/package/libduckdb.so")
[ "$found" = "$library_sum" ] ||
    fail "libduckdb.so of $package has SHA-256 $found, expected $library_sum"

mkdir -p "$folder"
# A rename, so that a second run or a build never sees half a file.
cp "$work/package/libduckdb.so" "$library.new"
mv "$library.new" "$library"
echo "fetch-duckdb: $library ($package)" >&2
