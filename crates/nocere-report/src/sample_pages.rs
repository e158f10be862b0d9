//! The samples of a run as pages: conversations with the judges' evidence in place, and a browser
//! with filters. The pages work without scripts; the browser has one of ours, and its policy names
//! that script's hash, so that nothing else runs.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use nocere_analysis::{Finding, RunReport, WITHHELD};
use nocere_core::{
    ContentHash, FigureRow, Instrument, Sample, Verdict,
    text::{plural, shorten},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{error::WriteError, html::marked, links::figure_of_judge};

/// Conversations on a page.
const PER_PAGE: usize = 50;
/// Most bytes of images on a page, as they are written in it; a page of one sample may have more.
const MAX_IMAGES: usize = 20 << 20;
/// Longest text of a conversation in the browser's index, in characters, for runs of up to
/// [`FEW`] samples; and for larger ones.
const EXCERPT: (usize, usize) = (1_500, 120);
/// Samples up to which the index may hold more text.
const FEW: u64 = 5_000;

/// The browser's script.
const SCRIPT: &str = include_str!("../templates/browse.js");

/// What the pages are made from, beside the samples.
#[derive(Clone, Copy, Debug)]
pub struct SamplePages<'a> {
    /// The run's figures, suites, targets and judges.
    pub report: &'a RunReport,
    /// The rows of the figures.
    pub figures: &'a [FigureRow],
    /// Which samples these are, in words: "all 90 samples".
    pub which: &'a str,
}

/// A file of the folder: its name and its text.
pub type PageFile = (String, String);

#[derive(Template)]
#[template(path = "samples.html")]
struct Page<'a> {
    report: &'a RunReport,
    style: &'static str,
    number: usize,
    is_last: bool,
    which: &'a str,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "browse.html")]
struct Browser<'a> {
    report: &'a RunReport,
    style: &'static str,
    script: &'static str,
    script_hash: String,
    data: String,
    which: &'a str,
    pages: usize,
    is_cut: bool,
}

/// A conversation.
struct Item {
    seq: i64,
    head: String,
    probe: String,
    expected: &'static str,
    outcome: &'static str,
    problems: Vec<String>,
    turns: Vec<TurnView>,
    error: String,
    judges: Vec<JudgeView>,
    note: String,
}

struct TurnView {
    role: &'static str,
    is_answer: bool,
    /// Escaped markup, with the evidence highlighted.
    text: String,
    /// Addresses that are the images themselves; empty for one whose bytes are not at hand.
    images: Vec<String>,
    facts: String,
    /// What each judge said of this answer; empty for the last answer, whose verdicts stand above.
    verdicts: Vec<String>,
    /// The errors that no earlier answer of the conversation has; empty in conversations with one
    /// answer.
    broke: Vec<String>,
}

struct JudgeView {
    judge: String,
    verdict: String,
    is_scored: bool,
    reason: String,
    votes: Vec<String>,
}

/// Writes the pages one after the other; holds one page and the index.
pub struct SampleWriter<'a> {
    source: SamplePages<'a>,
    items: Vec<Item>,
    pages: usize,
    index: String,
    words: BTreeMap<String, usize>,
    excerpt: usize,
    /// Whether a text of the index is cut.
    is_cut: bool,
}

impl<'a> SampleWriter<'a> {
    /// Nothing is written yet.
    pub fn new(source: SamplePages<'a>) -> Self {
        Self {
            source,
            items: Vec::new(),
            pages: 0,
            index: String::new(),
            words: BTreeMap::new(),
            is_cut: false,
            excerpt: if source.report.done <= FEW {
                EXCERPT.0
            } else {
                EXCERPT.1
            },
        }
    }

    /// Adds a sample; gives a page when one is full.
    ///
    /// # Errors
    ///
    /// The template fails, which is a bug in nocere.
    pub fn add(&mut self, sample: &Sample) -> Result<Option<PageFile>, WriteError> {
        let finding = self.finding(sample);
        self.add_to_index(sample, finding.as_ref());
        self.items.push(self.item(sample, finding));
        let turns = self.items.iter().flat_map(|item| &item.turns);
        let images: usize = turns.flat_map(|turn| &turn.images).map(String::len).sum();
        if self.items.len() < PER_PAGE && images < MAX_IMAGES {
            return Ok(None);
        }
        // Whether it is the last one is known only at the end; the link onwards leads to the
        // browser then.
        self.page(false).map(Some)
    }

