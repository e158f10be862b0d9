//! How the models do on writers that they have not seen.

use std::fmt::Write as _;

use nocere_core::Perspective;
use nocere_judges::{
    behaviour::{BehaviourReader, settled},
    learned::{SENTENCE_OUTPUTS, Use, Weights, probability, shares},
};
use nocere_stats::agreement::{IntervalKind, Ratings, Weights as Weights3, cohen_kappa};

use super::{Read, Sets, WeakRead, fit_behaviour, fit_checks, public::Helpful};

/// Writers that are left out together: each language has one in at most one group, and another
/// outside it.
const FOLDS: [&[&str]; 5] = [
    &["w1", "w9", "w5", "w12", "w19", "w25"],
    &["w2", "w10", "w6", "w13", "w20", "w26"],
    &["w3", "w15", "w7", "w14", "w17", "w22", "w29"],
    &["w4", "w16", "w8", "w11", "w18", "w21", "w27"],
    &["gc", "gd", "ge", "gf", "w23", "w24", "w28", "w30"],
];

/// What the models say of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guess {
    /// For each check the largest probability of a sentence.
    pub(crate) checks: Vec<f64>,
    /// For each behaviour its probability.
    pub(crate) behaviour: Vec<f64>,
}

impl Guess {
    pub(crate) fn of(checks: &Weights, behaviour: &Weights, read: &Read) -> Self {
        let mut most = vec![0.0_f64; SENTENCE_OUTPUTS.len()];
        for sentence in &read.sentences {
            for (most, score) in most.iter_mut().zip(checks.scores(&sentence.features)) {
                *most = most.max(probability(score));
            }
        }
        Self {
            checks: most,
            behaviour: settled(
                &read.answer.answer,
                shares(&behaviour.scores(&read.features)),
            ),
        }
    }

    /// The most probable behaviour.
    pub(crate) fn class(&self) -> usize {
        (0..self.behaviour.len())
            .max_by(|a, b| self.behaviour[*a].total_cmp(&self.behaviour[*b]))
            .unwrap_or(0)
    }
}

/// For each answer what models say that were trained without its writer.
pub(crate) fn left_out(sets: &Sets) -> Vec<Guess> {
    let all = &sets.own;
    let weak: Vec<&WeakRead> = sets.weak.iter().collect();
    let mut guesses = vec![Guess::default(); all.len()];
    for fold in FOLDS {
        let is_out = |read: &Read| fold.contains(&read.answer.writer.as_str());
        let train: Vec<&Read> = all.iter().filter(|read| !is_out(read)).collect();
        if train.len() == all.len() {
            continue;
        }
        let (checks, behaviour) = (
            fit_checks(&train, Vec::new(), Vec::new()),
            fit_behaviour(&train, &weak, Vec::new()),
        );
        for (read, guess) in all.iter().zip(&mut guesses) {
            if is_out(read) {
                *guess = Guess::of(&checks, &behaviour, read);
            }
        }
    }
    guesses
}

/// Which answers of a table are meant.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) holds: fn(&Read) -> bool,
}

pub(crate) const PARTS: [Part; 6] = [
    Part {
        name: "en",
        holds: |read| read.answer.language == "en",
    },
    Part {
        name: "other",
        holds: |read| read.answer.language != "en",
    },
    Part {
        name: "es",
        holds: |read| read.answer.language == "es",
    },
    Part {
        name: "fr",
        holds: |read| read.answer.language == "fr",
    },
    Part {
        name: "de",
        holds: |read| read.answer.language == "de",
    },
    Part {
        name: "zh",
        holds: |read| read.answer.language == "zh",
    },
];

/// The same by who asks, and by length.
const ASKERS: [Part; 6] = [
    Part {
        name: "patient",
        holds: |read| read.answer.perspective == Perspective::Patient,
    },
    Part {
        name: "clinician",
        holds: |read| read.answer.perspective == Perspective::Clinician,
    },
    Part {
        name: "general",
        holds: |read| read.answer.perspective == Perspective::General,
    },
    Part {
        name: "brief",
        holds: |read| read.answer.answer.chars().count() < 120,
    },
    Part {
        name: "medium",
        holds: |read| (120..400).contains(&read.answer.answer.chars().count()),
    },
    Part {
        name: "long",
        holds: |read| read.answer.answer.chars().count() >= 400,
    },
];

/// The probability above which a share `alarms` of the answers that do not do it lie.
pub(crate) fn threshold(
    all: &[Read],
    guesses: &[Guess],
    output: usize,
    part: &Part,
    alarms: f64,
) -> f64 {
    let mut no: Vec<f64> = all
        .iter()
        .zip(guesses)
        .filter(|(read, _)| (part.holds)(read) && read.answer.does[output] == Some(false))
        .map(|(_, guess)| guess.checks[output])
        .collect();
    no.sort_by(|a, b| b.total_cmp(a));
    no.get((no.len() as f64 * alarms) as usize)
        .copied()
        .unwrap_or(1.0)
}

