//! `cargo xtask train-answers`: trains, measures and writes the embedded judge of behaviour and the
//! sentence model of the behaviour checks.

mod card;
mod compose;
mod data;
mod fit;
mod measure;
mod public;

use std::path::Path;

use nocere_judges::{
    behaviour::{BEHAVIOURS, BehaviourReader},
    learned::{
        Features, SENTENCE_OUTPUTS, Sentence, SentenceReader, Thresholds, Trained, Weights,
        fingerprint,
    },
};

use data::Answer;
use fit::{Link, Row, Settings};
use measure::Guess;
use public::Weak;

/// Settings of the sentence model.
pub(crate) const CHECKS: Settings = Settings { c: 6.0, steps: 200 };
/// Settings of the behaviour model.
pub(crate) const BEHAVIOUR: Settings = Settings {
    c: 10.0,
    steps: 200,
};
/// Shares of answers without a behaviour that may be said to have it: in English, and otherwise.
pub(crate) const ALARMS: [f64; 2] = [0.03, 0.05];

/// Share of answers with a behaviour in which it may be said to be missing.
pub(crate) const MISSES: f64 = 0.05;

/// An answer with everything that models see of it.
pub(crate) struct Read {
    pub(crate) answer: Answer,
    pub(crate) sentences: Vec<Sentence>,
    /// For each sentence and output whether the sentence does it; `None` if nobody marked words.
    pub(crate) marks: Vec<Vec<Option<bool>>>,
    pub(crate) features: Features,
}

/// An answer of which only a part is known, as the behaviour model sees it.
pub(crate) struct WeakRead {
    pub(crate) weak: Weak,
    pub(crate) features: Features,
}

/// Everything that is trained on and measured with.
pub(crate) struct Sets {
    pub(crate) own: Vec<Read>,
    pub(crate) held_out: Vec<Read>,
    /// Answers that were looked at once, after everything was settled.
    pub(crate) fresh: Vec<Read>,
    pub(crate) weak: Vec<WeakRead>,
}

/// Both models.
pub(crate) struct Models {
    pub(crate) checks: Weights,
    pub(crate) behaviour: Weights,
}

/// Trains on everything that may be trained on; `data` is the folder of public data. With
/// `--measure` nothing is written, and the held-out answers are not looked at. With `--fresh`
/// nothing is trained: the models as shipped are measured on the fresh answers.
pub(crate) fn train(words: &[&str]) -> Result<String, Vec<String>> {
    let run = || match words {
        [data] => write_all(Path::new(data)),
        [data, "--measure"] => measure_only(Path::new(data)),
        [data, "--fresh"] => fresh_only(Path::new(data)),
        _ => Err("usage: cargo xtask train-answers DATA [--measure | --fresh]".to_owned()),
    };
    run().map_err(|fault| vec![fault])
}

/// The readers that belong to the models.
struct Readers {
    sentences: SentenceReader,
    behaviour: BehaviourReader,
}

fn read_sets(data: &Path) -> Result<(Sets, Readers), String> {
    let readers = Readers {
        sentences: SentenceReader::embedded().map_err(|error| error.to_string())?,
        behaviour: BehaviourReader::embedded().map_err(|error| error.to_string())?,
    };
    let folder = crate::root().join("assets/training/answers");
    let read = |folder: &Path| -> Result<Vec<Read>, String> {
        let answers = data::read(folder)?.into_iter();
        Ok(answers.map(|answer| read_one(answer, &readers)).collect())
    };
    let mut weak = public::to_train_on(data)?;
    weak.extend(compose::exam(
        &crate::root().join("assets/training/exam.yaml"),
    )?);
    let weak = weak
        .into_iter()
        .map(|weak| WeakRead {
            features: readers
                .behaviour
                .features(weak.perspective, &weak.question, &weak.answer),
            weak,
        })
        .collect();
    let sets = Sets {
        own: read(&folder)?,
        held_out: read(&folder.join("held-out"))?,
        fresh: read(&folder.join("fresh"))?,
        weak,
    };
    Ok((sets, readers))
}

