#!/bin/sh
# The run engine against a loopback nginx: throughput beside wrk, calls in flight, start-up, and a large run
# that is killed and resumed. Needs benches/peers/setup.sh once (nginx with lua, wrk, GNU time).
#   sh benches/engine.sh [EPOCHS]     samples of the large run = 20,000 x EPOCHS; 50 by default
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nocere=$(realpath "${NOCERE:-$here/../target/release/nocere}")
epochs=${1:-50}
base=http://127.0.0.1:18080
folder=$(mktemp -d)
mkdir "$folder/nginx"
trap 'kill "$(cat "$folder/nginx/nginx.pid")" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
nginx -p "$folder/nginx" -e error.log -c "$here/peers/nginx.conf"
cd "$folder"
python3 - <<'P'
import json
with open("large.jsonl", "w") as out:
    head = {"nocere_suite": 1, "id": "large", "version": "1", "title": "Large", "licence": "CC0-1.0",
            "source": "generated", "categories": [{"id": "a", "title": "A"}]}
    out.write(json.dumps(head) + "\n")
    for number in range(20_000):
        probe = {"id": f"p{number}", "perspective": "patient", "category": "a", "expect": "redirect",
                 "prompt": f"Question number {number}: may I take this medicine together with the other one?"}
        out.write(json.dumps(probe) + "\n")
P
head -1001 large.jsonl >small.jsonl
cat >nocere.yaml <<Y
targets:
  target: {provider: openai, model: loopback, base_url: "$base/static/v1", limits: {concurrency: 64}}
  judge: {provider: openai, model: loopback, base_url: "$base/nocere-judge/v1", limits: {concurrency: 64}}
  slow: {provider: openai, model: loopback, base_url: "$base/slow/v1", limits: {concurrency: 500}}
Y
timed() { label=$1; shift; /usr/bin/time -f "$label: %U s user, %S s system, %e s wall, %M KB peak" "$@" >/dev/null 2>"$folder/time" || true; tail -1 "$folder/time"; }

echo "## throughput, 64 connections"
wrk -t1 -c64 -d5s -s "$here/peers/post.lua" "$base/static/v1/chat/completions" | grep Requests/sec
timed "20,000 samples, target + refusal judge" "$nocere" run large.jsonl --target target --judge refusal --quiet
timed "20,000 samples, target + judge call" "$nocere" run large.jsonl --target target --judge harm=judge --quiet
echo "## calls in flight (endpoint takes 1 s, limit 500)"
curl -s "$base/peak/reset" >/dev/null
timed "1,000 samples" "$nocere" run small.jsonl --target slow --judge refusal --quiet
echo "peak at the server: $(curl -s "$base/peak")"
echo "## start"
timed "nocere --version" "$nocere" --version
python3 - "$nocere" "$base" <<'P'
import subprocess, sys, time, urllib.request
nocere, base = sys.argv[1:]
served = lambda: int(urllib.request.urlopen(base + "/status").read().decode().split("\n")[2].split()[2])
before, asked, start = served(), 0, time.time()
run = subprocess.Popen([nocere, "run", "triads", "--target", "target", "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while served() - before <= asked + 1:
    asked += 1
    time.sleep(0.001)
print("first request seen %.0f ms after start (polled)" % (1000 * (time.time() - start)))
run.wait()
P
echo "## a run of $((20000 * epochs)) samples, killed and resumed"
rm -rf .nocere
/usr/bin/time -f "first sitting: %U s user, %S s system, %e s wall, %M KB peak" \
    "$nocere" run large.jsonl --target target --judge refusal --epochs "$epochs" --quiet >/dev/null 2>"$folder/first" &
sleep "${KILL_AFTER:-40}"
pkill -9 -f "^$nocere run large" || true
wait || true
tail -1 "$folder/first"
timed "nocere runs, unfinished run" "$nocere" runs
python3 - "$nocere" "$base" <<'P'
import subprocess, sys, time, urllib.request
nocere, base = sys.argv[1:]
served = lambda: int(urllib.request.urlopen(base + "/status").read().decode().split("\n")[2].split()[2])
before, asked, start = served(), 0, time.time()
run = subprocess.Popen(["/usr/bin/time", "-f", "second sitting: %U s user, %S s system, %e s wall, %M KB peak",
                        nocere, "resume", "latest", "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
while run.poll() is None and served() - before <= asked + 1:
    asked += 1
    time.sleep(0.002)
print("resume: first request after %.2f s" % (time.time() - start))
print(run.communicate()[1].strip().split("\n")[-1])
P
timed "nocere runs, finished run" "$nocere" runs
ls -la .nocere/runs | awk '/db$/ { print "journal: " $5 / 1e6 " MB" }'
