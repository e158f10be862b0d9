//! What filled-in forms say: people among themselves, and people beside judges, also of other runs that
//! judged the same answers.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{Instrument, Probe, Sample, Verdict};
use nocere_stats::{
    Estimate,
    agreement::{
        Agreement, IntervalKind, Ratings, Weights, cohen_kappa, fleiss_kappa, percent_agreement,
    },
    rate_of_clusters,
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::{
    Project, ProjectError,
    forms::{Against, DIMENSIONS, Field, Form, ScoreRule, generation_score, is_usable},
    labelling::{Newest, newest},
};

/// What the filled-in forms of a run say.
#[derive(Clone, Debug, Serialize)]
pub struct FormResult {
    /// The form's id.
    pub form: String,
    /// Its title.
    pub title: String,
    /// Number of answers that somebody filled in.
    pub answers: u64,
    /// The raters.
    pub raters: Vec<String>,
    /// The fields, in the form's order.
    pub fields: Vec<FieldResult>,
    /// The score over all fields; `None` for forms without one.
    pub score: Option<ScoreResult>,
}

/// What was said in one field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldResult {
    /// The field's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How often each value was given.
    pub counts: Vec<(String, u64)>,
    /// The mean of values that are numbers.
    pub mean: Option<f64>,
    /// How far raters agree with each other; `None` with one rater.
    pub between: Option<Agreements>,
    /// What people said beside what the field is compared with.
    pub against: Vec<Beside>,
}

/// Percent agreement and κ.
#[derive(Clone, Debug, Serialize)]
pub struct Agreements {
    /// Share of equal values.
    pub percent: Agreement,
    /// Cohen's κ of two, Fleiss' κ of more; quadratically weighted for numbers.
    pub kappa: Agreement,
}

/// People's values beside others'.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// The run whose judge it is; empty if it is no judge's.
    pub run: String,
    /// The judge, or what else it is.
    pub with: String,
    /// The values.
    pub values: Vec<String>,
    /// How often people said the row's value where the other said the column's.
    pub table: Vec<Vec<u64>>,
    /// Values of people to which the other has none.
    pub left_out: u64,
    /// Agreement over these pairs, clustered by answer.
    pub agreements: Agreements,
}

/// Scores of filled-in forms.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreResult {
    /// A row for each target.
    pub targets: Vec<TargetScore>,
    /// How far raters agree on what is usable; `None` with one rater.
    pub between: Option<Agreements>,
    /// What is usable by people beside what is usable by judges.
    pub against: Vec<Beside>,
}

/// One target's scores.
#[derive(Clone, Debug, Serialize)]
pub struct TargetScore {
    /// The target's id.
    pub target: String,
    /// Share of answers that most raters call usable; answers on which they are split are unscored.
    pub usable: Estimate,
    /// How often each score from 0 to 7 was given.
    pub scores: [u64; 8],
    /// Number of forms with a veto.
    pub vetoes: u64,
    /// Mean of each dimension, in the form's order.
    pub means: Vec<(String, f64)>,
}