/// The probability up to which a share `misses` of the answers that do it lie.
pub(crate) fn floor(
    all: &[Read],
    guesses: &[Guess],
    output: usize,
    part: &Part,
    misses: f64,
) -> f64 {
    let mut yes = with(all, guesses, output, part, true);
    yes.sort_by(f64::total_cmp);
    let place = (yes.len() as f64 * misses) as usize;
    // Just below the next one, which is then still found.
    yes.get(place).map_or(0.0, |p| p - 1e-6)
}

/// For progress on the command line: both tables without thresholds.
pub(crate) fn table(all: &[Read], guesses: &[Guess]) -> String {
    let mut said = String::new();
    for (output, name) in SENTENCE_OUTPUTS.iter().enumerate() {
        let _ = write!(said, "{name:20}");
        for part in &PARTS[..2] {
            let yes = with(all, guesses, output, part, true);
            let _ = write!(said, " | {} {:3}:", part.name, yes.len());
            for alarms in [0.03, 0.05, 0.1] {
                let bound = threshold(all, guesses, output, part, alarms);
                let found = yes.iter().filter(|p| **p > bound).count();
                let _ = write!(said, " {:.2}", found as f64 / yes.len().max(1) as f64);
            }
        }
        said.push('\n');
    }
    said + &behaviour_table(all, guesses)
}

/// What was said of output `output` for the answers of a part that do it, or do not.
fn with(all: &[Read], guesses: &[Guess], output: usize, part: &Part, does: bool) -> Vec<f64> {
    all.iter()
        .zip(guesses)
        .filter(|(read, _)| (part.holds)(read) && read.answer.does[output] == Some(does))
        .map(|(_, guess)| guess.checks[output])
        .collect()
}

/// Recall and false alarms of each check at the thresholds of `weights`.
pub(crate) fn checks_table(all: &[Read], guesses: &[Guess], weights: &Weights) -> String {
    let mut said = String::from(
        "| check | English: recall | false alarms | absence found | said missing | other: recall | false alarms | absence found | said missing | es | fr | de | zh |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (output, name) in SENTENCE_OUTPUTS.iter().enumerate() {
        let _ = write!(said, "| {name} |");
        for (place, part) in PARTS.iter().enumerate() {
            let share = |does: bool, used: Use| {
                let bound = weights.threshold(output, part.name == "en", used);
                let found = with(all, guesses, output, part, does);
                let count = found.iter().filter(|p| **p > bound).count();
                (count, found.len())
            };
            let (yes, no) = (share(true, Use::There), share(false, Use::There));
            let _ = write!(said, " {:.2} ({}/{}) |", ratio(yes), yes.0, yes.1);
            if place < 2 {
                let kept = ratio(share(true, Use::Missing));
                let absent = ratio(share(false, Use::Missing));
                let _ = write!(
                    said,
                    " {:.3} | {:.2} | {:.3} |",
                    ratio(no),
                    1.0 - absent,
                    1.0 - kept
                );
            }
        }
        said.push('\n');
    }
    said
}

fn ratio((part, whole): (usize, usize)) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How well behaviours are distinguished, by language and by who asks.
pub(crate) fn behaviour_table(all: &[Read], guesses: &[Guess]) -> String {
    let mut said = String::from(
        "| answers | number | weighted κ | declines found | help called declined | five by five |\n|---|---:|---:|---:|---:|---|\n",
    );
    for part in PARTS.iter().chain(&ASKERS) {
        let mut table = [[0_usize; 5]; 5];
        for (read, guess) in all
            .iter()
            .zip(guesses)
            .filter(|(read, _)| (part.holds)(read))
        {
            table[read.answer.behaviour][guess.class()] += 1;
        }
        let declined: usize = table[0].iter().sum();
        let helped: usize = table[2].iter().chain(&table[3]).sum();
        let _ = writeln!(
            said,
            "| {} | {} | {:.2} | {}/{declined} | {}/{helped} | {table:?} |",
            part.name,
            table.iter().flatten().sum::<usize>(),
            kappa(&table),
            table[0][0],
            table[2][0] + table[3][0],
        );
    }
    said
}

/// How many of the answers that certainly help are said to decline.
pub(crate) fn helpful(reader: &BehaviourReader, weights: &Weights, sets: &[Helpful]) -> String {
    let mut said = String::from(
        "| answers | number | declined | withheld and guided | with care | helped | off topic |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for set in sets {
        let mut counts = [0_usize; 5];
        for (perspective, question, answer) in &set.answers {
            let scores = weights.scores(&reader.features(*perspective, question, answer));
            let guess = Guess {
                checks: Vec::new(),
                behaviour: settled(answer, shares(&scores)),
            };
            counts[guess.class()] += 1;
        }
        let _ = writeln!(
            said,
            "| {} | {} | {} |",
            set.name,
            set.answers.len(),
            counts.map(|count| count.to_string()).join(" | ")
        );
    }
    said
}

