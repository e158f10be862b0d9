#!/bin/sh
# Runs all tests, with cargo-nextest where it is installed.
#   sh scripts/test.sh                           everything
#   sh scripts/test.sh --package xtask FILTER    less; the arguments are the test runner's
set -eu
export NOCERE_REQUIRE_MODEL=1
[ $# -gt 0 ] || set -- --workspace
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --no-fail-fast "$@"
fi
exec cargo test --no-fail-fast "$@"
