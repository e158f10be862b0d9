#!/usr/bin/env bash
# nocere-local beside llama.cpp's own prebuilt library, same file, same prompts, one run.
#
#   benches/local_speed.sh MODEL.gguf PATIENTSAFETYBENCH.jsonl [TOKENS] [THREADS] [LIMIT]
#   BENCH=target/debug/deps/local_speed-HASH REFERENCE=none benches/local_speed.sh MODEL.gguf FILE.jsonl 4 2 2
#                          some seconds; shows only that it works
#
#   BENCH        the bench's executable; by default `cargo bench` builds it
#   REFERENCE    xllamacpp, or none to run nocere's side only
#   PYTHON       a Python with xllamacpp (pip install xllamacpp==2026.10.11549); python3
# To measure, use an idle machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,/^set/{/^#/p}' "$0" >&2; exit 2; }
model=$1 data=$2 tokens=${3:-64} threads=${4:-2} limit=${5:-466}
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
bench=${BENCH:-$(cd "$here/.." && cargo bench -q --package nocere --package nocere-local --bench local_speed --no-run --message-format json |
    sed -n 's/.*"executable":"\([^"]*local_speed[^"]*\)".*/\1/p')}
[ -x "$bench" ] || { echo "local_speed: no executable ${bench:-was built}" >&2; exit 3; }
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" prompts >"$folder/prompts.txt"
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" suite >"$folder/suite.json"
case ${REFERENCE:-xllamacpp} in
    none) echo "skipped: the reference (REFERENCE=none)" ;;
    xllamacpp)
        "$python" "$here/reference.py" "$model" "$folder/prompts.txt" "$tokens" "$threads" "$limit" \
            >"$folder/reference.json" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
        ;;
    *) echo "local_speed: REFERENCE is xllamacpp or none, not $REFERENCE" >&2; exit 2 ;;
esac
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" one >"$folder/one.json"
"$python" - "$folder" <<'P'
import json, os, sys
path = lambda name: f"{sys.argv[1]}/{name}.json"
runs = {name: json.load(open(path(name))) for name in ("reference", "one", "suite") if os.path.exists(path(name))}
reference, one, suite = runs.get("reference"), runs["one"], runs["suite"]
expected = (reference or one)["texts"]
for run in runs.values():
    run.pop("ids", None)
    texts = run.pop("texts")
    assert len(texts) == len(expected), "an answer is missing"
    run["same_answers"] = f"{sum(a == b for a, b in zip(texts, expected))}/{len(texts)}"
    print(json.dumps(run))
if reference:
    ratio = lambda name: one[name] / reference[name]
    print(f"one stream: prefill {ratio('prefill_tok_s'):.2f} x, decode {ratio('decode_tok_s'):.2f} x the reference")
    print(f"whole suite, wall: {reference['wall_s'] / suite['wall_s']:.2f} x the reference's one stream")
P
