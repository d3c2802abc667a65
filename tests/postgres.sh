#!/bin/sh
# Starts and stops a throw-away PostgreSQL server for the tests.
#
#   export PROVOST_TEST_POSTGRES=$(tests/postgres.sh start DIR)
#   tests/postgres.sh stop DIR
#
# DIR holds the server's data and log; it is made by start and removed by stop. The server listens on a free port of the
# loopback address and on a socket in DIR, asks for no password, and does not sync to disk: never keep data in it.
set -eu

usage() {
    echo "usage: $0 start|stop DIR" >&2
    exit 2
}
[ $# -eq 2 ] || usage
action=$1
case $2 in
/*) dir=$2 ;;
*) dir=$(pwd)/$2 ;;
esac

# The newest server installed, or the one on the PATH.
find_bin() {
    for candidate in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn); do
        if [ -x "$candidate/initdb" ]; then
            echo "$candidate"
            return
        fi
    done
    if command -v initdb >/dev/null 2>&1; then
        dirname "$(command -v initdb)"
        return
    fi
    echo "$0: no PostgreSQL server found: install the package postgresql, or put initdb on the PATH" >&2
    exit 1
}

# PostgreSQL refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

start() {
    if [ -f "$dir/url" ] && as_server "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
        cat "$dir/url"
        return
    fi
    rm -rf "$dir/data"
    mkdir -p "$dir"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
    as_server "$bin/initdb" -D "$dir/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        exit 1
    }
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
fsync = off
synchronous_commit = on
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
CONF
    # Another process may take a port between the choice and the start: try a few.
    attempt=0
    while [ $attempt -lt 20 ]; do
        attempt=$((attempt + 1))
        port=$((20000 + ($$ * 7 + attempt * 997) % 30000))
        if as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
            echo "postgres://postgres@127.0.0.1:$port/postgres" >"$dir/url"
            cat "$dir/url"
            return
        fi
    done
    tail -n 20 "$dir/data/server.log" >&2
    exit 1
}

stop() {
    if [ -d "$dir/data" ]; then
        as_server "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
        rm -rf "$dir/data" "$dir/url" "$dir/initdb.log"
        rmdir "$dir" 2>/dev/null || true
    fi
}

bin=$(find_bin)
case $action in
start) start ;;
stop) stop ;;
*) usage ;;
esac
