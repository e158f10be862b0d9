//! The words of nocere as types: what is asked ([`Probe`], [`Suite`]), what answers
//! ([`ChatModel`]), how a conversation is led ([`Driver`]), how it is judged ([`Judge`])
//! and what a judge may say ([`Verdict`]).
//!
//! This crate performs no I/O and imports no other crate of the workspace.

pub mod baseline;
pub mod calibration;
pub mod chat;
pub mod clock;
pub mod driver;
pub mod figure;
pub mod judge;
pub mod key;
pub mod money;
pub mod perspective;
pub mod policy;
pub mod probe;
pub mod protocol;
pub mod purpose;
pub mod run;
pub mod scale;
pub mod suite;
pub mod text;
pub mod transcript;
pub mod verdict;

pub use baseline::{BaselineMeans, BaselineTable, Baselines};
pub use calibration::{CALIBRATION_FORMAT, Calibration, CalibrationRow, majority};
pub use chat::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, Grouping, Locality, Message, ModelError,
    ModelIdentity, Part, ReplyFormat, Role, Sampling, Usage, split_reasoning, text_only,
};
pub use driver::{Driver, DriverContext, DriverError, DriverIdentity};
pub use figure::{
    Counts, ErrorRule, FIGURES_FORMAT, FigureFile, FigureRow, FindingRule, Material, Side,
};
pub use judge::{Instrument, Judge, JudgeContext, measure};
pub use key::{ContentHash, hash_json};
pub use money::{Money, Price};
pub use perspective::Perspective;
pub use policy::{Policy, PolicyCategory, PolicyExample, PolicySource};
pub use probe::{AnswerKey, CheckId, Document, Expect, Probe};
pub use protocol::{MissingJudge, PartRecord, PartState, ProtocolRecord, Setting, TableColumn};
pub use purpose::Purpose;
pub use run::{
    AssetRecord, Budget, HumanLabel, JudgeVerdict, RunHeader, RunKind, RunState, RunSummary,
    Sample, Spending, TargetRecord,
};
pub use scale::{Better, ItemScale, Scale};
pub use suite::{Category, Suite};
pub use transcript::{AnswerFacts, AnswerOutcome, Transcript, Turn};
pub use verdict::{
    Compliance, Evidence, Item, Passage, ReadAnswer, Score, Scored, Support, UnscoredReason,
    Verdict, Vote,
};
