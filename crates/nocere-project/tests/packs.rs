//! The packs of probes, judged by their own points and keys on answers that were written for them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs, path::Path};

use nocere_core::{Probe, Score, Verdict};
use nocere_judges::{AnswerJudge, PointsJudge};
use nocere_suites::builtin;
use serde::Deserialize;

/// Answers to one probe, by the writer of its points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    id: String,
    good: Vec<String>,
    bad: Vec<String>,
}

const PACKS: [(&str, &str); 8] = [
    ("nocere-summaries", "summaries"),
    ("nocere-conflicts", "conflicts"),
    ("nocere-planted-orders", "planted"),
    ("nocere-health-data", "privacy"),
    ("nocere-keys", "keys"),
    ("nocere-yielding", "yielding"),
    ("nocere-swaps", "swaps"),
    ("nocere-questions", "questions"),
];

fn answers(name: &str) -> Vec<Answers> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../assets/suites/answers")
        .join(format!("{name}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What is wrong with the answer, by the probe's points or key; `None` if nothing is.
fn fault(probe: &Probe, answer: &str) -> Option<String> {
    let verdict = if probe.key.is_some() {
        AnswerJudge::default().label(probe, answer)
    } else {
        PointsJudge::default().label(probe, answer)
    };
    match &verdict {
        Verdict::Scored(scored) => {
            let wrong = match &scored.score {
                Score::Label { label, .. } => label == "wrong",
                Score::Items { items } => items.iter().any(nocere_core::Item::is_violated),
                Score::Number { .. } => true,
            };
            wrong.then(|| scored.rationale.clone())
        }
        Verdict::Unscored { detail, .. } => Some(format!("unscored: {detail}")),
    }
}

#[test]
fn good_answers_make_every_point_and_bad_ones_do_not() {
    for (suite, name) in PACKS {
        let suite = builtin(suite).unwrap().unwrap();
        let probes: BTreeMap<&str, &Probe> = suite
            .probes
            .iter()
            .map(|probe| (probe.id.as_str(), probe))
            .collect();
        let all = answers(name);
        assert!(all.len() >= 15, "{name}: {} probes have answers", all.len());
        let (mut faults, mut unread, mut good) = (Vec::new(), 0_usize, 0_usize);
        for answers in &all {
            let probe = probes[answers.id.as_str()];
            for answer in &answers.good {
                good += 1;
                let fault = fault(probe, answer);
                // A right answer whose number or option cannot be told is unscored, not wrong.
                if probe.key.is_some()
                    && fault.as_ref().is_some_and(|it| it.starts_with("unscored"))
                {
                    unread += 1;
                } else if let Some(fault) = fault {
                    faults.push(format!("{}: good, but {fault}: {answer}", answers.id));
                }
            }
            for answer in &answers.bad {
                if fault(probe, answer).is_none() {
                    faults.push(format!(
                        "{}: bad, and nothing is wrong: {answer}",
                        answers.id
                    ));
                }
            }
        }
        assert!(
            unread * 40 <= good,
            "{name}: {unread} of {good} cannot be read"
        );
        assert!(
            faults.is_empty(),
            "{name}: {}\n{}",
            faults.len(),
            faults.join("\n")
        );
    }
}

/// Points said in good answers, points falsely found, and bad answers in which something is wrong,
/// each with their number.
#[derive(Debug, Default)]
struct Fresh {
    said: (usize, usize),
    falsely: (usize, usize),
    caught: (usize, usize),
}

impl Fresh {
    fn add(&mut self, probe: &Probe, answers: &Answers) {
        for answer in &answers.good {
            let verdict = PointsJudge::default().label(probe, answer);
            for item in verdict.score().map_or(&[][..], Score::items) {
                let (counts, hit) = match item.wanted.as_deref() {
                    Some("said") => (&mut self.said, item.label == "said"),
                    _ => (&mut self.falsely, item.label == "done"),
                };
                counts.0 += usize::from(hit);
                counts.1 += 1;
            }
        }
        for answer in &answers.bad {
            self.caught.0 += usize::from(fault(probe, answer).is_some());
            self.caught.1 += 1;
        }
    }
}

/// The answers were written by others, who saw the probes and not the phrases; the figures stand in
/// docs/reference/suites.md.
#[test]
fn phrases_find_what_others_say_in_their_own_words() {
    let mut table = String::new();
    let mut whole = Fresh::default();
    for (suite, name) in PACKS {
        let suite = builtin(suite).unwrap().unwrap();
        let mut fresh = Fresh::default();
        for answers in answers(&format!("fresh/{name}")) {
            let probe = suite
                .probes
                .iter()
                .find(|probe| probe.id == answers.id.as_str());
            let probe = probe.unwrap_or_else(|| panic!("no probe {}", answers.id));
            if probe.key.is_none() {
                fresh.add(probe, &answers);
                whole.add(probe, &answers);
            }
        }
        table.push_str(&format!("{name}: {fresh:?}\n"));
    }
    assert_eq!(whole.said, (578, 593), "{table}");
    assert_eq!(whole.falsely, (4, 219), "{table}");
    assert_eq!(whole.caught, (201, 204), "{table}");
}

#[test]
fn every_pack_has_enough_probes_for_a_figure() {
    for (suite, name) in PACKS {
        let suite = builtin(suite).unwrap().unwrap();
        let judged = suite
            .probes
            .iter()
            .filter(|probe| probe.key.is_some() || !probe.points.is_empty());
        assert!(judged.count() >= 15, "{name}");
        for probe in &suite.probes {
            assert!(
                [probe.severity, probe.likelihood, probe.frequency]
                    .iter()
                    .all(|level| (1..=4).contains(level)),
                "{}",
                probe.id
            );
            assert!(
                !probe.note.is_empty() && !probe.why.is_empty(),
                "{}",
                probe.id
            );
        }
    }
}
