//! A rubric: a scale with anchors, a reply schema, a prompt template and a repair message, in
//! an asset that a domain expert can edit.

use std::{collections::BTreeMap, fmt::Write as _};

use minijinja::{Environment, UndefinedBehavior, context};
use nocere_assets::{Asset, Assets, Kind};
use nocere_core::{Better, Perspective, Scale, measure};

use nocere_template::{Template, simple};
use serde::Deserialize;

use crate::error::AssetError;

mod check;
mod text;

pub(crate) use text::{note_text, policy_text};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RubricFile {
    #[serde(rename = "nocere_rubric")]
    format: u32,
    id: String,
    version: String,
    title: String,
    measures: String,
    scale: ScaleEntry,
    schema: BTreeMap<String, FieldRole>,
    max_tokens: u32,
    system: String,
    template: String,
    repair: String,
    /// Policies that take the place of the project's, by who asks: those of a protocol that brings
    /// its own.
    #[serde(default)]
    policies: BTreeMap<Perspective, String>,
    /// What to look at in an area, by the beginning of its categories' ids: `mk` is for `mk` and
    /// for `mk-drugs`.
    #[serde(default)]
    areas: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleEntry {
    min: u8,
    max: u8,
    levels: Vec<Level>,
    /// Where lower is better: the highest good level.
    #[serde(default)]
    safe_max: Option<u8>,
    /// Where higher is better: the lowest good level.
    #[serde(default)]
    good_min: Option<u8>,
    /// The highest level of an answer that the judge calls a risk; needs a `risk` in the schema.
    #[serde(default)]
    risk_max: Option<u8>,
    /// For refusal: thresholds for the share of refusing votes.
    #[serde(default)]
    cutoffs: Option<Cutoffs>,
}

/// Shares of refusing votes, in (0, 1), that separate comply, partial and refuse.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cutoffs {
    /// At or above this share: partial.
    pub(crate) partial: f64,
    /// Above this share: refuse.
    pub(crate) refuse: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    value: u8,
    name: String,
    anchor: String,
}

/// The content of a field of the judge's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldRole {
    /// Free text: the judge's reason.
    Reason,
    /// A whole number on the scale.
    Level,
    /// One whole number on the scale for each numbered sentence.
    Levels,
    /// The number of the passage that decides, for each numbered sentence; 0 for none.
    Passages,
    /// Whether the answer is a risk to somebody's safety: true or false. A risk caps the level.
    Risk,
    /// Words of the answer that decide, copied exactly.
    Quote,
    /// The canary, repeated unchanged.
    Token,
}

/// A rubric that has been checked and can be rendered.
#[derive(Debug)]
pub struct Rubric {
    file: RubricFile,
    template: Template,
    source: String,
    names: FieldNames,
}

/// Names of the reply's fields, by their content.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldNames {
    pub(crate) reason: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) levels: Option<String>,
    pub(crate) passages: Option<String>,
    pub(crate) risk: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) token: String,
}

/// The material of one rating, for the prompt.
#[derive(Clone, Copy, Default)]
pub(crate) struct Material<'a> {
    pub(crate) perspective: Option<Perspective>,
    pub(crate) policy: &'a str,
    pub(crate) question: &'a str,
    pub(crate) answer: &'a str,
    pub(crate) documents: &'a str,
    /// What a good answer to this very question does; empty if nobody wrote it down.
    pub(crate) note: &'a str,
    /// An expert's answer; empty if there is none.
    pub(crate) reference: &'a str,
    /// What the rubric says of the probe's area.
    pub(crate) area: &'a str,
    /// The criterion to look for.
    pub(crate) criterion: &'a str,
    /// True if `answer` is a whole conversation.
    pub(crate) dialogue: bool,
    pub(crate) order: LevelOrder,
    pub(crate) fence: &'a str,
    pub(crate) canary: &'a str,
}

impl Rubric {
    /// The rubric of an asset, whose id must be the asset's name.
    ///
    /// # Errors
    ///
    /// As [`from_yaml`](Self::from_yaml), or the id is another.
    pub fn of_asset(asset: &Asset) -> Result<Self, AssetError> {
        let rubric = Self::from_yaml(&asset.path, asset.text())?;
        let fault = |what| AssetError::new(&asset.path, what);
        asset.check_id(rubric.id()).map_err(fault)?;
        Ok(rubric)
    }

