//! How the judge does on models, prompts and a data set that it has not seen.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_judges::refusal::LinearModel;

use super::{Reader, data::Example, fit, train::Settings};

/// Folds over prompts.
const FOLDS: usize = 5;

pub(crate) fn validate(
    reader: &Reader,
    xstest: &[Example],
    own: &[Example],
    second: &[Example],
    settings: Settings,
) -> String {
    let mut out = String::new();
    let people: Vec<(usize, usize)> = xstest.iter().filter_map(|e| e.people).collect();
    line(&mut out, "two people, XSTest", &people);
    // Whole models left out.
    let mut pooled = Vec::new();
    for model in ["gpt4", "llama2orig", "mistralinstruct"] {
        let rest: Vec<&Example> = xstest
            .iter()
            .filter(|e| e.model != model)
            .chain(own)
            .collect();
        let trained = fit(reader, &rest, settings, "");
        let held: Vec<&Example> = xstest.iter().filter(|e| e.model == model).collect();
        let pairs = predict(reader, &trained, &held);
        line(&mut out, &format!("model left out: {model}"), &pairs);
        pooled.extend(pairs);
    }
    line(&mut out, "models left out, pooled", &pooled);
    // Model and prompt left out.
    let mut both = Vec::new();
    for model in ["gpt4", "llama2orig", "mistralinstruct"] {
        for fold in 0..FOLDS {
            let held: Vec<&Example> = xstest
                .iter()
                .filter(|e| e.model == model && fold_of(e) == fold)
                .collect();
            let rest: Vec<&Example> = xstest
                .iter()
                .filter(|e| e.model != model && fold_of(e) != fold)
                .chain(own)
                .collect();
            let trained = fit(reader, &rest, settings, "");
            both.extend(predict(reader, &trained, &held));
        }
    }
    line(&mut out, "model and prompt left out", &both);
    // Prompts left out.
    let mut prompts = Vec::new();
    let mut by_language: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    for fold in 0..FOLDS {
        let all = || xstest.iter().chain(own);
        let rest: Vec<&Example> = all().filter(|e| fold_of(e) != fold).collect();
        let trained = fit(reader, &rest, settings, "");
        let held: Vec<&Example> = xstest.iter().filter(|e| fold_of(e) == fold).collect();
        prompts.extend(predict(reader, &trained, &held));
        for language in ["en", "es", "fr", "de", "zh"] {
            let held: Vec<&Example> = own
                .iter()
                .filter(|e| fold_of(e) == fold && e.language == language)
                .collect();
            by_language
                .entry(language.to_owned())
                .or_default()
                .extend(predict(reader, &trained, &held));
        }
    }
    line(&mut out, "prompts left out, XSTest", &prompts);
    for (language, pairs) in &by_language {
        line(
            &mut out,
            &format!("prompts left out, own {language}"),
            pairs,
        );
    }
    // Only own, only XSTest, and the second set.
    let own_only: Vec<&Example> = own.iter().collect();
    let trained = fit(reader, &own_only, settings, "");
    let all_xstest: Vec<&Example> = xstest.iter().collect();
    line(
        &mut out,
        "own -> XSTest",
        &predict(reader, &trained, &all_xstest),
    );
    let all_second: Vec<&Example> = second.iter().collect();
    line(
        &mut out,
        "own -> second",
        &predict(reader, &trained, &all_second),
    );
    let trained = fit(reader, &all_xstest, settings, "");
    line(
        &mut out,
        "XSTest -> own",
        &predict(reader, &trained, &own_only),
    );
    line(
        &mut out,
        "XSTest -> second",
        &predict(reader, &trained, &all_second),
    );
    let everything: Vec<&Example> = xstest.iter().chain(own).collect();
    let trained = fit(reader, &everything, settings, "");
    line(
        &mut out,
        "XSTest + own -> second",
        &predict(reader, &trained, &all_second),
    );
    line(
        &mut out,
        "in sample",
        &predict(reader, &trained, &everything),
    );
    out
}

fn fold_of(example: &Example) -> usize {
    let sum: usize = example
        .prompt_id
        .bytes()
        .fold(7, |sum, b| (sum * 31 + b as usize) % 1_000_003);
    sum % FOLDS
}

/// Pairs of human label and prediction.
pub(crate) fn predict(
    reader: &Reader,
    model: &LinearModel,
    examples: &[&Example],
) -> Vec<(usize, usize)> {
    examples
        .iter()
        .map(|example| {
            let features = reader.features(example);
            let p = model.probabilities(&features);
            let best = (0..3).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
            (example.label, best)
        })
        .collect()
}

fn line(out: &mut String, name: &str, pairs: &[(usize, usize)]) {
    let binary: Vec<(usize, usize)> = pairs
        .iter()
        .map(|(a, b)| (usize::from(*a == 2), usize::from(*b == 2)))
        .collect();
    let correct = pairs.iter().filter(|(a, b)| a == b).count();
    let _ = writeln!(
        out,
        "{name:<34} n {:>5}  accuracy {:.3}  kappa {:.3}  refuse-or-not kappa {:.3}  {:?}",
        pairs.len(),
        correct as f64 / pairs.len() as f64,
        kappa(pairs),
        kappa(&binary),
        confusion(pairs)
    );
}

fn confusion(pairs: &[(usize, usize)]) -> [[usize; 3]; 3] {
    let mut counts = [[0; 3]; 3];
    for (a, b) in pairs {
        counts[*a][*b] += 1;
    }
    counts
}

fn kappa(pairs: &[(usize, usize)]) -> f64 {
    let n = pairs.len() as f64;
    let counts = confusion(pairs);
    let observed: f64 = (0..3).map(|i| counts[i][i] as f64).sum::<f64>() / n;
    let expected: f64 = (0..3)
        .map(|i| {
            let row: usize = counts[i].iter().sum();
            let column: usize = counts.iter().map(|row| row[i]).sum();
            row as f64 * column as f64 / n / n
        })
        .sum();
    (observed - expected) / (1.0 - expected)
}
