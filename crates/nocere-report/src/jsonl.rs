//! Every answer with each judge's verdict as JSON Lines, for notebooks: an object for each answer and
//! judge, with the names of the CSV's columns and more beside them.

use std::io::Write;

use nocere_analysis::{RunReport, WITHHELD};
use nocere_core::{Instrument, Sample, Verdict, text::visible_json};
use serde_json::{Value, json};

use crate::error::{Samples, WriteError};

pub(crate) fn samples(
    report: &RunReport,
    samples: Samples<'_>,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    for sample in samples {
        let sample = sample.map_err(WriteError::Sample)?;
        let mut judged = false;
        for instrument in &report.instruments {
            if let Some(verdict) = sample.verdict(&instrument.hash) {
                write_line(out, &row(report, &sample, Some((instrument, verdict))))?;
                judged = true;
            }
        }
        // An answer that nobody judged is in the file all the same.
        if !judged {
            write_line(out, &row(report, &sample, None))?;
        }
    }
    Ok(out.flush()?)
}

fn write_line(out: &mut dyn Write, row: &Value) -> Result<(), WriteError> {
    writeln!(out, "{}", visible_json(&row.to_string()))?;
    Ok(())
}

fn row(report: &RunReport, sample: &Sample, judged: Option<(&Instrument, &Verdict)>) -> Value {
    let probe = &sample.probe;
    let is_hidden = report.suites.iter().any(|suite| {
        suite.id == probe.suite && suite.half.as_ref().is_some_and(|half| half.hidden)
    });
    let shown = |text: &str| {
        if is_hidden {
            WITHHELD.to_owned()
        } else {
            text.to_owned()
        }
    };
    let turns = sample.transcript.turns.iter();
    let messages: Vec<Value> = turns
        .map(|turn| json!({"role": turn.message.role, "content": shown(&turn.message.text())}))
        .collect();
    let answer = sample.transcript.last_answer();
    let facts = answer.map(|(_, facts)| facts);
    let instrument = judged.map(|(instrument, _)| instrument);
    let (verdict, score, unscored, reason) = match judged {
        Some((instrument, Verdict::Scored(scored))) => (
            Some(instrument.scale.word(&scored.score)),
            // Items can quote what was due.
            (!is_hidden).then(|| json!(scored.score)),
            None,
            Some(shown(&scored.rationale)),
        ),
        Some((_, Verdict::Unscored { reason, detail, .. })) => {
            (None, None, Some(json!(reason)), Some(shown(detail)))
        }
        None => (None, None, None, None),
    };
    json!({
        "run": report.header.id,
        "target": sample.target,
        "driver": sample.driver,
        "suite": probe.suite,
        "probe": probe.id,
        "epoch": sample.epoch,
        "who_asks": probe.perspective,
        "category": probe.category,
        "language": probe.language,
        "matter": probe.matter,
        "twin_of": probe.twin_of,
        "restates": probe.restates,
        "expected": probe.expect,
        "severity": probe.severity,
        "likelihood": probe.likelihood,
        "frequency": probe.frequency,
        "outcome": sample.transcript.outcome(),
        "messages": messages,
        "asked": shown(&probe.asked(&sample.transcript)),
        "answered": answer.map(|(text, _)| shown(text)),
        "served_model": facts.and_then(|facts| facts.served_model.clone()),
        "judge": instrument.map(|of| &of.id),
        "judge_hash": instrument.map(|of| &of.hash),
        "measures": instrument.map(|of| &of.measure),
        "verdict": verdict,
        "score": score,
        "unscored": unscored,
        "reason": reason,
    })
}
