//! Grounding judged by a model: every sentence of the answer gets one of four labels, with the
//! passage that decides.

use std::{fmt::Write as _, ops::Range};

use nocere_core::{
    BoxFuture, Instrument, Judge, JudgeContext, ModelIdentity, Passage, Probe, Support, Transcript,
    Verdict, hash_json, measure,
};

use crate::{
    ask_model::{Marks, Rating, model_of, rate},
    error::AssetError,
    grounding::{SentenceSupport, grounded_answer, verdict},
    judged_answer::NoVerdict,
    reply::Expected,
    rubric::{Material, Rubric},
    sentences,
};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 3;
/// Number of sentences that are rated in one call.
const BATCH: usize = 40;

/// The grounding judge that asks a model.
pub struct GroundingModelJudge {
    instrument: Instrument,
    rubric: Rubric,
}

/// A numbered sentence of the documents.
struct Numbered {
    document: usize,
    range: Range<usize>,
}

impl GroundingModelJudge {
    /// A judge that asks the model `identity` with `rubric`.
    ///
    /// # Errors
    ///
    /// If the rubric does not measure grounding.
    pub fn new(rubric: Rubric, identity: &ModelIdentity) -> Result<Self, AssetError> {
        if rubric.measures() != measure::GROUNDING {
            return Err(AssetError::new(
                rubric.id(),
                "this rubric does not measure grounding",
            ));
        }
        let instrument = Instrument {
            id: format!("{}@{}", rubric.id(), identity.name).into(),
            measure: measure::GROUNDING.to_owned(),
            scale: rubric.scale(None),
            title: format!("{}, read by {}", rubric.title(), identity.name),
            version: rubric.version().to_owned(),
            model: Some(identity.name.clone()),
            recorded: false,
            hash: hash_json("instrument", &(rubric.source(), identity, CODE_VERSION)),
        };
        Ok(Self { instrument, rubric })
    }

    async fn rate_all(
        &self,
        probe: &Probe,
        transcript: &Transcript,
        answer: &str,
        cx: &JudgeContext<'_>,
    ) -> Result<Vec<SentenceSupport>, NoVerdict> {
        let model = model_of(cx)?;
        let ranges = sentences(answer);
        let (documents, passages) = numbered(probe);
        let mut rated = Vec::new();
        for (batch, part) in ranges.chunks(BATCH).enumerate() {
            let marks = Marks::new(cx.seed, &format!("{} {batch}", probe.id));
            let mut text = String::new();
            for (number, range) in part.iter().enumerate() {
                let _ = writeln!(
                    text,
                    "[{}] {}",
                    number + 1,
                    one_line(&answer[range.clone()])
                );
            }
            let material = Material {
                perspective: Some(probe.perspective),
                question: &marks.defuse(&probe.asked(transcript)),
                answer: &marks.defuse(text.trim_end()),
                documents: &marks.defuse(&documents),
                fence: &marks.fence,
                canary: &marks.canary,
                ..Material::default()
            };
            let expected = Expected {
                names: self.rubric.names(),
                range: self.rubric.range(),
                canary: &marks.canary,
                sentences: part.len(),
                passages: passages.len(),
            };
            let rating = Rating {
                material: &material,
                expected,
                temperature: 0.0,
                sample: 0,
            };
            let reply = rate(model, &self.rubric, rating).await?;
            for (place, (range, level)) in part.iter().zip(reply.levels).enumerate() {
                let support = Support::ALL[usize::from(level.saturating_sub(1)).min(3)];
                let number = reply.passages.get(place).copied().unwrap_or(0);
                let source = number
                    .checked_sub(1)
                    .and_then(|index| passages.get(index))
                    .map(|passage| Passage {
                        document: passage.document,
                        start: passage.range.start,
                        end: passage.range.end,
                    });
                rated.push(SentenceSupport {
                    start: range.start,
                    end: range.end,
                    support,
                    source,
                });
            }
        }
        Ok(rated)
    }
}

/// The documents with every sentence numbered from 1, and the places of the sentences.
fn numbered(probe: &Probe) -> (String, Vec<Numbered>) {
    let mut text = String::new();
    let mut passages = Vec::new();
    for (document, entry) in probe.documents.iter().enumerate() {
        let _ = writeln!(
            text,
            "DOCUMENT {}: {}",
            document + 1,
            one_line(&entry.title)
        );
        for range in sentences(&entry.text) {
            passages.push(Numbered {
                document,
                range: range.clone(),
            });
            let _ = writeln!(
                text,
                "[{}] {}",
                passages.len(),
                one_line(&entry.text[range])
            );
        }
    }
    (text, passages)
}

/// Puts a sentence on one line, so that it cannot forge a numbered line of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Judge for GroundingModelJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let answer = match grounded_answer(probe, transcript) {
                Ok(answer) => answer,
                Err((reason, detail)) => return Verdict::unscored(reason, detail),
            };
            match self.rate_all(probe, transcript, answer, cx).await {
                Ok(sentences) => verdict(transcript, sentences),
                Err((reason, detail)) => Verdict::unscored(reason, detail),
            }
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn calls(&self) -> Vec<u32> {
        vec![1]
    }
}
