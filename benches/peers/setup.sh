#!/usr/bin/env bash
# Installs nginx, wrk, GNU time, inspect-ai and promptfoo, each at a pinned version where a registry allows. Idempotent.
#
#   setup.sh            caches under $PEERS_CACHE (default ~/.cache/nocere-peers)
#   setup.sh --check    installs nothing; names what is missing and ends with 3
#   PEERS=nocere        without inspect-ai and promptfoo, enough for engine.sh and for peers.sh with the same PEERS
set -euo pipefail
cache=${PEERS_CACHE:-$HOME/.cache/nocere-peers}
inspect=0.3.285 openai=3.57.0 node=22.23.3 promptfoo=0.123.1 libsql=0.5.29
peers=${PEERS:-nocere inspect_ai promptfoo}
promptfoo_program=$cache/promptfoo/node_modules/.bin/promptfoo
# promptfoo needs Node >= 22.22; the npm package `node` carries the binary
PATH=$cache/node/node_modules/node/bin:$PATH

wants() { case " $peers " in *" $1 "*) ;; *) false ;; esac }

missing=()
modules=/usr/lib/nginx/modules
for program in nginx wrk curl unshare ip /usr/bin/time $modules/ngx_http_lua_module.so $modules/ndk_http_module.so; do
    command -v "$program" >/dev/null || [ -e "$program" ] || missing+=("$program")
done
packages=${#missing[@]}
wants inspect_ai && ! [ -x "$cache/venv/bin/inspect" ] && missing+=(inspect_ai)
wants promptfoo && ! [ -x "$promptfoo_program" ] && missing+=(promptfoo)
if [ "${1:-}" = --check ]; then
    [ ${#missing[@]} = 0 ] || { echo "setup: missing: ${missing[*]}" >&2; exit 3; }
    exit 0
fi

if [ "$packages" != 0 ]; then
    had_nginx=$(command -v nginx || true)
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        nginx libnginx-mod-http-lua libnginx-mod-http-ndk wrk time curl util-linux iproute2 python3-venv
    # the package starts a public server on port 80 that nobody asked for
    if [ -z "$had_nginx" ] && [ -d /run/systemd/system ]; then systemctl disable --now nginx; fi
fi
nginx -v

if wants inspect_ai; then
    mkdir -p "$cache"
    [ -x "$cache/venv/bin/python" ] || python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install -q "inspect-ai==$inspect" "openai==$openai"
    "$cache/venv/bin/inspect" --version
fi

if wants promptfoo; then
    mkdir -p "$cache/node" "$cache/promptfoo"
    [ "$(node --version 2>/dev/null)" = "v$node" ] ||
        npm install --prefix "$cache/node" --no-audit --no-fund "node@$node"
    # without its optional parts (browsers, cloud SDKs), except the SQLite binary that it can't start without
    [ "$("$promptfoo_program" --version 2>/dev/null)" = "$promptfoo" ] ||
        npm install --prefix "$cache/promptfoo" --omit=optional --ignore-scripts --no-audit --no-fund \
            "promptfoo@$promptfoo" "@libsql/linux-x64-gnu@$libsql"
    echo "node $(node --version), promptfoo $("$promptfoo_program" --version 2>/dev/null)"
fi
