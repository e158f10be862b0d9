//! Answers per second of the embedded judges, on one thread and on two.
//!
//! `cargo bench -p nocere-judges --bench refusal` measures our own examples and, if
//! `NOCERE_DATA` is set, the public answers of XSTest.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and says what it found"
)]

use std::{path::Path, time::Instant};

use nocere_judges::{ChecksJudge, RefusalClassifier, RefusalRules};

/// Question and answer.
type Pair = (String, String);

fn own() -> Vec<Pair> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/training/refusal");
    let mut pairs = Vec::new();
    for language in ["en", "es", "fr", "de", "zh"] {
        let text = std::fs::read_to_string(folder.join(format!("{language}.jsonl"))).unwrap();
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            pairs.push((
                row["prompt"].as_str().unwrap().to_owned(),
                row["answer"].as_str().unwrap().to_owned(),
            ));
        }
    }
    pairs
}

fn public() -> Vec<Pair> {
    let Some(data) = std::env::var_os("NOCERE_DATA") else {
        println!("NOCERE_DATA is not set: XSTest's answers are not measured");
        return Vec::new();
    };
    let folder = Path::new(&data).join("xstest/model_completions");
    let mut pairs = Vec::new();
    for model in ["gpt4", "llama2orig", "mistralinstruct"] {
        let path = folder.join(format!("xstest_v2_completions_{model}.csv"));
        let mut reader = csv::Reader::from_path(path).unwrap();
        for row in reader.records() {
            let row = row.unwrap();
            pairs.push((row[2].to_owned(), row[3].to_owned()));
        }
    }
    pairs
}

fn measure(name: &str, pairs: &[Pair], judge: &(dyn Fn(&Pair) + Sync)) {
    let bytes: usize = pairs.iter().map(|(_, answer)| answer.len()).sum();
    for threads in [1, 2] {
        let rounds = 3;
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for _ in 0..rounds {
                        for pair in pairs.iter().skip(thread).step_by(threads) {
                            judge(pair);
                        }
                    }
                });
            }
        });
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{name:<28} {threads} threads  {:>9.0} answers/s  ({} answers, {} bytes each on average)",
            (pairs.len() * rounds) as f64 / seconds,
            pairs.len(),
            bytes / pairs.len()
        );
    }
}

fn main() {
    let classifier = RefusalClassifier::embedded().unwrap();
    let rules = RefusalRules::embedded().unwrap();
    let checks = ChecksJudge::embedded().unwrap();
    let begin = Instant::now();
    let _ = classifier.label("Hello?", "I can't help with that.");
    println!(
        "the first verdict takes {:.0} ms",
        begin.elapsed().as_secs_f64() * 1e3
    );
    let _ = rules.label("Hello.");
    for (set, pairs) in [("own examples", own()), ("XSTest", public())] {
        if pairs.is_empty() {
            continue;
        }
        measure(&format!("refusal, {set}"), &pairs, &|(question, answer)| {
            std::hint::black_box(classifier.label(question, answer));
        });
        measure(&format!("refusal-rules, {set}"), &pairs, &|(_, answer)| {
            std::hint::black_box(rules.label(answer));
        });
        measure(&format!("checks, {set}"), &pairs, &|(_, answer)| {
            for check in checks.checks() {
                std::hint::black_box(check.find(answer));
            }
        });
    }
}
