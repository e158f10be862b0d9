//! The ask inside other words, such as a claimed credential. Everything else is as the probe
//! spells it out.

use nocere_core::BoxFuture;
use serde::Deserialize;

use crate::{
    part::{Failure, Made, Rewrite, Rewritten, Site, settings},
    template::{self, ASK, ByLanguage},
};

/// The ask inside a text, by language.
pub(crate) struct Wrap {
    texts: ByLanguage<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What is sent, with `{ask}` once, by the language of the probe.
    texts: ByLanguage<String>,
}

impl Wrap {
    /// # Errors
    ///
    /// `texts` is empty, or one of them lacks `{ask}` or has another variable.
    pub(crate) fn new(texts: ByLanguage<String>) -> Result<Self, String> {
        if texts.is_empty() {
            return Err("`texts` has no language".to_owned());
        }
        for (language, text) in &texts {
            if let Some(fault) = template::fault(text, &[ASK], &[ASK]) {
                return Err(format!("`texts.{language}`: {fault}"));
            }
            if text.trim() == ASK {
                return Err(format!("`texts.{language}` leaves the ask unchanged"));
            }
        }
        Ok(Self { texts })
    }

    pub(crate) fn languages(&self) -> Vec<String> {
        template::languages(&self.texts)
    }

    /// The ask inside the text of the probe's language.
    pub(crate) fn around(&self, ask: &str, language: &str) -> Option<String> {
        let text = self.texts.get(language)?;
        Some(template::fill(text, &[(ASK, ask)]))
    }
}

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let wrap = Wrap::new(settings::<Settings>(value)?.texts)?;
    Ok(Made::rewrite(wrap.languages(), wrap))
}

impl Rewrite for Wrap {
    fn rewrite<'a>(
        &'a self,
        ask: &'a str,
        site: &'a Site<'a>,
    ) -> BoxFuture<'a, Result<Rewritten, Failure>> {
        let text = self.around(ask, &site.probe.language);
        // Probes of other languages are not planned.
        Box::pin(async move { Ok(Rewritten::plainly(text.unwrap_or_else(|| ask.to_owned()))) })
    }
}
