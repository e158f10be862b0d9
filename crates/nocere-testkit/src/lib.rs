//! Test support: a fake provider that is a real HTTP server. Development only.

mod provider;

pub use provider::{FakeProvider, Script};