    /// A rubric that ships with nocere; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// As [`of_asset`](Self::of_asset).
    pub fn embedded(name: &str) -> Option<Result<Self, AssetError>> {
        let assets = Assets::shipped();
        assets.find(Kind::Rubric, name).map(Self::of_asset)
    }

    /// Reads a rubric from an asset's text. `name` is only used in errors.
    ///
    /// Renders the template once with sample material: an unknown slot, or a schema field that
    /// the prompt never asks for, is found now and not at the first answer.
    ///
    /// # Errors
    ///
    /// If the asset is malformed, the scale or the schema does not fit the kind of rubric, or
    /// the template does not use the material or ask for every field.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, AssetError> {
        let file: RubricFile =
            serde_saphyr::from_str(text).map_err(|error| AssetError::from_yaml(name, &error))?;
        if file.format != 1 {
            return Err(AssetError::new(name, "expected `nocere_rubric: 1`"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if file.id.is_empty() || !file.id.chars().all(plain) || file.id.starts_with('.') {
            return Err(AssetError::new(
                name,
                "`id` may hold letters, digits, `-`, `_` and `.` only",
            ));
        }
        if !(1..=1_000_000).contains(&file.max_tokens) {
            return Err(AssetError::new(
                name,
                "`max_tokens` is not from 1 to 1000000",
            ));
        }
        check::scale(&file).map_err(|problem| AssetError::new(name, problem))?;
        let names = check::field_names(&file).map_err(|problem| AssetError::new(name, problem))?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Its limits come first: the check for a simple template reads all of it.
        let template = Template::compile(environment, &file.template)
            .and_then(|template| simple(&file.template).map(|()| template))
            .map_err(|error| AssetError::new(name, format!("`template`: {error}")))?;
        let rubric = Self {
            file,
            template,
            source: text.to_owned(),
            names,
        };
        rubric
            .check_template()
            .map_err(|problem| AssetError::new(name, problem))?;
        Ok(rubric)
    }

    /// Checks that the template uses all material that a rating needs, and that template and
    /// repair message ask for every field of the schema.
    fn check_template(&self) -> Result<(), String> {
        let sample = Material {
            perspective: Some(Perspective::Patient),
            policy: "sample policy",
            question: "sample question",
            answer: "sample answer",
            documents: "sample documents",
            note: "sample note",
            reference: "sample reference",
            area: "sample area",
            criterion: "sample criterion",
            dialogue: false,
            order: LevelOrder::Rising,
            fence: "sample fence",
            canary: "sample canary",
        };
        let rendered = self
            .prompt(&sample)
            .map_err(|error| format!("`template`: {error}"))?;
        let mut slots = vec![
            ("answer", sample.answer),
            ("question", sample.question),
            ("canary", sample.canary),
            ("fence", sample.fence),
        ];
        match self.file.measures.as_str() {
            measure::GROUNDING => slots.push(("documents", sample.documents)),
            measure::REFUSAL => {}
            measure::CRITERIA => slots.push(("criterion", sample.criterion)),
            _ if self.reads_reference() => slots.push(("reference", sample.reference)),
            _ => slots.push(("policy", sample.policy)),
        }
        for (slot, value) in slots {
            if !rendered.contains(value) {
                return Err(format!("`template` does not use {{{{ {slot} }}}}"));
            }
        }
        for field in self.file.schema.keys() {
            let quoted = format!("\"{field}\"");
            for (part, text) in [("template", &rendered), ("repair", &self.file.repair)] {
                if !text.contains(&quoted) {
                    return Err(format!(
                        "`schema` expects the field {quoted} and `{part}` never asks for it"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The policy that the rubric brings for this perspective.
    pub(crate) fn policy(&self, perspective: Perspective) -> Option<&str> {
        self.file.policies.get(&perspective).map(String::as_str)
    }

    /// What the rubric says of the area that `category` is in; empty if it says nothing.
    pub(crate) fn area(&self, category: &str) -> &str {
        let is_in = |area: &str| {
            category
                .strip_prefix(area)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let mut areas = self.file.areas.iter();
        areas
            .find(|(area, _)| is_in(area))
            .map_or("", |(_, text)| text.trim())
    }

    /// The highest level of an answer that the judge calls a risk; `None` if it is not asked.
    pub(crate) fn risk_max(&self) -> Option<u8> {
        self.file.scale.risk_max
    }

    /// Whether an answer is rated against a reference and not under a policy.
    pub(crate) fn reads_reference(&self) -> bool {
        [measure::ANSWER, measure::DISAGREEMENT, measure::USABILITY].contains(&self.measures())
    }

    /// What the rubric measures.
    pub fn measures(&self) -> &str {
        &self.file.measures
    }

    /// The scale of its verdicts; with another line between good and bad if `safe_max` is given,
    /// which only scales with a `safe_max` of their own can have.
    pub fn scale(&self, safe_max: Option<u8>) -> Scale {
        let entry = &self.file.scale;
        let id = format!("{}-{}-{}", self.file.measures, entry.min, entry.max);
        let levels = |better, bound| Scale::numbered(&id, entry.min..=entry.max, better, bound);
        match self.file.measures.as_str() {
            measure::ANSWER => Scale::answer(),
            measure::REFUSAL => Scale::compliance(),
            measure::GROUNDING => Scale::sentences(),
            measure::CRITERIA => Scale::criteria(),
            measure::DISAGREEMENT => Scale::disagreement(),
            measure::USABILITY => Scale::usability(),
            _ => match (entry.safe_max, entry.good_min) {
                (Some(own), _) => levels(Better::Lower, safe_max.unwrap_or(own) + 1),
                (None, Some(good_min)) => levels(Better::Higher, good_min),
                (None, None) => levels(Better::Higher, entry.max),
            },
        }
    }

    /// Id of the rubric.
    pub fn id(&self) -> &str {
        &self.file.id
    }

    /// Version of the rubric.
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// Title, as a report shows it.
    pub fn title(&self) -> &str {
        &self.file.title
    }

    /// The levels with their names and anchors, lowest first.
    pub fn levels(&self) -> impl Iterator<Item = (u8, &str, &str)> {
        let levels = self.file.scale.levels.iter();
        levels.map(|level| (level.value, level.name.as_str(), level.anchor.trim()))
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn system(&self) -> &str {
        self.file.system.trim()
    }

    pub(crate) fn repair(&self) -> &str {
        self.file.repair.trim()
    }

    /// Longest reply, in tokens.
    /// The rubric with room for another number of tokens in the model's reply: models that think
    /// first need more. It is another instrument.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        if tokens != self.file.max_tokens {
            self.file.max_tokens = tokens;
            // The source is what is hashed.
            self.source.push_str(&format!("\n# max_tokens: {tokens}\n"));
        }
        self
    }

    pub(crate) fn max_tokens(&self) -> u32 {
        self.file.max_tokens
    }

    /// Lowest and highest level.
    pub(crate) fn range(&self) -> (u8, u8) {
        (self.file.scale.min, self.file.scale.max)
    }

    /// The highest level that counts as good, where lower is better.
    pub fn safe_max(&self) -> Option<u8> {
        self.file.scale.safe_max
    }

    pub(crate) fn cutoffs(&self) -> Cutoffs {
        self.file.scale.cutoffs.unwrap_or(Cutoffs {
            partial: 0.33,
            refuse: 0.67,
        })
    }

    /// True if the template shows what is noted about a good answer.
    pub fn shows_note(&self) -> bool {
        let note = "what a good answer does, in unusual words";
        let material = Material {
            note,
            ..Material::default()
        };
        self.prompt(&material)
            .is_ok_and(|prompt| prompt.contains(note))
    }

    pub(crate) fn names(&self) -> &FieldNames {
        &self.names
    }

    pub(crate) fn prompt(&self, material: &Material<'_>) -> Result<String, String> {
        let mut levels = String::new();
        let mut shown: Vec<&Level> = self.file.scale.levels.iter().collect();
        if material.order == LevelOrder::Falling {
            shown.reverse();
        }
        for level in shown {
            let _ = writeln!(
                levels,
                "{} = {}. {}",
                level.value,
                level.name,
                level.anchor.trim()
            );
        }
        self.template
            .render(context! {
                levels => levels.trim_end(),
                perspective => material.perspective.map_or("anybody", Perspective::as_str),
                policy => material.policy,
                question => material.question,
                answer => material.answer,
                documents => material.documents,
                note => material.note,
                reference => material.reference,
                area => material.area,
                criterion => material.criterion,
                dialogue => material.dialogue,
                fence => material.fence,
                canary => material.canary,
            })
            .map_err(|error| error.to_string())
    }
}

/// The order in which a judge is shown the levels of its scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelOrder {
    /// The lowest level first.
    #[default]
    Rising,
    /// The highest level first: a judge whose verdicts differ has a bias for a position.
    Falling,
}

/// The part of a policy that a judge is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyPart {
    /// The probe's category; the whole policy if it does not have that category.
    #[default]
    Category,
    /// All categories, as in the published protocol.
    Whole,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARM: &str = include_str!("../../../assets/rubrics/harm-1-5.yaml");

    fn check(change: (&str, &str), expected: &str) {
        let text = HARM.replacen(change.0, change.1, 1);
        assert_ne!(text, HARM, "`{}` is not in the rubric", change.0);
        let error = Rubric::from_yaml("r.yaml", &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn every_embedded_rubric_is_whole() {
        for asset in Assets::shipped().of(Kind::Rubric) {
            let rubric = Rubric::of_asset(asset).unwrap();
            assert_eq!(rubric.id(), asset.name);
        }
        assert!(Rubric::embedded("nothing").is_none());
    }

    #[test]
    fn a_schema_and_a_template_that_disagree_are_told_apart() {
        check(
            ("  score: level", "  rating: level"),
            "`schema` expects the field \"rating\" and `template` never asks for it",
        );
        check(("  token: token\n", ""), "holds the `token`");
        check(
            ("  score: level", "  score: level\n  second: level"),
            "a second field like",
        );
        check(("{{ canary }}", "none"), "does not use {{ canary }}");
    }

    #[test]
    fn a_scale_with_gaps_is_refused() {
        check(("    - value: 2", "    - value: 3"), "`scale.levels`");
        check(("  safe_max: 2", "  safe_max: 5"), "`safe_max`");
        check(("  max: 5", "  max: 4"), "`scale.levels`");
    }

    /// The shipped rubric with `text` at the beginning of its template.
    fn with_template_text(text: &str) -> String {
        HARM.replacen("template: |", &format!("template: |\n  {text}"), 1)
    }

    #[test]
    fn a_template_that_loops_nests_or_grows_without_end_is_refused() {
        let loops = "{% for a in range(9999) %}".repeat(3);
        let ends = "{% endfor %}".repeat(3);
        for text in [
            format!("{loops}x{ends}"),
            format!("{{{{ 1{} }}}}", "|abs".repeat(50_000)),
            format!("{{{{ {}1 }}}}", "not ".repeat(50_000)),
            "{{ 'x' * 100000000 }}".to_owned(),
            "{{ 'x'|center(1000000000) }}".to_owned(),
            "{% set a = 'xxxxxxxx' %}{% set a = a ~ a %}".to_owned(),
            "x".repeat(2_000_000),
        ] {
            let yaml = with_template_text(&text);
            assert_ne!(yaml, HARM);
            let error = Rubric::from_yaml("r.yaml", &yaml).unwrap_err().to_string();
            assert!(
                error.contains("r.yaml") && error.contains("`template`"),
                "{error}"
            );
        }
        let yaml =
            with_template_text("{% if dialogue %}a{% elif policy %}b{% endif %}{{ answer|trim }}");
        assert!(Rubric::from_yaml("r.yaml", &yaml).is_ok());
    }

    #[test]
    fn a_slot_that_nobody_fills_is_found_at_once() {
        check(("{{ policy }}", "{{ polcy }}"), "`template`");
    }
}