    /// The last page, if there is one, and the browser.
    ///
    /// # Errors
    ///
    /// The template fails, which is a bug in nocere.
    pub fn finish(mut self) -> Result<Vec<PageFile>, WriteError> {
        let mut files = Vec::new();
        if !self.items.is_empty() {
            files.push(self.page(true)?);
        }
        let hash = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
        let browser = Browser {
            report: self.source.report,
            style: include_str!("../templates/report.css"),
            script: SCRIPT,
            script_hash: format!("sha256-{hash}"),
            data: self.data(),
            which: self.source.which,
            pages: self.pages,
            is_cut: self.is_cut,
        };
        files.push(("samples/index.html".to_owned(), browser.render()?));
        Ok(files)
    }

    fn page(&mut self, is_last: bool) -> Result<PageFile, WriteError> {
        self.pages += 1;
        let page = Page {
            report: self.source.report,
            style: include_str!("../templates/report.css"),
            number: self.pages,
            is_last,
            which: self.source.which,
            items: std::mem::take(&mut self.items),
        };
        Ok((format!("samples/{}.html", self.pages), page.render()?))
    }

    fn is_hidden(&self, sample: &Sample) -> bool {
        let mut suites = self.source.report.suites.iter();
        suites.any(|suite| {
            suite.id == sample.probe.suite && suite.half.as_ref().is_some_and(|half| half.hidden)
        })
    }

    fn category(&self, sample: &Sample) -> String {
        let mut suites = self.source.report.suites.iter();
        let suite = suites.find(|suite| suite.id == sample.probe.suite);
        let id = &sample.probe.category;
        suite
            .and_then(|suite| suite.categories.iter().find(|of| of.id == *id))
            .map_or_else(|| id.clone(), |of| of.title.clone())
    }

    fn finding(&self, sample: &Sample) -> Option<Finding> {
        let category = self.category(sample);
        let instruments = &self.source.report.instruments;
        let finding = Finding::of(sample, self.source.figures, instruments, &category)?;
        Some(if self.is_hidden(sample) {
            finding.withheld()
        } else {
            finding
        })
    }

    fn item(&self, sample: &Sample, finding: Option<Finding>) -> Item {
        let probe = &sample.probe;
        let is_hidden = self.is_hidden(sample);
        let mut head = format!(
            "{} · {} · {} · {}",
            sample.target,
            probe.suite,
            probe.perspective,
            self.category(sample)
        );
        if sample.epoch > 0 {
            head.push_str(&format!(" · epoch {}", sample.epoch));
        }
        if sample.driver != nocere_core::DriverIdentity::DIRECT {
            head.push_str(&format!(" · {}", sample.driver));
        }
        Item {
            seq: sample.seq,
            head,
            probe: probe.id.to_string(),
            expected: probe.expect.as_str(),
            outcome: sample.transcript.outcome().as_str(),
            problems: finding.map_or_else(Vec::new, |finding| finding.problems),
            turns: self.turns(sample, is_hidden),
            error: match &sample.transcript.error {
                None => String::new(),
                // A server may repeat the prompt in its words.
                Some(_) if is_hidden => WITHHELD.to_owned(),
                Some(error) => error.to_string(),
            },
            judges: self.judges(sample, is_hidden),
            note: if is_hidden {
                String::new()
            } else {
                probe.note.clone()
            },
        }
    }

    fn judges(&self, sample: &Sample, is_hidden: bool) -> Vec<JudgeView> {
        let shown = |text: &str| {
            if is_hidden {
                WITHHELD.to_owned()
            } else {
                text.to_owned()
            }
        };
        let instruments = self.source.report.instruments.iter();
        instruments
            .filter_map(|instrument| {
                let verdict = sample.verdict(&instrument.hash)?;
                let (word, is_scored, reason) = match verdict {
                    Verdict::Scored(scored) => (
                        instrument.scale.word(&scored.score),
                        true,
                        scored.rationale.as_str(),
                    ),
                    Verdict::Unscored { reason, detail, .. } => {
                        (format!("unscored: {reason}"), false, detail.as_str())
                    }
                };
                let votes = verdict.votes().iter().map(|vote| {
                    let word = match (&vote.score, vote.unscored) {
                        (Some(score), _) => instrument.scale.word(score),
                        (None, Some(reason)) => format!("unscored: {reason}"),
                        (None, None) => "no vote".to_owned(),
                    };
                    shown(&format!("{}: {word}. {}", vote.judge, vote.rationale))
                });
                Some(JudgeView {
                    judge: instrument.id.to_string(),
                    verdict: word,
                    is_scored,
                    reason: shown(reason),
                    votes: votes.collect(),
                })
            })
            .collect()
    }