/// An answer that somebody filled in.
struct Rated {
    sample: Sample,
    /// By rater and field.
    values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Project {
    /// What the filled-in forms of a run say; `others` are runs that judged the same answers to the same
    /// probes, perhaps with another checklist or another judge.
    ///
    /// # Errors
    ///
    /// A run cannot be read, or nobody has filled in the form.
    pub fn form_result(
        &self,
        form: &Form,
        run: &str,
        others: &[String],
    ) -> Result<FormResult, ProjectError> {
        let reader = self.run(run)?;
        let rated = rated(&reader, form)?;
        if rated.is_empty() {
            return Err(ProjectError::usage(format!(
                "nobody has filled in the form `{}` for run {}",
                form.id,
                reader.header()?.id
            ))
            .hint(format!(
                "draw a sheet with `nocere label {run} --form {} -o FILE` and read it back with --in",
                form.id
            )));
        }
        let mut judged = vec![Judged::of(&reader, &rated)?];
        for other in others {
            judged.push(Judged::of(&self.run(other)?, &rated)?);
        }
        let raters: BTreeSet<&String> = rated.iter().flat_map(|one| one.values.keys()).collect();
        Ok(FormResult {
            form: form.id.clone(),
            title: form.title.clone(),
            answers: rated.len() as u64,
            raters: raters.into_iter().cloned().collect(),
            fields: form
                .fields
                .iter()
                .map(|field| field_result(field, &rated, &judged))
                .collect(),
            score: form.score.map(|ScoreRule::LlmevalMed| {
                score_result(form.against.as_deref(), &rated, &judged)
            }),
        })
    }
}

fn rated(reader: &RunReader, form: &Form) -> Result<Vec<Rated>, ProjectError> {
    let known: Newest = newest(reader, &form.id)?;
    let mut by_unit: BTreeMap<i64, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    for ((unit, rater, field), value) in known {
        let field = field.split_once('/').map_or("", |(_, field)| field);
        let of = by_unit.entry(unit).or_default().entry(rater).or_default();
        of.insert(field.to_owned(), value);
    }
    let mut rated = Vec::new();
    for sample in reader.finished() {
        let sample = sample?;
        if let Some(values) = by_unit.remove(&sample.seq) {
            rated.push(Rated { sample, values });
        }
    }
    Ok(rated)
}

/// What the judges of a run said of the rated answers.
struct Judged {
    run: String,
    instruments: Vec<Instrument>,
    /// By the place of the answer among the rated ones; the verdict of each instrument.
    verdicts: BTreeMap<usize, Vec<Option<Verdict>>>,
}

impl Judged {
    fn of(reader: &RunReader, rated: &[Rated]) -> Result<Self, ProjectError> {
        let instruments = reader.instruments()?;
        let answer = |sample: &Sample| -> Option<(String, String)> {
            let (text, _) = sample.transcript.last_answer()?;
            Some((sample.probe.id.to_string(), text.to_owned()))
        };
        let mut places: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (place, one) in rated.iter().enumerate() {
            if let Some(answer) = answer(&one.sample) {
                places.entry(answer).or_default().push(place);
            }
        }
        let mut verdicts = BTreeMap::new();
        reader.for_each_sample(|sample| {
            let same = answer(&sample).and_then(|answer| places.get(&answer));
            for place in same.into_iter().flatten() {
                let of = instruments.iter();
                let of = of.map(|instrument| sample.verdict(&instrument.hash).cloned());
                verdicts.insert(*place, of.collect());
            }
        })?;
        Ok(Self {
            run: reader.header()?.id.to_string(),
            instruments,
            verdicts,
        })
    }

    /// The instruments of a measure with their index.
    fn of_measure(&self, measure: &str) -> impl Iterator<Item = (usize, &Instrument)> {
        let all = self.instruments.iter().enumerate();
        all.filter(move |(_, instrument)| instrument.measure == measure)
    }

