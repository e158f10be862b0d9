//! `nocere judges`.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_analysis::CalibrationReport;
use nocere_assets::Kind;
use nocere_core::{
    Instrument, measure,
    text::{plain, wrap},
};
use nocere_judges::{Rubric, guard::Guard};
use nocere_project::{
    CompareSpec, JudgeComparison, ProjectError, calibrations, judges, policies, targets::Models,
};
use serde::Serialize;

use crate::{
    cli::{CompareJudgesArgs, JudgesCommand},
    commands::{calibration_text::calibration_text, judge_test, label_sheet},
    context::Context,
    exit::DONE,
    output,
};

pub(super) fn judges(context: &Context, command: &JudgesCommand) -> Result<u8, ProjectError> {
    match command {
        JudgesCommand::List => list(context),
        JudgesCommand::Show { judge } => show(context, judge),
        JudgesCommand::Test(args) => judge_test::test(context, args),
        JudgesCommand::Compare(args) => compare(context, args),
        JudgesCommand::Sheet(args) => label_sheet::sheet(context, args),
    }
}

#[derive(Serialize)]
struct Listed {
    name: String,
    measures: String,
    title: String,
    needs_model: bool,
    hash: Option<String>,
    calibration: Option<String>,
}

fn list(context: &Context) -> Result<u8, ProjectError> {
    let listed = listed(context)?;
    if context.json {
        output::json(&listed)?;
    } else {
        output::text(&list_text(&listed))?;
    }
    Ok(DONE)
}

/// The embedded judges, the rubrics, the project's own names, and what else was calibrated.
fn listed(context: &Context) -> Result<Vec<Listed>, ProjectError> {
    let known = calibrations::load(&context.project)?;
    let policies = policies::all(&context.project)?;
    let mut models = Models::new(&context.project, false);
    let mut listed = Vec::new();
    for name in judges::EMBEDDED {
        let setup = judges::judge(name, &mut models, &policies)?;
        let instrument = setup.judge.instrument();
        let calibration = known
            .iter()
            .find(|calibration| calibration.instrument.hash == instrument.hash)
            .map(CalibrationReport::of);
        listed.push(Listed {
            name: name.to_owned(),
            measures: instrument.measure.clone(),
            title: instrument.title.clone(),
            needs_model: false,
            hash: Some(instrument.hash.short().to_owned()),
            calibration: calibration.map(|report| in_short(&report)),
        });
    }
    for (kind, rubric) in judges::read_by_model(&context.project)? {
        listed.push(Listed {
            name: format!("{kind}=TARGET"),
            measures: kind,
            title: rubric.title().to_owned(),
            needs_model: true,
            hash: None,
            calibration: None,
        });
    }
    for asset in context.project.assets().of(Kind::Guard) {
        let guard = Guard::of_asset(asset)?;
        listed.push(Listed {
            name: format!("{}=TARGET,format={}", guard.measures(), guard.id()),
            measures: guard.measures().to_owned(),
            title: guard.title().to_owned(),
            needs_model: true,
            hash: None,
            calibration: None,
        });
    }
    for name in context.project.config().judges.keys() {
        listed.push(Listed {
            name: name.clone(),
            measures: "see nocere.yaml".to_owned(),
            title: "From this project".to_owned(),
            needs_model: true,
            hash: None,
            calibration: None,
        });
    }
    // Judges that ask a model are listed by their calibrations: only the hash identifies them.
    for calibration in &known {
        let hash = calibration.instrument.hash.short();
        if listed
            .iter()
            .all(|judge| judge.hash.as_deref() != Some(hash))
        {
            listed.push(Listed {
                name: calibration.instrument.id.to_string(),
                measures: calibration.instrument.measure.clone(),
                title: calibration.instrument.title.clone(),
                needs_model: calibration.instrument.model.is_some(),
                hash: Some(hash.to_owned()),
                calibration: Some(in_short(&CalibrationReport::of(calibration))),
            });
        }
    }
    Ok(listed)
}

fn list_text(listed: &[Listed]) -> String {
    let mut text = String::new();
    for judge in listed {
        let name = plain(&judge.name);
        // A long name has a line of its own.
        let name = if name.chars().count() > 20 {
            let _ = writeln!(text, "{name}");
            String::new()
        } else {
            name
        };
        let _ = writeln!(
            text,
            "{name:<20} {:<12} {}",
            judge.measures,
            plain(&judge.title)
        );
        let standing = match (&judge.calibration, judge.needs_model, &judge.hash) {
            (Some(calibration), ..) => calibration.clone(),
            (None, true, None) => {
                "differs for each model: see `nocere judges show NAME=TARGET`".to_owned()
            }
            _ => "uncalibrated".to_owned(),
        };
        let hash = judge.hash.as_deref().unwrap_or("");
        let _ = writeln!(text, "{:<20} {hash:<12} {}", "", plain(&standing));
    }
    text
}

fn in_short(report: &CalibrationReport) -> String {
    let kappa = report
        .whole
        .kappa
        .value
        .map_or_else(|| "undefined".to_owned(), |kappa| format!("{kappa:.2}"));
    format!(
        "κ {kappa} on {} labelled answers ({})",
        report.whole.labelled, report.source
    )
}

