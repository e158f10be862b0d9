//! How the judge does on models, prompts and a data set that it has not seen.

use std::collections::BTreeMap;

use nocere_core::{CalibrationRow, Perspective};
use nocere_judges::refusal::LinearModel;
use nocere_stats::agreement::{IntervalKind, Ratings, Weights, cohen_kappa};

use super::{
    Reader, Sets,
    data::{Example, LABELS},
    fit,
    train::Settings,
};

/// Folds over prompts.
const FOLDS: usize = 5;
/// The models whose completions XSTest labels.
const MODELS: [&str; 3] = ["gpt4", "llama2orig", "mistralinstruct"];
/// Languages of the own examples.
const LANGUAGES: [&str; 5] = ["en", "es", "fr", "de", "zh"];

/// One line of the matrix: what was trained on, what was measured on.
pub(crate) struct Line {
    pub(crate) trained_on: String,
    pub(crate) measured_on: String,
    pub(crate) pairs: Vec<Pair>,
}

/// One measured answer.
#[derive(Clone)]
pub(crate) struct Pair {
    cluster: u64,
    human: usize,
    judge: usize,
}

/// Everything that is measured, and the labelled answers with the verdicts of judges that
/// had seen neither their model nor their prompt.
pub(crate) struct Validation {
    pub(crate) lines: Vec<Line>,
    pub(crate) unseen: Vec<CalibrationRow>,
}

pub(crate) fn validate(
    reader: &Reader,
    sets: &Sets,
    settings: Settings,
) -> Result<Validation, String> {
    let Sets { xstest, own, .. } = sets;
    let mut lines = Vec::new();
    let people = xstest
        .iter()
        .filter_map(|example| {
            let (human, judge) = example.people?;
            Some(Pair {
                cluster: cluster_of(example),
                human,
                judge,
            })
        })
        .collect();
    lines.push(line("(two people)", "XSTest", people));
    let of = |examples: &[&Example], model: &LinearModel| measure(reader, examples, model);
    let mut pooled = Vec::new();
    for model in MODELS {
        let rest: Vec<&Example> = xstest
            .iter()
            .filter(|example| example.model != model)
            .chain(own)
            .collect();
        let trained = fit(reader, &rest, settings, "")?;
        let held: Vec<&Example> = xstest.iter().filter(|e| e.model == model).collect();
        let pairs = of(&held, &trained);
        pooled.extend(pairs.clone());
        lines.push(line(
            "XSTest, two other models, + own",
            &format!("XSTest, {model}"),
            pairs,
        ));
    }
    lines.push(line(
        "… the three pooled: whole models left out",
        "XSTest",
        pooled,
    ));
    let unseen = model_and_prompt_left_out(reader, xstest, own, settings)?;
    let pairs = unseen
        .iter()
        .filter_map(|row| {
            let (human, judge) = row.pair()?;
            Some(Pair {
                cluster: row.cluster,
                human,
                judge,
            })
        })
        .collect();
    lines.push(line(
        "… model and prompt left out (the calibration)",
        "XSTest",
        pairs,
    ));
    let mut prompts = Vec::new();
    let mut by_language: BTreeMap<&str, Vec<Pair>> = BTreeMap::new();
    for fold in 0..FOLDS {
        let rest: Vec<&Example> = xstest
            .iter()
            .chain(own)
            .filter(|example| fold_of(example) != fold)
            .collect();
        let trained = fit(reader, &rest, settings, "")?;
        let held: Vec<&Example> = xstest.iter().filter(|e| fold_of(e) == fold).collect();
        prompts.extend(of(&held, &trained));
        for language in LANGUAGES {
            let held: Vec<&Example> = own
                .iter()
                .filter(|e| fold_of(e) == fold && e.language == language)
                .collect();
            by_language
                .entry(language)
                .or_default()
                .extend(of(&held, &trained));
        }
    }
    lines.push(line("XSTest + own, other prompts", "XSTest", prompts));
    for language in LANGUAGES {
        let pairs = by_language.remove(language).unwrap_or_default();
        let name = format!("own, {language} (written to be hard)");
        lines.push(line("XSTest + own, other prompts", &name, pairs));
    }
    across_sets(reader, sets, settings, &mut lines)?;
    Ok(Validation { lines, unseen })
}

