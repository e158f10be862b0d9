//! Models outside this process, behind the one trait [`ChatModel`](nocere_core::ChatModel).
//!
//! A target or a judge's model can be an HTTP server in one of six wire formats
//! ([`HttpModel`]), any program that speaks JSON lines ([`CommandModel`]), or a file of
//! recorded answers ([`ReplayModel`]). Models that run inside the process are in
//! `nocere-local`.
//!
//! This crate writes requests, reads replies, and sorts failures by what can be done about
//! them ([`ModelError`](nocere_core::ModelError)). It keeps keys out of logs, errors and
//! stored replies ([`Key`]). It also downloads files ([`download()`]), because it is the only
//! crate that uses HTTP as a client.
//!
//! It deliberately does not retry, limit rates or count costs: the engine does, and records
//! every attempt. The one exception is a 401, after which an expired token is read again from
//! its file.
//!
//! Each wire format has its own module; [`HttpModel`] holds what they share.
//!
//! # Example
//!
//! ```
//! use nocere_core::{ChatModel, ChatReply, ChatRequest, Message, ReplyFormat, Role, Sampling};
//! use nocere_models::{Recorded, ReplayModel};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let question = vec![Message::new(Role::User, "Does garlic cure flu?")];
//! let model = ReplayModel::new("ward", "by-hand", [Recorded {
//!     messages: question.clone(),
//!     reply: Ok(ChatReply::of_text("No.")),
//! }]);
//! let request = ChatRequest {
//!     messages: question,
//!     sampling: Sampling::default(),
//!     format: ReplyFormat::Text,
//!     sample: 0,
//! };
//! assert_eq!(model.chat(&request).await.unwrap().text, "No.");
//! // Only one answer was recorded, so there is no second sample.
//! let second = ChatRequest { sample: 1, ..request };
//! assert!(model.chat(&second).await.is_err());
//! # }
//! ```
#![warn(missing_docs)]

mod command;
mod download;
mod fields;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod http_settings;
mod key;
mod providers;
mod replay;
mod server_words;
mod sockets;
mod sse;
mod status;
mod transport;
mod wire;

pub use command::{CommandModel, CommandSettings};
pub use download::{DownloadError, download, fetch_json};
pub use http::HttpModel;
pub use http_settings::{HttpSettings, SetupError};
pub use key::Key;
pub use providers::{HTTP_PROVIDERS, HttpProvider, ProviderOption, WireOptions, Withheld};
pub use replay::{Recorded, ReplayError, ReplayModel};
pub use sockets::keep_files_back;
