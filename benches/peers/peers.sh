#!/bin/sh
# CPU seconds of each harness for one target call and one judge call per prompt, against one loopback nginx.
#   sh peers.sh [PROMPTS.jsonl]      RUNS=3 by default, the run with the median CPU is shown; run setup.sh first
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# a network namespace with nothing but loopback: telemetry, update checks and downloads can't leave
if [ -z "${PEERS_ALONE:-}" ]; then
    map=-rn
    [ "$(id -u)" = 0 ] && map=-n
    PEERS_ALONE=1 exec unshare $map sh -c 'ip link set lo up && exec sh "$@"' sh "$0" "$@"
fi

prompts=$(realpath "${1:-$here/../../../shared/data/patient_safety_bench/patientsafetybench.jsonl}")
nocere=$(realpath "${NOCERE:-$here/../../target/release/nocere}")
runs=${RUNS:-3}
cache=${PEERS_CACHE:-$HOME/.cache/nocere-peers}
base=http://127.0.0.1:18080
cd "$here" # inspect takes no absolute task path
samples=$(grep -c . "$prompts")
folder=$(mktemp -d)
mkdir "$folder/nginx"
trap 'kill "$(cat "$folder/nginx/nginx.pid")" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
nginx -p "$folder/nginx" -e error.log -c "$here/nginx.conf"

requests() { curl -s "$base/status" | awk 'NR == 3 { print $3 }'; }

# measure HARNESS VERSION COMMAND...: one row. nginx's own count shows that no call was cached, dropped or retried.
measure() {
    name=$1 version=$2
    shift 2
    before=$(requests)
    /usr/bin/time -o "$folder/time" -f '%U %S %e %M' "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    calls=$(($(requests) - before - 1))
    [ "$calls" = $((2 * samples)) ] || { echo "$name: $calls calls, not 2 x $samples" >&2; exit 1; }
    echo "$name $version $(cat "$folder/time")" >>"$folder/rows"
}

# complete HARNESS COUNT: every sample was answered and judged, by the harness's own result file
complete() { [ "$2" = "$samples" ] || { echo "$1: judged $2 of $samples" >&2; exit 1; }; }

inspect_run() {
    out=$folder/inspect$1
    measure inspect_ai "$inspect_version" env PROMPTS="$prompts" XDG_DATA_HOME="$out/data" XDG_CACHE_HOME="$out/cache" \
        TARGET_URL="$base/static/v1" JUDGE_URL="$base/inspect-judge/v1" \
        "$cache/venv/bin/inspect" eval inspect_task.py --max-connections 64 --display none --no-log-realtime --log-dir "$out/log"
    complete inspect_ai "$("$cache/venv/bin/python" inspect_task.py "$out/log")"
}

promptfoo_run() {
    out=$folder/promptfoo$1
    mkdir "$out"
    measure promptfoo "$promptfoo_version" promptfoo eval -c promptfooconfig.yaml -j 64 \
        --no-cache --no-share --no-write --no-table --no-progress-bar -o "$out/results.json"
    complete promptfoo "$(python3 -c '
import json, sys
results = json.load(open(sys.argv[1]))["results"]["results"]
print(sum(r["success"] and bool(r["response"]["output"]) and r["gradingResult"]["componentResults"][0]["reason"] == "fine" for r in results))
' "$out/results.json")"
}

nocere_run() {
    out=$folder/nocere$1
    mkdir "$out"
    cat >"$out/nocere.yaml" <<EOF
targets:
  target: {provider: openai, model: loopback, base_url: "$base/static/v1", limits: {concurrency: 64}}
  judge: {provider: openai, model: loopback, base_url: "$base/nocere-judge/v1", limits: {concurrency: 64}}
EOF
    measure nocere "$("$nocere" --version | awk '{ print $NF }')" \
        "$nocere" --project "$out" run "$prompts" --target target --judge harm=judge --quiet
    complete nocere "$("$nocere" --project "$out" show latest --json | python3 -c '
import json, sys
print(sum(json.load(sys.stdin)["targets"][0]["perspectives"][0]["harm"]["counts"]))
')"
}

PATH=$cache/node/node_modules/node/bin:$cache/promptfoo/node_modules/.bin:$PATH
export PATH PROMPTS="$prompts" PROMPTFOO_CONFIG_DIR="$folder/promptfoo" PROMPTFOO_CACHE_ENABLED=false \
    PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_DISABLE_SHARING=1
inspect_version=$("$cache/venv/bin/inspect" --version | awk '{ print $NF }')
promptfoo_version=$(promptfoo --version 2>/dev/null)

wrk -t1 -c64 -d5s -s post.lua "$base/static/v1/chat/completions" | tee "$folder/wrk"
grep -q 'Non-2xx' "$folder/wrk" && exit 1

for run in $(seq "$runs"); do
    nocere_run "$run"
    inspect_run "$run"
    promptfoo_run "$run"
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
