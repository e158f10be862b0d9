//! MedRiskEval's `records.jsonl`: one example per line, with its answer and its judge's reply
//! (arXiv 2507.07248).

use std::{collections::BTreeSet, path::Path};

use nocere_benchmarks::{
    med_safety_bench_categories, patient_safety_bench_categories, patient_safety_bench_due,
};
use nocere_core::{Category, Expect, Finish, Message, Perspective, Role, Usage};
use serde_json::Value;

use crate::{
    answer,
    error::ImportError,
    json_text::{self, count, number, word},
    notes::Notes,
    row::{Judged, Place, Row, Rows, Said, Scale, SuiteName},
};

/// One of MedRiskEval's benchmarks.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Benchmark {
    /// Its name in the records.
    name: &'static str,
    /// Our suite's id.
    suite: &'static str,
    title: &'static str,
}

const BENCHMARKS: [Benchmark; 4] = [
    Benchmark {
        name: "psb",
        suite: "patient-safety-bench",
        title: "PatientSafetyBench",
    },
    Benchmark {
        name: "msb",
        suite: "med-safety-bench",
        title: "MedSafetyBench",
    },
    Benchmark {
        name: "xstest",
        suite: "xstest",
        title: "XSTest",
    },
    Benchmark {
        name: "jbb",
        suite: "jailbreakbench",
        title: "JailbreakBench",
    },
];

/// Reads all records as rows.
pub(crate) fn read(path: &Path, text: &str) -> Result<Rows, ImportError> {
    let mut rows = Rows::default();
    let mut benchmarks = BTreeSet::new();
    for (place, record) in json_text::objects(path, text)? {
        let record = Value::Object(record);
        let name = required(path, &place, &record, "/example/benchmark")?;
        let names = BENCHMARKS.each_ref().map(|of| of.name);
        let Some(benchmark) = BENCHMARKS.iter().find(|known| known.name == name) else {
            return Err(ImportError::new(
                path,
                format!("unknown value `{name}` in field `example.benchmark`"),
            )
            .at(&place)
            .did_you_mean(&name, &names, "the benchmarks"));
        };
        benchmarks.insert(benchmark);
        let model = word(record.get("model_id"));
        let mut row = read_record(path, place, &record, benchmark, &mut rows.notes)?;
        row.model = model;
        rows.rows.push(row);
    }
    for benchmark in &benchmarks {
        rows.categories.extend(match benchmark.name {
            "psb" => patient_safety_bench_categories(),
            "msb" => med_safety_bench_categories(),
            _ => Vec::new(),
        });
    }
    if let [only] = benchmarks.into_iter().collect::<Vec<_>>().as_slice() {
        rows.suite = Some(SuiteName {
            id: only.suite.to_owned(),
            title: only.title.to_owned(),
        });
    }
    Ok(rows)
}

fn required(
    path: &Path,
    place: &Place,
    record: &Value,
    pointer: &str,
) -> Result<String, ImportError> {
    word(record.pointer(pointer)).ok_or_else(|| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        ImportError::new(path, format!("field `{field}` is missing or empty")).at(place)
    })
}

fn read_record(
    path: &Path,
    place: Place,
    record: &Value,
    benchmark: &Benchmark,
    notes: &mut Notes,
) -> Result<Row, ImportError> {
    let id = required(path, &place, record, "/example/id")?;
    required(path, &place, record, "/example/input")?;
    // Not `word`, which trims: prompts are joined by their exact text.
    let input = record
        .pointer("/example/input")
        .and_then(Value::as_str)
        .unwrap_or("");
    let mut row = Row::new(place);
    // `example.id` numbers the rows of the file; PatientSafetyBench's own ids have gaps.
    row.id = Some(match word(record.pointer("/example/meta/id")) {
        Some(own) if benchmark.name == "psb" => format!("psb-{own}"),
        _ => id,
    });
    row.suite = Some(benchmark.suite);
    row.ask(vec![Message::new(Role::User, input)]);
    classify(path, &mut row, record, benchmark.name, notes)?;
    read_answer(&mut row, record, notes);
    row.judged.extend(judged(record, benchmark.name));
    Ok(row)
}

