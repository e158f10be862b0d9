//! `nocere label`: blind sheets for people, and their way back.

use nocere_export::csv_table;
use nocere_project::{BlindRow, LabelNeed, ProjectError, write_whole_with};
use serde_json::json;

use crate::{cli::LabelArgs, context::Context, exit::DONE, output};

const COLUMNS: [&str; 10] = [
    "code", "who_asks", "category", "language", "check", "asked", "answered", "rater", "label",
    "note",
];

pub(super) fn label(context: &Context, args: &LabelArgs) -> Result<u8, ProjectError> {
    if let Some(form) = &args.form {
        return super::label_form::label_form(context, args, form);
    }
    if let Some(file) = &args.input {
        return read(context, args, file);
    }
    let Some(path) = &args.output else {
        return needs(context, args);
    };
    super::report::check_place(path, &["csv"])?;
    let (sheet, rows) = context.project.blind_sheet(
        &args.judge,
        &args.run,
        args.number,
        args.plan.into(),
        args.seed,
    )?;
    write_whole_with(path, |out| {
        let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
        Ok(csv_table(&COLUMNS, &cells, out)?)
    })?;
    if context.json {
        output::json(&json!({ "path": path, "labels": rows.len(), "scale": sheet.labels }))?;
        return Ok(DONE);
    }
    output::text(&format!(
        "{}: {} labels to give in the column `label`: {}\n",
        path.display(),
        rows.len(),
        sheet.labels.join(", ")
    ))?;
    if !context.quiet {
        output::talk(&format!(
            "Give each rater a copy, who fills `rater` and `label` without seeing the others. Then:\n  nocere label {} --judge {} --in {}\n  nocere calibrate {} --run {}",
            args.run,
            args.judge,
            path.display(),
            args.judge,
            args.run
        ));
    }
    Ok(DONE)
}

fn cells(row: &BlindRow) -> Vec<String> {
    vec![
        row.code.clone(),
        row.perspective.to_string(),
        row.category.clone(),
        row.language.clone(),
        row.check.clone(),
        row.asked.clone(),
        row.answered.clone(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn read(context: &Context, args: &LabelArgs, file: &std::path::Path) -> Result<u8, ProjectError> {
    let project = &context.project;
    let read = project.read_labels(&args.judge, &args.run, file, args.rater.as_deref())?;
    if context.json {
        output::json(&read)?;
        return Ok(DONE);
    }
    let raters: Vec<&str> = read.raters.iter().map(String::as_str).collect();
    output::text(&format!(
        "{} labels added, {} known, {} rows without a label; raters: {}\n",
        read.added,
        read.known,
        read.empty,
        raters.join(", ")
    ))?;
    needs(context, args)
}

/// Says which labels would help most next.
fn needs(context: &Context, args: &LabelArgs) -> Result<u8, ProjectError> {
    let needs = context.project.label_needs(&args.judge, &args.run)?;
    if context.json {
        output::json(&needs)?;
        return Ok(DONE);
    }
    let mut text = String::from(
        "Labels until a judge's standing changes, the most needed first. A figure also needs five answers with its error and five without, according to people:\n",
    );
    for need in &needs {
        text.push_str(&line(need));
    }
    output::text(&text)?;
    if !context.quiet {
        output::talk(&format!(
            "`nocere label {} --judge {} --plan active -n 100 -o sheet.csv` draws where they are missing",
            args.run, args.judge
        ));
    }
    Ok(DONE)
}

fn line(need: &LabelNeed) -> String {
    let missing = match need.missing {
        0 => "20 or more".to_owned(),
        missing => format!("{missing} missing"),
    };
    format!(
        "  {}, {} due: {missing} ({} calibrated, {} labelled in this run, {} answers left)\n",
        need.perspective,
        need.expect.as_str(),
        need.labels,
        need.waiting,
        need.unlabelled
    )
}
