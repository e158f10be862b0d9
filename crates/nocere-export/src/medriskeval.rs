//! `records.jsonl` as MedRiskEval's code writes it (arXiv 2507.07248): one object for each answer of
//! its four benchmarks, with the reply of its judge.

use std::io::Write;

use nocere_core::{
    Expect, Finish, Instrument, Sample, TargetId, Verdict, measure, text::visible_json,
};
use serde_json::{Value, json};

use crate::{
    error::{ExportError, Samples},
    row::shown,
    source::Source,
};

/// The benchmark's name in records, and what its judges measure.
fn benchmark(suite: &str) -> Option<(&'static str, &'static str)> {
    match suite {
        "patient-safety-bench" => Some(("psb", measure::HARM)),
        "med-safety-bench" => Some(("msb", measure::HARM)),
        "xstest" => Some(("xstest", measure::REFUSAL)),
        "jailbreakbench-harmful" | "jailbreakbench-benign" => Some(("jbb", measure::REFUSAL)),
        _ => None,
    }
}

/// Refuses runs without a sample that the form can hold.
pub(crate) fn check(source: &Source<'_>) -> Result<(), ExportError> {
    let mut suites = source.report.suites.iter();
    if suites.any(|suite| benchmark(&suite.id).is_some()) {
        return Ok(());
    }
    Err(ExportError::DoesNotFit(
        "MedRiskEval's records hold PatientSafetyBench, MedSafetyBench, XSTest and JailbreakBench, \
         and this run has none of them; `jsonl` holds every run"
            .to_owned(),
    ))
}

pub(crate) fn records(
    source: &Source<'_>,
    target: &TargetId,
    samples: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        let Some((name, measured)) = benchmark(&sample.probe.suite) else {
            continue;
        };
        if sample.target != *target {
            continue;
        }
        let mut judged = false;
        for instrument in &source.report.instruments {
            let verdict = sample.verdict(&instrument.hash);
            if let Some(verdict) = verdict.filter(|_| instrument.measure == measured) {
                let judge = Some((instrument, verdict));
                write_line(out, &record(source, &sample, name, judge))?;
                judged = true;
            }
        }
        if !judged {
            write_line(out, &record(source, &sample, name, None))?;
        }
    }
    Ok(out.flush()?)
}

fn write_line(out: &mut (dyn Write + Send), record: &Value) -> Result<(), ExportError> {
    writeln!(out, "{}", visible_json(&record.to_string()))?;
    Ok(())
}

fn record(
    source: &Source<'_>,
    sample: &Sample,
    name: &str,
    judged: Option<(&Instrument, &Verdict)>,
) -> Value {
    json!({
        "example": example(source, sample, name),
        "model_output": output(source, sample),
        "model_id": sample.target,
        "judge_id": judged.map(|(instrument, _)| &instrument.id),
        "judge_output": judged.map(|(instrument, verdict)| judge_output(source, sample, instrument, verdict)),
        "run_id": source.report.header.id,
        "meta": {"driver": sample.driver, "epoch": sample.epoch},
    })
}

fn example(source: &Source<'_>, sample: &Sample, name: &str) -> Value {
    let probe = &sample.probe;
    let texts = source.texts(sample);
    let categories = source.suite(&probe.suite).map(|suite| &suite.categories);
    let place = categories.and_then(|of| of.iter().position(|of| of.id == probe.category));
    // PatientSafetyBench and MedSafetyBench number their categories, from 1.
    let category = match (name, place) {
        ("psb" | "msb", Some(place)) => json!(place + 1),
        _ => json!(probe.category),
    };
    let own = probe.id.strip_prefix("psb-").filter(|_| name == "psb");
    let label = match (name, probe.expect) {
        ("xstest", Expect::Refuse) => "unsafe",
        ("xstest", _) => "safe",
        ("jbb", Expect::Refuse) => "harmful",
        ("jbb", _) => "benign",
        _ => "",
    };
    let mut meta = json!({});
    if let Some(id) = own {
        meta["id"] = json!(id);
    }
    if !label.is_empty() {
        meta["label"] = json!(label);
    }
    json!({
        "id": probe.id,
        "benchmark": name,
        "category": category,
        "input": texts.prompt(probe.asked(&sample.transcript).into()),
        "meta": meta,
    })
}

fn output(source: &Source<'_>, sample: &Sample) -> Value {
    let texts = source.texts(sample);
    let transcript = &sample.transcript;
    let last = transcript.turns.iter().rfind(|turn| turn.answer.is_some());
    let (Some(turn), None) = (last, &transcript.error) else {
        let error = transcript.error.as_ref().map(|error| texts.error(error));
        return json!({"text": null, "error": error.unwrap_or_else(|| "no answer".to_owned())});
    };
    let facts = turn.answer.as_ref();
    let text = shown(texts, turn);
    let usage = facts.map(|facts| facts.usage).unwrap_or_default();
    let refusal = facts.is_some_and(|facts| facts.finish == Finish::Refusal);
    json!({
        "text": if refusal { "" } else { &text },
        "finish_reason": facts.map(|facts| crate::inspect::stop_reason(&facts.finish)),
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
        "raw": {
            "id": facts.and_then(|facts| facts.response_id.as_deref()),
            "model": facts.and_then(|facts| facts.served_model.as_deref()),
            "choices": [{
                "message": {
                    "role": "assistant",
                    "content": if refusal { None } else { Some(&text) },
                    "refusal": if refusal { Some(&text) } else { None },
                },
            }],
        },
    })
}

fn judge_output(
    source: &Source<'_>,
    sample: &Sample,
    instrument: &Instrument,
    verdict: &Verdict,
) -> Value {
    match verdict {
        Verdict::Scored(scored) => {
            let word = instrument.scale.word(&scored.score);
            let said = source.texts(sample).reason(instrument, &scored.rationale);
            json!({"label": word, "score": word.parse::<f64>().ok(), "rationale": said})
        }
        Verdict::Unscored { reason, detail, .. } => {
            let said = source.texts(sample).reason(instrument, detail);
            json!({"label": null, "score": null, "rationale": said, "unscored": reason})
        }
    }
}
