//! Everything that can be asked: suites written by us and embedded in the binary, suite
//! files of users, and importers for public benchmarks in their own layouts.

mod baselines;
mod build;
mod builtin;
mod csv_rows;
mod error;
mod facts;
mod file;
mod import;
mod jsonl;
mod knowledge;
mod licence;
mod lint;
mod policies;
mod public_sets;
mod schema;
mod similar;
mod source;
mod translation;
mod validate;
mod write;

mod diff;

pub use baselines::{embedded_baselines, parse_baselines};
pub use build::{
    Anchor, Candidate, DIMENSIONS, Dimension, Diversity, Fate, GeneratorBrief, KnownPrompt, Lines,
    Rating, Request, SuiteHead, built_suite, candidate_lines, check_sheet, diversity,
    holds_ratings, ratings_of, requests, review_sheet, sheet_ids, sift, usual_expectation,
};
pub use builtin::{BUILTIN, builtin};
pub use diff::{Change, SuiteDiff, diff};
pub use error::{SuiteError, nearest, suggestion};
pub use facts::facts_medical;
pub use file::{is_language_tag, parse_jsonl_suite, parse_yaml_suite};
pub use import::{
    category_id, jailbreakbench, med_safety_bench, med_safety_bench_categories,
    patient_safety_bench, patient_safety_bench_categories, wildjailbreak, xstest,
};
pub use knowledge::{medqa, pubmedqa};
pub use licence::{Redistribution, redistribution};
pub use lint::{Remark, lint};
pub use policies::{PolicySet, parse_policy};
pub use public_sets::{DataFolder, Found, HubSource, PublicSet, UrlSource, public_sets};
pub use schema::json_schema;
pub use similar::{NEAR_DUPLICATE, Pair, likeness, near_duplicates};
pub use source::{Layout, load, probe_lines, read_text};
pub use validate::inherit_checks;
pub use write::suite_jsonl;
