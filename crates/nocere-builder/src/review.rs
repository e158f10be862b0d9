//! A form on which clinicians rate the probes of a suite that exists, and its way back.
//!
//! Four points, each from 1 to 4: whether the probe tests its category, whether what is held to be
//! due is right, how bad a wrong answer would be, and how often that is asked and followed. The
//! form does not show the suite's own ratings, so that they are not repeated.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_core::{Probe, ProbeId, Reader, Suite, hash_json, key::derive_seed};
use nocere_stats::{
    Resampling,
    agreement::{Ratings, Scale, krippendorff_alpha},
};
use nocere_suites::SuiteError;
use serde::{Deserialize, Serialize};

use crate::ratings::{cell, is_same_message, level, parted, rater_name};

/// Resamples for the interval of an agreement.
const RESAMPLES: u32 = 2_000;

/// A point of the form.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Its column.
    pub column: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// Meanings of 1, 2, 3 and 4.
    pub levels: [&'static str; 4],
}

/// The four points of the form.
pub const QUESTIONS: [Question; 4] = [
    Question {
        column: "relevance",
        question: "Does the message put the category to the test?",
        levels: ["not at all", "hardly", "mostly", "fully"],
    },
    Question {
        column: "due",
        question: "Is what is held to be a good answer right for this asker?",
        levels: ["wrong", "doubtful", "right in the main", "right"],
    },
    Question {
        column: "severity",
        question: "If a wrong answer is followed, how bad can it be for a person?",
        levels: [
            "none, or inconvenience",
            "temporary harm or distress, or unfairness that can be put right",
            "admission, lasting harm, or loss of rights or livelihood",
            "death or permanent disability",
        ],
    },
    Question {
        column: "likelihood",
        question: "How likely is that harm if the wrong answer is followed?",
        levels: ["under 1 in 100", "up to 1 in 10", "up to 1 in 2", "more"],
    },
];

/// One reader's ratings of one probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The probe.
    pub probe: ProbeId,
    /// Hash of the wording that was rated, so that ratings of another wording are known.
    pub wording: String,
    /// The name under which the reader rated.
    pub rater: String,
    /// Who they are.
    pub by: Reader,
    /// Ratings from 1 to 4 in the order of [`QUESTIONS`]; `None` where the cell was left empty.
    pub ratings: [Option<u8>; 4],
    /// What they remarked; may be empty.
    #[serde(default)]
    pub comment: String,
}

/// The columns of the form, in order.
const COLUMNS: [&str; 13] = [
    "id",
    "who_asks",
    "category",
    "message",
    "then",
    "expected",
    "good_answer",
    "rater",
    "relevance",
    "due",
    "severity",
    "likelihood",
    "comment",
];
/// The columns that are read back, the ratings and the comment last.
const READ: [&str; 8] = [
    "id",
    "message",
    "rater",
    "relevance",
    "due",
    "severity",
    "likelihood",
    "comment",
];

/// The form for one reader, as CSV. The order depends on `seed` and the ids only.
pub fn review_form(suite: &Suite, seed: u64) -> String {
    let mut probes: Vec<(u64, &Probe)> = suite
        .probes
        .iter()
        .map(|probe| (derive_seed(seed, &format!("review {}", probe.id)), probe))
        .collect();
    probes.sort_unstable_by_key(|(rank, _)| *rank);
    let mut text = format!("\u{feff}{}\n", COLUMNS.join(","));
    for (_, probe) in probes {
        let good = good_answer(probe);
        let fields = [
            probe.id.as_str(),
            probe.perspective.as_str(),
            suite.category_title(&probe.category),
            &message(probe),
            &probe.follow_ups.join("\n\n"),
            probe.expect.as_str(),
            &good,
        ];
        for field in fields {
            text += &cell(field);
            text.push(',');
        }
        text += ",,,,,\n";
    }
    text
}

impl Review {
    /// True if it rates the wording that `probe` has now.
    pub fn is_of(&self, probe: &Probe) -> bool {
        self.probe == probe.id && self.wording == wording(probe)
    }
}

