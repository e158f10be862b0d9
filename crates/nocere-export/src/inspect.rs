//! A sample as Inspect's logs hold it (log schema version 2).

use nocere_core::{ContentHash, Finish, Sample, Score, Turn, Verdict};
use serde_json::{Map, Value, json};

use crate::{
    row::shown,
    source::{Source, Texts},
};

/// Longest text in a summary, in characters.
const SUMMARY_TEXT: usize = 500;

/// The id of a sample, unique together with its epoch in the log of a target. It is part of a
/// member's name in the archive.
pub(crate) fn sample_id(source: &Source<'_>, sample: &Sample) -> String {
    let mut id = sample.probe.id.to_string();
    if source.report.suites.len() > 1 {
        id = format!("{}.{id}", sample.probe.suite);
    }
    if source.report.drivers.len() > 1 {
        id = format!("{id}.{}", sample.driver);
    }
    let plain = id.replace(['/', '\\', ':'], "-");
    if plain == id {
        return plain;
    }
    // Two ids may differ in nothing else.
    let hash = ContentHash::of_bytes(id.as_bytes());
    format!("{plain}-{}", &hash.as_str()[..6])
}

/// The whole sample.
pub(crate) fn sample(source: &Source<'_>, sample: &Sample, model: &str) -> Value {
    let texts = source.texts(sample);
    let turns = &sample.transcript.turns;
    let messages: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(place, turn)| {
            let mut value = message(texts, turn, model);
            value["id"] = json!(message_id(source, sample, place));
            value
        })
        .collect();
    let opening = turns.iter().take_while(|turn| turn.answer.is_none());
    let input = &messages[..opening.count()];
    let mut value = json!({
        "id": sample_id(source, sample),
        "epoch": sample.epoch + 1,
        "input": input,
        "target": sample.probe.expect.as_str(),
        "messages": messages,
        "output": output(texts, turns.iter().rfind(|turn| turn.answer.is_some()), model),
        "scores": scores(source, sample, true),
        "metadata": metadata(source, sample),
        "model_usage": usage(sample, model),
        "total_time": seconds(sample),
        "working_time": seconds(sample),
        "turn_count": sample.transcript.answers().count(),
        "uuid": message_id(source, sample, usize::MAX),
    });
    value["events"] = events(&messages, source, sample, model, &value["scores"]);
    if let Some(error) = &sample.transcript.error {
        let text = texts.error(error);
        value["error"] = json!({"message": text, "traceback": text, "traceback_ansi": text});
    }
    value
}

/// An id of 22 characters for a message of the sample, the same in every export of the run.
fn message_id(source: &Source<'_>, sample: &Sample, place: usize) -> String {
    let run = &source.report.header.id;
    let hash = ContentHash::of_bytes(format!("{run}\n{}\n{place}", sample.seq).as_bytes());
    hash.as_str().chars().take(22).collect()
}

/// From request to answer, over all answers.
fn seconds(sample: &Sample) -> f64 {
    let turns = sample.transcript.turns.iter();
    let facts = turns.filter_map(|turn| turn.answer.as_ref());
    facts.map(|facts| facts.latency_ms).sum::<u64>() as f64 / 1000.0
}

/// What lists of samples show.
pub(crate) fn summary(source: &Source<'_>, sample: &Sample, model: &str) -> Value {
    let texts = source.texts(sample);
    let asked = sample.probe.asked(&sample.transcript);
    let asked = texts.prompt(asked.into());
    let mut value = json!({
        "id": sample_id(source, sample),
        "epoch": sample.epoch + 1,
        "input": asked.chars().take(SUMMARY_TEXT).collect::<String>(),
        "target": sample.probe.expect.as_str(),
        "metadata": metadata(source, sample),
        "scores": scores(source, sample, false),
        "model_usage": usage(sample, model),
        "completed": true,
        "total_time": seconds(sample),
        "working_time": seconds(sample),
        "turn_count": sample.transcript.answers().count(),
        "uuid": message_id(source, sample, usize::MAX),
        "message_count": sample.transcript.turns.len(),
    });
    if let Some(error) = &sample.transcript.error {
        value["error"] = json!(texts.error(error));
    }
    value
}

fn message(texts: Texts, turn: &Turn, model: &str) -> Value {
    let mut value = json!({
        "role": turn.message.role,
        "content": shown(texts, turn),
    });
    if turn.answer.is_some() {
        value["source"] = json!("generate");
        value["model"] = json!(model);
    } else {
        value["source"] = json!("input");
    }
    value
}

