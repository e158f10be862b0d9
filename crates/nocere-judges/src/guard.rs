//! Guard models as judges: models that were trained to classify a dialogue as safe or unsafe, each
//! asked in the form that it was trained on.
//!
//! The form is an asset: what is sent (the dialogue itself, which the model's own chat template
//! wraps in its policy, or a prompt), and how the label is read from the reply. A guard cannot
//! repeat a canary, and what it calls unsafe is its maker's definition, made for chat and not for
//! medicine: its verdicts say nothing until they are compared with people's.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, context};
use nocere_assets::Asset;
use nocere_core::{Perspective, Scale, measure};
use nocere_template::{Template, simple};
use regex::Regex;
use serde::Deserialize;

use crate::error::AssetError;

mod judge;

pub use judge::{GuardJudge, GuardOptions};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardFile {
    nocere_guard: u32,
    id: String,
    version: String,
    title: String,
    /// Where the form is described.
    source: String,
    measures: String,
    sends: Sends,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    template: Option<String>,
    max_tokens: u32,
    /// Finds the label: its first group, in any case.
    label: String,
    /// The guard's labels, lower case, with ours.
    labels: BTreeMap<String, String>,
    /// Finds what the guard says besides: its first group.
    #[serde(default)]
    details: Option<String>,
    /// What codes in the details mean.
    #[serde(default)]
    detail_names: BTreeMap<String, String>,
}

/// What a guard is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sends {
    /// The dialogue, up to the answer that is classified.
    Dialogue,
    /// One prompt that holds question and answer.
    Prompt,
}

/// The form in which a guard is asked and answers.
#[derive(Debug)]
pub struct Guard {
    file: GuardFile,
    system: Option<Template>,
    template: Option<Template>,
    label: Regex,
    details: Option<Regex>,
    source: String,
    shows_policy: bool,
}

/// What a guard's reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    /// Our label.
    label: String,
    /// What it says besides; may be empty.
    details: String,
}

/// What is put into a guard's prompt.
#[derive(Clone, Copy)]
struct Slots<'a> {
    perspective: Perspective,
    policy: &'a str,
    question: &'a str,
    answer: &'a str,
}

impl Guard {
    /// The guard of an asset, whose id must be the asset's name.
    ///
    /// # Errors
    ///
    /// As [`from_yaml`](Self::from_yaml), or the id is another.
    pub fn of_asset(asset: &Asset) -> Result<Self, AssetError> {
        let guard = Self::from_yaml(&asset.path, asset.text())?;
        let fault = |what| AssetError::new(&asset.path, what);
        asset.check_id(&guard.file.id).map_err(fault)?;
        Ok(guard)
    }

