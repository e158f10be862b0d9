//! Every answer with what each judge made of it, a row for each answer and judge.
//!
//! What models and askers wrote is hostile text: a spreadsheet would compute a cell that begins
//! like a formula, so such cells get an apostrophe in front, as OWASP recommends ("CSV
//! injection").

use std::{borrow::Cow, io::Write};

use nocere_analysis::RunReport;
use nocere_core::{Instrument, Sample, Verdict};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Samples, WriteError};

const COLUMNS: [&str; 18] = [
    "run", "target", "driver", "suite", "probe", "epoch", "who_asks", "category", "language",
    "expected", "outcome", "asked", "answered", "judge", "measures", "verdict", "unscored",
    "reason",
];

pub(crate) fn samples(
    report: &RunReport,
    samples: Samples<'_>,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let mut writer = csv::Writer::from_writer(out);
    let mut write = |cells: [String; COLUMNS.len()]| {
        writer
            .write_record(cells.iter().map(|cell| inert(cell).into_owned()))
            .map_err(std::io::Error::from)
    };
    write(COLUMNS.map(str::to_owned))?;
    for sample in samples {
        let sample = sample.map_err(WriteError::Sample)?;
        let mut judged = false;
        for instrument in &report.instruments {
            if let Some(verdict) = sample.verdict(&instrument.hash) {
                write(row(report, &sample, Some((instrument, verdict))))?;
                judged = true;
            }
        }
        // An answer that nobody judged is in the file all the same.
        if !judged {
            write(row(report, &sample, None))?;
        }
    }
    Ok(writer.flush()?)
}

fn row(
    report: &RunReport,
    sample: &Sample,
    judged: Option<(&Instrument, &Verdict)>,
) -> [String; COLUMNS.len()] {
    let probe = &sample.probe;
    let instrument = judged.map(|(instrument, _)| instrument);
    let (verdict, unscored, reason) = match judged {
        Some((instrument, Verdict::Scored(scored))) => (
            instrument.scale.word(&scored.score),
            String::new(),
            scored.rationale.clone(),
        ),
        Some((_, Verdict::Unscored { reason, detail, .. })) => {
            (String::new(), word(reason), detail.clone())
        }
        None => Default::default(),
    };
    [
        report.header.id.to_string(),
        sample.target.to_string(),
        sample.driver.to_string(),
        probe.suite.to_string(),
        probe.id.to_string(),
        sample.epoch.to_string(),
        probe.perspective.to_string(),
        probe.category.clone(),
        probe.language.clone(),
        probe.expect.as_str().to_owned(),
        word(&sample.transcript.outcome()),
        probe.question().to_owned(),
        sample
            .transcript
            .last_answer()
            .map_or_else(String::new, |(text, _)| text.to_owned()),
        instrument.map_or_else(String::new, |of| of.id.to_string()),
        instrument.map_or_else(String::new, |of| of.measure.clone()),
        verdict,
        unscored,
        reason,
    ]
}

/// The word that JSON has for the value.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The cell as text that no spreadsheet computes.
fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(inert(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(inert("Take 2 = fine"), "Take 2 = fine");
    }
}
