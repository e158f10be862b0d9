#!/bin/sh
# Installs nginx, wrk, GNU time, inspect-ai and promptfoo, each at a pinned version where a registry allows. Idempotent.
#   sh setup.sh          caches under $PEERS_CACHE (default ~/.cache/nocere-peers)
set -eu
cache=${PEERS_CACHE:-$HOME/.cache/nocere-peers}
inspect=0.3.285 openai=3.57.0 node=22.23.3 promptfoo=0.123.1 libsql=0.5.29
mkdir -p "$cache/node" "$cache/promptfoo"

modules=/usr/lib/nginx/modules
if ! { command -v nginx && command -v wrk && command -v curl && command -v unshare && command -v ip &&
    [ -x /usr/bin/time ] && [ -e $modules/ngx_http_lua_module.so ] && [ -e $modules/ndk_http_module.so ]; } >/dev/null; then
    had_nginx=$(command -v nginx || true)
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        nginx libnginx-mod-http-lua libnginx-mod-http-ndk wrk time curl util-linux iproute2 python3-venv
    # the package starts a public server on port 80 that nobody asked for
    if [ -z "$had_nginx" ] && [ -d /run/systemd/system ]; then systemctl disable --now nginx; fi
fi

[ -x "$cache/venv/bin/python" ] || python3 -m venv "$cache/venv"
"$cache/venv/bin/pip" install -q "inspect-ai==$inspect" "openai==$openai"

# promptfoo needs Node >= 22.22; the npm package `node` carries the binary
PATH=$cache/node/node_modules/node/bin:$PATH
[ "$(node --version 2>/dev/null)" = "v$node" ] ||
    npm install --prefix "$cache/node" --no-audit --no-fund "node@$node"
# without its optional parts (browsers, cloud SDKs), except the SQLite binary that it can't start without
[ "$("$cache/promptfoo/node_modules/.bin/promptfoo" --version 2>/dev/null)" = "$promptfoo" ] ||
    npm install --prefix "$cache/promptfoo" --omit=optional --ignore-scripts --no-audit --no-fund \
        "promptfoo@$promptfoo" "@libsql/linux-x64-gnu@$libsql"

nginx -v
"$cache/venv/bin/inspect" --version
echo "node $(node --version), promptfoo $("$cache/promptfoo/node_modules/.bin/promptfoo" --version 2>/dev/null)"
