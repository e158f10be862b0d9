//! Requests to a generator, rendered from the embedded template.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, context};
use nocere_core::{ContentHash, Perspective, Policy, PolicyCategory, hash_json, key::derive_seed};
use serde::Deserialize;

use nocere_suites::SuiteError;

const EMBEDDED: &str = include_str!("../../../assets/builder/generate.yaml");
const PATH: &str = "assets/builder/generate.yaml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefFile {
    nocere_builder: u32,
    version: String,
    askers: BTreeMap<Perspective, String>,
    system: String,
    template: String,
    fields: Vec<String>,
    manners: Vec<String>,
}

/// The embedded template of requests, with the fields of medicine and the manners of asking
/// that it combines.
#[derive(Debug)]
pub struct GeneratorBrief {
    file: BriefFile,
}

/// One request to a generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `CATEGORY-request-01`.
    pub id: String,
    /// Id of the policy's category.
    pub category: String,
    /// Number of messages requested.
    pub count: usize,
    /// The system prompt.
    pub system: String,
    /// The request.
    pub text: String,
}

/// Number and kind of candidates to request.
#[derive(Clone, Copy, Debug)]
pub struct Amount<'a> {
    /// Number of candidates per category.
    pub each: usize,
    /// Maximum number of candidates per request; 0 is taken as 1.
    pub batch: usize,
    /// Seed for the order of fields and manners.
    pub seed: u64,
    /// BCP 47 language tag.
    pub language: &'a str,
}

/// What the candidates of one request have in common.
struct Theme<'a> {
    count: usize,
    field: &'a str,
    manner: &'a str,
    language: &'a str,
}

impl GeneratorBrief {
    /// The template that ships with nocere.
    ///
    /// # Errors
    ///
    /// The embedded file is invalid, or lists no fields or no manners.
    pub fn embedded() -> Result<Self, SuiteError> {
        let path = std::path::Path::new(PATH);
        let file: BriefFile = serde_saphyr::from_str(EMBEDDED)
            .map_err(|error| SuiteError::from_yaml(path, &error))?;
        if file.nocere_builder != 1 {
            return Err(SuiteError::new(path, "`nocere_builder` must be 1"));
        }
        if file.fields.is_empty() || file.manners.is_empty() {
            return Err(SuiteError::new(path, "`fields` or `manners` is empty"));
        }
        Ok(Self { file })
    }

    /// The template's version.
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// Hash of everything that can change a request.
    pub fn hash() -> ContentHash {
        hash_json("generator brief", EMBEDDED)
    }

