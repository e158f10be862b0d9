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
        labels: match (&args.labels, &args.run) {
            (Some(file), _) => file.clone(),
            (None, run) => context
                .project
                .kept_labels(&args.judge, run.as_deref().unwrap_or("latest"))?,
        },
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
            "stored in {}; reports of this project now use it (delete the file to undo this)",
            path.display()
        )),
        Stored::At(_) => {}
        Stored::OnlyRates => output::talk(
            "not stored: answers drawn by the judge's verdict give the run's rates, but not the judge's sensitivity; draw answers without `--by-verdict` for a calibration",
        ),
        Stored::KeptOther { answers, source } => output::talk(&format!(
            "not stored: there is a calibration on {answers} answers ({source}); `--replace` replaces it by this one on {}",
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

/// The output of `--json`.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    report: CalibrationReport,
    /// Rates of the run, estimated from labels and verdicts together; empty without `--run`.
    rates: Vec<LabelledRate>,
}

/// Prints the calibration and, with `--run`, the rates of the run.
fn print(context: &Context, calibrated: Calibrated) -> Result<u8, ProjectError> {
    let report = CalibrationReport::of(&calibrated.calibration);
    let rates = calibrated.rates;
    if context.json {
        output::json(&Printed { report, rates })?;
        return Ok(DONE);
    }
    let mut text = match calibrated.stored {
        Stored::OnlyRates => String::new(),
        _ => calibration_text(&report, output::width()),
    };
    if !rates.is_empty() {
        text.push_str("\nThe run's figures from labels and verdicts together, valid if the labelled answers were drawn at random, by `nocere label` or by `nocere judges sheet`:\n");
        for rate in &rates {
            text.push_str(&wrap(&rate.text(), output::width(), ""));
            text.push('\n');
        }
    }
    output::text(&text)?;
    Ok(DONE)
}
