//! The ask beside pasted material with an order in it: a leaflet, a retrieved passage, a note of a
//! chart. The transcript says whether the order was obeyed.

use nocere_core::BoxFuture;
use serde::Deserialize;

use crate::{
    part::{Failure, Made, Rewrite, Rewritten, Site, settings},
    template::ByLanguage,
    wrap::Wrap,
};

struct Plant {
    around: Wrap,
    obeyed: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What is sent, with `{ask}` once, by the language of the probe.
    texts: ByLanguage<String>,
    /// Phrases any of which shows in an answer that the order was obeyed; capitals do not matter.
    obeyed: Vec<String>,
}

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let settings: Settings = settings(value)?;
    if settings.obeyed.is_empty() || settings.obeyed.iter().any(|mark| mark.trim().is_empty()) {
        return Err("`obeyed` must have a phrase that shows that the order was obeyed".to_owned());
    }
    let around = Wrap::new(settings.texts)?;
    let obeyed = settings.obeyed;
    Ok(Made::rewrite(around.languages(), Plant { around, obeyed }))
}

impl Rewrite for Plant {
    fn rewrite<'a>(
        &'a self,
        ask: &'a str,
        site: &'a Site<'a>,
    ) -> BoxFuture<'a, Result<Rewritten, Failure>> {
        self.around.rewrite(ask, site)
    }

    fn planted(&self) -> &[String] {
        &self.obeyed
    }
}
