//! Speed of the model in the process. Called by benches/local_speed.sh, which also runs
//! llama.cpp's own prebuilt library for comparison.
//!
//! `local_speed MODEL.gguf PROMPTS.jsonl TOKENS THREADS LIMIT one|suite|prompts`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark, run by hand"
)]

use nocere_core::{ChatRequest, Message, ReplyFormat, Role, Sampling, clock::Stopwatch};
use nocere_local::{LocalModel, LocalOptions};

fn main() {
    // `cargo test` runs benches too, without arguments; there is nothing to measure then.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let [model, prompts, tokens, threads, limit, mode] = args.as_slice() else {
        return;
    };
    let (tokens, threads, limit): (u32, usize, usize) = (
        tokens.parse().unwrap(),
        threads.parse().unwrap(),
        limit.parse().unwrap(),
    );
    let options = match mode.as_str() {
        "suite" => LocalOptions {
            workers: threads,
            threads: 1,
            slots: 16,
        },
        _ => LocalOptions {
            workers: 1,
            threads,
            slots: 1,
        },
    };
    let local = LocalModel::load("bench", std::path::Path::new(model), options).unwrap();
    let requests = read_requests(prompts, tokens, limit);
    if mode == "prompts" {
        for request in &requests {
            println!(
                "{}",
                local
                    .prompt(&request.messages)
                    .unwrap()
                    .0
                    .replace('\n', "\\n")
            );
        }
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let group = if mode == "suite" { 32 } else { 1 };
    let stopwatch = Stopwatch::start();
    let answers = runtime.block_on(async {
        let mut answers = Vec::new();
        // As in the engine: as many groups at a time as there are workers.
        for groups in requests.chunks(group * options.workers) {
            let (first, second) = groups.split_at(group.min(groups.len()));
            let silent = || ();
            let (a, b) = tokio::join!(
                local.answer_group(first, &silent),
                local.answer_group(second, &silent)
            );
            answers.extend(a.into_iter().chain(b));
        }
        answers
    });
    let wall = stopwatch.elapsed().as_secs_f64();
    let (mut prefill, mut decode, mut texts, mut ids) = (0, 0, Vec::new(), Vec::new());
    let (mut prefill_ms, mut decode_ms) = (0, 0);
    for answer in answers {
        let answer = answer.unwrap();
        prefill += answer.reply.usage.input_tokens - answer.reply.usage.cached_tokens;
        decode += answer.reply.usage.output_tokens;
        prefill_ms += answer.first_token_ms;
        decode_ms += answer.reply.latency_ms - answer.first_token_ms;
        texts.push(answer.reply.text);
        ids.push(answer.ids);
    }
    let peak = peak_mb();
    let rate = |tokens: u64, milliseconds: u64| {
        (10_000.0 * tokens as f64 / milliseconds.max(1) as f64).round() / 10.0
    };
    let (prefill_rate, decode_rate) = match mode.as_str() {
        // Answers that overlap have no rates of their own.
        "suite" => (serde_json::Value::Null, serde_json::Value::Null),
        _ => (
            rate(prefill, prefill_ms).into(),
            rate(decode, decode_ms).into(),
        ),
    };
    println!(
        "{}",
        serde_json::json!({
            "engine": format!("nocere-local, {mode}"),
            "prompts": requests.len(),
            "wall_s": (wall * 100.0).round() / 100.0,
            "prefill_tokens": prefill,
            "decode_tokens": decode,
            "prefill_tok_s": prefill_rate,
            "decode_tok_s": decode_rate,
            "peak_mb": peak,
            "texts": texts,
            "ids": ids,
        })
    );
}

fn read_requests(path: &str, max_tokens: u32, limit: usize) -> Vec<ChatRequest> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .take(limit)
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            ChatRequest {
                messages: vec![Message::new(Role::User, row["content"].as_str().unwrap())],
                sampling: Sampling {
                    max_tokens,
                    ..Sampling::default()
                },
                format: ReplyFormat::Text,
                sample: 0,
            }
        })
        .collect()
}

/// Peak resident memory of this process, in MiB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kilobytes.unwrap_or(0) / 1024
}