    fn verdict(&self, place: usize, instrument: usize) -> Option<&Verdict> {
        self.verdicts.get(&place)?.get(instrument)?.as_ref()
    }
}

fn field_result(field: &Field, rated: &[Rated], judged: &[Judged]) -> FieldResult {
    let values = field.values();
    let given = |one: &Rated| -> Vec<Option<usize>> {
        let of = one.values.values().map(|fields| fields.get(&field.id));
        of.map(|value| value.and_then(|value| values.iter().position(|known| known == value)))
            .collect()
    };
    let mut counts: Vec<(String, u64)> = values.iter().map(|value| (value.clone(), 0)).collect();
    for place in rated.iter().flat_map(&given).flatten() {
        counts[place].1 += 1;
    }
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let sum: Option<f64> = counts
        .iter()
        .map(|(value, count)| Some(value.parse::<f64>().ok()? * *count as f64))
        .sum();
    let weights = if field.is_number() {
        Weights::Quadratic
    } else {
        Weights::Identity
    };
    let mut against = Vec::new();
    match &field.against {
        None => {}
        Some(Against::Judge(measure)) => {
            for run in judged {
                for (index, instrument) in run.of_measure(measure) {
                    let other = |place: usize, _: &Rated| {
                        let score = run.verdict(place, index)?.score()?;
                        let word = instrument.scale.word(score);
                        values.iter().position(|value| *value == word)
                    };
                    let pairs = pairs(rated, given, other);
                    let with = (run.run.clone(), instrument.id.to_string());
                    against.extend(beside(with, &values, weights, &pairs));
                }
            }
        }
        Some(Against::Category(right)) => {
            let other = |_: usize, one: &Rated| {
                let category = &one.sample.probe.category;
                values
                    .iter()
                    .position(|value| right.get(value).is_some_and(|ids| ids.contains(category)))
            };
            let with = (String::new(), "category of the probe".to_owned());
            against.extend(beside(with, &values, weights, &pairs(rated, given, other)));
        }
        Some(Against::Expect(right)) => {
            let other = |_: usize, one: &Rated| {
                let Probe { expect, .. } = &one.sample.probe;
                values
                    .iter()
                    .position(|value| right.get(value).is_some_and(|due| due.contains(expect)))
            };
            let with = (String::new(), "what is due".to_owned());
            against.extend(beside(with, &values, weights, &pairs(rated, given, other)));
        }
    }
    FieldResult {
        id: field.id.clone(),
        title: field.title.clone(),
        mean: sum.filter(|_| total > 0).map(|sum| sum / total as f64),
        between: between(values.len(), weights, rated, given),
        counts,
        against,
    }
}

/// People's value, the other's value or none, and the answer: one for each rater.
type Pairs = Vec<(usize, Option<usize>, u64)>;

fn pairs(
    rated: &[Rated],
    given: impl Fn(&Rated) -> Vec<Option<usize>>,
    other: impl Fn(usize, &Rated) -> Option<usize>,
) -> Pairs {
    let mut pairs = Vec::new();
    for (place, one) in rated.iter().enumerate() {
        let said = other(place, one);
        let people = given(one).into_iter().flatten();
        pairs.extend(people.map(|own| (own, said, place as u64)));
    }
    pairs
}

/// `None` if nothing can be compared.
fn beside(
    (run, with): (String, String),
    values: &[String],
    weights: Weights,
    pairs: &Pairs,
) -> Option<Beside> {
    let mut table = vec![vec![0; values.len()]; values.len()];
    let both: Vec<(usize, usize, u64)> = pairs
        .iter()
        .filter_map(|(own, other, answer)| Some((*own, (*other)?, *answer)))
        .collect();
    for (own, other, _) in &both {
        table[*own][*other] += 1;
    }
    let two: Vec<(usize, usize)> = both.iter().map(|(a, b, _)| (*a, *b)).collect();
    let clusters = both.iter().map(|(.., answer)| *answer).collect();
    let ratings = Ratings::of_two(values.len(), &two).ok()?;
    let ratings = ratings.with_clusters(clusters).ok()?;
    (!both.is_empty()).then(|| Beside {
        run,
        with,
        values: values.to_vec(),
        table,
        left_out: (pairs.len() - both.len()) as u64,
        agreements: Agreements {
            percent: percent_agreement(&ratings, Weights::Identity, IntervalKind::Score),
            kappa: cohen_kappa(&ratings, weights, IntervalKind::Score),
        },
    })
}

/// How far raters agree; `None` with one rater, or if no answer has two ratings.
fn between(
    categories: usize,
    weights: Weights,
    rated: &[Rated],
    given: impl Fn(&Rated) -> Vec<Option<usize>>,
) -> Option<Agreements> {
    let raters: BTreeSet<&String> = rated.iter().flat_map(|one| one.values.keys()).collect();
    let items: Vec<Vec<Option<usize>>> = rated
        .iter()
        .map(|one| {
            let of: BTreeMap<&String, Option<usize>> = one.values.keys().zip(given(one)).collect();
            let of = raters.iter().map(|rater| of.get(*rater).copied().flatten());
            of.collect()
        })
        .collect();
    let twice = items
        .iter()
        .filter(|item| item.iter().flatten().count() > 1);
    if raters.len() < 2 || twice.count() == 0 {
        return None;
    }
    let ratings = Ratings::new(categories, items).ok()?;
    let kind = IntervalKind::Score;
    Some(Agreements {
        percent: percent_agreement(&ratings, Weights::Identity, kind),
        kappa: if raters.len() == 2 {
            cohen_kappa(&ratings, weights, kind)
        } else {
            fleiss_kappa(&ratings, weights, kind)
        },
    })
}

/// Score and safety of each rater's form.
fn scores(one: &Rated) -> Vec<Option<(u8, u8)>> {
    let of = |fields: &BTreeMap<String, String>| {
        let values = DIMENSIONS.map(|id| fields.get(id)?.parse::<u8>().ok());
        let [Some(b), Some(c), Some(d), Some(e), Some(safety)] = values else {
            return None;
        };
        Some((generation_score(b, c, d, e), safety))
    };
    one.values.values().map(of).collect()
}

fn usable(one: &Rated) -> Vec<Option<usize>> {
    let of = scores(one).into_iter();
    of.map(|form| form.map(|(score, safety)| usize::from(is_usable(score, safety))))
        .collect()
}

fn score_result(against: Option<&str>, rated: &[Rated], judged: &[Judged]) -> ScoreResult {
    let mut targets: BTreeMap<&str, Vec<&Rated>> = BTreeMap::new();
    for one in rated {
        targets
            .entry(one.sample.target.as_str())
            .or_default()
            .push(one);
    }
    let values = ["not usable".to_owned(), "usable".to_owned()];
    let mut beside_judges = Vec::new();
    for run in judged {
        for (index, instrument) in run.of_measure(against.unwrap_or("")) {
            let other = |place: usize, _: &Rated| {
                let score = run.verdict(place, index)?.score()?;
                let place = instrument.scale.place(score)?;
                Some(usize::from(!instrument.scale.is_bad(place)?))
            };
            let with = (run.run.clone(), instrument.id.to_string());
            let pairs = pairs(rated, usable, other);
            beside_judges.extend(beside(with, &values, Weights::Identity, &pairs));
        }
    }
    ScoreResult {
        targets: targets
            .into_iter()
            .map(|(target, rated)| target_score(target, &rated))
            .collect(),
        between: between(2, Weights::Identity, rated, usable),
        against: beside_judges,
    }
}

fn target_score(target: &str, rated: &[&Rated]) -> TargetScore {
    let mut scored = Vec::new();
    let mut split = 0;
    let mut counts = [0; 8];
    let mut vetoes = 0;
    for one in rated {
        let votes: Vec<usize> = usable(one).into_iter().flatten().collect();
        let yes = votes.iter().sum::<usize>();
        if 2 * yes == votes.len() {
            split += 1;
        } else {
            scored.push((u64::from(2 * yes > votes.len()), 1));
        }
        for (score, safety) in scores(one).into_iter().flatten() {
            counts[usize::from(score.min(7))] += 1;
            vetoes += u64::from(safety == 0);
        }
    }
    let means = DIMENSIONS.map(|id| {
        let forms = rated.iter().flat_map(|one| one.values.values());
        let values: Vec<f64> = forms
            .filter_map(|fields| fields.get(id)?.parse().ok())
            .collect();
        let sum: f64 = values.iter().sum();
        (id.to_owned(), sum / values.len().max(1) as f64)
    });
    TargetScore {
        target: target.to_owned(),
        usable: rate_of_clusters(scored, split),
        scores: counts,
        vetoes,
        means: means.to_vec(),
    }
}
