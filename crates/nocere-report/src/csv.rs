//! Every answer with each judge's verdict, a row for each answer and judge.
//!
//! What models and askers wrote is hostile text: a spreadsheet would compute a cell that begins
//! like a formula, so such cells get an apostrophe in front, as OWASP recommends ("CSV
//! injection").

use std::{borrow::Cow, io::Write};

use nocere_analysis::{RunReport, WITHHELD};
use nocere_core::{
    Instrument, Sample, Verdict,
    text::{is_formula, is_invisible, is_spelling},
};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Samples, WriteError};

/// UTF-8's byte order mark.
const BYTE_ORDER_MARK: &str = "\u{feff}";

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
    // Excel takes a file without this mark for one in the machine's old encoding.
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(std::io::Error::from)?;
    let mut write = |cells: [Cow<'_, str>; COLUMNS.len()]| {
        let cells = cells.iter().map(|cell| inert(cell));
        for cell in cells {
            writer.write_field(cell.as_ref())?;
        }
        writer.write_record(None::<&[u8]>)
    };
    for sample in samples {
        let sample = sample.map_err(WriteError::Sample)?;
        let mut judged = false;
        for instrument in &report.instruments {
            if let Some(verdict) = sample.verdict(&instrument.hash) {
                let cells = row(report, &sample, Some((instrument, verdict)));
                write(cells).map_err(std::io::Error::from)?;
                judged = true;
            }
        }
        // An answer that nobody judged is in the file all the same.
        if !judged {
            write(row(report, &sample, None)).map_err(std::io::Error::from)?;
        }
    }
    Ok(writer.flush()?)
}

/// Writes a table as CSV for people to fill in, with the same care for what models wrote as in
/// [`samples`].
///
/// # Errors
///
/// `out` cannot be written.
pub fn csv_table(
    columns: &[&str],
    rows: &[Vec<String>],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| inert(cell).into_owned()))?;
    }
    writer.flush()
}

fn row<'a>(
    report: &'a RunReport,
    sample: &'a Sample,
    judged: Option<(&'a Instrument, &'a Verdict)>,
) -> [Cow<'a, str>; COLUMNS.len()] {
    let probe = &sample.probe;
    let instrument = judged.map(|(instrument, _)| instrument);
    let (verdict, unscored, reason) = match judged {
        Some((instrument, Verdict::Scored(scored))) => (
            instrument.scale.word(&scored.score),
            String::new(),
            scored.rationale.as_str(),
        ),
        Some((_, Verdict::Unscored { reason, detail, .. })) => {
            (String::new(), word(reason), detail.as_str())
        }
        None => Default::default(),
    };
    let answer = sample.transcript.last_answer();
    let is_hidden = report.suites.iter().any(|suite| {
        suite.id == probe.suite && suite.half.as_ref().is_some_and(|half| half.hidden)
    });
    let shown = |text: Cow<'a, str>| if is_hidden { WITHHELD.into() } else { text };
    [
        report.header.id.as_str().into(),
        sample.target.as_str().into(),
        sample.driver.as_str().into(),
        probe.suite.as_str().into(),
        probe.id.as_str().into(),
        sample.epoch.to_string().into(),
        probe.perspective.as_str().into(),
        probe.category.as_str().into(),
        probe.language.as_str().into(),
        probe.expect.as_str().into(),
        word(&sample.transcript.outcome()).into(),
        shown(probe.asked(&sample.transcript).into()),
        shown(answer.map_or("", |(text, _)| text).into()),
        instrument.map_or("", |of| of.id.as_str()).into(),
        instrument.map_or("", |of| of.measure.as_str()).into(),
        verdict.into(),
        unscored.into(),
        shown(reason.into()),
    ]
}

/// The word that JSON has for the value.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The cell as text that no spreadsheet computes and no terminal obeys.
fn inert(cell: &str) -> Cow<'_, str> {
    // Asked before control characters are written out: a reader of the file may drop them.
    let is_dangerous = is_formula(cell);
    let commands = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || (is_invisible(c) && !is_spelling(c))
    };
    let cell: Cow<'_, str> = if cell.contains(commands) {
        let mut shown = String::with_capacity(cell.len());
        for c in cell.chars() {
            if commands(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
        }
        Cow::Owned(shown)
    } else {
        Cow::Borrowed(cell)
    };
    if is_dangerous {
        return Cow::Owned(format!("'{cell}"));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for hostile in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠A",
            " =1+1",
            "\u{200b}=1",
            "\u{feff} @A",
            "\u{1b}=1",
        ] {
            assert!(inert(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(inert("Take 2 = fine"), "Take 2 = fine");
        assert_eq!(inert("a\r\u{1b}[31mb"), "a\\u{d}\\u{1b}[31mb");
    }
}
