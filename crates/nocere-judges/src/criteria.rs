//! Criteria with points, each graded by a model in a call of its own.

use nocere_core::{
    BoxFuture, Instrument, Item, Judge, JudgeContext, ModelIdentity, Point, PointRule, Probe,
    Score, Scored, Transcript, UnscoredReason, Verdict, hash_json, measure,
};

use crate::{
    ask_model::{Marks, rate_answer},
    error::AssetError,
    judged_answer::{NoVerdict, last_answer},
    rubric::{Material, Rubric},
    rubric_judge::before_last_answer,
};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 1;

/// The judge that asks a model of each criterion whether the last answer meets it (HealthBench,
/// arXiv 2505.08775, section 3).
///
/// A verdict needs the grade of every criterion: if one cannot be read, the answer is unscored and
/// the criterion is never counted as not met.
pub struct CriteriaJudge {
    instrument: Instrument,
    rubric: Rubric,
}

impl CriteriaJudge {
    /// A judge that asks the model `identity` with `rubric`.
    ///
    /// # Errors
    ///
    /// If the rubric does not measure criteria.
    pub fn new(rubric: Rubric, identity: &ModelIdentity) -> Result<Self, AssetError> {
        if rubric.measures() != measure::CRITERIA {
            return Err(AssetError::new(
                rubric.id(),
                "this rubric does not measure criteria",
            ));
        }
        let instrument = Instrument {
            id: format!("{}@{}", rubric.id(), identity.name).into(),
            measure: measure::CRITERIA.to_owned(),
            scale: rubric.scale(None),
            title: format!("{}, read by {}", rubric.title(), identity.name),
            version: rubric.version().to_owned(),
            model: Some(identity.name.clone()),
            recorded: false,
            hash: hash_json("instrument", &(rubric.source(), identity, CODE_VERSION)),
        };
        Ok(Self { instrument, rubric })
    }

    /// The grade of one criterion: whether it is met, and the model's reason.
    async fn grade(
        &self,
        cx: &JudgeContext<'_>,
        probe: &Probe,
        (question, answer): (&str, &str),
        (number, criterion): (usize, &str),
    ) -> Result<(bool, String), NoVerdict> {
        let marks = Marks::new(cx.seed, &format!("{} {number}", probe.id));
        let material = Material {
            perspective: Some(probe.perspective),
            question: &marks.defuse(question),
            answer: &marks.defuse(answer),
            criterion: &marks.defuse(criterion),
            fence: &marks.fence,
            canary: &marks.canary,
            ..Material::default()
        };
        let reply = rate_answer(cx, &self.rubric, &material, (0.0, 0)).await?;
        Ok((reply.levels.first() == Some(&1), reply.reason))
    }

    async fn grade_all(
        &self,
        probe: &Probe,
        transcript: &Transcript,
        cx: &JudgeContext<'_>,
    ) -> Result<Scored, NoVerdict> {
        let answer = last_answer(transcript)?;
        let question = before_last_answer(transcript);
        let mut items = Vec::new();
        let mut unread = Vec::new();
        let mut lost = Vec::new();
        for (number, point) in (1..).zip(criteria(probe)) {
            let what = point.what();
            match self
                .grade(cx, probe, (&question, answer), (number, what))
                .await
            {
                Ok((is_met, reason)) => {
                    let item = graded(point, what, is_met);
                    if item.is_violated() {
                        lost.push(format!("{what}: {reason}"));
                    }
                    items.push(item);
                }
                Err((reason, detail)) => unread.push((reason, format!("{number} ({detail})"))),
            }
        }
        if let Some((reason, _)) = unread.first() {
            let which: Vec<&str> = unread.iter().map(|(_, which)| which.as_str()).collect();
            return Err((
                *reason,
                format!(
                    "{} of {} criteria have no grade: {}",
                    unread.len(),
                    unread.len() + items.len(),
                    which.join("; ")
                ),
            ));
        }
        Ok(Scored::of(Score::Items { items }, lost.join("; ")))
    }
}

/// The points of `probe` that earn or lose points.
fn criteria(probe: &Probe) -> impl Iterator<Item = &Point> {
    probe.points.iter().filter(|point| point.worth > 0)
}

/// A graded criterion as an item: its weight is negative if meeting it loses points.
fn graded(point: &Point, what: &str, is_met: bool) -> Item {
    let (sign, wanted) = match point.rule {
        PointRule::Say(_) => (1.0, "met"),
        PointRule::Never(_) => (-1.0, "not_met"),
    };
    Item {
        wanted: Some(wanted.to_owned()),
        weight: sign * f64::from(point.worth),
        ..Item::new(what, if is_met { "met" } else { "not_met" })
    }
}

impl Judge for CriteriaJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if criteria(probe).next().is_none() {
                return Verdict::unscored(
                    UnscoredReason::NotApplicable,
                    "the probe has no criteria with points",
                );
            }
            match self.grade_all(probe, transcript, cx).await {
                Ok(scored) => Verdict::Scored(scored),
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

    fn calls_for(&self, probe: &Probe) -> Vec<u32> {
        vec![u32::try_from(criteria(probe).count()).unwrap_or(u32::MAX)]
    }
}
