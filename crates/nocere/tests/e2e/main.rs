//! End-to-end tests: the real binary against a real HTTP server and, where it is on this
//! machine, the real small model.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod assets;
mod attacks;
mod bad_input;
mod before_a_run;
mod benchmarks;
mod build;
mod compare;
mod crash;
mod exports;
mod findings;
mod foreign;
mod gates;
mod guards;
mod halves;
mod imports;
mod judges;
mod labels;
mod lists;
#[cfg(feature = "local")]
mod local_model;
mod pages;
mod points;
mod protocols;
mod providers;
mod public_data;
mod published;
mod pull;
mod red_team;
mod reports;
mod reviews;
mod runs;
mod searches;
mod sheets;
mod snapshots;
mod support;
mod trust;
mod working;