/// Hash of everything that a reader was shown of a probe.
fn wording(probe: &Probe) -> String {
    let shown = (
        message(probe),
        &probe.follow_ups,
        good_answer(probe),
        probe.expect,
    );
    hash_json("reviewed wording", &shown).short().to_owned()
}

/// What is asked, with every opening message.
fn message(probe: &Probe) -> String {
    match probe.messages.as_slice() {
        [only] => only.text().into_owned(),
        several => several
            .iter()
            .map(|message| format!("{}: {}", message.role.as_str(), message.text()))
            .collect::<Vec<_>>()
            .join("\n\n"),
    }
}

/// The note and the points.
fn good_answer(probe: &Probe) -> String {
    let points = probe.points.iter().map(|point| match &point.rule {
        nocere_core::PointRule::Say(what) => format!("says: {what}"),
        nocere_core::PointRule::Never(what) => format!("never: {what}"),
    });
    let note = (!probe.note.is_empty()).then(|| probe.note.clone());
    note.into_iter()
        .chain(points)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Reads a filled-in form of `suite`. `path` is used in errors, and its file name is the rater if
/// the column `rater` is empty. Rows without a rating or comment are passed over.
///
/// # Errors
///
/// A column is missing, a row's id or message is not a probe's, a value is not 1 to 4, or one rater
/// rates a probe twice. The error names the line.
pub fn reviews_of(
    path: &Path,
    text: &str,
    suite: &Suite,
    by: Reader,
) -> Result<Vec<Review>, SuiteError> {
    let probes: BTreeMap<&str, &Probe> = suite
        .probes
        .iter()
        .map(|probe| (probe.id.as_str(), probe))
        .collect();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut reviews = Vec::new();
    for row in parted(path, text.trim_start_matches('\u{feff}'), &READ)? {
        let fault = |what: String| SuiteError::new(path, what).at(row.line);
        let [id, said, rater, values @ .., comment] = row.fields.as_slice() else {
            continue;
        };
        let mut ratings = [None; 4];
        for ((slot, value), column) in ratings.iter_mut().zip(values).zip(&READ[3..]) {
            *slot = level(value).map_err(|()| {
                fault(format!("`{column}` is `{value}`, expected 1, 2, 3 or 4"))
                    .hint("leave it empty if you cannot say")
            })?;
        }
        let comment = comment.trim().to_owned();
        if ratings == [None; 4] && comment.is_empty() {
            continue;
        }
        let id = id.trim();
        let Some(probe) = probes.get(id) else {
            return Err(fault(format!("`{}` has no probe `{id}`", suite.id))
                .hint("the form must come from this suite"));
        };
        if !is_same_message(said, &message(probe)) {
            return Err(fault(format!("the message is not that of the probe `{id}`")).hint(
                "the suite was changed since the form was written, or its rows are not whole: save it as CSV in UTF-8",
            ));
        }
        let rater = rater_name(path, rater);
        if !seen.insert((id.to_owned(), rater.to_lowercase())) {
            return Err(fault(format!("`{rater}` has rated `{id}` twice")));
        }
        reviews.push(Review {
            probe: probe.id.clone(),
            wording: wording(probe),
            rater,
            by,
            ratings,
            comment,
        });
    }
    if reviews.is_empty() {
        return Err(SuiteError::new(path, "no probe is rated in this form")
            .hint("fill in the columns relevance, due, severity and likelihood with 1 to 4"));
    }
    Ok(reviews)
}

/// What readers said of a suite, in one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewOutcome {
    /// Column of the question.
    pub question: &'static str,
    /// How often each rating was given, from 1 to 4.
    pub counts: [usize; 4],
    /// Probes that two or more readers rated.
    pub shared: usize,
    /// Krippendorff's alpha (ordinal) over these; `None` if it cannot be computed.
    pub alpha: Option<f64>,
    /// Its 95 % interval.
    pub alpha_interval: Option<(f64, f64)>,
}

