//! `nocere label --form`: forms with several questions about each answer.

use std::path::Path;

use nocere_core::text::{plain, plural, wrap};
use nocere_export::csv_table;
use nocere_project::{
    Agreements, Beside, FORM_COLUMNS, FieldResult, Form, FormResult, FormRow, ProjectError,
    ScoreResult, write_whole, write_whole_with,
};
use nocere_stats::agreement::Agreement;
use serde_json::json;

use crate::{cli::LabelArgs, context::Context, exit::DONE, output};

pub(super) fn label_form(
    context: &Context,
    args: &LabelArgs,
    form: &str,
) -> Result<u8, ProjectError> {
    let form = context.project.form(form)?;
    if let Some(file) = &args.input {
        let read = context
            .project
            .read_form(&form, &args.run, file, args.rater.as_deref())?;
        if context.json {
            output::json(&read)?;
            return Ok(DONE);
        }
        let raters: Vec<&str> = read.raters.iter().map(String::as_str).collect();
        output::text(&plain(&format!(
            "{} values added, {} known, {} that raters could not tell, {} rows left empty; raters: {}\n",
            read.added,
            read.known,
            read.unknown,
            read.empty,
            raters.join(", ")
        )))?;
        if read.raters.is_empty() {
            // Nobody has filled in anything: there is nothing to show.
            return Ok(DONE);
        }
    } else if let Some(path) = &args.output {
        return draw(context, args, &form, path);
    }
    let result = context
        .project
        .form_result(&form, &args.run, &args.beside)?;
    if context.json {
        output::json(&result)?;
    } else {
        output::text(&text(&result, output::width()))?;
    }
    Ok(DONE)
}

fn draw(context: &Context, args: &LabelArgs, form: &Form, path: &Path) -> Result<u8, ProjectError> {
    super::report::check_place(path, &["csv"])?;
    let rows = context
        .project
        .form_sheet(form, &args.run, args.number, args.seed)?;
    let fields = form.fields.iter().map(|field| field.id.as_str());
    let (note, before) = FORM_COLUMNS.split_last().unwrap_or((&"note", &[]));
    let before = before.iter().copied();
    let columns: Vec<&str> = before.chain(fields).chain([*note]).collect();
    write_whole_with(path, |out| {
        let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(form, row)).collect();
        Ok(csv_table(&columns, &cells, out)?)
    })?;
    let guide = path.with_extension("instructions.txt");
    write_whole(&guide, &form.instructions())?;
    if context.json {
        output::json(&json!({
            "path": path, "instructions": guide, "form": form.id, "rows": rows.len(),
        }))?;
        return Ok(DONE);
    }
    output::text(&format!(
        "{}: {} for the form {} {}\n{}: what each column asks, for the raters\n",
        path.display(),
        plural(rows.len() as u64, "answer"),
        form.id,
        form.version,
        guide.display()
    ))?;
    if !context.quiet {
        output::talk(&format!(
            "Give each rater a copy of both, who fills in the columns without seeing the others. Then:\n  nocere label {} --form {} --in {}",
            context.project.run(&args.run)?.header()?.id,
            form.id,
            path.display()
        ));
    }
    Ok(DONE)
}

fn cells(form: &Form, row: &FormRow) -> Vec<String> {
    let FormRow { row, reference } = row;
    let mut cells = vec![
        row.code.clone(),
        row.perspective.to_string(),
        row.category.clone(),
        row.language.clone(),
        row.asked.clone(),
        row.answered.clone(),
        reference.clone(),
    ];
    // The rater, the fields and the note.
    cells.resize(cells.len() + form.fields.len() + 2, String::new());
    cells
}

