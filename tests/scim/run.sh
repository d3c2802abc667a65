#!/bin/sh
# Holds the tenant against suites that others wrote, and our own conformance runner and the whole program against a server that
# others wrote.
#
#   tests/scim/run.sh target/debug/provost            all five
#   tests/scim/run.sh target/debug/provost NAME…      only these: scim2-tester, scim2-cli, conformance, scim2-server, sync
#
# Needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv). Installs the packages of requirements.txt
# into tests/scim/venv, and into nothing else. Takes about five minutes. The exit code is 0 only if every suite passed: every
# result is printed, and whatever is wrong stands once more at the end.
set -eu

if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 PATH-OF-THE-PROVOST-BINARY [SUITE…] (build it first: cargo build -p provost)" >&2
    exit 2
fi
binary=$(realpath "$1")
shift
cd "$(dirname "$0")"

python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "$0: Python 3.11 or newer with venv is missing (Debian: apt-get install python3 python3-venv)" >&2
    exit 2
}
if ! cmp -s requirements.txt venv/installed.txt; then
    rm -rf venv
    python3 -m venv venv
    venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt
    venv/bin/python -m pip check --disable-pip-version-check
    cp requirements.txt venv/installed.txt
fi
exec venv/bin/python suites.py "$binary" "$@"
