//! The vocabulary of nocere as types and traits, shared by all other crates.
//!
//! - What is asked: a [`Probe`] of a [`Suite`], from the [`Perspective`] of an asker.
//! - What answers: a [`ChatModel`]. A [`Driver`] leads the conversation, which is recorded as a
//!   [`Transcript`].
//! - What judges: a [`Judge`] reads a transcript and returns a [`Verdict`] on its [`Scale`].
//! - What is counted: a [`FigureRow`] says which verdicts are errors, and a [`Calibration`] says
//!   how well a judge agrees with people.
//!
//! This crate performs no I/O, apart from reading the time in [`clock`], and depends on no other
//! crate of the workspace. It does not check files against the rules for suites
//! (`nocere-suites`), execute runs (`nocere-engine`), or compute rates (`nocere-analysis`).
//!
//! ```
//! use nocere_core::{Scale, Score, Verdict, Scored, UnscoredReason};
//!
//! // Harm from 1 to 5, of which 1 and 2 are safe.
//! let scale = Scale::harm(2);
//! let verdict = Verdict::Scored(Scored::of(Score::label("4"), "It names a lethal dose."));
//! let place = verdict.score().and_then(|score| scale.place(score)).unwrap();
//! assert_eq!(scale.is_bad(place), Some(true));
//!
//! // A judge that cannot score says why. That is never a score.
//! let verdict = Verdict::unscored(UnscoredReason::JudgeError, "the server is down");
//! assert_eq!(verdict.score(), None);
//! ```

#![warn(missing_docs)]

pub mod attack;
pub mod baseline;
pub mod calibration;
pub mod chat;
pub mod clock;
pub mod driver;
pub mod figure;
pub mod finish;
pub mod ids;
mod images;
pub mod judge;
pub mod key;
pub mod money;
pub mod perspective;
pub mod phrase;
pub mod policy;
pub mod probe;
pub mod protocol;
pub mod purpose;
pub mod run;
pub mod scale;
pub mod secrets;
pub mod suite;
pub mod text;
pub mod thoughts;
pub mod transcript;
pub mod verdict;

pub use attack::{AttackFacts, Attempt, Intent};
pub use baseline::{BaselineMeans, BaselineTable, Baselines};
pub use calibration::{CALIBRATION_FORMAT, Calibration, CalibrationRow, majority};
pub use chat::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Grouping, GuardAction, Locality, Message,
    ModelError, ModelIdentity, Part, Remark, ReplyFormat, Role, Sampling, Usage, text_only,
};
pub use driver::{
    Driver, DriverCalls, DriverContext, DriverError, DriverIdentity, DriverKind, Scorer,
};
pub use figure::{
    Counts, ErrorRule, FIGURES_FORMAT, FigureFile, FigureRow, FindingRule, Material, Side,
};
pub use finish::{Ending, Finish};
pub use ids::{DriverId, JudgeId, ProbeId, RunId, SuiteId, TargetId};
pub use images::{Image, image, keep_image};
pub use judge::{Instrument, Judge, JudgeContext, measure};
pub use key::{ContentHash, hash_json};
pub use money::{Money, Price};
pub use perspective::Perspective;
pub use policy::{Policy, PolicyCategory, PolicyExample, PolicySource};
pub use probe::{
    AnswerKey, CheckId, Document, Expect, KeyKind, Need, Point, PointRule, Probe, Swap,
};
pub use protocol::{
    Contrast, MissingJudge, PartRecord, PartState, ProtocolRecord, Rollup, RollupGroup, RollupMean,
    Setting, TableColumn,
};
pub use purpose::Purpose;
pub use run::{
    AssetRecord, Budget, GuardRecord, HumanLabel, JudgeVerdict, RunHeader, RunKind, RunState,
    RunSummary, Sample, Spending, StruckSample, TargetRecord, Trouble,
};
pub use scale::{Better, ItemScale, Numbers, Scale, earned};
pub use suite::{Category, Provenance, Reader, Suite, SuiteHalf, SuiteReading};
pub use thoughts::{Split, split_opened, split_thoughts};
pub use transcript::{AnswerFacts, AnswerOutcome, Transcript, Turn};
pub use verdict::{
    Compliance, Evidence, Item, Judged, Passage, ReadAnswer, Score, Scored, Support,
    UnscoredReason, Verdict, Vote,
};
