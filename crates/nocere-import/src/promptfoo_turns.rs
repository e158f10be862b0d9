//! The conversations that promptfoo's attacks led.
//!
//! A result has one `output`, and an attack of several turns keeps the rest in its metadata: as
//! `messages`, or as `redteamHistory`, a list of prompts and outputs. Attacks that try one prompt
//! after another keep their attempts there, too; these are not one conversation.

use nocere_core::{Message, Role};
use serde_json::Value;

use crate::{answer, json_text::word, notes::Notes};

/// Beginnings of the names of attacks whose attempts are independent.
const SINGLE_TURN: [&str; 6] = [
    "jailbreak:composite",
    "jailbreak:likert",
    "jailbreak:meta",
    "jailbreak:tree",
    "best-of-n",
    "iterative",
];

/// All messages of the conversation behind a result, the last answer included; `None` if there was
/// only one turn.
pub(crate) fn conversation(result: &Value, notes: &mut Notes) -> Option<Vec<Message>> {
    let places = ["/response/metadata", "/metadata"];
    let metadata = || places.iter().filter_map(|place| result.pointer(place));
    let has_answer = |messages: &Vec<Message>| {
        messages
            .iter()
            .any(|message| message.role == Role::Assistant)
    };
    let listed = metadata()
        .filter_map(|metadata| chat(metadata.get("messages")?, notes))
        .find(has_answer);
    if listed.is_some() {
        return listed;
    }
    let history = metadata().find_map(|metadata| {
        let history = list(metadata.get("redteamHistory")?)?;
        (!history.is_empty()).then_some((metadata, history))
    });
    let (metadata, history) = history?;
    if history.len() > 1 && is_single_turn(result, metadata) {
        notes.count(
            "result is of an attack that tries one prompt after another: only the attempt that counts is kept",
            "results are of attacks that try one prompt after another: only the attempts that count are kept",
        );
        return None;
    }
    let mut messages = Vec::new();
    for turn in &history {
        if let Some(prompt) = word(turn.get("prompt")) {
            // With templates the prompt is the whole chat up to here.
            let mut asked = answer::prompt(&prompt, notes);
            messages.extend(asked.pop());
        }
        let output = turn.get("output").filter(|output| !output.is_null());
        if let Some(output) = output {
            let said = crate::content::answer(output, notes);
            let text = said.map_or_else(|| word(Some(output)), |said| Some(said.text));
            let text = text.unwrap_or_default();
            // A turn may be split into an entry for each message, the other half empty.
            if !text.trim().is_empty() || turn.get("prompt").is_none_or(|prompt| prompt == "") {
                messages.push(Message::new(Role::Assistant, text));
            }
        }
    }
    has_answer(&messages).then_some(messages)
}

/// A list, or a text that holds one as JSON, as in a table's cell.
fn list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(list) => Some(list.clone()),
        Value::String(text) => crate::json_text::parse(text).ok(),
        _ => None,
    }
}

fn chat(value: &Value, notes: &mut Notes) -> Option<Vec<Message>> {
    answer::chat(&Value::Array(list(value)?), notes)
}

fn is_single_turn(result: &Value, metadata: &Value) -> bool {
    let named = [
        "/testCase/metadata/strategyId",
        "/metadata/strategyId",
        "/testCase/provider/id",
    ]
    .iter()
    .filter_map(|place| word(result.pointer(place)));
    let mut names = named.map(|name| {
        name.strip_prefix("promptfoo:redteam:")
            .map_or_else(|| name.clone(), str::to_owned)
    });
    names.any(|name| name == "jailbreak" || SINGLE_TURN.iter().any(|known| name.starts_with(known)))
        || metadata.get("finalIteration").is_some()
        || metadata.get("highestScore").is_some()
}
