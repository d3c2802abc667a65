#!/bin/sh
# Files of the program have at most 400 lines: a longer one has a seam that has not been found yet.
set -eu
cd "$(dirname "$0")/.."
long=$(git ls-files 'crates/*/src/*.rs' | while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || echo "$file has $lines lines"
done)
if [ -n "$long" ]; then
    echo "$long"
    echo "Split these files: at most 400 lines each."
    exit 1
fi
