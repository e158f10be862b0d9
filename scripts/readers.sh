#!/bin/sh
# Installs what reads our pages and exports in tests, and prints the variables that the tests
# want: Chromium, axe-core, and a Python with inspect_ai, pandas and pyarrow.
#   eval "$(sh scripts/readers.sh)"
#   sh scripts/readers.sh --check    installs nothing; names what is missing and ends with 3
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then
    missing() { echo "readers: missing: $1" >&2; exit 3; }
    command -v chromium >/dev/null 2>&1 || missing chromium
    [ -f target/readers/package/axe.min.js ] || missing axe-core
    target/readers/bin/python -c 'import inspect_ai, pandas, pyarrow' 2>/dev/null || missing "inspect_ai, pandas or pyarrow"
    exit 0
fi
mkdir -p target/readers
if ! command -v chromium >/dev/null 2>&1; then
    run=""
    [ "$(id -u)" = 0 ] || run="sudo"
    $run apt-get update -qq >&2
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-dejavu-core >/dev/null
fi
if [ ! -f target/readers/package/axe.min.js ]; then
    (cd target/readers && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-4.14.1.tgz)
fi
if [ ! -x target/readers/bin/python ]; then
    python3 -m venv target/readers >&2
fi
target/readers/bin/python -m pip install --quiet --disable-pip-version-check \
    inspect_ai==0.3.285 pandas==3.1.1 pyarrow==26.0.1 >&2
here="$(pwd)"
echo "export NOCERE_BROWSER=$(command -v chromium)"
echo "export NOCERE_AXE=$here/target/readers/package/axe.min.js"
echo "export NOCERE_EXPORT_PYTHON=$here/target/readers/bin/python"
