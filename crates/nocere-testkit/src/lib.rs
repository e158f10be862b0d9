//! Test support: a fake model provider that runs as a real HTTP server, and a harness for the
//! binary. Development only.
//!
//! [`FakeProvider`] listens on loopback, speaks the wire formats of the supported providers
//! (chat completions, responses, Anthropic, Gemini, Ollama) and chooses the format by the
//! request's path. A [`Script`] sets how it behaves: answers, keys, delays, outages. [`Faults`]
//! adds transport and server failures. It also counts what a test wants to know afterwards:
//! requests, answers that would be billed, and the most requests at one time.
//!
//! The text of an answer and its fault depend only on the requests, so that two runs can be
//! compared. The exceptions are switches that count answers or measure time, such as
//! [`Script::outage`].
//!
//! Beside it: [`Project`], which runs the built binary in a temporary folder, and [`makers`] of
//! small valid values.
//!
//! This crate is not a model and does not check requests against a provider's schema.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! use nocere_testkit::{FakeProvider, Script};
//!
//! let provider = FakeProvider::start(Script::default());
//! let host = provider.origin.trim_start_matches("http://");
//! let body = r#"{"messages": [{"role": "user", "content": "Hello"}]}"#;
//! let mut stream = std::net::TcpStream::connect(host)?;
//! write!(
//!     stream,
//!     "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
//!      content-length: {}\r\n\r\n{body}",
//!     body.len()
//! )?;
//! let mut reply = String::new();
//! stream.read_to_string(&mut reply)?;
//! assert!(reply.starts_with("HTTP/1.1 200"));
//! assert_eq!(provider.answered(), 1);
//! assert_eq!(provider.seen()["Hello"].requests, 1);
//! # Ok::<(), std::io::Error>(())
//! ```

#![warn(missing_docs)]

mod browser;
mod faults;
mod folder;
mod formats;
pub mod makers;
mod project;
mod provider;
mod skip;

pub use browser::Browser;
pub use faults::{Fault, Faults};
pub use folder::TempFolder;
pub use project::{Project, Said, comparable, said, small_suite};
pub use provider::{FakeProvider, Script, Seen};
pub use skip::{browser_or_skip, data_or_skip, export_python_or_skip, models_or_skip};