/// The calls and the verdicts. `messages_df` reads messages from here alone.
fn events(
    messages: &[Value],
    source: &Source<'_>,
    sample: &Sample,
    model: &str,
    scores: &Value,
) -> Value {
    let texts = source.texts(sample);
    let created = source.report.header.created.as_str();
    let mut events = Vec::new();
    for (place, turn) in sample.transcript.turns.iter().enumerate() {
        if turn.answer.is_some() {
            let mut output = output(texts, Some(turn), model);
            output["choices"][0]["message"]["id"] = messages[place]["id"].clone();
            events.push(json!({
                "event": "model",
                "uuid": message_id(source, sample, usize::MAX - 1 - place),
                "timestamp": created,
                "model": model,
                "input": messages[..place],
                "tools": [],
                "tool_choice": "none",
                "config": {},
                "output": output,
            }));
        }
    }
    for (scorer, score) in scores.as_object().into_iter().flatten() {
        events.push(json!({
            "event": "score",
            "timestamp": created,
            "scorer": scorer,
            "score": score,
        }));
    }
    json!(events)
}

/// An answer.
fn output(texts: Texts, turn: Option<&Turn>, model: &str) -> Value {
    let Some((turn, facts)) = turn.and_then(|turn| Some((turn, turn.answer.as_ref()?))) else {
        return json!({"model": model, "choices": []});
    };
    json!({
        "model": facts.served_model.as_deref().unwrap_or(model),
        "choices": [{
            "message": message(texts, turn, model),
            "stop_reason": stop_reason(&facts.finish),
        }],
        "completion": shown(texts, turn),
        "usage": {
            "input_tokens": facts.usage.input_tokens,
            "output_tokens": facts.usage.output_tokens,
            "total_tokens": facts.usage.input_tokens + facts.usage.output_tokens,
        },
        "time": facts.latency_ms as f64 / 1000.0,
    })
}

/// Inspect's word for how an answer ended.
pub(crate) fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "max_tokens",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
        Finish::Loop | Finish::Other(_) => "unknown",
    }
}

fn usage(sample: &Sample, model: &str) -> Value {
    let answers = sample.transcript.turns.iter();
    let facts = answers.filter_map(|turn| turn.answer.as_ref());
    let (input, output) = facts.fold((0, 0), |(input, output), facts| {
        (
            input + facts.usage.input_tokens,
            output + facts.usage.output_tokens,
        )
    });
    json!({model: {
        "input_tokens": input,
        "output_tokens": output,
        "total_tokens": input + output,
    }})
}

/// The names `perspective`, `expect` and `category` are those that `nocere import` reads.
fn metadata(source: &Source<'_>, sample: &Sample) -> Value {
    let probe = &sample.probe;
    let mut value = json!({
        "suite": probe.suite,
        "probe": probe.id,
        "perspective": probe.perspective,
        "category": probe.category,
        "expect": probe.expect,
        "language": probe.language,
        "driver": sample.driver,
        "outcome": sample.transcript.outcome(),
        "severity": probe.severity,
        "likelihood": probe.likelihood,
    });
    if let Some(matter) = &probe.matter {
        value["matter"] = json!(matter);
    }
    let mut errors: Vec<&str> = Vec::new();
    for instrument in &source.report.instruments {
        if let Some(verdict) = sample.verdict(&instrument.hash) {
            for figure in source.errors(sample, instrument, verdict) {
                if !errors.contains(&figure.id.as_str()) {
                    errors.push(&figure.id);
                }
            }
        }
    }
    value["error_in"] = json!(errors.join(";"));
    value
}

/// Scores by judge. `whole` adds what summaries leave out.
fn scores(source: &Source<'_>, sample: &Sample, whole: bool) -> Value {
    let texts = source.texts(sample);
    let mut scores = Map::new();
    for instrument in &source.report.instruments {
        let Some(verdict) = sample.verdict(&instrument.hash) else {
            continue;
        };
        let mut score = match verdict {
            Verdict::Scored(scored) => {
                let word = instrument.scale.word(&scored.score);
                // Levels are numbers, so that viewers sort and average them.
                let value = word
                    .parse::<f64>()
                    .map_or_else(|_| json!(word), |number| json!(number));
                json!({"value": value, "explanation": texts.reason(instrument, &scored.rationale)})
            }
            Verdict::Unscored { reason, detail, .. } => json!({
                "value": "NaN",
                "explanation": texts.reason(instrument, detail),
                "metadata": {"unscored_reason": reason},
            }),
        };
        if whole {
            if let Some((text, _)) = sample.transcript.last_answer() {
                score["answer"] = json!(texts.said(text.into()));
            }
            if texts.shows(instrument) {
                details(&mut score, verdict);
            }
        } else if let Some(text) = score["explanation"].as_str() {
            score["explanation"] = json!(text.chars().take(SUMMARY_TEXT).collect::<String>());
        }
        scores.insert(instrument.id.to_string(), score);
    }
    Value::Object(scores)
}

fn details(score: &mut Value, verdict: &Verdict) {
    let Verdict::Scored(scored) = verdict else {
        return;
    };
    let mut metadata = json!({});
    if let Some(top) = scored.score.top() {
        metadata["probability"] = json!(top);
    }
    if let Score::Items { items } = &scored.score {
        metadata["items"] = json!(items);
    }
    if !scored.evidence.is_empty() {
        metadata["evidence"] = json!(scored.evidence);
    }
    if !scored.votes.is_empty() {
        metadata["votes"] = json!(scored.votes);
    }
    score["metadata"] = metadata;
}
