#!/usr/bin/env bash
# Shows that the simulator can fail. Each patch in tests/simulator/mutants is a deliberate bug behind a number; all of them are
# built into one program, and each must be caught within 2,000 seeds: by a rule that is broken, or by a history that never comes to
# rest and does so without the bug. A panic is no rule. A patch that does not apply, and a bug that survives, end this with 1; so
# does a seed that fails with no bug at work.
#
#   tests/simulator/mutants.sh          all of them
#   tests/simulator/mutants.sh 07 12    only those whose numbers these are
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seeds=2000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$root/Cargo.toml" "$root/Cargo.lock" "$root/app-catalogue" "$root/crates" "$root/.cargo" "$work/"
if [ -e "$root/rust-toolchain.toml" ]; then cp "$root/rust-toolchain.toml" "$work/"; fi
cd "$work"
for patch in "$root"/tests/simulator/mutants/*.patch; do
  if ! patch --strip=1 --forward --silent <"$patch" >patch.log 2>&1; then
    echo "$(basename "$patch" .patch)  DOES NOT APPLY"
    exit 1
  fi
done
# With the dependencies that the simulator itself was built with.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
if ! cargo build --release --quiet --package provost-testkit --bin provost-sim 2>build.log; then
  cat build.log
  echo "simulator mutants: the tree with the bugs does not build"
  exit 1
fi
simulator="$work/provost-sim"
cp "$CARGO_TARGET_DIR/release/provost-sim" "$simulator"
if ! "$simulator" --seeds 200; then
  echo "simulator mutants: a seed fails with no bug at work"
  exit 1
fi

# How long a history may take, in seconds: many times what the slowest takes.
patience=30
total=0 caught=0 restless=0
for patch in "$root"/tests/simulator/mutants/*.patch; do
  name=$(basename "$patch" .patch)
  number=${name%%-*}
  if [ "$number" = 00 ]; then continue; fi
  if [ $# -gt 0 ] && [[ " $* " != *" $number "* ]]; then continue; fi
  total=$((total + 1))
  code=0
  PROVOST_MUTANT=$((10#$number)) "$simulator" --seeds $seeds --first --seed-seconds-max $patience >run.log 2>&1 || code=$?
  seed=$(sed -n 's/^seed \([0-9]*\): .*/\1/p' run.log | head -1)
  # The lines of a seed begin with the time at which the rule was broken; a panic has none.
  rule=$(sed -n 's/^  \([0-9-]*T[0-9:]*Z\): /\1 /p' run.log | head -1)
  if [ "$code" = 0 ]; then
    printf '%-46s SURVIVES %s seeds\n' "$name" $seeds
  elif [ -n "$rule" ]; then
    caught=$((caught + 1))
    printf '%-46s caught by seed %s: %.100s\n' "$name" "$seed" "${rule#* }"
  elif [ "$code" = 3 ] && "$simulator" --seeds 1 --start "$seed" --seed-seconds-max $patience >again.log 2>&1; then
    restless=$((restless + 1))
    printf '%-46s seed %s never comes to rest, and does without the bug\n' "$name" "$seed"
  else
    printf '%-46s NO RULE IS BROKEN: %s\n' "$name" "$(head -c 300 run.log | tr '\n' ' ')"
  fi
done
echo "$caught of $total deliberate bugs break a rule in the simulator, and $restless never come to rest"
[ "$((caught + restless))" -eq "$total" ]
