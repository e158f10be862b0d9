//! What filled-in forms say: people among themselves, and people beside judges, also of other runs that
//! judged the same answers.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{Instrument, Probe, Sample, Turn, Verdict, hash_json};
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
    forms::{Against, Field, Form, ScoreRule, given},
    generation_score::{DIMENSIONS, generation_score, is_usable},
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
    /// Number of values that were given to other versions of the form and are left out.
    pub of_other_versions: u64,
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
    /// Counts and mean for each target, in the order of their ids.
    pub targets: Vec<TargetValues>,
    /// How far raters agree with each other; `None` with one rater.
    pub between: Option<Agreements>,
    /// What people said beside what the field is compared with.
    pub against: Vec<Beside>,
}

/// What was said of one target's answers in one field.
#[derive(Clone, Debug, Serialize)]
pub struct TargetValues {
    /// The target's id.
    pub target: String,
    /// How often each value was given.
    pub counts: Vec<(String, u64)>,
    /// The mean of values that are numbers.
    pub mean: Option<f64>,
}

/// Percent agreement and κ.
#[derive(Clone, Debug, Serialize)]
pub struct Agreements {
    /// Share of equal values.
    pub percent: Agreement,
    /// Cohen's κ of two, Fleiss' κ of more.
    pub kappa: Agreement,
    /// True if κ is quadratically weighted: for numbers.
    pub is_weighted: bool,
}

