# shellcheck shell=bash
# The server that a bench asks, on loopback. Sourced by engine.sh and peers/peers.sh.
#
#   server_start FOLDER    starts $SERVER, with its files in FOLDER:
#       nginx   answers at once, for measurements (benches/peers/setup.sh installs it)
#       fake    the fake provider, a debug build that waits 20 ms; shows that a script works, measures nothing
#   server_stop            ends what server_start started
#   served                 requests answered so far
#   peak                   most requests at one time at $slow_url
#
# server_start sets target_url, judge_url and slow_url (each answer takes 1 s) and, for programs, served_url.

SERVER=${SERVER:-nginx}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target_folder=${CARGO_TARGET_DIR:-$root/target}
server_pids=()

need() { # COMMAND...
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || { echo "$0: $command is missing; benches/peers/setup.sh installs it" >&2; exit 3; }
    done
}

fake_start() { # DELAY_MS URL_FILE
    # The child must not hold the pipe's writing end, or its standard input would never end.
    "$fake" "$1" <"$server_folder/hold" {hold}>&- >"$2" &
    server_pids+=("$!")
    until [ -s "$2" ]; do
        kill -0 "$!" || { echo "$0: $fake does not start" >&2; exit 3; }
        sleep 0.02
    done
}

server_start() { # FOLDER
    server_folder=$1
    mkdir -p "$server_folder"
    need curl
    case $SERVER in
        nginx)
            need nginx
            nginx -p "$server_folder" -e error.log -c "$root/benches/peers/nginx.conf"
            local base=http://127.0.0.1:18080
            target_url=$base/static/v1 judge_url=$base/nocere-judge/v1 slow_url=$base/slow/v1
            served_url=$base/served peak_url=$base/peak
            ;;
        fake)
            fake=${FAKE_PROVIDER:-$target_folder/debug/examples/fake_provider}
            [ -x "$fake" ] || { echo "$0: no $fake; run: cargo build --workspace --example fake_provider" >&2; exit 3; }
            mkfifo "$server_folder/hold"
            exec {hold}<>"$server_folder/hold"
            fake_start 20 "$server_folder/quick"
            fake_start 1000 "$server_folder/slow"
            target_url=$(cat "$server_folder/quick") slow_url=$(cat "$server_folder/slow")
            judge_url=$target_url
            served_url=${target_url%/v1}/served peak_url=${slow_url%/v1}/peak
            ;;
        *)
            echo "$0: SERVER is nginx or fake, not $SERVER" >&2
            exit 2
            ;;
    esac
    export target_url judge_url slow_url
}

server_stop() {
    if [ -s "${server_folder:-}/nginx.pid" ]; then
        kill "$(cat "$server_folder/nginx.pid")" || true
    fi
    local pid
    for pid in ${server_pids[@]+"${server_pids[@]}"}; do
        kill "$pid" 2>/dev/null || true
    done
}

served() { curl -sSf "$served_url"; }
peak() { curl -sSf "$peak_url"; }