fn text(result: &FormResult, width: usize) -> String {
    let mut out = String::new();
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(&plain(text), width, indent));
        out.push('\n');
    };
    line(
        &format!(
            "{}: {}, filled in by {}",
            result.title,
            plural(result.answers, "answer"),
            result.raters.join(", ")
        ),
        "",
    );
    if result.of_other_versions > 0 {
        line(
            &format!(
                "{} values that were given to other versions of the form are left out.",
                result.of_other_versions
            ),
            "",
        );
    }
    for field in &result.fields {
        line(&field_line(field), "");
        if field.targets.len() > 1 {
            for of in &field.targets {
                line(
                    &format!("{}: {}", of.target, values(&of.counts, of.mean)),
                    "  ",
                );
            }
        }
        for beside in &field.against {
            beside_lines(beside, &mut line);
        }
    }
    if let Some(score) = &result.score {
        score_lines(score, &mut line);
    }
    out
}

fn field_line(field: &FieldResult) -> String {
    let mut line = format!("{}: {}", field.title, values(&field.counts, field.mean));
    if let Some(between) = &field.between {
        line.push_str(&format!(
            "; raters agree: {}",
            agreements(between, "answers")
        ));
    }
    line
}

/// "4 × 3, 6 × 4; mean 3.60".
fn values(counts: &[(String, u64)], mean: Option<f64>) -> String {
    let given = counts.iter().filter(|(_, count)| *count > 0);
    let given: Vec<String> = given
        .map(|(value, count)| format!("{count} × {value}"))
        .collect();
    let mean = mean.map_or_else(String::new, |mean| format!("; mean {mean:.2}"));
    format!("{}{mean}", given.join(", "))
}

fn beside_lines(beside: &Beside, line: &mut impl FnMut(&str, &str)) {
    let of = if beside.run.is_empty() {
        beside.with.clone()
    } else {
        format!("{} in run {}", beside.with, beside.run)
    };
    line(
        &format!(
            "compared with {of}: {}; {} without a value there",
            agreements(&beside.agreements, "ratings"),
            beside.left_out
        ),
        "  ",
    );
    for (own, counts) in beside.values.iter().zip(&beside.table) {
        if counts.iter().any(|count| *count > 0) {
            let cells = beside.values.iter().zip(counts);
            let cells = cells.filter(|(_, count)| **count > 0);
            let cells: Vec<String> = cells
                .map(|(other, count)| format!("{count} × {other}"))
                .collect();
            line(&format!("people {own}: {}", cells.join(", ")), "    ");
        }
    }
}

fn score_lines(score: &ScoreResult, line: &mut impl FnMut(&str, &str)) {
    for target in &score.targets {
        let estimate = &target.usable;
        let share = nocere_analysis::share_text(estimate);
        let means: Vec<String> = target
            .means
            .iter()
            .map(|(id, mean)| match mean {
                Some(mean) => format!("{id} {mean:.2}"),
                None => format!("{id} –"),
            })
            .collect();
        let scores = target
            .scores
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        let scores: Vec<String> = scores
            .map(|(score, count)| format!("{count} × {score}"))
            .collect();
        line(
            &format!(
                "{}: usable {}/{} {share}, {} split; scores {}; vetoes {}; mean {}",
                target.target,
                estimate.numerator,
                estimate.denominator,
                target.split,
                scores.join(", "),
                target.vetoes,
                means.join(", ")
            ),
            "",
        );
    }
    if let Some(between) = &score.between {
        line(
            &format!(
                "Usable or not, raters agree: {}",
                agreements(between, "answers")
            ),
            "",
        );
    }
    for beside in &score.against {
        beside_lines(beside, line);
    }
}

/// `items` is what is counted.
fn agreements(of: &Agreements, items: &str) -> String {
    format!(
        "{} of {} {items}, {}κ {}",
        shown(&of.percent, true),
        of.percent.items,
        if of.is_weighted { "weighted " } else { "" },
        shown(&of.kappa, false)
    )
}

fn shown(agreement: &Agreement, is_share: bool) -> String {
    let number = |value: f64| {
        if is_share {
            format!("{:.0} %", value * 100.0)
        } else {
            format!("{value:.2}")
        }
    };
    match (agreement.value, agreement.interval) {
        (None, _) => "not defined".to_owned(),
        (Some(value), None) => number(value),
        (Some(value), Some((low, high))) => {
            format!("{} ({} to {})", number(value), number(low), number(high))
        }
    }
}
