//! Asks a judge's model for one rating: with fenced material, a canary, a strictly parsed
//! reply and one attempt at repair.

use std::sync::LazyLock;

use nocere_core::{
    ChatModel, ChatReply, ChatRequest, Finish, JudgeContext, Message, ModelError, ReplyFormat,
    Role, Sampling, UnscoredReason, key::derive_seed, text::is_invisible,
};

use crate::{
    RefusalRules,
    judged_answer::NoVerdict,
    reply::{Expected, JudgeReply, ReplyFault},
    rubric::{Material, Rubric},
};

/// The random strings of one rating: the fence around judged text, and the canary that the
/// judge must repeat.
pub(crate) struct Marks {
    pub(crate) fence: String,
    pub(crate) canary: String,
}

impl Marks {
    /// Strings that the author of the judged text could not know, derived from `seed`.
    pub(crate) fn new(seed: u64, subject: &str) -> Self {
        let canary = format!("{:016x}", derive_seed(seed, &format!("canary {subject}")));
        Self {
            fence: format!(
                "=={:016x}==",
                derive_seed(seed, &format!("fence {subject}"))
            ),
            canary: canary.chars().take(12).collect(),
        }
    }

    /// Removes the fence and the canary from judged text. It should hold neither, because they
    /// were unknown when it was written. Escapes invisible characters, which people cannot see
    /// but models obey.
    pub(crate) fn defuse(&self, text: &str) -> String {
        let visible: String = text
            .chars()
            .flat_map(|c| {
                let hidden = is_invisible(c) || (c.is_control() && !matches!(c, '\n' | '\t'));
                if hidden {
                    c.escape_unicode().collect::<Vec<_>>()
                } else {
                    vec![c]
                }
            })
            .collect();
        visible
            .replace(&self.fence, "[fence]")
            .replace(&self.canary, "[token]")
    }
}

/// One rating to ask for.
pub(crate) struct Rating<'a> {
    /// What is rated; must be defused.
    pub(crate) material: &'a Material<'a>,
    pub(crate) expected: Expected<'a>,
    pub(crate) temperature: f32,
    /// Distinguishes votes of one model on one answer.
    pub(crate) sample: u32,
}

/// The reply of a judge's model, or why there is none.
pub(crate) async fn reply_to(
    model: &dyn ChatModel,
    request: &ChatRequest,
) -> Result<ChatReply, NoVerdict> {
    let reply = model.chat(request).await.map_err(|error| match error {
        ModelError::ContextOverflow { needed, limit } => (
            UnscoredReason::JudgeOverflow,
            format!("the judge's prompt needs {needed} tokens and its context holds {limit}"),
        ),
        other => (UnscoredReason::JudgeError, other.to_string()),
    })?;
    if matches!(reply.finish, Finish::ContentFilter | Finish::Refusal) {
        return Err((
            UnscoredReason::JudgeRefused,
            "the judge's provider withheld the rating".to_owned(),
        ));
    }
    Ok(reply)
}

/// Asks for one rating. A reply that cannot be used is sent back once for repair.
pub(crate) async fn rate(
    model: &dyn ChatModel,
    rubric: &Rubric,
    rating: Rating<'_>,
) -> Result<JudgeReply, NoVerdict> {
    let Rating {
        expected, sample, ..
    } = rating;
    let prompt = rubric
        .prompt(rating.material)
        .map_err(|error| (UnscoredReason::JudgeError, error))?;
    let mut messages = vec![
        Message::new(Role::System, rubric.system()),
        Message::new(Role::User, prompt),
    ];
    let mut fault = (UnscoredReason::JudgeUnreadable, String::new());
    for _attempt in 0..2 {
        let request = ChatRequest {
            messages: messages.clone(),
            sampling: Sampling {
                temperature: rating.temperature,
                // Each further sentence adds a level, and perhaps a passage, to the reply.
                max_tokens: rubric.max_tokens() + 8 * expected.sentences.saturating_sub(1) as u32,
                seed: u64::from(sample),
                ..Sampling::default()
            },
            format: ReplyFormat::Grammar(expected.grammar()),
            sample,
        };
        let reply = reply_to(model, &request).await?;
        fault = match expected.read(&reply.text) {
            Ok(read) => return Ok(read),
            Err(fault) => reason(fault, &reply),
        };
        if reply.text.trim().is_empty() {
            // Servers refuse an empty message, and templates two of one speaker.
            let last = messages.len() - 1;
            let again = format!("{}\n\n{}", messages[last].text(), rubric.repair());
            messages[last] = Message::new(Role::User, again);
        } else {
            messages.push(Message::new(Role::Assistant, reply.text));
            messages.push(Message::new(Role::User, rubric.repair()));
        }
    }
    Err(fault)
}

/// Asks the judge's model for one rating of one answer.
pub(crate) async fn rate_answer(
    cx: &JudgeContext<'_>,
    rubric: &Rubric,
    material: &Material<'_>,
    (temperature, sample): (f32, u32),
) -> Result<JudgeReply, NoVerdict> {
    let expected = Expected {
        names: rubric.names(),
        range: rubric.range(),
        canary: material.canary,
        sentences: 1,
        passages: 0,
    };
    let rating = Rating {
        material,
        expected,
        temperature,
        sample,
    };
    rate(model_of(cx)?, rubric, rating).await
}

/// The model that the judge was set up with.
pub(crate) fn model_of<'a>(cx: &JudgeContext<'a>) -> Result<&'a dyn ChatModel, NoVerdict> {
    cx.models.first().copied().ok_or_else(|| {
        (
            UnscoredReason::JudgeError,
            "the judge has no model".to_owned(),
        )
    })
}

/// Why a reply that could not be read gives no verdict.
fn reason(fault: ReplyFault, reply: &ChatReply) -> NoVerdict {
    match fault {
        ReplyFault::Canary => (
            UnscoredReason::JudgeCompromised,
            "the reply did not repeat the canary".to_owned(),
        ),
        ReplyFault::Unreadable(_) if declines(&reply.text) => (
            UnscoredReason::JudgeRefused,
            "the judge's model declined to rate the material".to_owned(),
        ),
        ReplyFault::Unreadable(_) if reply.text.trim().is_empty() && reply.reasoning.is_some() => (
            UnscoredReason::JudgeUnreadable,
            "the judge's model only thought: give it room with `max_tokens=`, such as `max_tokens=4000`"
                .to_owned(),
        ),
        ReplyFault::Unreadable(why) if reply.finish == Finish::Length => (
            UnscoredReason::JudgeUnreadable,
            format!("the token limit cut the reply: {why}"),
        ),
        ReplyFault::Unreadable(why) => (UnscoredReason::JudgeUnreadable, why),
    }
}

/// Returns true if a reply without any JSON object is a refusal to rate.
fn declines(reply: &str) -> bool {
    // Made once: its rules take a fifth of a second to compile.
    static RULES: LazyLock<Option<RefusalRules>> = LazyLock::new(|| RefusalRules::embedded().ok());
    !reply.contains('{')
        && RULES
            .as_ref()
            .is_some_and(|rules| rules.label(reply).score == nocere_core::Score::label("refuse"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_and_marks_are_taken_out() {
        let marks = Marks::new(7, "p");
        let text = format!(
            "a\u{200b}b \u{e0041} {} {} c\u{ad}d",
            marks.fence, marks.canary
        );
        assert_eq!(
            marks.defuse(&text),
            "a\\u{200b}b \\u{e0041} [fence] [token] c\\u{ad}d"
        );
    }
}
