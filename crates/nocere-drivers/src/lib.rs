//! How a conversation is led. [`Direct`] asks what the probe spells out; attacks and simulated
//! patients are drivers of their own, with models and settings.
//!
//! A driver only decides what is said next. It calls models through the engine's metered
//! handles, so that limits, budgets and the journal are none of its business.

mod direct;

pub use direct::Direct;
