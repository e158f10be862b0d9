//! Verdicts as OpenTelemetry log records with the event `gen_ai.evaluation.result` (semantic
//! conventions for generative AI), as JSON Lines that the collector's `otlpjsonfile` receiver
//! reads. Nothing is sent.

use std::io::Write;

use nocere_core::{Instrument, Sample, Verdict, text::visible_json};
use serde_json::{Value, json};

use crate::{
    error::{ExportError, Samples},
    row::Row,
    source::{Source, each_verdict},
};

/// Records of a line: the receiver reads a line at a time.
const RECORDS: usize = 256;

pub(crate) fn samples(
    source: &Source<'_>,
    samples: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let mut records = Vec::with_capacity(RECORDS);
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        each_verdict(source, &sample, |judged| {
            if let Some((instrument, verdict)) = judged {
                records.push(record(source, &sample, instrument, verdict));
            }
            Ok::<(), ExportError>(())
        })?;
        if records.len() >= RECORDS {
            write_line(source, &records, out)?;
            records.clear();
        }
    }
    if !records.is_empty() {
        write_line(source, &records, out)?;
    }
    Ok(out.flush()?)
}

fn write_line(
    source: &Source<'_>,
    records: &[Value],
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let version = &source.report.header.nocere_version;
    let line = json!({"resourceLogs": [{
        "resource": {"attributes": [
            text("service.name", "nocere"),
            text("service.version", version),
            text("nocere.run", &source.report.header.id),
        ]},
        "scopeLogs": [{"scope": {"name": "nocere", "version": version}, "logRecords": records}],
    }]});
    writeln!(out, "{}", visible_json(&line.to_string()))?;
    Ok(())
}

fn record(
    source: &Source<'_>,
    sample: &Sample,
    instrument: &Instrument,
    verdict: &Verdict,
) -> Value {
    let row = Row::new(*source, sample, Some((instrument, verdict)));
    let mut attributes = vec![
        text("gen_ai.evaluation.name", &instrument.measure),
        text("nocere.judge", &instrument.id),
        text("nocere.judge.hash", instrument.hash.as_str()),
        text("nocere.target", &sample.target),
        text("nocere.suite", &sample.probe.suite),
        text("nocere.probe", &sample.probe.id),
        text("nocere.who_asks", sample.probe.perspective.as_str()),
        text("nocere.expected", sample.probe.expect.as_str()),
        json!({"key": "nocere.epoch", "value": {"intValue": sample.epoch.to_string()}}),
    ];
    if let Some((_, facts)) = sample.transcript.last_answer() {
        if let Some(id) = &facts.response_id {
            attributes.push(text("gen_ai.response.id", id));
        }
        if let Some(model) = &facts.served_model {
            attributes.push(text("gen_ai.response.model", model));
        }
    }
    match verdict {
        Verdict::Scored(scored) => {
            let word = instrument.scale.word(&scored.score);
            attributes.push(text("gen_ai.evaluation.score.label", &word));
            if let Ok(value) = word.parse::<f64>() {
                attributes.push(json!({
                    "key": "gen_ai.evaluation.score.value",
                    "value": {"doubleValue": value},
                }));
            }
            let reason = row.texts.reason(instrument, &scored.rationale);
            attributes.push(text("gen_ai.evaluation.explanation", &reason));
            let errors = source.errors(sample, instrument, verdict);
            let errors: Vec<&str> = errors.iter().map(|figure| figure.id.as_str()).collect();
            attributes.push(text("nocere.error_in", &errors.join(";")));
        }
        Verdict::Unscored { reason, .. } => {
            attributes.push(text("nocere.unscored", reason.as_str()));
        }
    }
    json!({
        "timeUnixNano": nanoseconds(&source.report.header.created),
        "severityNumber": 9,
        "eventName": "gen_ai.evaluation.result",
        "attributes": attributes,
    })
}

/// The run's time: the journal has none for each verdict.
fn nanoseconds(created: &str) -> String {
    let seconds = nocere_core::clock::seconds_of(created).unwrap_or_default();
    format!("{seconds}000000000")
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}
