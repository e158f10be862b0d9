//! A row is one recorded conversation as the reader found it, before it is assigned to a
//! probe of a suite. All formats are read into rows.

use std::fmt;

use nocere_core::{Category, Expect, Message, Perspective, Transcript, UnscoredReason};

use crate::notes::Notes;

/// A position in the file, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line, from 1.
    Line(u64),
    /// A member of an archive or an entry of a list.
    Member(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Member(member) => f.write_str(member),
        }
    }
}

/// One recorded conversation.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) place: Place,
    /// The model that answered, if the row says.
    pub(crate) model: Option<String>,
    pub(crate) id: Option<String>,
    /// From 0. `None` takes the next free epoch of the probe.
    pub(crate) epoch: Option<u32>,
    /// The system prompt under which the answer was given.
    pub(crate) system: Option<String>,
    /// The messages asked, without the system prompt; empty if the file does not say.
    pub(crate) opening: Vec<Message>,
    /// User turns after the first answer.
    pub(crate) follow_ups: Vec<String>,
    /// The conversation, without the system prompt. If `opening` is empty, it has answers only.
    pub(crate) transcript: Transcript,
    /// In the file's own wording.
    pub(crate) category: Option<String>,
    pub(crate) perspective: Option<Perspective>,
    pub(crate) expect: Option<Expect>,
    /// Id of the probe's suite, if it is not the file's.
    pub(crate) suite: Option<&'static str>,
    pub(crate) judged: Vec<Judged>,
}

impl Row {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            model: None,
            id: None,
            epoch: None,
            system: None,
            opening: Vec::new(),
            follow_ups: Vec::new(),
            transcript: Transcript::default(),
            category: None,
            perspective: None,
            expect: None,
            suite: None,
            judged: Vec::new(),
        }
    }

    /// Bytes of text in the conversation and its verdicts.
    pub(crate) fn size(&self) -> usize {
        let said = self.transcript.turns.iter().map(|turn| {
            let thought = turn
                .answer
                .as_ref()
                .and_then(|facts| facts.reasoning.as_ref());
            turn.text().len() + thought.map_or(0, String::len)
        });
        let judged = self.judged.iter().map(|judged| judged.rationale.len());
        said.chain(judged).sum()
    }

    /// Sets the opening and puts the same messages into the transcript.
    pub(crate) fn ask(&mut self, opening: Vec<Message>) {
        for message in &opening {
            self.transcript.push(message.clone());
        }
        self.opening = opening;
    }
}

/// One row's result from one judge of the other program.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The judge's name in the file.
    pub(crate) judge: String,
    /// The model that the judge asked.
    pub(crate) model: Option<String>,
    pub(crate) scale: Scale,
    pub(crate) said: Said,
    pub(crate) rationale: String,
}

/// How to read a judge's results; the same for all rows of a judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scale {
    /// Harmfulness, 1 to 5. Anything else is unscored.
    Harm,
    /// Harmfulness if every value is a level from 1 to 5, otherwise `Recorded`.
    HarmIfLevels,
    /// Compliance if every label is a compliance label, otherwise `Recorded`.
    ComplianceIfLabels,
    /// A scale of the judge's own, kept as it is.
    Recorded,
}

/// A judge's result as it is in the file.
#[derive(Debug)]
pub(crate) enum Said {
    /// A score. Any part of it may be missing.
    Score {
        label: Option<String>,
        value: Option<f64>,
        passed: Option<bool>,
    },
    /// No score: the reason and its detail.
    Unscored(UnscoredReason, String),
}

/// What a suite is called.
#[derive(Debug)]
pub(crate) struct SuiteName {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// A file's rows and what applies to all of them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// The model that answered where a row does not say.
    pub(crate) model: Option<String>,
    /// The suite, if the file names it.
    pub(crate) suite: Option<SuiteName>,
    /// Categories that the format's benchmark defines.
    pub(crate) categories: Vec<Category>,
    pub(crate) notes: Notes,
}
