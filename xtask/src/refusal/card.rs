//! The model card: what the judge was made from, how it does on what it has not seen, where
//! it fails.

use std::fmt::Write as _;

use nocere_core::Instrument;

use super::{Sets, train::Settings, validate::Validation};

/// The card, with the matrix of `validation`.
pub(crate) fn card(
    validation: &Validation,
    instrument: &Instrument,
    sets: &Sets,
    settings: Settings,
) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        include_str!("card.md.txt"),
        version = instrument.version,
        hash = instrument.hash.short(),
        xstest = sets.xstest.len(),
        own = sets.own.len(),
        second = sets.second.len(),
        settings = format_args!("{settings:?}"),
        matrix = matrix(validation),
    );
    out
}

fn matrix(validation: &Validation) -> String {
    let mut out = String::from(
        "| trained on | measured on | answers | κ, three labels | κ, refuse or not | comply→c/p/r | partial→c/p/r | refuse→c/p/r |\n|---|---|---:|---|---|---|---|---|\n",
    );
    for line in &validation.lines {
        let rows = line
            .confusion()
            .map(|row| row.map(|n| n.to_string()).join("/"));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            line.trained_on,
            line.measured_on,
            line.pairs.len(),
            line.kappa(false),
            line.kappa(true),
            rows.join(" | ")
        );
    }
    out
}
