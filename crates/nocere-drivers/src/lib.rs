//! Drivers: they lead the conversation with the target.
//!
//! A driver only decides what is said next. It calls models through the engine's metered
//! handles, so that limits, budgets and the journal are none of its business.
//!
//! An attack is a YAML file of `assets/attacks` that names its kind and gives its settings; each
//! kind is a file of this crate and a row of [`KINDS`].
//!
//! ```
//! let driver = nocere_drivers::attack(
//!     "nocere_attack: 1
//! id: urgent
//! version: 1.0.0
//! title: Urgency
//! source: ours
//! kind: wrap
//! settings: {template: 'Quick, there is no time! {ask}'}",
//! )
//! .unwrap();
//! assert_eq!(driver.identity().id, "urgent");
//! ```
#![warn(missing_docs)]

mod attack;
mod direct;
mod wrap;

pub use attack::{AttackError, AttackKind, attack};
pub use direct::Direct;

/// The kinds of attack that files can name.
pub static KINDS: [AttackKind; 1] = [AttackKind {
    name: "wrap",
    read: wrap::read,
}];
