//! A conversation whose turns are written beforehand, whatever the target answers.

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, DriverCalls, DriverContext, DriverError, Message, Probe,
    Role, Transcript,
};
use serde::Deserialize;

use crate::{
    conversation::{Conversation, Heard},
    part::{Lead, Made, settings},
    template::{self, ASK, ByLanguage},
};

struct Script {
    turns: ByLanguage<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The asker's messages, by the language of the probe; one of them has `{ask}`.
    turns: ByLanguage<Vec<String>>,
}

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let Settings { turns } = settings(value)?;
    if turns.is_empty() {
        return Err("`turns` has no language".to_owned());
    }
    for (language, turns) in &turns {
        let at = |fault: String| format!("`turns.{language}`: {fault}");
        let whole = turns.join("\n");
        if let Some(fault) = template::fault(&whole, &[ASK], &[ASK]) {
            return Err(at(fault));
        }
        if turns.len() < 2 || turns.iter().any(|turn| turn.trim().is_empty()) {
            return Err(at(
                "there must be two turns or more, none of them empty".to_owned()
            ));
        }
    }
    Ok(Made::lead(template::languages(&turns), Script { turns }))
}

impl Script {
    fn most(&self) -> u64 {
        self.turns.values().map(Vec::len).max().unwrap_or_default() as u64
    }
}

impl Lead for Script {
    fn calls(&self, _probe: &Probe) -> DriverCalls {
        DriverCalls {
            target: self.most(),
            attacker: 0,
            answers: self.most(),
        }
    }

    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let turns = self.turns.get(&probe.language).into_iter().flatten();
            let mut spent = AttackFacts::default();
            let mut conversation = Conversation::new(target, cx);
            let (ask, before) = probe.messages.split_last().map_or_else(
                || (Message::new(Role::User, ""), &[][..]),
                |(last, before)| (last.clone(), before),
            );
            for message in before {
                conversation.transcript.push(message.clone());
            }
            for turn in turns {
                let mut message = Message::new(Role::User, turn);
                if turn.contains(ASK) {
                    // The ask keeps its other parts, such as an image.
                    message = ask.clone();
                    message.set_text(template::fill(turn, &[(ASK, &ask.text())]));
                }
                conversation.transcript.push(message);
                if conversation.answer(&mut spent).await? != Heard::Answer {
                    break;
                }
            }
            Ok(conversation.transcript)
        })
    }
}
