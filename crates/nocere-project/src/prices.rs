//! List prices of hosted models, for those whose entry names none.

use nocere_assets::Kind;
use nocere_core::Price;
use serde::Deserialize;

use crate::{
    Project, ProjectError,
    assets::parsed,
    config::{Provider, TargetConfig},
};

/// A list of prices, as a file of `assets/prices` holds it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceList {
    /// The format: 1.
    nocere_prices: u32,
    /// When the prices were looked up.
    date: String,
    prices: Vec<ListPrice>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListPrice {
    provider: String,
    model: String,
    input: f64,
    #[serde(default)]
    cached_input: Option<f64>,
    output: f64,
}

/// A price from a list, and the list's date.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedPrice {
    /// The price.
    pub price: Price,
    /// When it was looked up, as the list says.
    pub date: String,
}

impl Project {
    /// The list price of an entry's model at its provider's own address; `None` if the lists do not
    /// have it. A dated name such as `gpt-4.1-2025-04-14` has the price of `gpt-4.1`. The project's
    /// lists come before the shipped one.
    ///
    /// # Errors
    ///
    /// A list cannot be read.
    pub(crate) fn list_price(
        &self,
        config: &TargetConfig,
    ) -> Result<Option<DatedPrice>, ProjectError> {
        let Provider::Http(provider) = config.provider else {
            return Ok(None);
        };
        if config.base_url.is_some() || provider.base_url.is_none() {
            return Ok(None);
        }
        let model = config.model.as_deref().unwrap_or_default();
        // Two wires of one provider.
        let name = match provider.name {
            "openai-responses" => "openai",
            name => name,
        };
        let mut found: Option<(usize, DatedPrice)> = None;
        let assets: Vec<_> = self.assets().of(Kind::Price).collect();
        // Those that the project adds come last.
        for asset in assets.into_iter().rev() {
            let list: PriceList = parsed(&asset.path, asset.text())?;
            if list.nocere_prices != 1 {
                return Err(ProjectError::usage(format!(
                    "{}: `nocere_prices` is {}, expected 1",
                    asset.path, list.nocere_prices
                )));
            }
            for entry in list.prices {
                let amounts = [Some(entry.input), entry.cached_input, Some(entry.output)];
                if amounts
                    .into_iter()
                    .flatten()
                    .any(|amount| !amount.is_finite() || amount < 0.0)
                {
                    return Err(ProjectError::usage(format!(
                        "{}: a price of `{}` is not a number of at least 0",
                        asset.path, entry.model
                    )));
                }
                let fits = entry.provider == name && is_version_of(model, &entry.model);
                let is_closer = found
                    .as_ref()
                    .is_none_or(|(length, _)| entry.model.len() > *length);
                if fits && is_closer {
                    let price = Price {
                        input: entry.input,
                        cached_input: entry.cached_input,
                        output: entry.output,
                    };
                    let date = list.date.clone();
                    found = Some((entry.model.len(), DatedPrice { price, date }));
                }
            }
        }
        Ok(found.map(|(_, price)| price))
    }
}

/// True for the name itself, and for the name with a date behind it.
fn is_version_of(model: &str, name: &str) -> bool {
    model.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('-')
                .is_some_and(|date| date.chars().all(|c| c.is_ascii_digit() || c == '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_behind_a_name_is_the_same_model() {
        assert!(is_version_of("gpt-4.1", "gpt-4.1"));
        assert!(is_version_of("gpt-4.1-2025-04-14", "gpt-4.1"));
        assert!(is_version_of(
            "claude-sonnet-4-5-20250929",
            "claude-sonnet-4-5"
        ));
        assert!(!is_version_of("gpt-4.1-mini", "gpt-4.1"));
        assert!(!is_version_of("gpt-4", "gpt-4.1"));
    }
}
