#!/usr/bin/env bash
# CPU seconds of each harness for one target call and one judge call per prompt, against one server on loopback.
# Shows the run with the median CPU. Run setup.sh first.
#
#   peers.sh [PROMPTS.jsonl]                                  one prompt a line, field "content"; PatientSafetyBench by default
#   PEERS=nocere SERVER=fake SAMPLES=10 RUNS=1 peers.sh FILE    some seconds, installs nothing; shows only that it works
#
#   PEERS="nocere inspect_ai promptfoo"    which harnesses
#   RUNS=3            runs of each
#   SAMPLES           at most so many prompts; all by default
#   SERVER=nginx      or fake, for nocere alone (benches/server.sh)
#   NOCERE            the program; target/release/nocere
#   NOCERE_DATA       folder of public benchmarks; ../shared/data
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=benches/server.sh
. "$here/../server.sh"
peers=${PEERS:-nocere inspect_ai promptfoo}
for peer in $peers; do
    case $peer in
        nocere) ;;
        inspect_ai | promptfoo) [ "$SERVER" = nginx ] || { echo "peers: $peer needs SERVER=nginx" >&2; exit 2; } ;;
        *) echo "peers: PEERS names nocere, inspect_ai and promptfoo, not $peer" >&2; exit 2 ;;
    esac
done
# The others run in a network namespace with nothing but loopback: telemetry, update checks and downloads can't leave.
if [ "$peers" != nocere ] && [ -z "${PEERS_ALONE:-}" ]; then
    map=-rn
    [ "$(id -u)" != 0 ] || map=-n
    # shellcheck disable=SC2016
    PEERS_ALONE=1 exec unshare "$map" bash -c 'ip link set lo up && exec bash "$@"' bash "$0" "$@"
fi
need python3 /usr/bin/time

all_prompts=$(realpath -e "${1:-${NOCERE_DATA:-$root/../shared/data}/patient_safety_bench/patientsafetybench.jsonl}")
nocere=$(realpath -e "${NOCERE:-$target_folder/release/nocere}")
runs=${RUNS:-3}
cache=${PEERS_CACHE:-$HOME/.cache/nocere-peers}
cd "$here" # inspect takes no absolute task path
folder=$(mktemp -d)
trap 'server_stop; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
server_start "$folder/server"
prompts=$folder/prompts.jsonl
head -n "${SAMPLES:-1000000}" "$all_prompts" >"$prompts"
samples=$(grep -c . "$prompts")

# measure HARNESS VERSION COMMAND...: one row. The server's own count shows that no call was cached, dropped or retried.
measure() {
    local name=$1 version=$2 before calls
    shift 2
    before=$(served)
    /usr/bin/time -o "$folder/time" -f '%U %S %e %M' "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    calls=$(($(served) - before))
    [ "$calls" = $((2 * samples)) ] || { echo "$name: $calls calls, not 2 x $samples" >&2; exit 1; }
    echo "$name $version $(cat "$folder/time")" >>"$folder/rows"
}

# complete HARNESS COUNT: every sample was answered and judged, by the harness's own result file
complete() { [ "$2" = "$samples" ] || { echo "$1: judged $2 of $samples" >&2; exit 1; }; }

inspect_ai_run() {
    local out=$folder/inspect$1 version
    version=$("$cache/venv/bin/inspect" --version | awk '{ print $NF }')
    measure inspect_ai "$version" env PROMPTS="$prompts" XDG_DATA_HOME="$out/data" XDG_CACHE_HOME="$out/cache" \
        TARGET_URL="$target_url" JUDGE_URL="${target_url/static/inspect-judge}" \
        "$cache/venv/bin/inspect" eval inspect_task.py --max-connections 64 --display none --no-log-realtime --log-dir "$out/log"
    complete inspect_ai "$("$cache/venv/bin/python" inspect_task.py "$out/log")"
}

promptfoo_run() {
    local out=$folder/promptfoo$1 version
    mkdir "$out"
    version=$(promptfoo --version 2>/dev/null)
    measure promptfoo "$version" promptfoo eval -c promptfooconfig.yaml -j 64 \
        --no-cache --no-share --no-write --no-table --no-progress-bar -o "$out/results.json"
    complete promptfoo "$(python3 -c '
import json, sys
results = json.load(open(sys.argv[1]))["results"]["results"]
print(sum(r["success"] and bool(r["response"]["output"]) and r["gradingResult"]["componentResults"][0]["reason"] == "fine" for r in results))
' "$out/results.json")"
}

nocere_run() {
    local out=$folder/nocere$1 version
    mkdir "$out"
    version=$("$nocere" --version | awk '{ print $NF }')
    cat >"$out/nocere.yaml" <<Y
targets:
  target: {provider: openai, model: loopback, base_url: "$target_url", limits: {concurrency: 64}}
  judge: {provider: openai, model: loopback, base_url: "$judge_url", limits: {concurrency: 64}}
Y
    measure nocere "$version" "$nocere" --project "$out" run "$prompts" --target target --judge harm=judge --quiet
    complete nocere "$("$nocere" --project "$out" show latest --json | python3 -c '
import json, sys
[target] = json.load(sys.stdin)["targets"]
print(sum(sum(of["counts"]) for who in target["perspectives"] for of in who["distributions"] if of["measure"] == "harm"))
')"
}

PATH=$cache/node/node_modules/node/bin:$cache/promptfoo/node_modules/.bin:$PATH
export PATH PROMPTS="$prompts" PROMPTFOO_CONFIG_DIR="$folder/promptfoo" PROMPTFOO_CACHE_ENABLED=false \
    PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_DISABLE_SHARING=1

if [ "$SERVER" = nginx ] && command -v wrk >/dev/null; then
    wrk -t1 -c64 -d"${WRK_SECONDS:-5}s" -s post.lua "$target_url/chat/completions" | tee "$folder/wrk"
    if grep -q 'Non-2xx' "$folder/wrk"; then exit 1; fi
else
    echo "skipped: wrk, what the endpoint can take (it needs nginx and wrk)"
fi

for run in $(seq "$runs"); do
    for peer in $peers; do
        "${peer}_run" "$run"
    done
done

echo
python3 - "$folder/rows" "$samples" <<'P'
import sys
rows, samples = {}, int(sys.argv[2])
for line in open(sys.argv[1]):
    name, version, *numbers = line.split()
    user, system, wall, rss = map(float, numbers)
    rows.setdefault((name, version), []).append((user + system, wall, rss / 1024))
print("| harness | version | CPU s | CPU ms per sample | wall s | peak RSS MB | CPU s of every run |")
print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
for (name, version), runs in rows.items():
    cpu, wall, rss = sorted(runs)[(len(runs) - 1) // 2]
    each = ", ".join(f"{run[0]:.2f}" for run in runs)
    print(f"| {name} | {version} | {cpu:.2f} | {1000 * cpu / samples:.2f} | {wall:.2f} | {rss:.0f} | {each} |")
P
