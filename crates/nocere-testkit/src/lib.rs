//! Test support: a fake provider that is a real HTTP server on loopback, speaks all wire
//! formats and fails as told. Development only.

mod faults;
mod formats;
mod provider;

pub use faults::{Fault, Faults};
pub use provider::{FakeProvider, Script, Seen};