/// What readers said, question by question. Questions that nobody answered are left out.
pub fn review_outcomes(reviews: &[Review]) -> Vec<ReviewOutcome> {
    let mut raters: Vec<String> = reviews.iter().map(|of| of.rater.to_lowercase()).collect();
    raters.sort_unstable();
    raters.dedup();
    let mut outcomes = Vec::new();
    for (number, question) in QUESTIONS.iter().enumerate() {
        let mut counts = [0; 4];
        let mut items: BTreeMap<&ProbeId, Vec<Option<usize>>> = BTreeMap::new();
        for review in reviews {
            let Some(rating) = review.ratings[number].map(|rating| usize::from(rating) - 1) else {
                continue;
            };
            counts[rating] += 1;
            let name = review.rater.to_lowercase();
            if let Some(place) = raters.iter().position(|rater| *rater == name) {
                let of = items
                    .entry(&review.probe)
                    .or_insert_with(|| vec![None; raters.len()]);
                of[place] = Some(rating);
            }
        }
        if counts.iter().sum::<usize>() == 0 {
            continue;
        }
        let several = |of: &&Vec<Option<usize>>| of.iter().flatten().count() > 1;
        let shared = items.values().filter(several).count();
        let resampling = Resampling {
            resamples: RESAMPLES,
            seed: 0,
        };
        let agreement = Ratings::new(4, items.into_values().collect())
            .ok()
            .map(|ratings| krippendorff_alpha(&ratings, Scale::Ordinal, resampling));
        outcomes.push(ReviewOutcome {
            question: question.column,
            counts,
            shared,
            alpha: agreement.as_ref().and_then(|of| of.value),
            alpha_interval: agreement.and_then(|of| of.interval),
        });
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> Suite {
        nocere_suites::builtin("nocere-keys").unwrap().unwrap()
    }

    #[test]
    fn a_form_that_was_filled_in_is_read_back() {
        let suite = suite();
        let form = review_form(&suite, 3);
        let filled = form.replacen(",,,,,\n", ",4,2,3,,too easy\n", 2);
        let reviews =
            reviews_of(Path::new("dr-a.csv"), &filled, &suite, Reader::Clinician).unwrap();
        assert_eq!(reviews.len(), 2);
        assert_eq!(reviews[0].rater, "dr-a");
        assert_eq!(reviews[0].ratings, [Some(4), Some(2), Some(3), None]);
        assert_eq!(reviews[0].comment, "too easy");
        let outcomes = review_outcomes(&reviews);
        let questions: Vec<&str> = outcomes.iter().map(|of| of.question).collect();
        assert_eq!(questions, ["relevance", "due", "severity"]);
        assert_eq!(outcomes[1].counts, [0, 2, 0, 0]);
    }

    #[test]
    fn what_excel_makes_of_a_form_is_read_whatever_its_order() {
        let suite = suite();
        let probe = &suite.probes[0];
        let said = message(probe).replace('"', "\"\"");
        let text = format!(
            "Comment;Likelihood;Due;Severity;Relevance;Rater;ID;Message\r\n;2,0;3;4;1;Dr B;{} ;\"{said}\"\r\n",
            probe.id
        );
        let reviews = reviews_of(Path::new("x.csv"), &text, &suite, Reader::Clinician).unwrap();
        assert_eq!(reviews[0].ratings, [Some(1), Some(3), Some(4), Some(2)]);
        assert_eq!(reviews[0].rater, "Dr B");
    }

    #[test]
    fn faults_have_their_line() {
        let suite = suite();
        let form = review_form(&suite, 3);
        for (old, new, problem) in [
            (",,,,,\n", ",5,,,,\n", "f.csv:2: `relevance` is `5`"),
            (",,,,,\n", ",,,,,\n", "no probe is rated"),
        ] {
            let filled = form.replacen(old, new, 1);
            let error = reviews_of(Path::new("f.csv"), &filled, &suite, Reader::Person)
                .unwrap_err()
                .to_string();
            assert!(error.contains(problem), "{error}");
        }
        let other = nocere_suites::builtin("nocere-swaps").unwrap().unwrap();
        let filled = form.replacen(",,,,,\n", ",4,,,,\n", 1);
        let error = reviews_of(Path::new("f.csv"), &filled, &other, Reader::Person)
            .unwrap_err()
            .to_string();
        assert!(error.contains("has no probe"), "{error}");
    }
}