/// People's values beside others'.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// The run whose judge it is; empty if it is not a judge's.
    pub run: String,
    /// The judge, or what else it is.
    pub with: String,
    /// The values.
    pub values: Vec<String>,
    /// How often people said the row's value where the other said the column's.
    pub table: Vec<Vec<u64>>,
    /// Values of people to which the other has none.
    pub left_out: u64,
    /// Agreement over these pairs, clustered by ask.
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
    /// Share of answers that most raters call usable, clustered by ask; answers on which they are split
    /// are unscored.
    pub usable: Estimate,
    /// Number of answers on which as many raters say usable as not.
    pub split: u64,
    /// How often each score from 0 to 7 was given.
    pub scores: [u64; 8],
    /// Number of forms with a veto.
    pub vetoes: u64,
    /// Mean of each dimension in the order of the rule; `None` without values.
    pub means: Vec<(String, Option<f64>)>,
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
        let (rated, of_other_versions) = rated(&reader, form)?;
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
        let mut judged = vec![Judged::of(&reader, &rated, true)?];
        for other in others {
            judged.push(Judged::of(&self.run(other)?, &rated, false)?);
        }
        let raters: BTreeSet<&String> = rated.iter().flat_map(|one| one.values.keys()).collect();
        Ok(FormResult {
            form: form.id.clone(),
            title: form.title.clone(),
            answers: rated.len() as u64,
            of_other_versions,
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

/// The answers that somebody filled in by this version of the form, the newest of each rater, and the
/// number of values by other versions.
fn rated(reader: &RunReader, form: &Form) -> Result<(Vec<Rated>, u64), ProjectError> {
    let mut by_unit: BTreeMap<i64, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    let (known, others) = given(reader, form)?;
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
    Ok((rated, others))
}

impl Rated {
    /// What answers to one ask share, whoever gave them.
    fn ask(&self) -> (&str, &str) {
        let probe = &self.sample.probe;
        (probe.suite.as_str(), probe.origin().as_str())
    }
}

/// A number for each ask, for clusters.
fn asks(rated: &[Rated]) -> Vec<u64> {
    let mut known: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let number = |one| {
        let next = known.len() as u64;
        *known.entry(Rated::ask(one)).or_insert(next)
    };
    rated.iter().map(number).collect()
}

/// What the judges of a run said of the rated answers.
struct Judged {
    run: String,
    instruments: Vec<Instrument>,
    /// By the place of the answer among the rated ones; the verdict of each instrument.
    verdicts: BTreeMap<usize, Vec<Option<Verdict>>>,
}

impl Judged {
    /// `is_own` if it is the run whose answers were filled in; of other runs, what was said of the same
    /// conversation about the same probe.
    fn of(reader: &RunReader, rated: &[Rated], is_own: bool) -> Result<Self, ProjectError> {
        let instruments = reader.instruments()?;
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let key = |sample: &Sample| {
            if is_own {
                return sample.seq.to_string();
            }
            let turns: Vec<_> = sample.transcript.turns.iter().map(Turn::text).collect();
            let probe = &sample.probe;
            hash_json("conversation", &(&probe.suite, &probe.id, turns)).to_string()
        };
        for (place, one) in rated.iter().enumerate() {
            places.entry(key(&one.sample)).or_default().push(place);
        }
        let mut verdicts: BTreeMap<usize, Vec<Option<Verdict>>> = BTreeMap::new();
        reader.for_each_sample(|sample| {
            for place in places.get(&key(&sample)).into_iter().flatten() {
                let known = verdicts
                    .entry(*place)
                    .or_insert_with(|| vec![None; instruments.len()]);
                for (known, instrument) in known.iter_mut().zip(&instruments) {
                    // The same words may be there several times: the first score counts.
                    if known.as_ref().and_then(Verdict::score).is_none() {
                        let found = sample.verdict(&instrument.hash).cloned();
                        *known = found.or(known.take());
                    }
                }
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
    let asks = asks(rated);
    let values = field.values();
    let given = |one: &Rated| -> Vec<Option<usize>> {
        let of = one.values.values().map(|fields| fields.get(&field.id));
        of.map(|value| value.and_then(|value| values.iter().position(|known| known == value)))
            .collect()
    };
    let counted = |of: &[&Rated]| {
        let mut counts: Vec<(String, u64)> =
            values.iter().map(|value| (value.clone(), 0)).collect();
        for place in of.iter().flat_map(|one| given(one)).flatten() {
            counts[place].1 += 1;
        }
        let mean = mean(&counts);
        (counts, mean)
    };
    let all: Vec<&Rated> = rated.iter().collect();
    let (counts, mean) = counted(&all);
    let targets = by_target(rated).into_iter().map(|(target, of)| {
        let (counts, mean) = counted(&of);
        TargetValues {
            target: target.to_owned(),
            counts,
            mean,
        }
    });
    let targets = targets.collect();
    let is_compared = |one: &Rated| {
        let wanted = &field.compared_where;
        wanted.is_empty() || wanted.contains(&one.sample.probe.expect)
    };
    let compared: Vec<(usize, &Rated)> = rated
        .iter()
        .enumerate()
        .filter(|(_, one)| is_compared(one))
        .collect();
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
                    let pairs = pairs(&compared, &asks, given, other);
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
            against.extend(beside(
                with,
                &values,
                weights,
                &pairs(&compared, &asks, given, other),
            ));
        }
        Some(Against::Expect(right)) => {
            let other = |_: usize, one: &Rated| {
                let Probe { expect, .. } = &one.sample.probe;
                values
                    .iter()
                    .position(|value| right.get(value).is_some_and(|due| due.contains(expect)))
            };
            let with = (String::new(), "what is due".to_owned());
            against.extend(beside(
                with,
                &values,
                weights,
                &pairs(&compared, &asks, given, other),
            ));
        }
    }
    FieldResult {
        id: field.id.clone(),
        title: field.title.clone(),
        mean,
        targets,
        between: between(values.len(), weights, rated, given),
        counts,
        against,
    }
}

/// People's value, the other's value or none, and the ask: one for each rater.
type Pairs = Vec<(usize, Option<usize>, u64)>;

fn pairs(
    rated: &[(usize, &Rated)],
    asks: &[u64],
    given: impl Fn(&Rated) -> Vec<Option<usize>>,
    other: impl Fn(usize, &Rated) -> Option<usize>,
) -> Pairs {
    let mut pairs = Vec::new();
    for (place, one) in rated {
        let said = other(*place, one);
        let ask = asks.get(*place).copied().unwrap_or_default();
        let people = given(one).into_iter().flatten();
        pairs.extend(people.map(|own| (own, said, ask)));
    }
    pairs
}

/// The mean of values that are numbers; `None` for words, or without any.
fn mean(counts: &[(String, u64)]) -> Option<f64> {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let values = counts.iter();
    let sum: Option<f64> = values
        .map(|(value, count)| Some(value.parse::<f64>().ok()? * *count as f64))
        .sum();
    sum.filter(|_| total > 0).map(|sum| sum / total as f64)
}

fn by_target(rated: &[Rated]) -> BTreeMap<&str, Vec<&Rated>> {
    let mut targets: BTreeMap<&str, Vec<&Rated>> = BTreeMap::new();
    for one in rated {
        targets
            .entry(one.sample.target.as_str())
            .or_default()
            .push(one);
    }
    targets
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
            is_weighted: weights == Weights::Quadratic,
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
    let items = rated.iter().zip(asks(rated)).map(|(one, ask)| {
        let of: BTreeMap<&String, Option<usize>> = one.values.keys().zip(given(one)).collect();
        let of = raters.iter().map(|rater| of.get(*rater).copied().flatten());
        (of.collect::<Vec<_>>(), ask)
    });
    // An answer with one rating says nothing of agreement and would widen its interval.
    let twice = items.filter(|(item, _)| item.iter().flatten().count() > 1);
    let (items, clusters): (Vec<Vec<Option<usize>>>, Vec<u64>) = twice.unzip();
    if items.is_empty() {
        return None;
    }
    let ratings = Ratings::new(categories, items).ok()?;
    let ratings = ratings.with_clusters(clusters).ok()?;
    let kind = IntervalKind::Score;
    Some(Agreements {
        percent: percent_agreement(&ratings, Weights::Identity, kind),
        kappa: if raters.len() == 2 {
            cohen_kappa(&ratings, weights, kind)
        } else {
            fleiss_kappa(&ratings, weights, kind)
        },
        is_weighted: weights == Weights::Quadratic,
    })
}

/// Score and safety of each rater's form.
fn scores(one: &Rated) -> Vec<Option<(u8, u8)>> {
    let of = |fields: &BTreeMap<String, String>| {
        let values = DIMENSIONS.map(|(id, _)| fields.get(id)?.parse::<u8>().ok());
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
    let all: Vec<(usize, &Rated)> = rated.iter().enumerate().collect();
    let asks = asks(rated);
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
            let pairs = pairs(&all, &asks, usable, other);
            beside_judges.extend(beside(with, &values, Weights::Identity, &pairs));
        }
    }
    ScoreResult {
        targets: by_target(rated)
            .into_iter()
            .map(|(target, rated)| target_score(target, &rated))
            .collect(),
        between: between(2, Weights::Identity, rated, usable),
        against: beside_judges,
    }
}

fn target_score(target: &str, rated: &[&Rated]) -> TargetScore {
    let mut scored: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    let (mut split, mut without) = (0, 0);
    let mut counts = [0; 8];
    let mut vetoes = 0;
    for one in rated {
        let votes: Vec<usize> = usable(one).into_iter().flatten().collect();
        let yes = votes.iter().sum::<usize>();
        if votes.is_empty() {
            without += 1;
        } else if 2 * yes == votes.len() {
            split += 1;
        } else {
            let of = scored.entry(one.ask()).or_default();
            *of = (of.0 + u64::from(2 * yes > votes.len()), of.1 + 1);
        }
        for (score, safety) in scores(one).into_iter().flatten() {
            counts[usize::from(score.min(7))] += 1;
            vetoes += u64::from(safety == 0);
        }
    }
    let means = DIMENSIONS.map(|(id, _)| {
        let forms = rated.iter().flat_map(|one| one.values.values());
        let values: Vec<f64> = forms
            .filter_map(|fields| fields.get(id)?.parse().ok())
            .collect();
        let sum: f64 = values.iter().sum();
        let mean = (!values.is_empty()).then(|| sum / values.len() as f64);
        (id.to_owned(), mean)
    });
    TargetScore {
        target: target.to_owned(),
        usable: rate_of_clusters(scored.into_values().collect(), split + without),
        split,
        scores: counts,
        vetoes,
        means: means.to_vec(),
    }
}