fn fresh_only(data: &Path) -> Result<String, String> {
    let (sets, readers) = read_sets(data)?;
    let names = readers.sentences.names();
    let models = Models {
        checks: shipped("checks-model.bin", &names)?,
        behaviour: shipped("behaviour-model.bin", &BehaviourReader::names())?,
    };
    let guesses = models.guess(&sets.fresh);
    Ok(measure::checks_table(&sets.fresh, &guesses, &models.checks)
        + &measure::behaviour_table(&sets.fresh, &guesses)
        + &measure::confidence(&sets.fresh, &guesses))
}

fn shipped<N: AsRef<str>>(file: &str, names: &[N]) -> Result<Weights, String> {
    let path = crate::root().join("assets/judges").join(file);
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    Weights::from_bytes(&bytes, &names).map_err(|error| format!("{}: {error}", path.display()))
}

impl Models {
    fn guess(&self, answers: &[Read]) -> Vec<Guess> {
        let guess = |read| Guess::of(&self.checks, &self.behaviour, read);
        answers.iter().map(guess).collect()
    }
}

fn measure_only(data: &Path) -> Result<String, String> {
    let (sets, readers) = read_sets(data)?;
    let guesses = measure::left_out(&sets);
    let mut said = measure::table(&sets.own, &guesses);
    said.push_str(&measure::confidence(&sets.own, &guesses));
    let all: Vec<&Read> = sets.own.iter().collect();
    let behaviour = fit_behaviour(&all, &sets.weak.iter().collect::<Vec<_>>(), Vec::new());
    said.push_str(&measure::helpful(
        &readers.behaviour,
        &behaviour,
        &public::helpful(data)?,
    ));
    Ok(said)
}

fn write_all(data: &Path) -> Result<String, String> {
    let (sets, readers) = read_sets(data)?;
    let guesses = measure::left_out(&sets);
    let thresholds: Vec<Thresholds> = (0..SENTENCE_OUTPUTS.len())
        .map(|output| Thresholds {
            there: [0, 1].map(|part| {
                let part_of = &measure::PARTS[part];
                measure::threshold(&sets.own, &guesses, output, part_of, ALARMS[part]) as f32
            }),
            missing: [0, 1].map(|part| {
                measure::floor(&sets.own, &guesses, output, &measure::PARTS[part], MISSES) as f32
            }),
        })
        .collect();
    let all: Vec<&Read> = sets.own.iter().collect();
    let seen: Vec<u32> = sets
        .own
        .iter()
        .map(|read| fingerprint(&read.answer.answer))
        .collect();
    let weak = sets.weak.iter().map(|read| fingerprint(&read.weak.answer));
    let models = Models {
        checks: fit_checks(&all, thresholds, seen.clone()),
        behaviour: fit_behaviour(
            &all,
            &sets.weak.iter().collect::<Vec<_>>(),
            seen.iter().copied().chain(weak).collect(),
        ),
    };
    let (held_out, fresh) = (models.guess(&sets.held_out), models.guess(&sets.fresh));
    let families = measure::families(&sets);
    let helpful = measure::helpful(
        &readers.behaviour,
        &models.behaviour,
        &public::helpful(data)?,
    );
    let card = card::card(
        &sets,
        &card::Guesses {
            left_out: guesses,
            held_out,
            fresh,
        },
        &models,
        &helpful,
        &families,
    );
    write(
        "assets/judges/behaviour-model.bin",
        &models.behaviour.to_bytes(),
    )?;
    write("assets/judges/checks-model.bin", &models.checks.to_bytes())?;
    write("assets/judges/answers-model.md", card.as_bytes())?;
    Ok(card)
}

