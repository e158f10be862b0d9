//! An `.eval` archive of Inspect: a member for each sample, the list of all summaries, and a header
//! with the figures. The layout is that of `inspect_ai` 0.3's recorder.

use std::io::{Read, Seek, Write};

use nocere_analysis::TargetReport;
use nocere_core::{ContentHash, RunHeader, TargetId};
use serde_json::{Map, Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    error::{ExportError, Samples},
    inspect,
    source::Source,
};

/// The log's name. Inspect reads time, task and id out of it.
pub(crate) fn file_name(source: &Source<'_>, target: &TargetId) -> String {
    let created = created(&source.report.header).replace([':', '+'], "-");
    let task: String = task(source)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{created}_{task}_{}.eval", short_id(source, target, "task"))
}

fn created(header: &RunHeader) -> String {
    header.created.replace('Z', "+00:00")
}

/// The protocol, or the suites.
fn task(source: &Source<'_>) -> String {
    if let Some(protocol) = &source.report.header.protocol {
        return protocol.id.clone();
    }
    let suites: Vec<&str> = source
        .report
        .suites
        .iter()
        .map(|of| of.id.as_str())
        .collect();
    match suites.as_slice() {
        [] => "nocere".to_owned(),
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}+{second}+{}-more", rest.len())
        }
        few => few.join("+"),
    }
}

/// An id of 22 characters, as Inspect's are, the same for the same run and target.
fn short_id(source: &Source<'_>, target: &TargetId, purpose: &str) -> String {
    let run = &source.report.header.id;
    let hash = ContentHash::of_bytes(format!("{run}\n{target}\n{purpose}").as_bytes());
    hash.as_str().chars().take(22).collect()
}

/// The model as Inspect names models: `provider/model`.
fn model(target: &TargetReport) -> String {
    let name = &target.record.identity.name;
    // Without the server's address.
    let name = name
        .split_once("@http")
        .map_or(name.as_str(), |(name, _)| name);
    name.replacen(':', "/", 1)
}

pub(crate) fn log(
    source: &Source<'_>,
    target: &TargetReport,
    samples: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let model = model(target);
    // Older versions of Inspect, its viewer and every unzip read this method.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    let mut archive = ZipWriter::new_stream(out);
    // Summaries come after all samples, so they wait on the disk.
    let mut waiting = std::io::BufWriter::new(tempfile::tempfile()?);
    let mut count = 0_u64;
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        if sample.target != target.id {
            continue;
        }
        let name = format!(
            "samples/{}_epoch_{}.json",
            inspect::sample_id(source, &sample),
            sample.epoch + 1
        );
        archive.start_file(name, options)?;
        let value = inspect::sample(source, &sample, &model);
        archive.write_all(&serde_json::to_vec(&value)?)?;
        waiting.write_all(if count == 0 { b"[" } else { b"," })?;
        serde_json::to_writer(&mut waiting, &inspect::summary(source, &sample, &model))?;
        count += 1;
    }
    waiting.write_all(if count == 0 { b"[]" } else { b"]" })?;
    let mut waiting = waiting
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    waiting.rewind()?;
    archive.start_file("summaries.json", options)?;
    std::io::copy(&mut (&mut waiting as &mut dyn Read), &mut archive)?;
    archive.start_file("header.json", options)?;
    let header = header(source, target, &model, count);
    archive.write_all(&serde_json::to_vec(&header)?)?;
    archive.finish()?.flush()?;
    Ok(())
}

fn header(source: &Source<'_>, target: &TargetReport, model: &str, count: u64) -> Value {
    let report = source.report;
    let created = created(&report.header);
    let sampling = &target.record.sampling;
    let suites: Vec<Value> = report
        .suites
        .iter()
        .map(|suite| json!({"id": suite.id, "version": suite.version, "hash": suite.hash, "licence": suite.licence}))
        .collect();
    let scorers: Vec<Value> = report
        .instruments
        .iter()
        .map(|of| json!({"name": of.id, "metadata": {"measures": of.measure, "version": of.version, "hash": of.hash, "model": of.model}}))
        .collect();
    json!({
        "version": 2,
        "status": if report.unfinished() { "started" } else { "success" },
        "eval": {
            "created": created,
            "task": task(source),
            "task_id": short_id(source, &target.id, "task"),
            "task_version": report.header.protocol.as_ref().map_or("", |of| of.version.as_str()),
            "eval_id": short_id(source, &target.id, "eval"),
            "run_id": short_id(source, &target.id, "run"),
            "dataset": {"name": task(source), "samples": count, "shuffled": false},
            "model": model,
            "model_generate_config": {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
                "system_message": target.record.system_prompt,
            },
            "config": {"epochs": report.header.epochs},
            "packages": {"nocere": report.header.nocere_version},
            "scorers": scorers,
            "metadata": {"nocere_run": report.header.id, "target": target.id, "suites": suites, "command": report.header.command},
        },
        "plan": {"name": "plan", "steps": [{"solver": "nocere", "params": {}}], "config": {}},
        "results": {
            // Every target has the same probes.
            "total_samples": report.total / report.targets.len().max(1) as u64,
            "completed_samples": count,
            "scores": scores(source, target),
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": usage(source, target)},
    })
}

/// The figures of each judge as metrics, with the bounds of their intervals beside them.
fn scores(source: &Source<'_>, target: &TargetReport) -> Vec<Value> {
    let instruments = source.report.instruments.iter();
    instruments
        .map(|instrument| {
            let mut metrics = Map::new();
            let mut figures = Vec::new();
            let (mut scored, mut unscored) = (0, 0);
            for of in &target.perspectives {
                let mine = |judge| judge == &instrument.id;
                for counts in of.distributions.iter().filter(|of| mine(&of.judge)) {
                    scored += counts.scored;
                    unscored += counts.unscored;
                }
                for figure in of.figures.iter().filter(|figure| mine(&figure.judge)) {
                    let name = format!("{} {}", of.perspective, figure.figure);
                    let mut add = |name: String, value: Option<f64>| {
                        if let Some(value) = value {
                            let metric = json!({"name": name, "value": value, "params": {}});
                            metrics.insert(name, metric);
                        }
                    };
                    add(name.clone(), figure.estimate.value);
                    add(
                        format!("{name} low"),
                        figure.estimate.interval.map(|of| of.0),
                    );
                    add(
                        format!("{name} high"),
                        figure.estimate.interval.map(|of| of.1),
                    );
                    figures.push(json!({"perspective": of.perspective, "figure": figure}));
                }
            }
            json!({
                "name": instrument.id,
                "scorer": instrument.id,
                "params": {},
                "scored_samples": scored,
                "unscored_samples": unscored,
                "metrics": metrics,
                "metadata": {"figures": figures},
            })
        })
        .collect()
}

/// What the target used; the judges' calls are of all targets together.
fn usage(source: &Source<'_>, target: &TargetReport) -> Value {
    let name = &target.record.identity.name;
    let Some(spent) = source.report.spending.get(name) else {
        return json!({});
    };
    json!({model(target): {
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "total_tokens": spent.input_tokens + spent.output_tokens,
        "total_cost": spent.cost.usd(),
    }})
}
