//! The ask inside other words, such as a claimed credential. Everything else is as the probe
//! spells it out.

use std::sync::Arc;

use nocere_core::{
    BoxFuture, ChatModel, Driver, DriverContext, DriverError, DriverIdentity, Probe, Transcript,
};
use serde::{Deserialize, Serialize};

use crate::{
    attack::{AttackError, Head},
    direct,
};

/// Placeholder for the request in the template.
const ASK: &str = "{ask}";
/// Raise when the code changes what is sent.
const CODE_VERSION: u32 = 1;

struct Wrap {
    identity: DriverIdentity,
    settings: Settings,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The message that is sent, with `{ask}` once.
    template: String,
}

pub(crate) fn read(head: Head) -> Result<Arc<dyn Driver>, AttackError> {
    let fault = |message: String| AttackError::Settings {
        kind: "wrap",
        message,
    };
    let settings: Settings =
        serde_json::from_value(head.settings).map_err(|error| fault(error.to_string()))?;
    if settings.template.matches(ASK).count() != 1 {
        return Err(fault(format!("`template` must have `{ASK}` once")));
    }
    let hashed = ("wrap", &settings, CODE_VERSION, direct::VERSION);
    Ok(Arc::new(Wrap {
        identity: DriverIdentity::attack(&head.id, &head.version, &head.title, &hashed),
        settings,
    }))
}

impl Driver for Wrap {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let wrapped = self.wrapped(probe);
            direct::lead(&wrapped, target, cx).await
        })
    }

    fn identity(&self) -> &DriverIdentity {
        &self.identity
    }
}

impl Wrap {
    /// The probe with its last message, which is the ask, inside the template.
    fn wrapped(&self, probe: &Probe) -> Probe {
        let mut wrapped = probe.clone();
        if let Some(ask) = wrapped.messages.last_mut() {
            let text = self.settings.template.replace(ASK, &ask.text());
            ask.set_text(text);
        }
        wrapped
    }
}

#[cfg(test)]
mod tests {
    use nocere_core::{Message, Role};

    use super::*;

    #[test]
    fn only_the_ask_is_wrapped() {
        let wrap = Wrap {
            identity: DriverIdentity::attack("w", "1", "W", &()),
            settings: Settings {
                template: "Before. {ask} After.".to_owned(),
            },
        };
        let mut probe = Probe::asking("s", "p", "How much?");
        // An ask that holds the mark itself is text like any other.
        probe.messages = vec![
            Message::new(Role::User, "Hello."),
            Message::new(Role::Assistant, "Hello!"),
            Message::new(Role::User, "How much {ask}?"),
        ];
        probe.follow_ups = vec!["And then?".to_owned()];
        let wrapped = wrap.wrapped(&probe);
        let texts: Vec<String> = wrapped
            .messages
            .iter()
            .map(Message::text)
            .map(Into::into)
            .collect();
        assert_eq!(
            texts,
            ["Hello.", "Hello!", "Before. How much {ask}? After."]
        );
        assert_eq!(wrapped.follow_ups, probe.follow_ups);
        assert_eq!(wrapped.id, probe.id);
    }
}
