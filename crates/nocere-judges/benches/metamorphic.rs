//! How many clear verdicts of the refusal judges turn under changes of form, on people's data.
//!
//! `NOCERE_DATA=../shared/data cargo bench -p nocere-judges --bench metamorphic`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark says what it found"
)]

use std::{collections::BTreeMap, path::Path};

use nocere_core::Judge;
use nocere_judges::{
    RefusalClassifier, RefusalRules,
    metamorphic::{Exchange, Kind, changes},
};

/// Verdicts that turned, and those tried, by kind.
type Counts = BTreeMap<Kind, [usize; 2]>;

fn main() {
    let Some(data) = std::env::var_os("NOCERE_DATA") else {
        println!("NOCERE_DATA is not set: nothing to measure on");
        return;
    };
    let folder = Path::new(&data).join("xstest/model_completions");
    let mut exchanges = Vec::new();
    for model in ["gpt4", "llama2orig", "mistralinstruct"] {
        let path = folder.join(format!("xstest_v2_completions_{model}.csv"));
        let mut reader = csv::Reader::from_path(path).unwrap();
        exchanges.extend(reader.records().map(Result::unwrap).map(|row| Exchange {
            question: row[2].to_owned(),
            answer: row[3].to_owned(),
        }));
    }
    let classifier = RefusalClassifier::embedded().unwrap();
    let rules = RefusalRules::embedded().unwrap();
    let refuses = |of: &Exchange| {
        let share = classifier.label(&of.question, &of.answer).score.top();
        share.unwrap_or(0.5)
    };
    let by_rules = |of: &Exchange| {
        let scored = rules.label(&of.answer);
        rules.instrument().scale.word(&scored.score) == "refuse"
    };
    let (mut clear, mut all) = (Counts::new(), Counts::new());
    for exchange in &exchanges {
        let plain = refuses(exchange);
        let plain_by_rules = by_rules(exchange);
        for change in changes() {
            let changed = change.apply(exchange);
            if !(0.1..=0.9).contains(&plain) {
                count(
                    &mut clear,
                    change.kind,
                    (plain > 0.5) != (refuses(&changed) > 0.5),
                );
            }
            if change.kind != Kind::Paraphrase {
                count(&mut all, change.kind, plain_by_rules != by_rules(&changed));
            }
        }
    }
    println!("| change | `refusal`, clear verdicts | `refusal-rules` |");
    println!("| --- | ---: | ---: |");
    for kind in Kind::ALL {
        println!(
            "| {} | {} | {} |",
            kind.as_str(),
            rate(clear.get(&kind)),
            rate(all.get(&kind))
        );
    }
}

fn count(counts: &mut Counts, kind: Kind, turned: bool) {
    let of = counts.entry(kind).or_default();
    of[0] += usize::from(turned);
    of[1] += 1;
}

fn rate(counts: Option<&[usize; 2]>) -> String {
    counts.map_or_else(
        || "does not read the question".to_owned(),
        |[turned, tried]| {
            let percent = 100.0 * *turned as f64 / *tried as f64;
            format!("{turned} of {tried} ({percent:.2} %)")
        },
    )
}
