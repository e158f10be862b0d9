#!/bin/sh
# Runs all tests, with cargo-nextest where it is installed.
set -eu
export NOCERE_REQUIRE_MODEL=1
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --workspace --no-fail-fast
fi
exec cargo test --workspace --no-fail-fast