/// Agreement with people on XSTest's answers, as comply, partial and refuse, by a model that saw
/// neither the family of the answer's model nor its prompt.
pub(crate) fn families(sets: &Sets) -> String {
    let mut said = String::from(
        "| family left out | answers | κ any | κ full | κ3 |\n|---|---:|---:|---:|---:|\n",
    );
    let mut families: Vec<&str> = Vec::new();
    for read in &sets.weak {
        if let Some(label) = &read.weak.label
            && !families.contains(&label.family.as_str())
        {
            families.push(&label.family);
        }
    }
    let own: Vec<&Read> = sets.own.iter().collect();
    let mut whole = Vec::new();
    for family in families {
        let mut pairs = Vec::new();
        for half in 0..2 {
            let is_test =
                |label: &super::public::Label| label.family == family && label.half() == half;
            let (test, train): (Vec<&WeakRead>, Vec<&WeakRead>) = sets
                .weak
                .iter()
                .partition(|read| read.weak.label.as_ref().is_some_and(is_test));
            let train: Vec<&WeakRead> = train
                .into_iter()
                .filter(|read| {
                    let label = read.weak.label.as_ref();
                    label.is_none_or(|label| label.family != family && label.half() != half)
                })
                .collect();
            let behaviour = fit_behaviour(&own, &train, Vec::new());
            for read in test {
                let shares = shares(&behaviour.scores(&read.features));
                let shares = settled(&read.weak.answer, shares);
                let guess = Guess {
                    checks: Vec::new(),
                    behaviour: shares,
                };
                let [declined, guided] = [guess.behaviour[0], guess.behaviour[1]];
                let said = match () {
                    () if declined + guided < 0.5 => 0,
                    () if declined >= guided => 2,
                    () => 1,
                };
                pairs.extend(read.weak.label.as_ref().map(|label| (label.place, said)));
            }
        }
        said.push_str(&kappas(family, &pairs));
        whole.extend(pairs);
    }
    said + &kappas("all", &whole)
}

fn kappas(name: &str, pairs: &[(usize, usize)]) -> String {
    let of = |classes: usize, place: fn(usize) -> usize| {
        let pairs: Vec<(usize, usize)> =
            pairs.iter().map(|(a, b)| (place(*a), place(*b))).collect();
        let ratings = Ratings::of_two(classes, &pairs);
        let kappa = ratings
            .map(|ratings| cohen_kappa(&ratings, Weights3::Identity, IntervalKind::Score).value);
        kappa.ok().flatten().unwrap_or(f64::NAN)
    };
    format!(
        "| {name} | {} | {:.3} | {:.3} | {:.3} |\n",
        pairs.len(),
        of(2, |place| usize::from(place > 0)),
        of(2, |place| usize::from(place > 1)),
        of(3, |place| place)
    )
}

/// How often the most probable behaviour is right, by how probable it is.
pub(crate) fn confidence(all: &[Read], guesses: &[Guess]) -> String {
    let mut said = String::from(
        "| most probable behaviour at least | share of answers | weighted κ | declines found | help called declined |\n|---:|---:|---:|---:|---:|\n",
    );
    for bound in [0.0, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7] {
        let mut table = [[0_usize; 5]; 5];
        let mut kept = 0_u32;
        for (read, guess) in all.iter().zip(guesses) {
            if guess.behaviour[guess.class()] >= bound {
                kept += 1;
                table[read.answer.behaviour][guess.class()] += 1;
            }
        }
        let help: usize = table[2].iter().chain(&table[3]).sum();
        let _ = writeln!(
            said,
            "| {bound} | {:.2} | {:.2} | {}/{} | {}/{help} |",
            f64::from(kept) / all.len() as f64,
            kappa(&table),
            table[0][0],
            table[0].iter().sum::<usize>(),
            table[2][0] + table[3][0]
        );
    }
    said
}

/// Cohen's κ with quadratic weights.
pub(crate) fn kappa(table: &[[usize; 5]; 5]) -> f64 {
    let total: usize = table.iter().flatten().sum();
    let (mut seen, mut chance) = (0.0, 0.0);
    for (i, row) in table.iter().enumerate() {
        for (j, count) in row.iter().enumerate() {
            let weight = ((i as f64 - j as f64) / 4.0).powi(2);
            let rows: usize = row.iter().sum();
            let columns: usize = table.iter().map(|row| row[j]).sum();
            seen += weight * *count as f64;
            chance += weight * rows as f64 * columns as f64 / total as f64;
        }
    }
    1.0 - seen / chance
}
