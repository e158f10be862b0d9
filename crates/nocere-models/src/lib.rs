//! Everything that answers over the network.
//!
//! [`OpenAiChat`] speaks the chat-completions format that OpenAI, vLLM, llama.cpp's server,
//! Ollama and most gateways share. [`download`] fetches a file with resume.

mod download;
mod openai_chat;

pub use download::{DownloadError, download};
pub use openai_chat::{OpenAiChat, OpenAiSettings, SetupError};
