//! What kinds of attack are made of: changes of the ask, and ways of leading the conversation.

use std::sync::Arc;

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, DriverCalls, DriverContext, DriverError, Intent, Probe,
    Transcript,
};

use crate::search_settings::SearchSettings;

/// Changes the words of the ask.
pub(crate) trait Rewrite: Send + Sync {
    /// The ask in other words.
    fn rewrite<'a>(
        &'a self,
        ask: &'a str,
        site: &'a Site<'a>,
    ) -> BoxFuture<'a, Result<Rewritten, Failure>>;

    /// Most calls to the attacker for one ask.
    fn attacker_calls(&self) -> u64 {
        0
    }

    /// Phrases that show in an answer that a planted order was obeyed; empty if none is planted.
    fn planted(&self) -> &[String] {
        &[]
    }
}

/// Leads the whole conversation over a probe whose words are changed already.
pub(crate) trait Lead: Send + Sync {
    /// True if the words of the ask are sent, so that what was put around them reaches the target.
    fn keeps_ask(&self) -> bool {
        true
    }

    /// As [`nocere_core::Driver::calls`].
    fn calls(&self, probe: &Probe) -> DriverCalls;

    /// As [`nocere_core::Driver::lead`].
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>>;
}

/// What an attack does.
#[derive(Clone)]
pub(crate) enum Part {
    Rewrite(Arc<dyn Rewrite>),
    Lead(Arc<dyn Lead>),
    /// Leads once it has the attacks that it tries.
    Search(SearchSettings),
}

/// Where an ask is rewritten.
pub(crate) struct Site<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) seed: u64,
    pub(crate) cx: &'a DriverContext<'a>,
}

/// An ask in other words.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// Set if a model wrote it.
    pub(crate) intent: Option<Intent>,
    /// What the attacker did for it.
    pub(crate) spent: AttackFacts,
}

impl Rewritten {
    /// Words made without a model: they hold the ask.
    pub(crate) fn plainly(text: String) -> Self {
        Self {
            text,
            intent: None,
            spent: AttackFacts::default(),
        }
    }
}

/// Why an ask could not be rewritten.
pub(crate) enum Failure {
    /// The attacker did not do what it was asked for: the sample is unscored.
    Attacker { message: String, spent: AttackFacts },
    /// The conversation ends in this session.
    Driver(DriverError),
}

/// What an attack asks for beside the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A model that writes what is sent (`--attacker`).
    pub attacker: bool,
    /// A judge that it asks during the conversation (`--scorer`; an embedded one unless set).
    pub scorer: bool,
}

/// What a kind makes of its settings.
pub(crate) struct Made {
    pub(crate) part: Part,
    /// Languages that it has words for; empty for all.
    pub(crate) languages: Vec<String>,
    pub(crate) needs: Needs,
}

impl Made {
    pub(crate) fn rewrite(languages: Vec<String>, part: impl Rewrite + 'static) -> Self {
        Self {
            part: Part::Rewrite(Arc::new(part)),
            languages,
            needs: Needs::default(),
        }
    }

    pub(crate) fn lead(languages: Vec<String>, part: impl Lead + 'static) -> Self {
        Self {
            part: Part::Lead(Arc::new(part)),
            languages,
            needs: Needs::default(),
        }
    }

    /// A search through attacks that it only names.
    pub(crate) fn search(settings: SearchSettings) -> Self {
        Self {
            part: Part::Search(settings),
            languages: Vec::new(),
            needs: Needs::default(),
        }
    }

    pub(crate) fn needing(self, attacker: bool, scorer: bool) -> Self {
        Self {
            needs: Needs { attacker, scorer },
            ..self
        }
    }
}

/// The settings of a kind, or what is wrong with them.
pub(crate) fn settings<T: serde::de::DeserializeOwned>(
    value: serde_json::Value,
) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
