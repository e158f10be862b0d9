//! `nocere judges`.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_core::{Instrument, InstrumentKind, Verdict};
use nocere_judges::{ChecksJudge, Rubric};
use nocere_report::{CalibrationReport, plain, wrap};
use nocere_stats::{
    agreement::{Agreement, IntervalKind, Ratings, Weights, cohen_kappa},
    paired::{McNemar, PairedCounts, mcnemar},
};
use nocere_store::{Budget, RunReader, SampleRow};
use nocere_suites::PolicySet;
use serde::Serialize;

use crate::{
    calibrations,
    cli::{CompareJudgesArgs, JudgesCommand},
    commands::{
        calibration_text::calibration_text,
        execute::{budget, new_run_id},
        judge_test,
        recorded::{self, Answer, Task},
    },
    context::Context,
    failure::{DONE, Failure},
    judges,
    models::Models,
    output,
};

pub(super) fn judges(context: &Context, command: &JudgesCommand) -> Result<u8, Failure> {
    match command {
        JudgesCommand::List => list(context),
        JudgesCommand::Show { judge } => show(context, judge),
        JudgesCommand::Test(args) => judge_test::test(context, args),
        JudgesCommand::Compare(args) => compare(context, args),
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

fn list(context: &Context) -> Result<u8, Failure> {
    let known = calibrations::load(context)?;
    let policies = PolicySet::embedded()?;
    let mut models = Models::new(context, false);
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
            measures: instrument.kind.as_str().to_owned(),
            title: instrument.title.clone(),
            needs_model: false,
            hash: Some(instrument.hash.short().to_owned()),
            calibration: calibration.map(|report| in_short(&report)),
        });
    }
    for (kind, rubric) in judges::READ_BY_MODEL {
        let rubric = judges::rubric(rubric)?;
        listed.push(Listed {
            name: format!("{kind}=TARGET"),
            measures: kind.to_owned(),
            title: rubric.title().to_owned(),
            needs_model: true,
            hash: None,
            calibration: None,
        });
    }
    for name in context.config.judges.keys() {
        listed.push(Listed {
            name: name.clone(),
            measures: "see nocere.yaml".to_owned(),
            title: "Of this project".to_owned(),
            needs_model: true,
            hash: None,
            calibration: None,
        });
    }
    // Judges that a model reads are known by their hash only.
    for calibration in &known {
        let hash = calibration.instrument.hash.short();
        if listed
            .iter()
            .all(|judge| judge.hash.as_deref() != Some(hash))
        {
            listed.push(Listed {
                name: calibration.instrument.id.clone(),
                measures: calibration.instrument.kind.as_str().to_owned(),
                title: calibration.instrument.title.clone(),
                needs_model: calibration.instrument.model.is_some(),
                hash: Some(hash.to_owned()),
                calibration: Some(in_short(&CalibrationReport::of(calibration))),
            });
        }
    }
    if context.json {
        output::json(&listed)?;
        return Ok(DONE);
    }
    let mut text = String::new();
    for judge in &listed {
        let _ = writeln!(
            text,
            "{:<20} {:<12} {}",
            plain(&judge.name),
            judge.measures,
            plain(&judge.title)
        );
        let standing = match (&judge.calibration, judge.needs_model, &judge.hash) {
            (Some(calibration), ..) => calibration.clone(),
            (None, true, None) => {
                "each model makes another judge: see `judges show NAME=TARGET`".to_owned()
            }
            _ => "uncalibrated".to_owned(),
        };
        let hash = judge.hash.as_deref().unwrap_or("");
        let _ = writeln!(text, "{:<20} {hash:<12} {}", "", plain(&standing));
    }
    output::data(&text)?;
    Ok(DONE)
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

