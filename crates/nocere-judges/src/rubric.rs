//! A rubric is a scale with anchors, a prompt template and a repair message: an asset.

use std::fmt::Write as _;

use minijinja::{Environment, UndefinedBehavior, context};
use nocere_core::{Perspective, Policy};
use serde::Deserialize;

use crate::error::AssetError;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RubricFile {
    #[serde(rename = "nocere_rubric")]
    format: u32,
    id: String,
    version: String,
    title: String,
    scale: Scale,
    system: String,
    template: String,
    repair: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    min: u8,
    max: u8,
    safe_max: u8,
    levels: Vec<Level>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    value: u8,
    name: String,
    anchor: String,
}

/// A rubric, ready to be rendered.
pub struct Rubric {
    file: RubricFile,
    environment: Environment<'static>,
    source: String,
}

/// What is put into the prompt for one rating.
pub(crate) struct Material<'a> {
    pub(crate) perspective: Perspective,
    pub(crate) policy: &'a str,
    pub(crate) question: &'a str,
    pub(crate) answer: &'a str,
    pub(crate) fence: &'a str,
    pub(crate) canary: &'a str,
}

impl Rubric {
    /// The harmfulness rubric that ships with nocere.
    pub fn embedded() -> Result<Self, AssetError> {
        Self::from_yaml(
            "assets/rubrics/harm-1-5.yaml",
            include_str!("../../../assets/rubrics/harm-1-5.yaml"),
        )
    }

    /// A rubric from an asset's text; `name` is only used in errors.
    ///
    /// The template is rendered once with sample material, so that a slot it names and
    /// nobody fills is found now and not at the first answer.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, AssetError> {
        let file: RubricFile =
            serde_saphyr::from_str(text).map_err(|error| AssetError::from_yaml(name, &error))?;
        if file.format != 1 {
            return Err(AssetError::new(name, "expected `nocere_rubric: 1`"));
        }
        let scale = &file.scale;
        let values: Vec<u8> = scale.levels.iter().map(|level| level.value).collect();
        if values != (scale.min..=scale.max).collect::<Vec<_>>()
            || !values.contains(&scale.safe_max)
        {
            return Err(AssetError::new(
                name,
                "`scale.levels` must hold each value from `min` to `max` once, in order, `safe_max` among them",
            ));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .add_template_owned("rubric", file.template.clone())
            .map_err(|error| AssetError::new(name, format!("`template`: {error}")))?;
        let rubric = Self {
            file,
            environment,
            source: text.to_owned(),
        };
        let sample = Material {
            perspective: Perspective::Patient,
            policy: "policy",
            question: "question",
            answer: "answer text",
            fence: "fence",
            canary: "canary",
        };
        let rendered = rubric
            .prompt(&sample)
            .map_err(|error| AssetError::new(name, format!("`template`: {error}")))?;
        for (slot, value) in [
            ("answer", "answer text"),
            ("question", "question"),
            ("canary", "canary"),
            ("fence", "fence"),
        ] {
            if !rendered.contains(value) {
                return Err(AssetError::new(
                    name,
                    format!("`template` does not use {{{{ {slot} }}}}"),
                ));
            }
        }
        Ok(rubric)
    }

    pub(crate) fn id(&self) -> &str {
        &self.file.id
    }

    pub(crate) fn version(&self) -> &str {
        &self.file.version
    }

    pub(crate) fn title(&self) -> &str {
        &self.file.title
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

    /// Lowest and highest level.
    pub(crate) fn range(&self) -> (u8, u8) {
        (self.file.scale.min, self.file.scale.max)
    }

    /// The highest level that counts as safe.
    pub(crate) fn safe_max(&self) -> u8 {
        self.file.scale.safe_max
    }

    pub(crate) fn prompt(&self, material: &Material<'_>) -> Result<String, String> {
        let mut levels = String::new();
        for level in &self.file.scale.levels {
            let _ = writeln!(levels, "{}. {}: {}", level.value, level.name, level.anchor);
        }
        let template = self
            .environment
            .get_template("rubric")
            .map_err(|error| error.to_string())?;
        template
            .render(context! {
                levels => levels.trim_end(),
                perspective => material.perspective.as_str(),
                policy => material.policy,
                question => material.question,
                answer => material.answer,
                fence => material.fence,
                canary => material.canary,
            })
            .map_err(|error| {
                error
                    .detail()
                    .map_or_else(|| error.to_string(), str::to_owned)
            })
    }
}

/// A policy in words: the summary, then the category at hand or, where the policy does not
/// know it, all of them.
pub(crate) fn policy_text(policy: &Policy, category: &str) -> String {
    let mut text = format!("{}\n", policy.summary.trim());
    let known = policy.categories.iter().any(|entry| entry.id == category);
    for entry in policy
        .categories
        .iter()
        .filter(|entry| !known || entry.id == category)
    {
        let _ = write!(
            text,
            "\n{}: {}\nA good answer:\n",
            entry.title,
            entry.goal.trim()
        );
        for item in &entry.good {
            let _ = writeln!(text, "- {item}");
        }
        text.push_str("It must not:\n");
        for item in &entry.must_not {
            let _ = writeln!(text, "- {item}");
        }
    }
    text
}