/// Trained on one set, measured on another.
fn across_sets(
    reader: &Reader,
    sets: &Sets,
    settings: Settings,
    lines: &mut Vec<Line>,
) -> Result<(), String> {
    let xstest_all: Vec<&Example> = sets.xstest.iter().collect();
    let own_all: Vec<&Example> = sets.own.iter().collect();
    let second_all: Vec<&Example> = sets.second.iter().collect();
    let trained = fit(reader, &own_all, settings, "")?;
    lines.push(line(
        "own",
        "XSTest",
        measure(reader, &xstest_all, &trained),
    ));
    lines.push(line(
        "own",
        "second set",
        measure(reader, &second_all, &trained),
    ));
    let trained = fit(reader, &xstest_all, settings, "")?;
    lines.push(line("XSTest", "own", measure(reader, &own_all, &trained)));
    lines.push(line(
        "XSTest",
        "second set",
        measure(reader, &second_all, &trained),
    ));
    let everything: Vec<&Example> = sets.xstest.iter().chain(&sets.own).collect();
    let trained = fit(reader, &everything, settings, "")?;
    lines.push(line(
        "XSTest + own (as shipped)",
        "second set",
        measure(reader, &second_all, &trained),
    ));
    lines.push(line(
        "XSTest + own (as shipped)",
        "the same (no measure of anything)",
        measure(reader, &everything, &trained),
    ));
    Ok(())
}

/// What `model` says of `examples`.
fn measure(reader: &Reader, examples: &[&Example], model: &LinearModel) -> Vec<Pair> {
    examples
        .iter()
        .map(|example| Pair {
            cluster: cluster_of(example),
            human: example.label,
            judge: best(&model.probabilities(&reader.features(example))),
        })
        .collect()
}

/// For each answer the verdict of a judge that saw neither its model nor its prompt.
fn model_and_prompt_left_out(
    reader: &Reader,
    xstest: &[Example],
    own: &[Example],
    settings: Settings,
) -> Result<Vec<CalibrationRow>, String> {
    let mut rows = Vec::new();
    for model in MODELS {
        for fold in 0..FOLDS {
            let rest: Vec<&Example> = xstest
                .iter()
                .filter(|e| e.model != model && fold_of(e) != fold)
                .chain(own)
                .collect();
            let trained = fit(reader, &rest, settings, "")?;
            for example in xstest
                .iter()
                .filter(|e| e.model == model && fold_of(e) == fold)
            {
                let probabilities = trained.probabilities(&reader.features(example));
                let ratings = example
                    .people
                    .map_or_else(Vec::new, |(a, b)| vec![Some(a), Some(b)]);
                rows.push(CalibrationRow {
                    cluster: cluster_of(example),
                    perspective: Some(Perspective::General),
                    expect: example.due,
                    category: String::new(),
                    language: "en".to_owned(),
                    check: None,
                    ratings,
                    human: Some(example.label),
                    judge: Some(best(&probabilities)),
                    unscored: None,
                    probability: Some((probabilities[2] * 1e4).round() / 1e4),
                });
            }
        }
    }
    Ok(rows)
}

fn best(probabilities: &[f64; 3]) -> usize {
    (0..LABELS.len())
        .max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))
        .unwrap_or(0)
}

fn cluster_of(example: &Example) -> u64 {
    example
        .prompt_id
        .bytes()
        .fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_003)
}

fn fold_of(example: &Example) -> usize {
    cluster_of(example) as usize % FOLDS
}

fn line(trained_on: &str, measured_on: &str, pairs: Vec<Pair>) -> Line {
    Line {
        trained_on: trained_on.to_owned(),
        measured_on: measured_on.to_owned(),
        pairs,
    }
}

impl Line {
    /// Human label in rows, judge in columns.
    pub(crate) fn confusion(&self) -> [[usize; 3]; 3] {
        let mut counts = [[0; 3]; 3];
        for pair in &self.pairs {
            counts[pair.human][pair.judge] += 1;
        }
        counts
    }

    /// "0.78 (0.74–0.81)": Cohen's kappa, prompts as clusters; `refuse or not` if `binary`.
    pub(crate) fn kappa(&self, binary: bool) -> String {
        let place = |label: usize| {
            if binary {
                usize::from(label == 2)
            } else {
                label
            }
        };
        let items = self
            .pairs
            .iter()
            .map(|pair| vec![Some(place(pair.human)), Some(place(pair.judge))])
            .collect();
        let clusters = self.pairs.iter().map(|pair| pair.cluster).collect();
        let kappa = Ratings::new(if binary { 2 } else { 3 }, items)
            .and_then(|ratings| ratings.with_clusters(clusters))
            .map(|ratings| cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score));
        match kappa.map(|kappa| (kappa.value, kappa.interval)) {
            Ok((Some(value), Some((low, high)))) => format!("{value:.2} ({low:.2}–{high:.2})"),
            Ok((Some(value), None)) => format!("{value:.2}"),
            _ => "undefined".to_owned(),
        }
    }
}
