#!/bin/sh
# Clicks the vendor's flow through both consoles in a headless browser.
#
#   tests/browser/run.sh target/debug/provost
#
# Needs Node 20 and Chromium. Chromium is installed with apt-get when it is missing and this runs as root; CHROMIUM=PATH names
# another one. Takes about a minute on two quiet cores, and gives up after five. Leaves a screenshot of every step in
# tests/browser/out. The exit code is 0 only if every step was found and nothing was wrong on any page: no error in the
# console, no CSP report, no request to a foreign host, no serious or critical axe violation, no scrolling sideways at 360 px.
set -eu

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 PATH-OF-THE-PROVOST-BINARY (build it first: cargo build -p provost)" >&2
    exit 2
fi
binary=$(realpath "$1")
cd "$(dirname "$0")"

command -v npm >/dev/null 2>&1 || {
    echo "$0: npm is missing: install Node 20 or newer (Debian: apt-get install nodejs npm)" >&2
    exit 2
}
chromium=${CHROMIUM:-$(command -v chromium || true)}
if [ -z "$chromium" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "$0: Chromium is missing: install it (Debian: apt-get install chromium), or name one with CHROMIUM=PATH" >&2
        exit 2
    fi
    echo "installing the package chromium"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium
    chromium=$(command -v chromium)
fi

# The two packages of package-lock.json, into node_modules; nothing when they are there already.
if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
    npm ci --no-fund --no-audit --loglevel=error
    cp package-lock.json node_modules/.installed-lock.json
fi

rm -rf out
mkdir out
exec node vendor-flow.mjs "$binary" "$chromium"
