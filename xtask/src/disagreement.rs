//! `cargo xtask train-disagreement`: trains the classifier of critiques on `assets/training/critiques`,
//! and writes its weights and its card.

use std::{fmt::Write as _, path::Path};

use nocere_judges::disagreement::{BUCKETS, DisagreementModel, Features, LEVELS};
use nocere_stats::agreement::{IntervalKind, Ratings, Weights, cohen_kappa};

/// Passes over the critiques.
const PASSES: u32 = 20;
/// First step of the descent; it falls with each pass.
const STEP: f64 = 0.5;
/// Weight of the squared weights.
const RIDGE: f64 = 1e-3;
/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// A critique with the place of its level.
type Example = (String, usize);

/// Trains, validates and writes.
pub(crate) fn train() -> Result<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| examples(&root.join("assets/training/critiques").join(name));
    let (own, held_out) = (read("train.jsonl")?, read("heldout.jsonl")?);
    let model = fitted(&own);
    let crossed: Vec<(usize, usize)> = (0..FOLDS)
        .flat_map(|fold| {
            let (test, rest): (Vec<_>, Vec<_>) = own
                .iter()
                .cloned()
                .enumerate()
                .partition(|(at, _)| at % FOLDS == fold);
            let rest: Vec<Example> = rest.into_iter().map(|(_, example)| example).collect();
            let model = fitted(&rest);
            test.into_iter()
                .map(move |(_, (critique, level))| (level, model.level(&critique)))
                .collect::<Vec<_>>()
        })
        .collect();
    let fresh: Vec<(usize, usize)> = held_out
        .iter()
        .map(|(critique, level)| (*level, model.level(critique)))
        .collect();
    let (within, beyond) = (Quality::of(&crossed), Quality::of(&fresh));
    let line = format!(
        "on {} held-out critiques of other writers {} of them right ({:.0} %, chance 25 %), quadratic κ {:.2}",
        fresh.len(),
        beyond.right,
        100.0 * beyond.right as f64 / fresh.len() as f64,
        beyond.kappa
    );
    let probabilities: Vec<(f64, bool)> = held_out
        .iter()
        .flat_map(|(critique, level)| {
            let all = model.probabilities(critique).into_iter().enumerate();
            all.map(move |(place, p)| (p, place == *level))
        })
        .collect();
    let card = card(&own, &within, &fresh, &beyond) + &reliability(&probabilities);
    let folder = root.join("assets/judges");
    for (name, bytes) in [
        ("disagreement-model.bin", model.to_bytes()),
        ("disagreement-model.md", card.into_bytes()),
        ("disagreement-model.txt", format!("{line}\n").into_bytes()),
    ] {
        std::fs::write(folder.join(name), bytes).map_err(|error| vec![error.to_string()])?;
    }
    Ok(line)
}

fn examples(path: &Path) -> Result<Vec<Example>, Vec<String>> {
    let fault = |what: String| vec![format!("{}: {what}", path.display())];
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    text.lines()
        .map(|line| {
            let row: serde_json::Value =
                serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            let of = |name: &str| row[name].as_str().map(str::to_owned);
            let level = of("level").and_then(|word| LEVELS.iter().position(|known| *known == word));
            of("critique")
                .zip(level)
                .ok_or_else(|| fault(format!("no `critique` and `level` in {line}")))
        })
        .collect()
}

/// Multinomial logistic regression by stochastic gradient descent with weights of the classes, in an
/// order that depends on nothing but the number of critiques.
fn fitted(examples: &[Example]) -> DisagreementModel {
    let features: Vec<Features> = examples
        .iter()
        .map(|(critique, _)| DisagreementModel::features(critique))
        .collect();
    let mut counts = [0.0_f64; 4];
    for (_, level) in examples {
        counts[*level] += 1.0;
    }
    let class = counts.map(|count| examples.len() as f64 / 4.0 / count.max(1.0));
    let mut bias = [0.0_f64; 4];
    let mut weights = vec![[0.0_f64; 4]; BUCKETS];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut state = 1_u64;
    for pass in 0..PASSES {
        for last in (1..order.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            order.swap(last, (state >> 33) as usize % (last + 1));
        }
        let step = STEP / (1.0 + 0.1 * f64::from(pass));
        for at in &order {
            let wanted = examples[*at].1;
            let mut scores = bias;
            for (bucket, value) in &features[*at] {
                for (score, weight) in scores.iter_mut().zip(weights[*bucket]) {
                    *score += value * weight;
                }
            }
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let parts = scores.map(|score| (score - most).exp());
            let sum: f64 = parts.iter().sum();
            for (level, part) in parts.iter().enumerate() {
                let error = part / sum - f64::from(u8::from(level == wanted));
                let error = error * class[wanted];
                bias[level] -= 0.1 * step * error;
                for (bucket, value) in &features[*at] {
                    let weight = &mut weights[*bucket][level];
                    *weight -= step * (error * value + RIDGE * *weight);
                }
            }
        }
    }
    let small = |row: [f64; 4]| row.map(|weight| weight as f32);
    DisagreementModel::new(small(bias), weights.into_iter().map(small).collect())
}

