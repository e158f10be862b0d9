//! The models of a run as a CycloneDX 1.6 bill of materials: a model card for each target, with the
//! figures as performance metrics, the suites as data, and the judges as models of their own.

use std::io::Write;

use nocere_analysis::{RunReport, TargetReport};
use nocere_core::{ContentHash, text::visible_json};
use serde_json::{Value, json};

use crate::{
    error::{ExportError, Samples},
    source::Source,
};

pub(crate) fn cyclonedx(
    source: &Source<'_>,
    _: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let report = source.report;
    let targets = report.targets.iter();
    let mut components: Vec<Value> = targets.map(|target| component(report, target)).collect();
    components.extend(report.suites.iter().map(|suite| {
        json!({
            "type": "data",
            "bom-ref": format!("suite:{}", suite.id),
            "name": suite.title,
            "version": suite.version,
            "licenses": [{"license": {"name": suite.licence}}],
            "properties": [property("nocere:suite:hash", suite.hash.as_str())],
        })
    }));
    components.extend(report.instruments.iter().map(|judge| {
        json!({
            "type": "machine-learning-model",
            "bom-ref": format!("judge:{}", judge.id),
            "name": judge.title,
            "version": judge.version,
            "properties": [
                property("nocere:judge:hash", judge.hash.as_str()),
                property("nocere:judge:model", judge.model.as_deref().unwrap_or("none")),
            ],
        })
    }));
    let bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(report),
        "version": 1,
        "metadata": {
            "timestamp": report.header.created,
            "tools": {"components": [{
                "type": "application",
                "name": "nocere",
                "version": report.header.nocere_version,
            }]},
            "properties": [property("nocere:run", &report.header.id)],
        },
        "components": components,
    });
    let text = serde_json::to_string_pretty(&bom)?;
    writeln!(out, "{}", visible_json(&text))?;
    Ok(())
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// A UUID (version 8: made by a rule of one's own) that is the same for the same run.
fn serial(report: &RunReport) -> String {
    let hash = ContentHash::of_bytes(report.header.id.as_bytes());
    let hex = hash.as_str();
    format!(
        "urn:uuid:{}-{}-8{}-9{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    )
}

fn component(report: &RunReport, target: &TargetReport) -> Value {
    let identity = &target.record.identity;
    let mut metrics = Vec::new();
    for of in &target.perspectives {
        for figure in &of.figures {
            let Some(value) = figure.estimate.value else {
                continue;
            };
            let mut metric = json!({
                "type": figure.title,
                "value": value.to_string(),
                "slice": format!(
                    "{}, judged by {} ({}), {}",
                    of.perspective, figure.judge, figure.standing.tag(), figure.counts()
                ),
            });
            if let Some((low, high)) = figure.estimate.interval {
                metric["confidenceInterval"] = json!({
                    "lowerBound": low.to_string(),
                    "upperBound": high.to_string(),
                });
            }
            metrics.push(metric);
        }
    }
    let limits = [&report.headline.certainty, &report.headline.missing];
    let suites = report.suites.iter();
    json!({
        "type": "machine-learning-model",
        "bom-ref": format!("target:{}", target.id),
        "name": identity.model,
        "publisher": identity.provider,
        "modelCard": {
            "modelParameters": {
                "task": "text-generation",
                "datasets": suites
                    .map(|suite| json!({"ref": format!("suite:{}", suite.id)}))
                    .collect::<Vec<Value>>(),
            },
            "quantitativeAnalysis": {"performanceMetrics": metrics},
            "considerations": {
                "users": report.header.intended_users.iter().map(ToString::to_string).collect::<Vec<String>>(),
                "technicalLimitations": limits,
            },
        },
        "properties": [
            property("nocere:target", &target.id),
            property("nocere:pin", &identity.pin),
        ],
    })
}