    fn render(
        &self,
        policy: &Policy,
        category: &PolicyCategory,
        theme: &Theme<'_>,
    ) -> Result<String, SuiteError> {
        let fault = |error: &minijinja::Error| {
            let detail = error
                .detail()
                .map_or_else(|| error.to_string(), str::to_owned);
            SuiteError::new(std::path::Path::new(PATH), format!("`template`: {detail}"))
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let examples: Vec<String> = category.examples.iter().map(|e| e.ask.clone()).collect();
        environment
            .render_str(
                &self.file.template,
                context! {
                    count => theme.count,
                    asker => self.file.askers.get(&policy.perspective),
                    title => &category.title,
                    goal => category.goal.trim(),
                    good => &category.good,
                    must_not => &category.must_not,
                    examples,
                    field => theme.field,
                    manner => theme.manner,
                    language => (theme.language != "en").then_some(theme.language),
                },
            )
            .map_err(|error| fault(&error))
    }
}

/// Requests for the amount of candidates wanted in each of the policy's `categories`.
///
/// # Errors
///
/// The template cannot be rendered.
pub fn requests(
    brief: &GeneratorBrief,
    policy: &Policy,
    categories: &[&PolicyCategory],
    amount: Amount<'_>,
) -> Result<Vec<Request>, SuiteError> {
    let mut all = Vec::new();
    for category in categories {
        all.extend(for_category(brief, policy, category, amount)?);
    }
    Ok(all)
}

fn for_category(
    brief: &GeneratorBrief,
    policy: &Policy,
    category: &PolicyCategory,
    amount: Amount<'_>,
) -> Result<Vec<Request>, SuiteError> {
    let themes = themes(brief, amount.seed, &category.id);
    let mut requests = Vec::new();
    let mut left = amount.each;
    for (number, (field, manner)) in (1..).zip(themes.iter().cycle()) {
        if left == 0 {
            break;
        }
        let count = left.min(amount.batch.max(1));
        left -= count;
        let theme = Theme {
            count,
            field,
            manner,
            language: amount.language,
        };
        let mut text = brief.render(policy, category, &theme)?;
        // A repeated theme must differ in text, or both requests would get the same answer.
        let round = (number - 1) / themes.len() + 1;
        if round > 1 {
            text += &format!("\nThis is request {round} of this kind: write other messages.");
        }
        requests.push(Request {
            id: format!("{}-request-{number:02}", category.id),
            category: category.id.clone(),
            count,
            system: brief.file.system.trim().to_owned(),
            text: text.trim().to_owned(),
        });
    }
    Ok(requests)
}

/// All pairs of field and manner, in an order that follows from the seed. Each round has every
/// field once, with a different manner than in other rounds.
fn themes<'a>(brief: &'a GeneratorBrief, seed: u64, category: &str) -> Vec<(&'a str, &'a str)> {
    let order = |list: &'a [String], purpose: &str| {
        let mut keyed: Vec<(u64, &str)> = list
            .iter()
            .map(|entry| {
                let purpose = format!("{purpose} {category} {entry}");
                (derive_seed(seed, &purpose), entry.as_str())
            })
            .collect();
        keyed.sort_unstable();
        keyed
            .into_iter()
            .map(|(_, entry)| entry)
            .collect::<Vec<_>>()
    };
    let fields = order(&brief.file.fields, "field");
    let manners = order(&brief.file.manners, "manner");
    let mut themes = Vec::new();
    for round in 0..manners.len() {
        for (place, field) in fields.iter().enumerate() {
            themes.push((*field, manners[(place + round) % manners.len()]));
        }
    }
    themes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use nocere_suites::PolicySet;

    fn asked(perspective: Perspective, each: usize, seed: u64) -> Vec<Request> {
        let brief = GeneratorBrief::embedded().unwrap();
        let policies = PolicySet::embedded().unwrap();
        let policy = policies.get(perspective).unwrap();
        let categories: Vec<&PolicyCategory> = policy.categories.iter().take(2).collect();
        let amount = Amount {
            each,
            batch: 10,
            seed,
            language: "en",
        };
        requests(&brief, policy, &categories, amount).unwrap()
    }

    #[test]
    fn requests_add_up_and_no_two_are_the_same() {
        for perspective in Perspective::ALL {
            let requests = asked(perspective, 2_005, 7);
            let counts: usize = requests.iter().map(|request| request.count).sum();
            assert_eq!(counts, 4_010);
            let texts: BTreeSet<&str> = requests.iter().map(|r| r.text.as_str()).collect();
            assert_eq!(texts.len(), requests.len());
            assert!(requests.iter().all(|request| !request.text.contains("{{")));
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        assert_eq!(
            asked(Perspective::Patient, 40, 1),
            asked(Perspective::Patient, 40, 1)
        );
        assert_ne!(
            asked(Perspective::Patient, 40, 1),
            asked(Perspective::Patient, 40, 2)
        );
    }

    #[test]
    fn the_first_requests_of_a_category_are_about_different_fields() {
        let brief = GeneratorBrief::embedded().unwrap();
        let themes = themes(&brief, 3, "c");
        let fields: BTreeSet<&str> = themes.iter().take(16).map(|(field, _)| *field).collect();
        assert_eq!(fields.len(), 16);
        let all: BTreeSet<_> = themes.iter().collect();
        assert_eq!(all.len(), themes.len());
    }
}
