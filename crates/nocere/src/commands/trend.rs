//! `nocere trend`.

use std::fmt::Write as _;

use nocere_analysis::{Trend, share_text};
use nocere_core::text::{plain, wrap};
use nocere_project::ProjectError;

use crate::{cli::TrendArgs, context::Context, exit::DONE, output};

pub(super) fn trend(context: &Context, args: &TrendArgs) -> Result<u8, ProjectError> {
    let trend = context.project.trend(&args.runs, args.target.as_deref())?;
    if context.json {
        output::json(&trend)?;
    } else {
        output::text(&text(&trend, output::width()))?;
    }
    Ok(DONE)
}

fn text(trend: &Trend, width: usize) -> String {
    let mut text = format!("{}\n\n", plain(&trend.target));
    for (number, run) in (1..).zip(&trend.runs) {
        let mut line = format!(
            "{number}  {}  {}",
            run.run,
            &run.created.get(..10).unwrap_or("")
        );
        if !run.differs.is_empty() {
            let _ = write!(line, "  unlike the newest: {}", run.differs.join(", "));
        }
        let _ = writeln!(text, "{}", wrap(&plain(&line), width, ""));
    }
    for line in &trend.lines {
        let _ = writeln!(
            text,
            "\n{}",
            wrap(
                &plain(&format!(
                    "{}, {} ({})",
                    line.perspective, line.title, line.judge
                )),
                width,
                ""
            )
        );
        for (number, value) in (1..).zip(&line.values) {
            let value = match value {
                Some(estimate) => format!(
                    "{}, {} / {}",
                    share_text(estimate),
                    estimate.numerator,
                    estimate.denominator
                ),
                None => "not there, or another version of the judge".to_owned(),
            };
            let _ = writeln!(text, "  {number}  {value}");
        }
    }
    let _ = writeln!(
        text,
        "\n{}",
        wrap(
            "No change is tested here: overlapping intervals can hide one, and runs may differ in more than the model. `nocere compare FIRST SECOND` pairs the answers of two runs.",
            width,
            ""
        )
    );
    text
}