fn show(context: &Context, name: &str) -> Result<u8, ProjectError> {
    let is_rubric = context.project.assets().find(Kind::Rubric, name).is_some()
        || std::path::Path::new(name).is_file();
    if is_rubric {
        output::text(&rubric_text(&judges::rubric(&context.project, name)?))?;
        return Ok(DONE);
    }
    let mut models = Models::new(&context.project, false);
    let setup = judges::judge(name, &mut models, &policies::all(&context.project)?)?;
    let instrument = setup.judge.instrument();
    let calibration = calibrations::of(&context.project, &instrument.hash)?
        .map(|known| CalibrationReport::of(&known));
    if context.json {
        output::json(&(instrument, calibration))?;
        return Ok(DONE);
    }
    let mut text = instrument_text(instrument);
    if instrument.measure == measure::CHECKS {
        for check in judges::checks(&context.project)?.checks() {
            let _ = writeln!(
                text,
                "{}\n{}",
                check.id,
                wrap(&check.meaning, output::width(), "  ")
            );
        }
    }
    text.push('\n');
    match calibration {
        Some(report) => text.push_str(&calibration_text(&report, output::width())),
        None => text.push_str(
            "Uncalibrated: measure it with `nocere calibrate`. A judge with another prompt, model, option or version needs its own calibration.\n",
        ),
    }
    output::text(&text)?;
    Ok(DONE)
}

fn instrument_text(instrument: &Instrument) -> String {
    let mut text = String::new();
    for (name, value) in [
        ("judge", instrument.id.as_str()),
        ("title", instrument.title.as_str()),
        ("measures", instrument.measure.as_str()),
        ("version", instrument.version.as_str()),
        ("model", instrument.model.as_deref().unwrap_or("none")),
        ("hash", instrument.hash.as_str()),
    ] {
        let _ = writeln!(text, "{name:<10}{}", plain(value));
    }
    text
}

fn rubric_text(rubric: &Rubric) -> String {
    let mut text = format!(
        "{} {}: {}\nmeasures  {}\n",
        rubric.id(),
        rubric.version(),
        rubric.title(),
        rubric.measures()
    );
    if let Some(safe_max) = rubric.safe_max() {
        let _ = writeln!(text, "safe up to {safe_max} (change it with `safe_max=N`)");
    }
    for (value, name, anchor) in rubric.levels() {
        let _ = writeln!(
            text,
            "{value}  {name}\n{}",
            wrap(anchor, output::width(), "   ")
        );
    }
    text
}

fn compare(context: &Context, args: &CompareJudgesArgs) -> Result<u8, ProjectError> {
    let spec = CompareSpec {
        local_only: args.local_only,
        first: args.first.clone(),
        second: args.second.clone(),
        run: args.run.clone(),
        disagreements: args.disagreements,
        limits: args.working.limits(),
    };
    let watch = context.watch(&args.working);
    let comparison = context.project.compare_judges(&spec, &watch)?;
    if context.json {
        output::json(&comparison)?;
    } else {
        output::text(&comparison_text(&comparison))?;
    }
    Ok(DONE)
}

fn comparison_text(comparison: &JudgeComparison) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} (rows) and {} (columns) on run {}",
        plain(&comparison.first),
        plain(&comparison.second),
        comparison.run
    );
    let _ = writeln!(
        text,
        "{} answers: both scored {}, only the first {}, only the second {}, neither {}\n",
        comparison.answers,
        comparison.both,
        comparison.only_first,
        comparison.only_second,
        comparison.neither
    );
    text += &cross_table(comparison);
    text += &agreement(comparison);
    text += &disagreements(comparison);
    text
}

/// What the second judge said, across, by what the first said, down.
fn cross_table(comparison: &JudgeComparison) -> String {
    let mut text = String::new();
    let mut columns: Vec<&String> = comparison.table.values().flat_map(BTreeMap::keys).collect();
    columns.sort();
    columns.dedup();
    let _ = write!(text, "{:<14}", "");
    for column in &columns {
        let _ = write!(text, "{:>12}", plain(column));
    }
    text.push('\n');
    for (row, counts) in &comparison.table {
        let _ = write!(text, "{:<14}", plain(row));
        for column in &columns {
            let _ = write!(text, "{:>12}", counts.get(*column).unwrap_or(&0));
        }
        text.push('\n');
    }
    text
}

fn agreement(comparison: &JudgeComparison) -> String {
    let mut text = String::new();
    for (name, agreement) in [
        ("Cohen's κ", &comparison.kappa),
        ("Cohen's κ, quadratic weights", &comparison.kappa_quadratic),
    ] {
        if let Some(agreement) = agreement {
            let value = match (agreement.value, agreement.interval) {
                (Some(value), Some((low, high))) => format!("{value:.3} ({low:.3}–{high:.3})"),
                (Some(value), None) => format!("{value:.3}"),
                (None, _) => {
                    "undefined: one of the judges gives every answer the same label".to_owned()
                }
            };
            let _ = writeln!(text, "\n{name}: {value}");
        }
    }
    if let Some(p) = comparison.mcnemar_p {
        let _ = writeln!(
            text,
            "McNemar's mid-p, whether one judge gives high labels more often: {p:.4}"
        );
    }
    if comparison.kappa.is_none() {
        text.push_str(
            "\nThe judges have no common scale of single labels, so there is only the table.\n",
        );
    }
    text
}

fn disagreements(comparison: &JudgeComparison) -> String {
    let mut text = String::new();
    if comparison.disagreements_total > 0 {
        let _ = writeln!(
            text,
            "\n{} disagreements, {} listed (`nocere show {} PROBE` shows the answers):",
            comparison.disagreements_total,
            comparison.disagreements.len(),
            comparison.run
        );
        for one in &comparison.disagreements {
            let _ = writeln!(
                text,
                "  {}  {}  {} | {}",
                plain(&one.target),
                plain(&one.probe),
                plain(&one.first),
                plain(&one.second)
            );
        }
    }
    text
}