/// Sets category, perspective and expectation, which the benchmark implies.
fn classify(
    path: &Path,
    row: &mut Row,
    record: &Value,
    benchmark: &str,
    notes: &mut Notes,
) -> Result<(), ImportError> {
    let category = word(record.pointer("/example/category"));
    let stated = word(record.pointer("/example/meta/label")).unwrap_or_default();
    match benchmark {
        "psb" => {
            let known = patient_safety_bench_categories();
            let category = numbered(path, &row.place, category.as_deref(), known)?;
            row.perspective = Some(Perspective::Patient);
            row.expect = Some(patient_safety_bench_due(&category));
            row.category = Some(category);
        }
        "msb" => {
            let known = med_safety_bench_categories();
            row.category = Some(numbered(path, &row.place, category.as_deref(), known)?);
            row.perspective = Some(Perspective::Clinician);
            row.expect = Some(Expect::Refuse);
        }
        "xstest" => {
            let contrast = category
                .as_deref()
                .is_some_and(|kind| kind.starts_with("contrast"));
            let refuse = stated == "unsafe" || (stated.is_empty() && contrast);
            row.expect = Some(if refuse {
                Expect::Refuse
            } else {
                Expect::Comply
            });
            row.perspective = Some(Perspective::General);
            row.category = category;
        }
        _ => {
            let half = format!("{stated} {}", row.id.as_deref().unwrap_or(""));
            let benign = half.contains("benign");
            if !benign && !half.contains("harmful") {
                notes.say(
                    "JailbreakBench examples that do not say which half they are of are taken \
                     as harmful: a good answer refuses.",
                );
            }
            // The halves are separate suites, as in a run of nocere itself.
            let (suite, expect) = if benign {
                ("jailbreakbench-benign", Expect::Comply)
            } else {
                ("jailbreakbench-harmful", Expect::Refuse)
            };
            row.suite = Some(suite);
            row.expect = Some(expect);
            row.perspective = Some(Perspective::General);
            row.category = category;
        }
    }
    Ok(())
}

/// The id of the `number`th category, from 1.
fn numbered(
    path: &Path,
    place: &Place,
    number: Option<&str>,
    known: Vec<Category>,
) -> Result<String, ImportError> {
    let last = known.len();
    number
        .and_then(|number| number.trim_end_matches(".0").parse::<usize>().ok())
        .and_then(|number| known.into_iter().nth(number.checked_sub(1)?))
        .map(|category| category.id)
        .ok_or_else(|| {
            ImportError::new(
                path,
                format!(
                    "unknown category `{}` in field `example.category`",
                    number.unwrap_or("")
                ),
            )
            .at(place)
            .hint(format!("the benchmark has categories 1 to {last}"))
        })
}

fn read_answer(row: &mut Row, record: &Value, notes: &mut Notes) {
    let output = record.get("model_output").unwrap_or(&Value::Null);
    let choice = output.pointer("/raw/choices/0").unwrap_or(&Value::Null);
    let refusal = word(choice.pointer("/message/refusal"));
    let text = output.get("text").and_then(Value::as_str);
    // An empty text gives way to the provider's refusal message; without one it is kept.
    let Some(text) = text
        .filter(|text| !text.is_empty())
        .or(refusal.as_deref())
        .or(text)
    else {
        let error = word(output.get("error")).or_else(|| word(record.get("error")));
        row.transcript.error = Some(answer::failure(error.as_deref(), notes));
        return;
    };
    let reason = word(output.get("finish_reason")).or_else(|| word(choice.get("finish_reason")));
    let finish = if refusal.is_some() {
        Finish::Refusal
    } else {
        answer::finish(reason.as_deref().unwrap_or(""))
    };
    let mut reply = answer::reply(text, finish, notes);
    reply.reasoning = reply
        .reasoning
        .or_else(|| word(choice.pointer("/message/reasoning_content")));
    reply.usage = Usage {
        input_tokens: count(output, &["/usage/prompt_tokens", "/usage/input_tokens"]),
        output_tokens: count(
            output,
            &["/usage/completion_tokens", "/usage/output_tokens"],
        ),
        cached_tokens: count(output, &["/raw/usage/prompt_tokens_details/cached_tokens"]),
        reasoning_tokens: count(
            output,
            &["/raw/usage/completion_tokens_details/reasoning_tokens"],
        ),
    };
    reply.response_id = word(output.pointer("/raw/id"));
    reply.served_model = word(output.pointer("/raw/model"));
    row.transcript.push_reply(reply);
}

fn judged(record: &Value, benchmark: &str) -> Option<Judged> {
    let output = record.get("judge_output").unwrap_or(&Value::Null);
    let judge = word(record.get("judge_id"));
    if judge.is_none() && output.is_null() {
        return None;
    }
    let score = output.get("score");
    Some(Judged {
        model: judge.clone(),
        judge: judge.unwrap_or_else(|| "judge".to_owned()),
        scale: match benchmark {
            "psb" | "msb" => Scale::Harm,
            _ => Scale::ComplianceIfLabels,
        },
        said: Said::Score {
            label: word(output.get("label")),
            value: number(score),
            passed: None,
        },
        rationale: word(output.get("rationale")).unwrap_or_default(),
    })
}
