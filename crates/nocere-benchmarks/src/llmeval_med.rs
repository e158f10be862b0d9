//! LLMEval-Med (Zhang et al. 2025, arXiv 2506.04078): medical tasks in Chinese with reference answers
//! and checklists, in five areas.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{Need, Point, PointRule, Probe, Suite};
use nocere_suites::{Entry, SuiteError, category_id, validate};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Layout,
    imported::{Categories, header, plain},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "LLMEval-Med",
    is: |head| {
        head.is("json")
            && ["\"groupCode\"", "\"sanswer\"", "\"problem\""]
                .iter()
                .all(|name| head.text.contains(name))
    },
    read: llmeval_med,
};

/// Names of the areas in the file, their ids and titles.
const AREAS: [(&str, &str, &str); 5] = [
    ("医疗知识", "mk", "Medical knowledge"),
    ("医疗语言理解", "mlu", "Language understanding"),
    ("医疗推理", "mr", "Reasoning"),
    ("医疗安全伦理", "mse", "Safety and ethics"),
    ("医疗文本生成", "mtg", "Text generation"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    category2: Option<String>,
    #[serde(default)]
    round: Option<Value>,
    problem: String,
    #[serde(default)]
    group_code: Option<Value>,
    sanswer: String,
    #[serde(default)]
    checklist: Option<String>,
}

/// Reads the JSON object of five areas, each a list of items. Rounds of one `groupCode` are a
/// dialogue: each is a probe that asks all rounds up to its own, with the target's answers between
/// them, and has its own reference.
///
/// # Errors
///
/// The file is malformed, an area is unknown, an item lacks a field, the rounds of a group have a gap
/// or occur twice, a checklist has no core requirement, or there are no items.
pub(crate) fn llmeval_med(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let areas: BTreeMap<String, Vec<Value>> = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        SuiteError::new(path, message.split(" at line").next().unwrap_or(&message))
            .at(error.line() as u64)
            .hint("LLMEval-Med is an object of areas, each a list of items")
    })?;
    let mut entries = Vec::new();
    let mut categories = Categories::default();
    for name in areas.keys() {
        if AREAS.iter().all(|(known, ..)| known != name) {
            let known: Vec<&str> = AREAS.iter().map(|(known, ..)| *known).collect();
            return Err(SuiteError::new(path, format!("unknown area `{name}`"))
                .hint(format!("the areas are {}", known.join(", "))));
        }
    }
    for (name, id, title) in AREAS {
        let items = areas.get(name).map_or(&[][..], Vec::as_slice);
        let mut groups: BTreeMap<(usize, String), BTreeMap<u64, (usize, Item)>> = BTreeMap::new();
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for (number, item) in (1..).zip(items) {
            let fault = |what: String| {
                SuiteError::new(path, format!("area `{name}`, item {number}: {what}"))
            };
            let item: Item =
                serde_json::from_value(item.clone()).map_err(|error| fault(error.to_string()))?;
            let round = match &item.round {
                None | Some(Value::Null) => 1,
                Some(value) => whole(value)
                    .filter(|round| *round > 0)
                    .ok_or_else(|| fault(format!("field `round` is {value}")))?,
            };
            let group = match &item.group_code {
                None | Some(Value::Null) => format!("item {number}"),
                Some(Value::String(code)) if code.trim().is_empty() => format!("item {number}"),
                Some(Value::String(code)) => code.trim().to_owned(),
                Some(code) => code.to_string(),
            };
            // Groups are kept in the order of the file.
            let place = *first.entry(group.clone()).or_insert(number);
            let rounds = groups.entry((place, group.clone())).or_default();
            if rounds.insert(round, (number, item)).is_some() {
                return Err(fault(format!(
                    "round {round} of group `{group}` occurs twice"
                )));
            }
        }
        for ((_, group), rounds) in groups {
            let mut asked: Vec<String> = Vec::new();
            for (wanted, (round, (number, item))) in (1..).zip(rounds) {
                let fault = |what: String| {
                    SuiteError::new(path, format!("area `{name}`, item {number}: {what}"))
                };
                if round != wanted {
                    return Err(fault(format!(
                        "group `{group}` has round {round} and lacks round {wanted}"
                    )));
                }
                asked.push(item.problem.clone());
                let kind = item.category2.as_deref().unwrap_or("").trim();
                let category = match category_id(kind) {
                    kind if kind.is_empty() => id.to_owned(),
                    kind => format!("{id}-{kind}"),
                };
                let shown = if kind.is_empty() {
                    title.to_owned()
                } else {
                    format!("{title}: {kind}")
                };
                categories.add(&category, &shown);
                let probe =
                    probe(&format!("{id}-{number}"), category, &asked, item).map_err(fault)?;
                entries.push(Entry {
                    line: 0,
                    category_line: 0,
                    probe,
                });
            }
        }
    }
    let suite = header(
        "llmeval-med",
        "LLMEval-Med",
        "no licence file; sources under CC BY-NC(-SA) 4.0, Apache-2.0, MIT and private data",
        "LLMEval-Med, Zhang et al. 2025, arXiv 2506.04078",
        categories.list,
    );
    validate(path, suite, entries)
}

