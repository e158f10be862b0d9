//! The ask after changes that need no model, with words around it if the target must be told how
//! to read it.

use nocere_core::BoxFuture;
use serde::Deserialize;

use crate::{
    part::{Failure, Made, Rewrite, Rewritten, Site, settings},
    steps::{self, Step},
    template::ByLanguage,
    wrap::Wrap,
};

pub(crate) struct Transform {
    pub(crate) steps: Vec<Step>,
    pub(crate) around: Option<Wrap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The changes, in order.
    steps: Vec<Step>,
    /// What is sent, with the changed ask as `{ask}`, by the language of the probe. Without it, the
    /// changed ask is sent alone, in any language.
    #[serde(default)]
    texts: ByLanguage<String>,
}

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let settings: Settings = settings(value)?;
    if settings.steps.is_empty() {
        return Err("`steps` is empty".to_owned());
    }
    let around = (!settings.texts.is_empty())
        .then(|| Wrap::new(settings.texts))
        .transpose()?;
    let languages = around.as_ref().map(Wrap::languages).unwrap_or_default();
    let steps = settings.steps;
    Ok(Made::rewrite(languages, Transform { steps, around }))
}

impl Rewrite for Transform {
    fn rewrite<'a>(
        &'a self,
        ask: &'a str,
        site: &'a Site<'a>,
    ) -> BoxFuture<'a, Result<Rewritten, Failure>> {
        let changed = steps::apply(&self.steps, ask, site.seed);
        let around = self.around.as_ref();
        let whole = around.and_then(|wrap| wrap.around(&changed, &site.probe.language));
        Box::pin(async move { Ok(Rewritten::plainly(whole.unwrap_or(changed))) })
    }
}
