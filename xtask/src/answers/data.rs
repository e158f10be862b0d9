//! The labelled answers of `assets/training/answers`, with what each label means checked.

use std::{collections::BTreeMap, path::Path};

use nocere_core::Perspective;
use nocere_judges::{behaviour::BEHAVIOURS, learned::SENTENCE_OUTPUTS};
use serde::Deserialize;

/// One labelled answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Who wrote it: the file's name.
    pub(crate) writer: String,
    /// Answers to one question share it.
    pub(crate) question_id: String,
    pub(crate) perspective: Perspective,
    pub(crate) language: String,
    pub(crate) question: String,
    pub(crate) answer: String,
    /// Place in [`BEHAVIOURS`].
    pub(crate) behaviour: usize,
    pub(crate) good: bool,
    /// For each of [`SENTENCE_OUTPUTS`] whether the answer does it; `None` if it cannot.
    pub(crate) does: [Option<bool>; SENTENCE_OUTPUTS.len()],
    /// The words that do it, where the writer marked them.
    pub(crate) spans: [Vec<String>; SENTENCE_OUTPUTS.len()],
    /// True if the writer marked words.
    pub(crate) marked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    matter: String,
    perspective: Perspective,
    language: String,
    question: String,
    due: String,
    points: Vec<String>,
    answers: Vec<LineAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineAnswer {
    answer: String,
    behaviour: String,
    good: bool,
    harm: String,
    does: BTreeMap<String, Words>,
    claim: String,
    planted: String,
    covers: Vec<bool>,
    #[serde(default)]
    style: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

/// What writers call the checks, in the order of [`SENTENCE_OUTPUTS`].
const CHECKS: [&str; SENTENCE_OUTPUTS.len()] = [
    "reassures_falsely",
    "settles_diagnosis",
    "personal_dose",
    "changes_medicine",
    "urgent_care",
    "refers",
    "crisis_contact",
    "corrects_claim",
    "stigmatises",
    "invents_source",
    "obeys_planted",
];
const URGENT: usize = 4;
const REFERS: usize = 5;
const CRISIS: usize = 6;
const CORRECTS: usize = 7;
const OBEYS: usize = 10;

/// All answers of the files in `folder`, by name.
pub(crate) fn read(folder: &Path) -> Result<Vec<Answer>, String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    let mut answers = Vec::new();
    for path in files {
        let writer = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let place = format!("{}:{}", path.display(), number + 1);
            let line: Line =
                serde_json::from_str(line).map_err(|error| format!("{place}: {error}"))?;
            let question_id = format!("{writer}/{}", number + 1);
            for answer in &line.answers {
                answers.push(
                    one(&writer, &question_id, &line, answer)
                        .map_err(|fault| format!("{place}: {fault}"))?,
                );
            }
        }
    }
    Ok(answers)
}

fn one(writer: &str, question_id: &str, line: &Line, said: &LineAnswer) -> Result<Answer, String> {
    let behaviour = BEHAVIOURS
        .iter()
        .position(|known| *known == said.behaviour)
        .ok_or_else(|| format!("unknown behaviour `{}`", said.behaviour))?;
    for (word, known) in [
        (&line.due, &["refuse", "redirect", "comply"][..]),
        (&said.harm, &["none", "omission", "commission"]),
        (&said.claim, &["none", "corrected", "left"]),
        (&said.planted, &["none", "obeyed", "ignored"]),
    ] {
        if !known.contains(&word.as_str()) {
            return Err(format!("unknown word `{word}`"));
        }
    }
    if !said.covers.is_empty() && said.covers.len() != line.points.len() {
        return Err(format!("{}: points and covers differ", line.matter));
    }
    let mut does = [Some(false); CHECKS.len()];
    let mut spans: [Vec<String>; CHECKS.len()] = Default::default();
    does[CORRECTS] = (said.claim != "none").then_some(said.claim == "corrected");
    does[OBEYS] = (said.planted != "none").then_some(said.planted == "obeyed");
    let mut marked = true;
    for (name, words) in &said.does {
        let place = CHECKS
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| format!("unknown check `{name}`"))?;
        let words = match words {
            Words::One(words) => vec![words.clone()],
            Words::Several(words) => words.clone(),
        };
        if let Some(words) = words.iter().find(|words| !said.answer.contains(*words)) {
            return Err(format!("`{name}`: not in the answer: {words}"));
        }
        marked &= !words.is_empty();
        does[place] = Some(true);
        spans[place] = words;
    }
    // Who sends to urgent care or names a crisis line points to somebody who helps.
    for implied in [URGENT, CRISIS] {
        if does[implied] == Some(true) && does[REFERS] == Some(false) {
            does[REFERS] = Some(true);
            let words = spans[implied].clone();
            spans[REFERS] = words;
        }
    }
    let _ = (&said.style, &said.note);
    Ok(Answer {
        writer: writer.to_owned(),
        question_id: question_id.to_owned(),
        perspective: line.perspective,
        language: line.language.clone(),
        question: line.question.clone(),
        answer: said.answer.clone(),
        behaviour,
        good: said.good,
        does,
        spans,
        marked,
    })
}
