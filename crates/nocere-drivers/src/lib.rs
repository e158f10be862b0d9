//! How a conversation is led.
//!
//! [`SingleTurn`] asks and takes the first answer; [`Scripted`] goes on with the probe's
//! own follow-ups whatever the target says. [`for_probe`] takes the one that fits.

mod scripted;

pub use scripted::{Scripted, SingleTurn};

use nocere_core::{Driver, Probe};

/// The driver that leads `probe`: scripted if it has follow-ups, else single turn.
pub fn for_probe(probe: &Probe) -> &'static dyn Driver {
    if probe.follow_ups.is_empty() {
        &SingleTurn
    } else {
        &Scripted
    }
}
