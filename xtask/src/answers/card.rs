//! The model card of the two models.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    ALARMS, BEHAVIOUR, CHECKS, Models, Read, Sets,
    measure::{self, Guess},
};

/// What the models say of each set.
pub(crate) struct Guesses {
    pub(crate) left_out: Vec<Guess>,
    pub(crate) held_out: Vec<Guess>,
    pub(crate) fresh: Vec<Guess>,
}

/// The card, as Markdown.
pub(crate) fn card(
    sets: &Sets,
    guesses: &Guesses,
    models: &Models,
    helpful: &str,
    families: &str,
) -> String {
    let mut card = include_str!("card.md.txt")
        .replace("{CHECKS}", &format!("{CHECKS:?}"))
        .replace("{BEHAVIOUR}", &format!("{BEHAVIOUR:?}"))
        .replace("{ALARM_EN}", &format!("{:.0} %", ALARMS[0] * 100.0))
        .replace("{ALARM_OTHER}", &format!("{:.0} %", ALARMS[1] * 100.0))
        .replace("{COUNT}", &sets.own.len().to_string())
        .replace("{HELD_OUT}", &sets.held_out.len().to_string())
        .replace("{MATTERS}", &questions(&sets.own).to_string())
        .replace("{WEAK}", &weak(sets))
        .replace("{WRITERS}", &writers(sets))
        .replace("{FRESH}", &sets.fresh.len().to_string())
        .replace("{FAMILIES}", families)
        .replace("{HELPFUL}", helpful);
    for (name, answers, guesses) in [
        ("LEFT_OUT", &sets.own, &guesses.left_out),
        ("TEST", &sets.held_out, &guesses.held_out),
        ("NEW", &sets.fresh, &guesses.fresh),
    ] {
        card = card
            .replace(
                &format!("{{{name}_CHECKS}}"),
                &measure::checks_table(answers, guesses, &models.checks),
            )
            .replace(
                &format!("{{{name}_BEHAVIOUR}}"),
                &measure::behaviour_table(answers, guesses),
            )
            .replace(
                &format!("{{{name}_CONFIDENCE}}"),
                &measure::confidence(answers, guesses),
            );
    }
    card
}

fn questions(answers: &[Read]) -> usize {
    let ids: std::collections::BTreeSet<&str> = answers
        .iter()
        .map(|read| read.answer.question_id.as_str())
        .collect();
    ids.len()
}

/// What else the behaviour model was trained on, with little weight.
fn weak(sets: &Sets) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for read in &sets.weak {
        *counts.entry(read.weak.source).or_default() += 1;
    }
    let listed: Vec<String> = counts
        .iter()
        .map(|(source, count)| format!("{source} ({count})"))
        .collect();
    listed.join(", ")
}

/// One row for each writer.
fn writers(sets: &Sets) -> String {
    let mut rows: BTreeMap<&str, (usize, usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for read in sets.own.iter().chain(&sets.held_out).chain(&sets.fresh) {
        let row = rows.entry(&read.answer.writer).or_default();
        row.0 += 1;
        row.1 += usize::from(read.answer.good);
        *row.2.entry(&read.answer.language).or_default() += 1;
    }
    let mut table = String::new();
    for (writer, (answers, good, languages)) in rows {
        let languages: Vec<String> = languages
            .iter()
            .map(|(language, count)| format!("{language} {count}"))
            .collect();
        let _ = writeln!(
            table,
            "| {writer} | {answers} | {good} | {} |",
            languages.join(", ")
        );
    }
    table
}
