//! A row is one recorded conversation as a reader found it, before it has a place in a
//! suite: the common form of all formats.

use std::fmt;

use nocere_core::{Category, Expect, Message, Perspective, Transcript, UnscoredReason};

use crate::notes::Notes;

/// Where something stands in the file.
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
    pub(crate) id: Option<String>,
    /// From 0; `None` takes the next free one.
    pub(crate) epoch: Option<u32>,
    /// The system prompt under which the answer was given.
    pub(crate) system: Option<String>,
    /// What was asked, without the system prompt; empty if the file does not say.
    pub(crate) opening: Vec<Message>,
    /// User turns after the first answer.
    pub(crate) follow_ups: Vec<String>,
    /// What was said, without the system prompt; without the opening where that is empty.
    pub(crate) transcript: Transcript,
    /// In the file's own words.
    pub(crate) category: Option<String>,
    pub(crate) perspective: Option<Perspective>,
    pub(crate) expect: Option<Expect>,
    /// The suite that the probe belongs to, if not the file's.
    pub(crate) suite: Option<&'static str>,
    pub(crate) judged: Vec<Judged>,
}

impl Row {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
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

    /// Sets what was asked, and that it is what the model saw.
    pub(crate) fn ask(&mut self, opening: Vec<Message>) {
        for message in &opening {
            self.transcript.push(message.clone());
        }
        self.opening = opening;
    }
}

/// What a judge of the other program said of a row.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Names the judge in the file.
    pub(crate) judge: String,
    /// The model that it asked.
    pub(crate) model: Option<String>,
    pub(crate) scale: Scale,
    pub(crate) said: Said,
    pub(crate) rationale: String,
}

/// How a judge's words are to be read; the same for all rows of a judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scale {
    /// Harmfulness 1 to 5; what is none is unscored.
    Harm,
    /// Harmfulness if every value is a level of 1 to 5, else recorded.
    HarmIfLevels,
    /// Compliance if every label is one, else recorded.
    ComplianceIfLabels,
    /// On a scale of its own.
    Recorded,
}

/// A judge's words.
#[derive(Debug)]
pub(crate) enum Said {
    /// A score; everything in it may be missing.
    Score {
        label: Option<String>,
        value: Option<f64>,
        passed: Option<bool>,
    },
    /// None, and why.
    Unscored(UnscoredReason, String),
}

/// A file's rows and what holds for all of them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) model: Option<String>,
    /// The suite's id and title, where the file says so.
    pub(crate) suite: Option<(String, String)>,
    /// Categories that are known beforehand.
    pub(crate) categories: Vec<Category>,
    pub(crate) notes: Notes,
}