fn write(path: &str, bytes: &[u8]) -> Result<(), String> {
    let path = crate::root().join(path);
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_one(answer: Answer, readers: &Readers) -> Read {
    let sentences =
        readers
            .sentences
            .sentences(answer.perspective, &answer.question, &answer.answer);
    let places: Vec<Vec<std::ops::Range<usize>>> = answer
        .spans
        .iter()
        .map(|spans| {
            let find = |words: &String| {
                let start = answer.answer.find(words)?;
                Some(start..start + words.len())
            };
            spans.iter().filter_map(find).collect()
        })
        .collect();
    let mark = |sentence: &Sentence, output: usize| match answer.does[output] {
        // Asked about nothing, an answer can neither correct nor obey.
        None => None,
        Some(false) => Some(false),
        Some(true) if !answer.marked => None,
        Some(true) => {
            let shares = |place| shares_enough(&sentence.range, place);
            Some(places[output].iter().any(shares))
        }
    };
    let marks = sentences
        .iter()
        .map(|sentence| {
            (0..SENTENCE_OUTPUTS.len())
                .map(|output| mark(sentence, output))
                .collect()
        })
        .collect();
    let features = readers
        .behaviour
        .features(answer.perspective, &answer.question, &answer.answer);
    Read {
        answer,
        sentences,
        marks,
        features,
    }
}

/// True if the marked words are a good part of the sentence, or the sentence of them.
fn shares_enough(sentence: &std::ops::Range<usize>, words: &std::ops::Range<usize>) -> bool {
    let both = sentence
        .end
        .min(words.end)
        .saturating_sub(sentence.start.max(words.start));
    both > 0 && both * 10 >= 3 * sentence.len().min(words.len())
}

/// The sentence model of `answers`. Rare behaviour and its absence count the same in all.
pub(crate) fn fit_checks(
    answers: &[&Read],
    thresholds: Vec<Thresholds>,
    seen: Vec<u32>,
) -> Weights {
    let mut counts = vec![(1.0_f32, 1.0_f32); SENTENCE_OUTPUTS.len()];
    for marks in answers.iter().flat_map(|read| &read.marks) {
        for (count, mark) in counts.iter_mut().zip(marks) {
            match mark {
                Some(true) => count.0 += 1.0,
                Some(false) => count.1 += 1.0,
                None => {}
            }
        }
    }
    let weigh = |(mark, (yes, no)): (&Option<bool>, &(f32, f32))| match mark {
        Some(true) => (no + yes) / (2.0 * yes),
        _ => (no + yes) / (2.0 * no),
    };
    let rows: Vec<Row<'_>> = answers
        .iter()
        .flat_map(|read| read.sentences.iter().zip(&read.marks))
        .map(|(sentence, marks)| Row {
            features: &sentence.features,
            right: marks.clone(),
            weight: marks.iter().zip(&counts).map(weigh).collect(),
        })
        .collect();
    let names = SentenceReader::embedded().map(|reader| reader.names());
    Weights::pack(Trained {
        thresholds,
        seen,
        ..fitted(
            fit::fit(&rows, Link::Each, CHECKS),
            &SENTENCE_OUTPUTS,
            names.unwrap_or_default(),
        )
    })
}

/// The behaviour model of `answers`.
pub(crate) fn fit_behaviour(answers: &[&Read], weak: &[&WeakRead], seen: Vec<u32>) -> Weights {
    let mut rows: Vec<Row<'_>> = answers
        .iter()
        .map(|read| {
            // There are few answers that are off topic.
            let weight = if read.answer.behaviour == 4 { 2.0 } else { 1.0 };
            Row {
                features: &read.features,
                right: (0..BEHAVIOURS.len())
                    .map(|place| Some(place == read.answer.behaviour))
                    .collect(),
                weight: vec![weight; BEHAVIOURS.len()],
            }
        })
        .collect();
    rows.extend(weak.iter().map(|read| Row {
        features: &read.features,
        right: read.weak.may_be.iter().map(|may| Some(*may)).collect(),
        weight: vec![read.weak.weight; BEHAVIOURS.len()],
    }));
    let names = BehaviourReader::names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    Weights::pack(Trained {
        seen,
        ..fitted(fit::fit(&rows, Link::OneOf, BEHAVIOUR), &BEHAVIOURS, names)
    })
}

fn fitted(fitted: fit::Fitted, outputs: &[&str], names: Vec<String>) -> Trained {
    Trained {
        outputs: outputs.iter().map(ToString::to_string).collect(),
        names,
        bias: fitted.bias,
        named: fitted.named,
        hashed: fitted.hashed,
        thresholds: Vec::new(),
        made_from: "assets/training/answers; see answers-model.md".to_owned(),
        seen: Vec::new(),
    }
}
