//! `nocere suites power`.

use std::fmt::Write as _;

use comfy_table::Table;
use nocere_core::{Perspective, text::wrap};
use nocere_project::{ProjectError, RunSpec, SuitePower};

use crate::{cli::PowerArgs, context::Context, exit::DONE, output};

pub(super) fn power(context: &Context, args: &PowerArgs) -> Result<u8, ProjectError> {
    let spec = RunSpec {
        what: args.what.clone(),
        judges: args.judges.clone(),
        drivers: args.drivers.clone(),
        limit: args.limit,
        seed: args.seed,
        limits: args.working.limits(),
        ..RunSpec::new("", "")
    };
    let watch = context.watch(&args.working);
    let result = context.project.suite_power(&spec, args.seeds, &watch)?;
    if context.json {
        output::json(&result)?;
    } else {
        output::text(&text(&result, output::width()))?;
    }
    Ok(DONE)
}

fn text(result: &SuitePower, width: usize) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(width.try_into().unwrap_or(u16::MAX));
    table.set_header([
        "planted fault",
        "found",
        "strongest evidence",
        "errs alone : plain alone",
    ]);
    for fault in &result.faults {
        let (evidence, counts) = fault.evidence.as_ref().map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |of| {
                (
                    format!(
                        "{}, {}, {} (p {})",
                        of.driver.as_deref().unwrap_or("all drivers"),
                        of.perspective.map_or("all askers", Perspective::as_str),
                        of.figure,
                        P(of.adjusted)
                    ),
                    format!("{} : {} of {}", of.only.0, of.only.1, of.both),
                )
            },
        );
        let found = if fault.found { "yes" } else { "no" };
        table.add_row([fault.organism.clone(), found.to_owned(), evidence, counts]);
    }
    let found = result.faults.iter().filter(|fault| fault.found).count();
    let (seeds, alarms) = result.plain;
    let mut text = format!("{table}\n\n");
    for line in [
        format!(
            "{found} of {} planted faults found at α = 0.05, corrected by Holm for all comparisons with each; {alarms} of {seeds} faultless targets seemed to have one.",
            result.faults.len()
        ),
        "The simulated targets answer with canned words: a fault that a suite finds here, it may still miss in a model that words it otherwise.".to_owned(),
        format!("`nocere show {}` shows the conversations.", result.run),
    ] {
        let _ = writeln!(text, "{}", wrap(&line, width.min(100), ""));
    }
    text
}

/// A p-value with four decimals, or its bound.
struct P(f64);

impl std::fmt::Display for P {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 0.0001 {
            write!(f, "< 0.0001")
        } else {
            write!(f, "{:.4}", self.0)
        }
    }
}
