//! What the end-to-end tests use of the test kit.

pub(crate) use nocere_testkit::{
    Project, Said, comparable, data_or_skip, models_or_skip, said, small_suite,
};
