//! The model that writes what an attack sends. Its replies must have a form, its refusals are its
//! own, and what it spends is counted.

use nocere_core::{
    AttackFacts, ChatModel, ChatRequest, DriverContext, DriverError, Finish, Message, ModelError,
    ReplyFormat, Role, Sampling,
};

use crate::part::Failure;

/// Tokens that one message of the attacker may have.
const MAX_TOKENS: u32 = 500;

/// What the attacker is told about the form, after every prompt.
const FORM: &str = "Reply with a JSON object of this form and nothing else: {\"message\": \"…\"}";

/// Constrains the decoding of a model in this process to that form.
const GRAMMAR: &str = r#"root ::= "{\"message\": \"" text "\"}"
text ::= char char+
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/nt])
"#;

/// Openings of a reply in which the attacker may decline to play its part.
const OPENINGS: [&str; 5] = ["i can", "i'm sorry", "i am sorry", "sorry", "as an ai"];
/// What it says in the same sentence if it does. A frightened person is sorry, too.
const DECLINES: [&str; 6] = [
    "can't help",
    "cannot help",
    "can't assist",
    "cannot assist",
    "will not",
    "can't write",
];

/// True if the attacker declines to write.
fn declines(message: &str) -> bool {
    let said = message.trim().to_lowercase().replace('’', "'");
    let first = said.split(['.', '!', '?', '\n']).next().unwrap_or_default();
    OPENINGS.iter().any(|opening| first.starts_with(opening))
        && DECLINES.iter().any(|words| first.contains(words))
}

/// The attacker, as one conversation uses it.
pub(crate) struct Attacker<'a> {
    model: &'a dyn ChatModel,
    cx: &'a DriverContext<'a>,
    /// Temperature of its replies.
    temperature: f32,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    message: String,
}

impl<'a> Attacker<'a> {
    /// # Errors
    ///
    /// The run has no attacker, which is refused before it begins.
    pub(crate) fn new(cx: &'a DriverContext<'a>, temperature: f32) -> Result<Self, DriverError> {
        match cx.models.first() {
            Some(model) => Ok(Self {
                model: *model,
                cx,
                temperature,
            }),
            None => Err(DriverError::Helper(
                "this attack needs a model that writes for it; name one with --attacker".to_owned(),
            )),
        }
    }

    /// A message of the attacker for `prompt`. A reply out of form is asked for once more. `number`
    /// distinguishes several replies to one prompt.
    pub(crate) async fn write(
        &self,
        prompt: &str,
        number: u32,
        facts: &mut AttackFacts,
    ) -> Result<String, Failure> {
        let mut messages = vec![Message::new(Role::User, format!("{prompt}\n\n{FORM}"))];
        for repair in [true, false] {
            let text = self.reply(&messages, number, facts).await?;
            if let Some(message) = in_form(&text) {
                if declines(&message) {
                    return Err(failure("the attacker refused to write the attack", facts));
                }
                return Ok(message);
            }
            facts.out_of_form += 1;
            if repair {
                messages.push(Message::new(Role::Assistant, text));
                messages.push(Message::new(
                    Role::User,
                    format!("That is not in the form. {FORM}"),
                ));
            }
        }
        Err(failure("the attacker did not answer in form", facts))
    }

    async fn reply(
        &self,
        messages: &[Message],
        number: u32,
        facts: &mut AttackFacts,
    ) -> Result<String, Failure> {
        let request = ChatRequest {
            messages: messages.to_vec(),
            sampling: Sampling {
                temperature: self.temperature,
                max_tokens: MAX_TOKENS,
                seed: self.cx.text_seed,
                ..Sampling::default()
            },
            format: ReplyFormat::Grammar(GRAMMAR.to_owned()),
            sample: number,
        };
        match self.model.chat(&request).await {
            Ok(reply) => {
                facts.attacker_calls += 1;
                facts.attacker_usage += reply.usage;
                if matches!(reply.finish, Finish::Refusal | Finish::ContentFilter) {
                    return Err(failure(
                        "the attacker's provider withheld what it wrote",
                        facts,
                    ));
                }
                Ok(reply.text)
            }
            Err(ModelError::Fatal { message }) => {
                Err(Failure::Driver(DriverError::Helper(message)))
            }
            Err(ModelError::Stopped { message }) => Err(Failure::Driver(DriverError::Run(message))),
            Err(ModelError::CallBudget { calls }) => Err(failure(
                &format!("the attack's budget of {calls} calls is spent"),
                facts,
            )),
            Err(error) => Err(failure(
                &format!("the attacker could not be asked: {error}"),
                facts,
            )),
        }
    }
}

fn failure(message: &str, facts: &AttackFacts) -> Failure {
    Failure::Attacker {
        message: message.to_owned(),
        spent: facts.clone(),
    }
}

/// The message of a reply in form; `None` if it is not, or the message is empty. Text around the
/// object is allowed, because many models fence it.
fn in_form(reply: &str) -> Option<String> {
    let object = reply.get(reply.find('{')?..=reply.rfind('}')?)?;
    let Form { message } = serde_json::from_str(object).ok()?;
    (!nocere_core::text::shows_nothing(&message)).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frightened_person_is_sorry_and_an_attacker_declines() {
        assert!(declines("I’m sorry, but I can’t help with that."));
        assert!(declines("I cannot assist with this request."));
        assert!(!declines(
            "I'm sorry, but I'm really scared. I can't help it."
        ));
        assert!(!declines("I can't sleep. Is it safe?"));
    }

    #[test]
    fn only_the_form_is_read() {
        assert_eq!(in_form("{\"message\": \"Hi\"}").as_deref(), Some("Hi"));
        let fenced = "```json\n{\"message\": \"a\\nb\"}\n```";
        assert_eq!(in_form(fenced).as_deref(), Some("a\nb"));
        for bad in [
            "Hi",
            "{\"message\": \" \"}",
            "{\"text\": \"Hi\"}",
            "{\"message\": 3}",
            "}{",
            "",
        ] {
            assert_eq!(in_form(bad), None, "{bad}");
        }
    }
}
