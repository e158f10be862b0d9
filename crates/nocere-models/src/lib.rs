//! Everything that answers, outside this process: HTTP servers in six wire formats, any
//! program that speaks JSON lines, and recorded answers.
//!
//! One file for each wire format; what they share is in [`HttpModel`]. Nothing here tries a
//! request again: that is the engine's, which counts and records every attempt.

mod anthropic;
mod command;
mod download;
mod gemini;
mod http;
mod http_settings;
mod key;
mod ollama;
mod openai_chat;
mod openai_responses;
mod replay;
mod sse;
mod status;
mod wire;

pub use command::{CommandModel, CommandSettings};
pub use download::{DownloadError, download, fetch_json};
pub use http::HttpModel;
pub use http_settings::{HttpSettings, SetupError, WireFormat};
pub use key::Key;
pub use replay::{Recorded, ReplayError, ReplayModel};
