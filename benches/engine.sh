#!/usr/bin/env bash
# The run engine against a server on loopback: throughput beside wrk, requests in flight, start-up, and a large run
# that is killed and resumed. Needs benches/peers/setup.sh once (nginx with lua, wrk, GNU time).
#
#   benches/engine.sh                                            the measurement, some minutes
#   SERVER=fake SAMPLES=20 EPOCHS=5 CONNECTIONS=2 benches/engine.sh    some seconds; shows only that it works
#
#   SAMPLES=20000     probes of the large suite
#   EPOCHS=50         times that the run to be killed asks each of them
#   CONNECTIONS=64    requests at one time
#   IN_FLIGHT=500     the same for the endpoint that takes 1 s; SAMPLES if that is less
#   KILL_AT           requests after which the run is killed; half of its samples
#   NOCERE            the program; target/release/nocere
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=benches/server.sh
. "$here/server.sh"
nocere=$(realpath -e "${NOCERE:-$target_folder/release/nocere}")
samples=${SAMPLES:-20000} epochs=${EPOCHS:-50} connections=${CONNECTIONS:-64} in_flight=${IN_FLIGHT:-500}
[ "$in_flight" -le "$samples" ] || in_flight=$samples
kill_at=${KILL_AT:-$((samples * epochs / 2))}
need python3 /usr/bin/time

folder=$(mktemp -d)
run=
clean_up() {
    [ -z "$run" ] || kill -KILL "$run" 2>/dev/null || true
    server_stop
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
server_start "$folder/server"
cd "$folder"
python3 - "$samples" <<'P'
import json, sys
with open("large.jsonl", "w") as out:
    head = {"nocere_suite": 1, "id": "large", "version": "1", "title": "Large", "licence": "CC0-1.0",
            "source": "generated", "categories": [{"id": "a", "title": "A"}]}
    out.write(json.dumps(head) + "\n")
    for number in range(int(sys.argv[1])):
        probe = {"id": f"p{number}", "perspective": "patient", "category": "a", "expect": "redirect",
                 "prompt": f"Question number {number}: may I take this medicine together with the other one?"}
        out.write(json.dumps(probe) + "\n")
P
few=$((2 * in_flight < samples ? 2 * in_flight : samples))
head -n $((few + 1)) large.jsonl >small.jsonl
cat >nocere.yaml <<Y
targets:
  target: {provider: openai, model: loopback, base_url: "$target_url", limits: {concurrency: $connections}}
  judge: {provider: openai, model: loopback, base_url: "$judge_url", limits: {concurrency: $connections}}
  slow: {provider: openai, model: loopback, base_url: "$slow_url", limits: {concurrency: $in_flight}}
Y

format="%U s user, %S s system, %e s wall, %M KB peak"
timed() { # LABEL COMMAND...
    local label=$1
    shift
    /usr/bin/time -o time -f "$label: $format" "$@" >/dev/null 2>log || { cat log >&2; exit 1; }
    tail -n 1 time
}

echo "## throughput, $connections connections"
if [ "$SERVER" = nginx ] && command -v wrk >/dev/null; then
    wrk -t1 "-c$connections" -d"${WRK_SECONDS:-5}s" -s "$here/peers/post.lua" "$target_url/chat/completions" | grep Requests/sec
else
    echo "skipped: wrk (it needs nginx and wrk)"
fi
timed "$samples samples, target + refusal judge" "$nocere" run large.jsonl --target target --judge refusal --quiet
timed "$samples samples, target + judge call" "$nocere" run large.jsonl --target target --judge harm=judge --quiet

echo "## requests in flight (endpoint takes 1 s, limit $in_flight)"
timed "$few samples" "$nocere" run small.jsonl --target slow --judge refusal --quiet
echo "peak at the server: $(peak)"

echo "## start"
timed "nocere --version" "$nocere" --version
python3 "$here/first_request.py" "$served_url" \
    "$nocere" run nocere-triads --limit "$samples" --target target --quiet

echo "## a run of $((samples * epochs)) samples, killed and resumed"
rm -rf .nocere
before=$(served)
# The shell writes its process id and becomes nocere, so that nocere itself is killed and not GNU time.
# shellcheck disable=SC2016
/usr/bin/time -o first -f "first session: $format" bash -c 'echo "$$" >pid && exec "$@"' bash \
    "$nocere" run large.jsonl --target target --judge refusal --epochs "$epochs" --quiet >/dev/null 2>log &
timer=$!
until [ -s pid ]; do sleep 0.01; done
run=$(cat pid)
while kill -0 "$run" 2>/dev/null && [ $(($(served) - before)) -lt "$kill_at" ]; do sleep 0.02; done
if kill -KILL "$run" 2>/dev/null; then
    echo "killed after $(($(served) - before)) answers"
else
    echo "ended before it was killed; raise SAMPLES or EPOCHS"
fi
run=
wait "$timer" || true
tail -n 1 first
timed "nocere runs, unfinished run" "$nocere" runs
echo -n "resume: "
python3 "$here/first_request.py" "$served_url" \
    /usr/bin/time -o time -f "second session: $format" "$nocere" resume latest --quiet
tail -n 1 time
timed "nocere runs, finished run" "$nocere" runs
"$nocere" runs --json | python3 -c '
import json, sys
[run] = json.load(sys.stdin)
print("samples in the journal: {done} of {total}".format(**run["run"]))
sys.exit(run["run"]["state"] != "finished")
'
find .nocere/runs -name '*.db' -printf 'journal: %s bytes\n'