    /// The messages, with the evidence of all judges in the answers.
    fn turns(&self, sample: &Sample, is_hidden: bool) -> Vec<TurnView> {
        let mut spans = evidence(sample);
        let answers = sample.transcript.answers().count();
        let mut broken: BTreeSet<String> = BTreeSet::new();
        let mut answer = 0;
        let turns = sample.transcript.turns.iter();
        turns
            .map(|turn| {
                let mut view = TurnView {
                    role: turn.message.role.as_str(),
                    is_answer: turn.answer.is_some(),
                    text: String::new(),
                    images: if is_hidden {
                        Vec::new()
                    } else {
                        turn.message.images().map(shown).collect()
                    },
                    facts: String::new(),
                    verdicts: Vec::new(),
                    broke: Vec::new(),
                };
                let mut here = Vec::new();
                if let Some(of) = &turn.answer {
                    here = spans.remove(&answer).unwrap_or_default();
                    here.sort_unstable();
                    view.facts = format!(
                        "{}, {} ms",
                        plural(of.usage.output_tokens, "token"),
                        of.latency_ms
                    );
                    if let Some(model) = &of.served_model {
                        view.facts = format!("{}, {}", shorten(model, 60), view.facts);
                    }
                    if answers > 1 {
                        // A conversation that failed has no verdict on its last answer above.
                        if answer + 1 < answers || sample.transcript.error.is_some() {
                            view.verdicts = self.verdicts_at(sample, answer);
                        }
                        // Drifted words ask something else: no answer to them is an error here.
                        if !sample.is_drifted() {
                            let errors = self.errors_at(sample, answer).into_iter();
                            view.broke = errors.filter(|of| broken.insert(of.clone())).collect();
                        }
                    }
                    answer += 1;
                }
                view.text = if is_hidden {
                    WITHHELD.to_owned()
                } else {
                    marked(&turn.message.text(), &here)
                };
                view
            })
            .collect()
    }

    /// What each judge said of the answer with index `answer`, as "refusal: comply".
    fn verdicts_at(&self, sample: &Sample, answer: usize) -> Vec<String> {
        let instruments = self.source.report.instruments.iter();
        let words = instruments.filter_map(|instrument| {
            let word = match sample.by_turn(&instrument.hash).nth(answer)? {
                Verdict::Scored(scored) => instrument.scale.word(&scored.score),
                Verdict::Unscored { reason, .. } => format!("unscored: {reason}"),
            };
            Some(format!("{}: {word}", instrument.id))
        });
        words.collect()
    }

    /// Titles of the figures that count an error in the answer with index `answer`, each with its
    /// judge. The same figures as in the section on pressure.
    fn errors_at(&self, sample: &Sample, answer: usize) -> Vec<String> {
        let mut errors = Vec::new();
        for instrument in &self.source.report.instruments {
            let Some(verdict) = sample.by_turn(&instrument.hash).nth(answer) else {
                continue;
            };
            let figures = self.source.figures.iter().filter(|of| of.is_listed());
            let counting = figures.filter(|of| of.counts_error(&sample.probe, instrument, verdict));
            errors.extend(counting.map(|of| {
                let title = of.title(&instrument.scale);
                format!("{title} ({})", instrument.id)
            }));
        }
        errors
    }

    /// The place of a word in the index's list of words.
    fn word(&mut self, word: &str) -> usize {
        let next = self.words.len();
        *self.words.entry(word.to_owned()).or_insert(next)
    }

    /// Adds a row to the index: page, anchor, the places of words, weight, and an excerpt.
    fn add_to_index(&mut self, sample: &Sample, finding: Option<&Finding>) {
        let probe = &sample.probe;
        let category = self.category(sample);
        let is_hidden = self.is_hidden(sample);
        let instruments = &self.source.report.instruments;
        let verdicts: Vec<(String, String)> = instruments
            .iter()
            .filter_map(|instrument| {
                let word = match sample.verdict(&instrument.hash)? {
                    Verdict::Scored(scored) => instrument.scale.word(&scored.score),
                    Verdict::Unscored { .. } => "unscored".to_owned(),
                };
                Some((instrument.id.to_string(), word))
            })
            .collect();
        let verdicts: Vec<usize> = verdicts
            .iter()
            .map(|(judge, word)| self.word(&format!("{judge}: {}", shorten(word, 60))))
            .collect();
        let errors = self.errors(sample);
        let errors: Vec<usize> = errors.iter().map(|id| self.word(id)).collect();
        let problems = finding.map_or(&[][..], |finding| &finding.problems);
        let problems: Vec<usize> = problems
            .iter()
            .map(|problem| self.word(&shorten(problem, 120)))
            .collect();
        let mut text = probe.asked(&sample.transcript);
        for answer in sample.transcript.answers() {
            text.push('\n');
            text.push_str(answer);
        }
        let text: String = if is_hidden {
            String::new()
        } else {
            self.is_cut |= text.chars().nth(self.excerpt).is_some();
            text.chars().take(self.excerpt).collect()
        };
        let words = [
            sample.target.as_str(),
            probe.suite.as_str(),
            probe.perspective.as_str(),
            &category,
            probe.expect.as_str(),
            sample.transcript.outcome().as_str(),
        ]
        .map(|word| self.word(word));
        let row = json!([
            self.pages + 1,
            sample.seq,
            probe.id,
            words,
            verdicts,
            errors,
            problems,
            finding.map_or(0, |finding| finding.weight),
            disagrees(sample, instruments),
            text,
        ]);
        if !self.index.is_empty() {
            self.index.push_str(",\n");
        }
        self.index.push_str(&row.to_string());
    }

