"""Speed of llama.cpp's own prebuilt library, for comparison with nocere-local.

    pip install xllamacpp==2026.10.11549
    python3 benches/reference.py MODEL.gguf PROMPTS.txt TOKENS THREADS LIMIT

PROMPTS.txt holds one prompt a line, already rendered with the chat template and with line
breaks written as \\n (`local_speed` writes it). Prints one JSON object: tokens per second of
prefill and decode as llama.cpp itself measures them, wall seconds, and the answers.
"""

import json
import resource
import sys
import time

import xllamacpp

model, prompts, tokens, threads, limit = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
params = xllamacpp.CommonParams()
params.model.path = model
params.n_ctx = 2048
params.n_parallel = 1
params.n_predict = tokens
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.verbosity = -1
server = xllamacpp.Server(params)

lines = [line.rstrip("\n").replace("\\n", "\n") for line in open(prompts)][:limit]
prefill_ms = decode_ms = prefill_n = decode_n = 0
texts = []
start = time.time()
for line in lines:
    reply = server.handle_completions(
        {"prompt": line, "n_predict": tokens, "temperature": 0, "cache_prompt": True}
    )
    reply = json.loads(reply) if isinstance(reply, (str, bytes)) else reply
    reply = reply[0] if isinstance(reply, list) else reply
    timings = reply.get("timings", {})
    prefill_ms += timings.get("prompt_ms", 0)
    decode_ms += timings.get("predicted_ms", 0)
    prefill_n += timings.get("prompt_n", 0)
    decode_n += timings.get("predicted_n", 0)
    texts.append(reply["choices"][0]["text"])
wall = time.time() - start
json.dump(
    {
        "engine": "xllamacpp " + xllamacpp.__version__,
        "prompts": len(lines),
        "wall_s": round(wall, 2),
        "prefill_tokens": prefill_n,
        "prefill_tok_s": round(1000 * prefill_n / max(prefill_ms, 1e-9), 1),
        "decode_tokens": decode_n,
        "decode_tok_s": round(1000 * decode_n / max(decode_ms, 1e-9), 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "texts": texts,
    },
    sys.stdout,
)
