//! Conversations of several turns, as the transcript of a row.

use nocere_core::{ChatReply, Finish, Message, Role};

use crate::{answer, notes::Notes, row::Row};

/// Puts the conversation into the row's transcript, in place of the one turn that is there.
/// `reply` is what the file says of the last answer, with its text if the file has it twice.
pub(crate) fn converse(
    row: &mut Row,
    mut messages: Vec<Message>,
    reply: Option<ChatReply>,
    notes: &mut Notes,
) {
    let system = answer::take_system(&mut messages);
    row.system = system.or(row.system.take());
    // Answers in the opening are part of the prompt: the model did not give them here.
    let asked = std::mem::take(&mut row.transcript.turns);
    let given = asked
        .iter()
        .zip(&messages)
        .take_while(|(turn, message)| turn.message == **message)
        .count();
    let ends_with_answer = messages
        .last()
        .is_some_and(|message| message.role == Role::Assistant)
        && given < messages.len();
    let last = messages.len().saturating_sub(1);
    let mut reply = reply;
    for (index, message) in messages.into_iter().enumerate() {
        if message.role != Role::Assistant || index < given {
            if message.role == Role::User && row.transcript.last_answer().is_some() {
                row.follow_ups.push(message.text().into_owned());
            }
            row.transcript.push(message);
            continue;
        }
        let mut said = answer::reply(&message.text(), Finish::Stop, notes);
        if index == last
            && let Some(told) = reply.take()
        {
            let agree = told.text.trim() == said.text.trim();
            if !agree && !told.text.trim().is_empty() {
                notes.count(
                    "output is not the last answer of its conversation: the conversation counts",
                    "outputs are not the last answers of their conversations: the conversations count",
                );
            }
            said = ChatReply {
                text: said.text,
                reasoning: said.reasoning.or(told.reasoning.clone()),
                ..told
            };
        }
        row.transcript.push_reply(said);
    }
    if !ends_with_answer && let Some(reply) = reply {
        row.transcript.push_reply(reply);
    }
}
