//! HealthBench (Arora et al. 2025, arXiv 2505.08775): conversations with criteria that physicians
//! wrote, each worth points.

use std::path::Path;

use nocere_core::{Message, Point, PointRule, Probe, Role, Suite};
use nocere_suites::{Entry, SuiteError, category_id, jsonl, validate};
use serde::Deserialize;

use crate::{
    Layout,
    imported::{Categories, header, plain},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "HealthBench",
    is: |head| {
        head.is_jsonl()
            && ["\"rubrics\"", "\"rubric_items\""]
                .iter()
                .any(|name| head.first.contains(name))
    },
    read: healthbench,
};

/// The names in brackets are those of HealthBench Professional.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "id")]
    prompt_id: String,
    #[serde(alias = "conversation")]
    prompt: Vec<Turn>,
    #[serde(alias = "rubric_items")]
    rubrics: Vec<Criterion>,
    #[serde(default)]
    example_tags: Vec<String>,
    #[serde(default)]
    ideal_completions_data: Option<Ideal>,
}

#[derive(Deserialize)]
struct Turn {
    role: Role,
    content: String,
}

#[derive(Deserialize)]
struct Criterion {
    criterion: String,
    points: f64,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Ideal {
    #[serde(default)]
    ideal_completion: Option<String>,
}

/// Reads JSONL with `prompt_id`, `prompt`, `rubrics` and `example_tags`. The theme is the category,
/// and the physicians' ideal answer the reference.
///
/// # Errors
///
/// A row is malformed or lacks a field, a criterion's points are not a whole number from −100 to 100
/// other than 0, no criterion of a row earns points, an id is used twice, or there are no rows.
pub(crate) fn healthbench(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let mut categories = Categories::default();
    for (line, row) in jsonl::lines(text) {
        let row: Row = serde_json::from_str(row).map_err(|error| {
            let message = error.to_string();
            SuiteError::new(path, message.split(" at line").next().unwrap_or(&message))
                .at(line)
                .hint("a row of HealthBench has `prompt_id`, `prompt` (a list of `role` and `content`), `rubrics` (a list of `criterion`, `points` and `tags`) and `example_tags`")
        })?;
        let theme = tag(&row.example_tags, "theme").unwrap_or("no theme");
        let category = category_id(theme);
        categories.add(&category, &theme.replace('_', " "));
        let fault = |what: String| {
            SuiteError::new(path, format!("row `{}`: {what}", row.prompt_id)).at(line)
        };
        let points = points(&row.rubrics).map_err(fault)?;
        let probe = Probe {
            category,
            messages: row
                .prompt
                .into_iter()
                .map(|turn| Message::new(turn.role, turn.content))
                .collect(),
            reference: row
                .ideal_completions_data
                .and_then(|data| data.ideal_completion)
                .unwrap_or_default(),
            points,
            ..plain("healthbench", row.prompt_id, String::new())
        };
        entries.push(Entry {
            line,
            category_line: line,
            probe,
        });
    }
    let suite = header(
        "healthbench",
        "HealthBench",
        "MIT",
        "HealthBench, Arora et al. 2025, arXiv 2505.08775",
        categories.list,
    );
    validate(path, suite, entries)
}

/// The value of a tag such as `theme:hedging`.
fn tag<'a>(tags: &'a [String], name: &str) -> Option<&'a str> {
    tags.iter()
        .find_map(|tag| tag.strip_prefix(name)?.strip_prefix(':'))
        .filter(|value| !value.is_empty())
}

fn points(criteria: &[Criterion]) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    for (number, criterion) in (1..).zip(criteria) {
        let whole = criterion.points.fract() == 0.0 && criterion.points.abs() <= 100.0;
        if !whole || criterion.points == 0.0 {
            return Err(format!(
                "criterion {number}: `points` is {}, expected a whole number from -100 to 100 other than 0",
                criterion.points
            ));
        }
        let what = criterion.criterion.trim().to_owned();
        let rule = if criterion.points > 0.0 {
            PointRule::Say(what)
        } else {
            PointRule::Never(what)
        };
        points.push(Point {
            worth: criterion.points.abs() as u32,
            axis: tag(&criterion.tags, "axis").unwrap_or_default().to_owned(),
            ..Point::of(rule)
        });
    }
    if criteria.iter().all(|criterion| criterion.points < 0.0) {
        return Err("no criterion earns points, so no score can be computed".to_owned());
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"prompt_id":"p1","prompt":[{"role":"user","content":"My chest hurts."},{"role":"assistant","content":"Since when?"},{"role":"user","content":"An hour."}],"rubrics":[{"criterion":"Says to call an ambulance.","points":10,"tags":["level:example","axis:accuracy"]},{"criterion":"Tells them to wait.","points":-8,"tags":["axis:context_awareness"]}],"example_tags":["theme:emergency_referrals","physician_agreed_category:x"],"ideal_completions_data":{"ideal_completion":"Call now."},"canary":"x"}"#;

    fn read(text: &str) -> Result<Suite, String> {
        healthbench(Path::new("h.jsonl"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn criteria_keep_their_points_and_axes() {
        let suite = read(ROW).unwrap();
        let probe = &suite.probes[0];
        assert_eq!(probe.id, "p1");
        assert_eq!(probe.category, "emergency-referrals");
        assert_eq!(
            (probe.messages.len(), probe.reference.as_str()),
            (3, "Call now.")
        );
        let [good, bad] = probe.points.as_slice() else {
            panic!("{:?}", probe.points);
        };
        assert!(matches!(&good.rule, PointRule::Say(what) if what.starts_with("Says")));
        assert!(matches!(&bad.rule, PointRule::Never(_)));
        assert_eq!((good.worth, bad.worth), (10, 8));
        assert_eq!(
            (good.axis.as_str(), bad.axis.as_str()),
            ("accuracy", "context_awareness")
        );
    }

    #[test]
    fn bad_rows_are_named_by_line_and_field() {
        for (change, wanted) in [
            (
                ("\"points\":10", "\"points\":0"),
                "criterion 1: `points` is 0",
            ),
            (("\"points\":10", "\"points\":1.5"), "`points` is 1.5"),
            (
                ("\"points\":10", "\"points\":-10"),
                "no criterion earns points",
            ),
            (("\"prompt_id\":\"p1\",", ""), "missing field `prompt_id`"),
            (
                (
                    "\"role\":\"user\",\"content\":\"An",
                    "\"role\":\"ghost\",\"content\":\"An",
                ),
                "unknown variant `ghost`",
            ),
        ] {
            let text = ROW.replacen(change.0, change.1, 1);
            assert_ne!(text, ROW);
            let error = read(&text).unwrap_err();
            assert!(
                error.contains(wanted) && error.contains("h.jsonl:1"),
                "{error}"
            );
        }
        let twice = format!("{ROW}\n{ROW}\n");
        assert!(read(&twice).unwrap_err().contains("p1"));
    }
}
