//! What the end-to-end tests use of the test kit.

#[cfg(feature = "local")]
pub(crate) use nocere_testkit::models_or_skip;
pub(crate) use nocere_testkit::{Project, Said, comparable, data_or_skip, said, small_suite};
