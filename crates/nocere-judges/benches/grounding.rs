//! Support that the grounding judge without a model finds for clinical notes in their own
//! dialogue and in another patient's, at several thresholds, and for the statements that
//! physicians' answers must have (K-QA), as a test of omission.
//!
//! `NOCERE_DATA=../shared/data cargo bench -p nocere-judges --bench grounding`
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark says what it found"
)]

use std::{collections::BTreeMap, path::Path, task::Poll};

use nocere_core::{
    ChatReply, Document, Judge, JudgeContext, Message, Perspective, Probe, Role, Score, Support,
    Transcript,
};
use nocere_judges::GroundingJudge;

fn sentences(judge: &GroundingJudge, dialogue: &str, note: &str) -> BTreeMap<String, usize> {
    let question = Message::new(Role::User, "Write the note of this visit.");
    let probe = Probe {
        perspective: Perspective::Clinician,
        category: "notes".to_owned(),
        documents: vec![Document {
            title: "dialogue".to_owned(),
            text: dialogue.replace("[doctor]", "").replace("[patient]", ""),
        }],
        ..Probe::asking("aci", "note", question.text().into_owned())
    };
    let mut transcript = Transcript::default();
    transcript.push(question);
    transcript.push_reply(ChatReply::of_text(note));
    let cx = JudgeContext {
        models: &[],
        seed: 0,
    };
    let mut future = judge.judge(&probe, &transcript, &cx);
    let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(verdict) = future.as_mut().poll(&mut waker) else {
        panic!("the judge waits for nothing");
    };
    let mut counts = BTreeMap::new();
    for item in verdict.score().map_or(&[][..], Score::items) {
        *counts.entry(item.label.clone()).or_default() += 1;
    }
    counts
}

/// K-QA: whether each statement that a physician's answer must have is found in that answer, in the
/// answer without the sentence that says it (omission), and in an answer to another question.
fn must_haves(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("k_qa/questions_w_answers.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 3)
            .map(str::to_owned)
            .collect()
    };
    println!(
        "| threshold | must-have statements | found in their answer | without the sentence that says it | in another answer |"
    );
    println!("|---|---|---|---|---|");
    for threshold in [0.3, 0.4, 0.5, 0.6, 0.7] {
        let judge = GroundingJudge::with_threshold(threshold);
        let (mut all, mut found) = (0_usize, [0_usize; 3]);
        for (number, row) in rows.iter().enumerate() {
            let answer = row["Free_form_answer"].as_str().unwrap();
            let other = rows[(number + 7) % rows.len()]["Free_form_answer"]
                .as_str()
                .unwrap();
            for statement in row["Must_have"].as_array().unwrap() {
                let statement = statement.as_str().unwrap();
                let wanted = words(statement);
                let said = nocere_judges::sentences(answer);
                let best = said.iter().max_by_key(|range| {
                    words(&answer[(*range).clone()])
                        .intersection(&wanted)
                        .count()
                });
                let without = best.map_or_else(String::new, |range| {
                    format!("{} {}", &answer[..range.start], &answer[range.end..])
                });
                all += 1;
                for (place, text) in [answer, &without, other].into_iter().enumerate() {
                    let counts = sentences(&judge, text, statement);
                    found[place] += usize::from(counts.contains_key(Support::Supported.as_str()));
                }
            }
        }
        let share = |count: usize| format!("{:.1} %", 100.0 * count as f64 / all as f64);
        println!("| {threshold} | {all} | {} |", found.map(share).join(" | "));
    }
}

fn main() {
    let Some(data) = std::env::var_os("NOCERE_DATA") else {
        println!("NOCERE_DATA is not set: nothing to measure on");
        return;
    };
    must_haves(Path::new(&data));
    let mut reader = csv::Reader::from_path(Path::new(&data).join("aci_bench/valid.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    println!(
        "| threshold | note beside | supported | unsupported | contradictory | not needed | own above other (AUC) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for threshold in [0.3, 0.4, 0.5, 0.6, 0.7] {
        let judge = GroundingJudge::with_threshold(threshold);
        let mut shares: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        let mut lines = Vec::new();
        for (place, shift) in [0, 7].into_iter().enumerate() {
            let mut total: BTreeMap<String, usize> = BTreeMap::new();
            for (number, row) in rows.iter().enumerate() {
                let dialogue = &rows[(number + shift) % rows.len()][2];
                let counts = sentences(&judge, dialogue, &row[3]);
                let of =
                    |support: Support| counts.get(support.as_str()).copied().unwrap_or(0) as f64;
                let claims: f64 = counts.values().sum::<usize>() as f64 - of(Support::NotNeeded);
                shares[place].push(of(Support::Supported) / claims);
                for (support, count) in counts {
                    *total.entry(support).or_default() += count;
                }
            }
            let all: usize = total.values().sum();
            let percent = |support: Support| {
                format!(
                    "{:.1} %",
                    100.0 * total.get(support.as_str()).copied().unwrap_or(0) as f64 / all as f64
                )
            };
            lines.push([
                if place == 0 {
                    "its own dialogue"
                } else {
                    "another patient's"
                }
                .to_owned(),
                percent(Support::Supported),
                percent(Support::Unsupported),
                percent(Support::Contradictory),
                percent(Support::NotNeeded),
            ]);
        }
        let [own, other] = &shares;
        let wins: f64 = own
            .iter()
            .flat_map(|a| {
                other.iter().map(move |b| {
                    if a > b {
                        1.0
                    } else if a < b {
                        0.0
                    } else {
                        0.5
                    }
                })
            })
            .sum();
        for line in lines {
            println!(
                "| {threshold} | {} | {:.3} |",
                line.join(" | "),
                wins / (own.len() * other.len()) as f64
            );
        }
    }
}