    /// Reads a guard from an asset's text. `name` is only used in errors.
    ///
    /// # Errors
    ///
    /// The asset is malformed, a pattern or template does not compile, a template leaves out
    /// question or answer, or a label is not one of the measure's.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, AssetError> {
        let file: GuardFile =
            serde_saphyr::from_str(text).map_err(|error| AssetError::from_yaml(name, &error))?;
        let fault = |what: String| AssetError::new(name, what);
        check(&file).map_err(fault)?;
        let compile = |field: &str, source: &Option<String>| {
            let compiled = source.as_deref().map(|source| {
                let mut environment = Environment::new();
                environment.set_undefined_behavior(UndefinedBehavior::Strict);
                Template::compile(environment, source)
                    .and_then(|template| simple(source).map(|()| template))
                    .map_err(|error| AssetError::new(name, format!("`{field}`: {error}")))
            });
            compiled.transpose()
        };
        let pattern = |field: &str, source: &str| {
            let regex = Regex::new(source)
                .map_err(|error| AssetError::new(name, format!("`{field}`: {error}")))?;
            if regex.captures_len() < 2 {
                let what = format!("`{field}` needs a group that holds what is looked for");
                return Err(AssetError::new(name, what));
            }
            Ok(regex)
        };
        let label = pattern("label", &file.label)?;
        let details = file.details.as_deref();
        let details = details
            .map(|source| pattern("details", source))
            .transpose()?;
        let mut guard = Self {
            system: compile("system", &file.system)?,
            template: compile("template", &file.template)?,
            label,
            details,
            source: text.to_owned(),
            shows_policy: false,
            file,
        };
        guard.shows_policy = guard.check_prompt().map_err(fault)?;
        Ok(guard)
    }

    /// Checks that the prompt shows question and answer; says whether it shows a policy.
    fn check_prompt(&self) -> Result<bool, String> {
        let slots = Slots {
            perspective: Perspective::Patient,
            policy: "sample policy",
            question: "sample question",
            answer: "sample answer",
        };
        let system = self.system_text(&slots)?.unwrap_or_default();
        let Some(prompt) = self.prompt(&slots)? else {
            return Ok(system.contains(slots.policy));
        };
        for (slot, value) in [("question", slots.question), ("answer", slots.answer)] {
            if !prompt.contains(value) {
                return Err(format!("`template` does not use {{{{ {slot} }}}}"));
            }
        }
        Ok([system, prompt]
            .iter()
            .any(|text| text.contains(slots.policy)))
    }

    /// What it measures: `guard`, or `refusal`.
    pub fn measures(&self) -> &str {
        &self.file.measures
    }

    /// Title, as a report shows it.
    pub fn title(&self) -> &str {
        &self.file.title
    }

    /// Name of its asset.
    pub fn id(&self) -> &str {
        &self.file.id
    }

    /// Where its form is described.
    pub fn described_at(&self) -> &str {
        &self.file.source
    }

    /// The scale of its verdicts.
    pub fn scale(&self) -> Scale {
        if self.file.measures == measure::REFUSAL {
            return Scale::compliance();
        }
        Scale::guard()
    }

    fn system_text(&self, slots: &Slots<'_>) -> Result<Option<String>, String> {
        rendered("system", self.system.as_ref(), slots)
    }

    fn prompt(&self, slots: &Slots<'_>) -> Result<Option<String>, String> {
        rendered("template", self.template.as_ref(), slots)
    }

    /// Our label for a reply; `None` if the reply does not hold one of the guard's labels.
    fn read(&self, reply: &str) -> Option<Read> {
        let found = self.label.captures(reply)?.get(1)?.as_str().to_lowercase();
        let label = self.file.labels.get(&found)?.clone();
        let details = self
            .details
            .as_ref()
            .and_then(|pattern| pattern.captures(reply)?.get(1))
            .map_or_else(String::new, |found| self.named(found.as_str().trim()));
        Some(Read { label, details })
    }

    /// Codes with what they mean.
    fn named(&self, details: &str) -> String {
        if self.file.detail_names.is_empty() {
            return details.to_owned();
        }
        let parts = details.split(',').map(|code| {
            let code = code.trim();
            match self.file.detail_names.get(code) {
                Some(name) => format!("{code} ({name})"),
                None => code.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn rendered(
    field: &str,
    template: Option<&Template>,
    slots: &Slots<'_>,
) -> Result<Option<String>, String> {
    let text = template.map(|template| {
        template.render(context! {
            asker => asker(slots.perspective),
            policy => slots.policy,
            question => slots.question,
            answer => slots.answer,
        })
    });
    text.transpose().map_err(|error| {
        format!("`{field}`: {error}; the variables are asker, policy, question and answer")
    })
}

/// The asker, as a noun.
fn asker(perspective: Perspective) -> &'static str {
    match perspective {
        Perspective::Patient => "patient",
        Perspective::Clinician => "clinician",
        Perspective::General => "member of the public",
    }
}

fn check(file: &GuardFile) -> Result<(), String> {
    if file.nocere_guard != 1 {
        return Err("expected `nocere_guard: 1`".to_owned());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if file.id.is_empty() || !file.id.chars().all(plain) || file.id.starts_with('.') {
        return Err("`id` may hold letters, digits, `-`, `_` and `.` only".to_owned());
    }
    if !(1..=100_000).contains(&file.max_tokens) {
        return Err("`max_tokens` is not from 1 to 100000".to_owned());
    }
    match (file.sends, &file.template, &file.system) {
        (Sends::Prompt, None, _) => return Err("`sends: prompt` needs a `template`".to_owned()),
        (Sends::Dialogue, Some(_), _) => {
            return Err(
                "`sends: dialogue` sends no `template`: the model's chat template wraps the dialogue"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let ours = match file.measures.as_str() {
        measure::GUARD => Scale::guard().labels,
        measure::REFUSAL => Scale::compliance().labels,
        other => {
            return Err(format!(
                "`measures` is `{other}`, expected guard or refusal"
            ));
        }
    };
    for (theirs, label) in &file.labels {
        if !ours.contains(label) {
            let ours = ours.join(", ");
            return Err(format!("`labels`: `{label}` is not one of {ours}"));
        }
        if theirs.to_lowercase() != *theirs {
            return Err(format!("`labels`: write `{theirs}` in lower case"));
        }
    }
    let mut known: Vec<&String> = file.labels.values().collect();
    known.sort();
    known.dedup();
    if known.len() < 2 {
        return Err("`labels` needs at least two different labels".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nocere_assets::{Assets, Kind};

    use super::*;

    fn guard(name: &str) -> Guard {
        let assets = Assets::shipped();
        Guard::of_asset(assets.find(Kind::Guard, name).unwrap()).unwrap()
    }

    #[test]
    fn the_formats_read_the_replies_of_their_model_cards() {
        for (name, reply, label, details) in [
            (
                "qwen3guard",
                "Safety: Unsafe\nCategories: Suicide & Self-Harm\nRefusal: No",
                "unsafe",
                "Suicide & Self-Harm",
            ),
            (
                "qwen3guard",
                "Safety: Safe\nCategories: None\nRefusal: Yes",
                "safe",
                "None",
            ),
            (
                "qwen3guard",
                "Safety: Controversial\nCategories: Unethical Acts",
                "controversial",
                "Unethical Acts",
            ),
            (
                "qwen3guard-refusal",
                "Safety: Safe\nCategories: None\nRefusal: Yes",
                "refuse",
                "",
            ),
            ("llama-guard", "\n\nsafe", "safe", ""),
            (
                "llama-guard",
                "\n\nunsafe\nS6,S11",
                "unsafe",
                "S6 (specialised advice), S11 (suicide and self-harm)",
            ),
            ("shieldgemma", "Yes, because …", "unsafe", ""),
            ("shieldgemma", "**No**", "safe", ""),
            (
                "gpt-oss-safeguard",
                r#"{"violation": 1, "rule": "no doses"}"#,
                "unsafe",
                "no doses",
            ),
            ("gpt-oss-safeguard", r#"{"violation": 0}"#, "safe", ""),
        ] {
            let read = guard(name).read(reply);
            let expected = Read {
                label: label.to_owned(),
                details: details.to_owned(),
            };
            assert_eq!(read, Some(expected), "{name}: {reply}");
        }
    }

    #[test]
    fn other_replies_have_no_label() {
        for (name, reply) in [
            ("qwen3guard", "The answer is fine."),
            ("qwen3guard", "Safety: Safely done"),
            ("llama-guard", "I think this is unsafe"),
            ("llama-guard", "safely"),
            ("shieldgemma", "Nobody knows"),
            ("gpt-oss-safeguard", r#"{"violation": 10}"#),
            ("gpt-oss-safeguard", ""),
        ] {
            assert_eq!(guard(name).read(reply), None, "{name}: {reply}");
        }
    }

    #[test]
    fn wrong_assets_are_refused_with_the_reason() {
        const GOOD: &str = "nocere_guard: 1\nid: g\nversion: 1.0.0\ntitle: G\nsource: s\nmeasures: guard\nsends: prompt\nmax_tokens: 9\ntemplate: '{{ question }} {{ answer }}'\nlabel: '(a|b)'\nlabels: {a: safe, b: unsafe}\n";
        assert!(Guard::from_yaml("g", GOOD).is_ok());
        for (old, new, problem) in [
            ("nocere_guard: 1", "nocere_guard: 2", "nocere_guard: 1"),
            ("measures: guard", "measures: harm", "guard or refusal"),
            ("b: unsafe", "b: bad", "`bad` is not one of"),
            ("b: unsafe", "b: safe", "two different"),
            ("b: unsafe", "B: unsafe", "lower case"),
            ("'(a|b)'", "'a|b'", "needs a group"),
            ("'(a|b)'", "'(a'", "`label`"),
            ("{{ answer }}", "", "does not use {{ answer }}"),
            ("sends: prompt", "sends: dialogue", "chat template wraps"),
            ("{{ question }}", "{{ qestion }}", "the variables are asker"),
        ] {
            let error = Guard::from_yaml("g", &GOOD.replace(old, new)).unwrap_err();
            assert!(error.to_string().contains(problem), "{new}: {error}");
        }
    }
}
