//! `nocere judges sheet`.

use nocere_export::csv_table;
use nocere_project::{Drawn, LabelSheet, ProjectError, SheetSpec, write_whole_with};
use serde_json::json;

use crate::{cli::SheetArgs, context::Context, exit::DONE, output};

const COLUMNS: [&str; 12] = [
    "id",
    "target",
    "epoch",
    "perspective",
    "expect",
    "category",
    "language",
    "check",
    "drawn",
    "asked",
    "answered",
    "label",
];

pub(super) fn sheet(context: &Context, args: &SheetArgs) -> Result<u8, ProjectError> {
    let drawn = if args.by_verdict {
        Drawn::ByVerdict
    } else {
        Drawn::ByDue
    };
    let sheet = context.project.label_sheet(&SheetSpec {
        judge: args.judge.clone(),
        run: args.run.clone(),
        number: args.number,
        drawn,
        seed: args.seed,
    })?;
    write_whole_with(&args.output, |out| {
        Ok(csv_table(&COLUMNS, &cells(&sheet, drawn), out)?)
    })?;
    if context.json {
        output::json(&json!({
            "path": args.output,
            "labels": sheet.rows.len(),
            "drawn": drawn.as_str(),
            "groups": sheet.groups,
            "groups_left_out": sheet.left_out,
            "strata": sheet.strata.iter().map(|of| json!({
                "target": of.target,
                "perspective": of.perspective,
                "expect": of.expect,
                "answers": of.answers,
                "drawn": of.drawn,
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(DONE);
    }
    let mut text = String::new();
    for of in &sheet.strata {
        text.push_str(&format!(
            "{}, {}, {} due: {} of {} answers\n",
            of.target,
            of.perspective,
            of.expect.as_str(),
            of.drawn,
            of.answers
        ));
    }
    text.push_str(&format!(
        "{}: {} labels to give in the column `label`: {}\n",
        args.output.display(),
        sheet.rows.len(),
        sheet.labels.join(", ")
    ));
    if sheet.left_out > 0 {
        text.push_str(&format!(
            "{} of {} groups get no label, and figures that count them no estimate: draw at least {} answers (--number)\n",
            sheet.left_out, sheet.groups, sheet.groups
        ));
    }
    output::text(&text)?;
    if !context.quiet {
        output::talk(&format!(
            "\nthen: nocere calibrate {} --run {} --labels {}",
            args.judge,
            args.run,
            args.output.display()
        ));
    }
    Ok(DONE)
}

/// One row for each label. No cell says what the judge found.
fn cells(sheet: &LabelSheet, drawn: Drawn) -> Vec<Vec<String>> {
    sheet
        .rows
        .iter()
        .map(|row| {
            let (sample, probe) = (&row.sample, &row.sample.probe);
            let answer = sample.transcript.last_answer();
            vec![
                probe.id.to_string(),
                sample.target.to_string(),
                sample.epoch.to_string(),
                probe.perspective.as_str().to_owned(),
                probe.expect.as_str().to_owned(),
                probe.category.clone(),
                probe.language.clone(),
                row.check.clone().unwrap_or_default(),
                drawn.as_str().to_owned(),
                probe.asked(&sample.transcript),
                answer.map_or_else(String::new, |(text, _)| text.to_owned()),
                String::new(),
            ]
        })
        .collect()
}
