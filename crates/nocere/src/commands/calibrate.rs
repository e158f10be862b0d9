//! `nocere calibrate`.

use std::collections::BTreeMap;

use nocere_analysis::CalibrationReport;
use nocere_core::text::wrap;
use nocere_project::{CalibrateSpec, Calibrated, LabelledRate, ProjectError, Stored};
use serde::Serialize;

use crate::{
    cli::CalibrateArgs, commands::calibration_text::calibration_text, context::Context, exit::DONE,
    output,
};

pub(super) fn calibrate(context: &Context, args: &CalibrateArgs) -> Result<u8, ProjectError> {
    let spec = CalibrateSpec {
        judge: args.judge.clone(),
        labels: args.labels.clone(),
        run: args.run.clone(),
        mapping: pairs("--map", &args.map)?,
        values: pairs("--value", &args.value)?,
        perspective: args.perspective,
        reuse: args.reuse.clone(),
        replace: args.replace,
        local_only: args.local_only,
        limits: args.working.limits(),
    };
    let calibrated = context
        .project
        .calibrate(&spec, &context.watch(&args.working))?;
    match &calibrated.stored {
        Stored::At(path) if !context.quiet => output::talk(&format!(
            "stored as {}; reports of this project now show it (delete the file to undo)",
            path.display()
        )),
        Stored::At(_) => {}
        Stored::KeptOther { answers, source } => output::talk(&format!(
            "not stored: a calibration on {answers} answers is known ({source}); `--replace` puts this one of {} in its place",
            calibrated.calibration.rows.len()
        )),
    }
    print(context, calibrated)
}

fn pairs(flag: &str, list: &[String]) -> Result<BTreeMap<String, String>, ProjectError> {
    list.iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .ok_or_else(|| ProjectError::usage(format!("{flag} `{pair}` has no `=`")))
        })
        .collect()
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    report: CalibrationReport,
    /// The run's rates from labels and verdicts together; empty without `--run`.
    rates: Vec<LabelledRate>,
}

/// Prints the calibration and, for labels of a run, what they make of its rates.
fn print(context: &Context, calibrated: Calibrated) -> Result<u8, ProjectError> {
    let report = CalibrationReport::of(&calibrated.calibration);
    let rates = calibrated.rates;
    if context.json {
        output::json(&Printed { report, rates })?;
        return Ok(DONE);
    }
    let mut text = calibration_text(&report, output::width());
    if !rates.is_empty() {
        text.push_str("\nThe run's rates by prediction-powered inference, if the labelled answers are a random part of it:\n");
        for rate in &rates {
            text.push_str(&wrap(&rate.text(), output::width(), ""));
            text.push('\n');
        }
    }
    output::data(&text)?;
    Ok(DONE)
}