fn show(context: &Context, name: &str) -> Result<u8, Failure> {
    let is_rubric = Rubric::embedded(name).is_some() || std::path::Path::new(name).is_file();
    if is_rubric {
        output::data(&rubric_text(&judges::rubric(name)?))?;
        return Ok(DONE);
    }
    let mut models = Models::new(context, false);
    let setup = judges::judge(name, &mut models, &PolicySet::embedded()?)?;
    let instrument = setup.judge.instrument();
    let calibration =
        calibrations::of(context, &instrument.hash)?.map(|known| CalibrationReport::of(&known));
    if context.json {
        output::json(&(instrument, calibration))?;
        return Ok(DONE);
    }
    let mut text = instrument_text(instrument);
    if instrument.kind == InstrumentKind::Checks {
        for check in ChecksJudge::embedded()?.checks() {
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
            "Uncalibrated: measure it with `nocere calibrate`. A judge with another prompt, model, option or version is another instrument.\n",
        ),
    }
    output::data(&text)?;
    Ok(DONE)
}

fn instrument_text(instrument: &Instrument) -> String {
    let mut text = String::new();
    for (name, value) in [
        ("judge", instrument.id.as_str()),
        ("title", instrument.title.as_str()),
        ("measures", instrument.kind.as_str()),
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
        rubric.measures().as_str()
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

#[derive(Serialize)]
struct Comparison {
    run: String,
    first: String,
    second: String,
    answers: usize,
    both: usize,
    only_first: usize,
    only_second: usize,
    neither: usize,
    table: BTreeMap<String, BTreeMap<String, u64>>,
    kappa: Option<Agreement>,
    kappa_quadratic: Option<Agreement>,
    mcnemar_p: Option<f64>,
    disagreements: Vec<Disagreement>,
    disagreements_total: usize,
}

#[derive(Serialize)]
struct Disagreement {
    target: String,
    probe: String,
    first: String,
    second: String,
}

fn compare(context: &Context, args: &CompareJudgesArgs) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let header = reader.header()?;
    let mut models = Models::new(context, header.local_only);
    let names = vec![args.first.clone(), args.second.clone()];
    let policies = PolicySet::embedded()?;
    let setups = judges::judges(&names, &mut models, &policies)?;
    let instruments: Vec<Instrument> = setups
        .iter()
        .map(|setup| setup.judge.instrument().clone())
        .collect();
    let known = reader.instruments()?;
    let judged_already = instruments
        .iter()
        .all(|wanted| known.iter().any(|known| known.hash == wanted.hash));
    let answers = recorded::answers_of(&reader)?;
    let (run, rows) = if judged_already {
        (header.id.clone(), answers)
    } else {
        let task = Task {
            id: new_run_id(),
            command: format!(
                "nocere judges compare {} {} --run {}",
                args.first, args.second, header.id
            ),
            source: format!("run {}", header.id),
            suites: reader.suites()?,
            names,
            judges: setups,
            policies: &policies,
            budget: budget(&args.working, Budget::default())?,
            models: &models,
            local_only: header.local_only,
            reuse: vec![header.id.clone()],
            working: &args.working,
        };
        let answers = answers
            .into_iter()
            .map(|row| Answer {
                lane: row.lane,
                probe: row.probe,
                epoch: row.epoch,
                transcript: row.transcript,
            })
            .collect();
        recorded::judge(context, answers, task)?
    };
    let comparison = comparison(
        run,
        &instruments[0],
        &instruments[1],
        &rows,
        args.disagreements,
    );
    if context.json {
        output::json(&comparison)?;
    } else {
        output::data(&comparison_text(&comparison))?;
    }
    Ok(DONE)
}

fn comparison(
    run: String,
    first: &Instrument,
    second: &Instrument,
    rows: &[SampleRow],
    named: usize,
) -> Comparison {
    let score = |row: &SampleRow, judge: &Instrument| {
        row.verdicts
            .iter()
            .find(|verdict| verdict.instrument == judge.hash)
            .map(|verdict| &verdict.verdict)
            .and_then(Verdict::score)
            .cloned()
    };
    let mut comparison = Comparison {
        run,
        first: first.id.clone(),
        second: second.id.clone(),
        answers: rows.len(),
        both: 0,
        only_first: 0,
        only_second: 0,
        neither: 0,
        table: BTreeMap::new(),
        kappa: None,
        kappa_quadratic: None,
        mcnemar_p: None,
        disagreements: Vec::new(),
        disagreements_total: 0,
    };
    let mut pairs: Vec<(u64, (usize, usize))> = Vec::new();
    let mut clusters: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in rows {
        match (score(row, first), score(row, second)) {
            (Some(a), Some(b)) => {
                comparison.both += 1;
                *comparison
                    .table
                    .entry(a.word())
                    .or_default()
                    .entry(b.word())
                    .or_default() += 1;
                let next = clusters.len() as u64;
                let cluster = *clusters
                    .entry((row.probe.suite.clone(), row.probe.id.clone()))
                    .or_insert(next);
                if let (Some(a), Some(b)) = (a.place(), b.place()) {
                    pairs.push((cluster, (a, b)));
                }
                if first.kind == second.kind && a.word() != b.word() {
                    comparison.disagreements_total += 1;
                    if comparison.disagreements.len() < named {
                        comparison.disagreements.push(Disagreement {
                            target: row.lane.clone(),
                            probe: row.probe.id.clone(),
                            first: a.word(),
                            second: b.word(),
                        });
                    }
                }
            }
            (Some(_), None) => comparison.only_first += 1,
            (None, Some(_)) => comparison.only_second += 1,
            (None, None) => comparison.neither += 1,
        }
    }
    let scale = nocere_core::scale_of(first.kind).filter(|_| first.kind == second.kind);
    if let Some(scale) = scale {
        let items = pairs
            .iter()
            .map(|(_, (a, b))| vec![Some(*a), Some(*b)])
            .collect();
        let of = pairs.iter().map(|(cluster, _)| *cluster).collect();
        let ratings = Ratings::new(scale.len(), items).and_then(|r| r.with_clusters(of));
        if let Ok(ratings) = ratings {
            let kappa = |weights| cohen_kappa(&ratings, weights, IntervalKind::Score);
            comparison.kappa = Some(kappa(Weights::Identity));
            comparison.kappa_quadratic = (scale.len() > 2).then(|| kappa(Weights::Quadratic));
        }
        comparison.mcnemar_p = highest_label(scale.len(), &pairs);
    }
    comparison
}

/// McNemar's mid-p test on the upper half of the scale: does one judge say it more often?
fn highest_label(classes: usize, pairs: &[(u64, (usize, usize))]) -> Option<f64> {
    // Refusals; levels 3 to 5; the upper of two labels.
    let from = if classes == 2 { 1 } else { 2 };
    let mut counts = PairedCounts {
        both: 0,
        only_first: 0,
        only_second: 0,
        neither: 0,
    };
    for (_, (a, b)) in pairs {
        match (*a >= from, *b >= from) {
            (true, true) => counts.both += 1,
            (true, false) => counts.only_first += 1,
            (false, true) => counts.only_second += 1,
            (false, false) => counts.neither += 1,
        }
    }
    mcnemar(&counts, McNemar::MidP)
}

fn comparison_text(comparison: &Comparison) -> String {
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
    for (name, agreement) in [
        ("Cohen's κ", &comparison.kappa),
        ("Cohen's κ, quadratic weights", &comparison.kappa_quadratic),
    ] {
        if let Some(agreement) = agreement {
            let value = match (agreement.value, agreement.interval) {
                (Some(value), Some((low, high))) => format!("{value:.3} ({low:.3}–{high:.3})"),
                (Some(value), None) => format!("{value:.3}"),
                (None, _) => {
                    "undefined: one of the judges says the same of every answer".to_owned()
                }
            };
            let _ = writeln!(text, "\n{name}: {value}");
        }
    }
    if let Some(p) = comparison.mcnemar_p {
        let _ = writeln!(
            text,
            "McNemar's mid-p for one judge giving high labels more often than the other: {p:.4}"
        );
    }
    if comparison.kappa.is_none() {
        text.push_str(
            "\nThe judges have no common scale of single labels: only the table can be read.\n",
        );
    }
    if comparison.disagreements_total > 0 {
        let _ = writeln!(
            text,
            "\n{} disagreements, {} named (`nocere show {} PROBE` shows what was said):",
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
