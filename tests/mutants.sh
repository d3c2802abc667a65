#!/usr/bin/env bash
# Shows that the tests of the deciding functions can fail: each patch in tests/mutants is a deliberate bug, and each must
# be caught by a test. A patch that does not apply or does not compile, and a bug that survives, end this with 1.
#
#   tests/mutants.sh                tables and scenarios first; random histories only for what those let through
#   tests/mutants.sh --histories    random histories alone: prints what they catch by themselves, and fails for nothing
#   tests/mutants.sh 07 12          only the patches whose names begin so
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
histories_only=no
chosen=()
for argument in "$@"; do
  case $argument in
    --histories) histories_only=yes ;;
    *) chosen+=("$argument") ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/crates"
cp -R "$root/Cargo.toml" "$root/Cargo.lock" "$root/app-catalogue" "$work/"
for file in clippy.toml rust-toolchain.toml; do
  if [ -e "$root/$file" ]; then cp "$root/$file" "$work/"; fi
done
cp -R "$root/crates/scim" "$root/crates/core" "$root/crates/oracle" "$work/crates/"
# Of the workspace only these are there.
sed -i '/^default-members/d' "$work/Cargo.toml"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/mutants"
# The same crate is built again and again.
export CARGO_INCREMENTAL=1
# One seed, so that two runs say the same; a bug that is caught need not be shrunk.
export PROPTEST_RNG_SEED=20260101 PROPTEST_CASES=64 PROPTEST_MAX_SHRINK_ITERS=0 RUST_BACKTRACE=0
cd "$work"

build() { cargo test --quiet --package provost-core --no-run >build.log 2>&1; }
rules() { cargo test --quiet --package provost-core -- --skip histories >test.log 2>&1; }
histories() { cargo test --quiet --package provost-core --test it -- histories >test.log 2>&1; }
catchers() { sed -n 's/^    \([a-z_0-9:]*::[a-z_0-9:]*\)$/\1/p' test.log | sort -u; }

if ! build; then
  cat build.log
  echo "mutants: the tree does not build without a patch"
  exit 1
fi
if ! rules || ! histories; then
  cat test.log
  echo "mutants: the tests fail without a patch"
  exit 1
fi

total=0 caught=0 broken=0
for patch in "$root"/tests/mutants/*.patch; do
  name=$(basename "$patch" .patch)
  if [ ${#chosen[@]} -gt 0 ]; then
    wanted=no
    for begin in "${chosen[@]}"; do [[ $name == "$begin"* ]] && wanted=yes; done
    [ $wanted = yes ] || continue
  fi
  total=$((total + 1))
  if ! patch --strip=1 --forward --silent <"$patch" >patch.log 2>&1; then
    echo "$name  DOES NOT APPLY"
    broken=$((broken + 1))
    rm -rf crates/core && cp -R "$root/crates/core" crates/
    continue
  fi
  if ! build; then
    echo "$name  DOES NOT COMPILE"
    grep -m1 -A4 '^error' build.log || true
    broken=$((broken + 1))
  else
    by=nothing
    if [ $histories_only = no ] && ! rules; then
      by=$(catchers | head -1)
      more=$(($(catchers | wc -l) - 1))
    elif ! histories; then
      by=$(catchers | head -1)
      more=$(($(catchers | wc -l) - 1))
    fi
    if [ "$by" = nothing ]; then
      printf '%-46s SURVIVES\n' "$name"
    else
      caught=$((caught + 1))
      printf '%-46s caught by %s%s\n' "$name" "$by" "$([ "$more" -gt 0 ] && echo " and $more more")"
    fi
  fi
  patch --strip=1 --reverse --silent <"$patch"
done
echo "$caught of $total deliberate bugs caught"
[ $histories_only = yes ] || [ "$caught" -eq "$total" ]
