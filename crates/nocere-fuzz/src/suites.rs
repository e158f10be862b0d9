//! Suites, and the other assets that a project can bring: policies, figures of other models,
//! checks and rules.

use std::path::Path;

use nocere_judges::{ChecksJudge, RefusalRules};
use nocere_suites::{
    lint, load_own, parse_baselines, parse_jsonl_suite, parse_policy, parse_yaml_suite, suite_jsonl,
};

use crate::input::first_line;

/// A suite: JSONL if it begins with `{`, else YAML.
pub(crate) fn suites(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let is_jsonl = text.trim_start().starts_with('{');
    let path = Path::new(if is_jsonl { "s.jsonl" } else { "s.yaml" });
    let _ = load_own(path, &text);
    let read = if is_jsonl {
        parse_jsonl_suite(path, &text)
    } else {
        parse_yaml_suite(path, &text)
    };
    let Ok(suite) = read else {
        return;
    };
    let _ = lint(&suite);
    let written = suite_jsonl(&suite);
    let again = parse_jsonl_suite(Path::new("again.jsonl"), &written);
    assert!(
        again.is_ok(),
        "written but not read: {}",
        again.map_or_else(|error| error.to_string(), |_| String::new())
    );
    let hash = again.map(|suite| suite.hash).ok();
    assert!(
        hash == Some(suite.hash),
        "written as another suite: {written}"
    );
}

/// The first line says which kind of asset the rest is.
pub(crate) fn assets(bytes: &[u8]) {
    let (kind, text) = first_line(bytes);
    let text = String::from_utf8_lossy(text);
    let path = Path::new("asset.yaml");
    match kind {
        b"policy" => {
            let _ = parse_policy(path, &text);
        }
        b"baselines" => {
            let _ = parse_baselines(path, &text);
        }
        b"checks" => {
            let _ = ChecksJudge::from_yaml("asset.yaml", &text);
        }
        _ => {
            let _ = RefusalRules::from_yaml("asset.yaml", &text);
        }
    }
}