/// A whole number, which the file also writes as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    }
}

fn probe(id: &str, category: String, asked: &[String], item: Item) -> Result<Probe, String> {
    let checklist = item.checklist.unwrap_or_default();
    let points = requirements(&checklist);
    let is_core = |point: &Point| point.need == Need::Core;
    if !points.is_empty() && !points.iter().any(is_core) {
        return Err("field `checklist` has no core requirement (核心要求)".to_owned());
    }
    let (opening, later) = asked.split_first().ok_or("no question")?;
    Ok(Probe {
        category,
        follow_ups: later.to_vec(),
        language: "zh".to_owned(),
        reference: item.sanswer,
        // A checklist without headings is shown to the judge as it is.
        note: if points.is_empty() {
            checklist.trim().to_owned()
        } else {
            String::new()
        },
        points,
        ..plain("llmeval-med", format!("llmeval-{id}"), opening.clone())
    })
}

/// The requirements of a checklist: those under a heading with 核心 are core, those under one with 次要
/// secondary. Empty if it has no such heading.
fn requirements(checklist: &str) -> Vec<Point> {
    let mut need = None;
    let mut points = Vec::new();
    for line in checklist.lines() {
        let heading = [("核心", Need::Core), ("次要", Need::Secondary)]
            .into_iter()
            .find(|(word, _)| line.chars().take(8).collect::<String>().contains(word));
        let text = match heading {
            Some((_, found)) => {
                need = Some(found);
                // What follows the colon is the first requirement.
                line.split_once(['：', ':']).map_or("", |(_, rest)| rest)
            }
            None => line,
        };
        let text = text.trim_start_matches(|c: char| {
            c.is_ascii_digit() || c.is_whitespace() || ".、)）-•*·".contains(c)
        });
        if let (Some(need), false) = (need, text.trim().is_empty()) {
            points.push(Point {
                need,
                ..Point::of(PointRule::Say(text.trim().to_owned()))
            });
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"医疗知识": [
        {"category1": "医疗知识", "category2": "药品", "scene": "x", "round": 1, "problem": "问一", "groupCode": "g1", "sanswer": "答一", "difficulty": "中", "checklist": "核心要求：\n1. 甲\n2. 乙\n次要要求：\n1. 丙"},
        {"category2": "药品", "round": 2, "problem": "问二", "groupCode": "g1", "sanswer": "答二", "checklist": "说清楚剂量"}
      ], "医疗推理": [{"category2": "症状推断", "problem": "问三", "groupCode": 7, "sanswer": "答三"}]}"#;

    fn read(text: &str) -> Result<Suite, String> {
        llmeval_med(Path::new("d.json"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn rounds_carry_their_history_and_their_own_reference() {
        let suite = read(FILE).unwrap();
        let [first, second, third] = suite.probes.as_slice() else {
            panic!("{:?}", suite.probes);
        };
        assert_eq!(
            (first.question(), first.reference.as_str()),
            ("问一", "答一")
        );
        assert_eq!(second.follow_ups, ["问二"]);
        assert_eq!(
            (second.question(), second.reference.as_str()),
            ("问一", "答二")
        );
        assert_eq!(second.note, "说清楚剂量");
        assert_eq!(third.category, "mr-症状推断");
        let needs: Vec<Need> = first.points.iter().map(|point| point.need).collect();
        assert_eq!(needs, [Need::Core, Need::Core, Need::Secondary]);
        assert!(matches!(&first.points[0].rule, PointRule::Say(what) if what == "甲"));
    }

    #[test]
    fn bad_items_are_named() {
        for (change, wanted) in [
            (
                ("\"round\": 2", "\"round\": 3"),
                "has round 3 and lacks round 2",
            ),
            (
                ("\"round\": 2", "\"round\": 1"),
                "round 1 of group `g1` occurs twice",
            ),
            (
                ("\"round\": 2", "\"round\": \"two\""),
                "field `round` is \"two\"",
            ),
            (("\"医疗推理\"", "\"医疗\""), "unknown area `医疗`"),
            (
                ("\"sanswer\": \"答三\"", "\"answer\": \"答三\""),
                "missing field `sanswer`",
            ),
            (
                ("核心要求：\\n1. 甲\\n2. 乙\\n", ""),
                "has no core requirement",
            ),
        ] {
            let text = FILE.replacen(change.0, change.1, 1);
            assert_ne!(text, FILE, "{change:?}");
            let error = read(&text).unwrap_err();
            assert!(
                error.contains(wanted) && error.contains("d.json"),
                "{error}"
            );
        }
    }
}
