#!/bin/sh
# nocere-local beside llama.cpp's own prebuilt library, same file, same prompts, one run.
#   sh benches/local_speed.sh MODEL.gguf PATIENTSAFETYBENCH.jsonl [TOKENS] [THREADS] [LIMIT]
# Needs: python3 with xllamacpp (pip install xllamacpp==2026.10.11549), an idle machine.
set -eu
model=$1 data=$2 tokens=${3:-64} threads=${4:-2} limit=${5:-466}
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bench=$(cargo bench -q --package nocere --package nocere-local --bench local_speed --no-run --message-format json |
    sed -n 's/.*"executable":"\([^"]*local_speed[^"]*\)".*/\1/p')
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" prompts >"$folder/prompts.txt"
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" suite >"$folder/suite.json"
"$python" "$(dirname "$0")/reference.py" "$model" "$folder/prompts.txt" "$tokens" "$threads" "$limit" >"$folder/reference.json" 2>/dev/null
"$bench" "$model" "$data" "$tokens" "$threads" "$limit" one >"$folder/one.json"
"$python" - "$folder" <<'P'
import json, sys
read = lambda name: json.load(open(f"{sys.argv[1]}/{name}.json"))
reference, one, suite = read("reference"), read("one"), read("suite")
expected = reference["texts"]
for run in (reference, one, suite):
    run.pop("ids", None)
    texts = run.pop("texts")
    run["same_answers"] = f"{sum(a == b for a, b in zip(texts, expected))}/{len(texts)}"
    print(json.dumps(run))
ratio = lambda name: one[name] / reference[name]
print(f"one stream: prefill {ratio('prefill_tok_s'):.2f} x, decode {ratio('decode_tok_s'):.2f} x the reference")
print(f"whole suite, wall: {reference['wall_s'] / suite['wall_s']:.2f} x the reference's one stream")
P