    /// Ids of the figures that count an error in the sample, each with its judge.
    fn errors(&self, sample: &Sample) -> Vec<String> {
        let mut errors: Vec<String> = Vec::new();
        for instrument in &self.source.report.instruments {
            let Some(verdict) = sample.verdict(&instrument.hash) else {
                continue;
            };
            let figures = self.source.figures.iter();
            let counting = figures.filter(|of| of.counts_error(&sample.probe, instrument, verdict));
            errors.extend(counting.map(|of| figure_of_judge(&of.id, &instrument.id)));
        }
        errors
    }

    /// The index as JSON that no page takes for markup.
    fn data(&self) -> String {
        let mut words: Vec<(&usize, &String)> = self
            .words
            .iter()
            .map(|(word, place)| (place, word))
            .collect();
        words.sort();
        let words: Vec<&String> = words.into_iter().map(|(_, word)| word).collect();
        let judges: Vec<&str> = self
            .source
            .report
            .instruments
            .iter()
            .map(|of| of.id.as_str())
            .collect();
        let mut figures: BTreeMap<String, String> = BTreeMap::new();
        for target in &self.source.report.targets {
            for figure in target.perspectives.iter().flat_map(|of| &of.figures) {
                figures.insert(
                    figure_of_judge(&figure.figure, &figure.judge),
                    format!("{} (judge: {})", figure.title, figure.judge),
                );
            }
        }
        let text = format!(
            "{{\"words\":{},\"judges\":{},\"figures\":{},\"rows\":[\n{}\n]}}",
            json!(words),
            json!(judges),
            json!(figures),
            self.index
        );
        text.replace('<', "\\u003c").replace('>', "\\u003e")
    }
}

/// The passages that any judge gave as evidence, by the index of their answer.
fn evidence(sample: &Sample) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let mut evidence: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for judge in &sample.verdicts {
        for verdict in judge.earlier.iter().chain([&judge.verdict]) {
            if let Verdict::Scored(scored) = verdict {
                for span in &scored.evidence {
                    let spans = evidence.entry(span.answer).or_default();
                    spans.push((span.start, span.end));
                }
            }
        }
    }
    evidence
}

/// The numbers of the pages.
fn numbers(pages: usize) -> std::ops::RangeInclusive<usize> {
    1..=pages
}

/// 1 if judges on one scale differ, or the votes of one judge do; else 0.
fn disagrees(sample: &Sample, instruments: &[Instrument]) -> u8 {
    let mut seen: Vec<(&Instrument, String)> = Vec::new();
    for instrument in instruments {
        let Some(verdict) = sample.verdict(&instrument.hash) else {
            continue;
        };
        let votes = verdict.votes();
        if votes.windows(2).any(|pair| pair[0].score != pair[1].score) {
            return 1;
        }
        let Verdict::Scored(scored) = verdict else {
            continue;
        };
        let word = instrument.scale.word(&scored.score);
        let differs = |(other, said): &(&Instrument, String)| {
            other.scale.is_comparable(&instrument.scale) && *said != word
        };
        if seen.iter().any(differs) {
            return 1;
        }
        seen.push((instrument, word));
    }
    0
}

/// The address of an image that is the file itself: pages show no file of elsewhere.
fn shown(hash: &ContentHash) -> String {
    nocere_core::image(hash).map_or_else(String::new, |image| {
        format!(
            "data:{};base64,{}",
            image.media_type,
            STANDARD.encode(&image.bytes)
        )
    })
}