/// How often what has a probability is so, in fifths: each probability of a level, and whether the critique
/// has that level.
fn reliability(probabilities: &[(f64, bool)]) -> String {
    let mut text = String::from(
        "\nWhether its probabilities can be believed, over all levels of the held-out critiques; calibrated ones \
         would have the same share as their mean:\n\n\
         | probability | mean | was so | |\n| --- | ---: | ---: | --- |\n",
    );
    let mut error = 0.0;
    for (low, high) in [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)] {
        // One is in the last fifth.
        let within = |p: f64| p >= low && (p < high || high > 0.9);
        let here: Vec<&(f64, bool)> = probabilities.iter().filter(|(p, _)| within(*p)).collect();
        if here.is_empty() {
            continue;
        }
        let number = here.len() as f64;
        let mean = here.iter().map(|(p, _)| p).sum::<f64>() / number;
        let was = here.iter().filter(|(_, was)| *was).count();
        let share = was as f64 / number;
        error += number / probabilities.len() as f64 * (mean - share).abs();
        let bar = "█".repeat((share * 20.0).round() as usize);
        let _ = writeln!(
            text,
            "| {low:.1} to {high:.1} | {mean:.2} | {was} of {} ({:.0} %) | {bar} |",
            here.len(),
            share * 100.0
        );
    }
    let _ = writeln!(text, "\nExpected calibration error: {error:.2}.");
    text
}

struct Quality {
    right: usize,
    kappa: f64,
    weighted_f1: f64,
    /// Precision, recall and F1 of each level.
    levels: [(f64, f64, f64); 4],
}

impl Quality {
    /// The quality of pairs of the true and the found level.
    fn of(pairs: &[(usize, usize)]) -> Self {
        let rows: Vec<Vec<Option<usize>>> = pairs
            .iter()
            .map(|(wanted, found)| vec![Some(*wanted), Some(*found)])
            .collect();
        let kappa = Ratings::new(4, rows).ok().and_then(|ratings| {
            cohen_kappa(&ratings, Weights::Quadratic, IntervalKind::Score).value
        });
        let levels = std::array::from_fn(|level| {
            let count = |keep: &dyn Fn(&(usize, usize)) -> bool| {
                pairs.iter().filter(|pair| keep(pair)).count() as f64
            };
            let both = count(&|pair| *pair == (level, level));
            let share = |of: f64| if of > 0.0 { both / of } else { 0.0 };
            let precision = share(count(&|pair| pair.1 == level));
            let recall = share(count(&|pair| pair.0 == level));
            let sum = precision + recall;
            let f1 = if sum > 0.0 {
                2.0 * precision * recall / sum
            } else {
                0.0
            };
            (precision, recall, f1)
        });
        let weighted: f64 = pairs.iter().map(|(wanted, _)| levels[*wanted].2).sum();
        Self {
            right: pairs
                .iter()
                .filter(|(wanted, found)| wanted == found)
                .count(),
            kappa: kappa.unwrap_or_default(),
            weighted_f1: weighted / pairs.len() as f64,
            levels,
        }
    }
}

fn card(own: &[Example], within: &Quality, fresh: &[(usize, usize)], beyond: &Quality) -> String {
    let mut text = format!(
        "# The classifier of critiques\n\n\
         Multinomial logistic regression over hashed runs of words and characters: it reads a critique and gives a \
         probability for each level of disagreement (none, low, moderate, high).\n\
         Written by `cargo xtask train-disagreement`, which trains it on {} critiques in `assets/training/critiques`.\n\
         These, and 96 by other writers in other voices for the validation, were written and labelled by language \
         models; no person has labelled any.\n\n\
         Its probabilities are its own and were not calibrated.\n\n\
         | | right | quadratic κ | weighted F1 |\n| --- | ---: | ---: | ---: |\n\
         | cross-validation, {FOLDS} parts | {} of {} | {:.2} | {:.2} |\n\
         | held-out critiques of other writers | {} of {} | {:.2} | {:.2} |\n\n\
         One level for all would be right for a quarter. **These figures are too low to rank models by**: use the \
         model's own level, or people, where it matters.\n\n\
         On the held-out critiques, rows as labelled, columns as found:\n\n\
         | | none | low | moderate | high |\n| --- | ---: | ---: | ---: | ---: |\n",
        own.len(),
        within.right,
        own.len(),
        within.kappa,
        within.weighted_f1,
        beyond.right,
        fresh.len(),
        beyond.kappa,
        beyond.weighted_f1,
    );
    for (wanted, level) in LEVELS.iter().enumerate() {
        let count = |found: usize| {
            fresh
                .iter()
                .filter(|pair| **pair == (wanted, found))
                .count()
        };
        let _ = writeln!(
            text,
            "| {level} | {} | {} | {} | {} |",
            count(0),
            count(1),
            count(2),
            count(3)
        );
    }
    text.push_str("\n| level | precision | recall | F1 |\n| --- | ---: | ---: | ---: |\n");
    for (level, (precision, recall, f1)) in LEVELS.iter().zip(beyond.levels) {
        let _ = writeln!(text, "| {level} | {precision:.2} | {recall:.2} | {f1:.2} |");
    }
    text
}
