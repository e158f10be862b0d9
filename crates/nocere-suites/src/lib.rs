//! Everything that can be asked: suites written by us and embedded in the binary, suite
//! files of users, and importers for public benchmarks in their own layouts.

mod builtin;
mod csv_rows;
mod error;
mod file;
mod import;
mod jsonl;
mod knowledge;
mod policies;
mod schema;
mod source;
mod validate;

pub use builtin::{BUILTIN, builtin};
pub use error::{SuiteError, nearest, suggestion};
pub use file::{parse_jsonl_suite, parse_yaml_suite};
pub use import::{
    category_id, jailbreakbench, med_safety_bench, med_safety_bench_categories,
    patient_safety_bench, patient_safety_bench_categories, xstest,
};
pub use knowledge::{medqa, pubmedqa};
pub use policies::{PolicySet, parse_policy};
pub use schema::json_schema;
pub use source::{Layout, load, read_text};
pub use validate::inherit_checks;
