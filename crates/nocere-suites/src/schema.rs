//! A suite file as written, before it is checked and resolved into a [`nocere_core::Suite`].
//! The JSON Schema is generated from these types and takes its descriptions from their
//! comments: a changed comment changes `docs/schemas`.

use std::collections::BTreeMap;

use nocere_core::{AnswerKey, Expect, Need, Perspective, ProbeId, Provenance, Role, SuiteHalf};
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

/// A suite file in YAML. In JSONL the first line is this object without `probes`, and each
/// further line is one probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuiteFile {
    /// Format version; 1.
    pub(crate) nocere_suite: u32,
    /// Kebab-case id.
    pub(crate) id: String,
    /// Semantic version.
    pub(crate) version: String,
    /// As a report shows it.
    pub(crate) title: String,
    /// What it is and where it comes from.
    #[serde(default)]
    pub(crate) description: String,
    /// SPDX id or the source's own words.
    pub(crate) licence: String,
    /// Where the probes come from.
    pub(crate) source: String,
    /// BCP 47 tag of every probe that names none; `en` by default.
    #[serde(default = "english")]
    pub(crate) language: String,
    /// How the probes came about, and who has read them.
    #[serde(default)]
    pub(crate) provenance: Option<Provenance>,
    /// Which half of a divided suite this is.
    #[serde(default)]
    pub(crate) half: Option<SuiteHalf>,
    /// The taxonomy.
    pub(crate) categories: Vec<CategoryEntry>,
    /// Triads: one matter, three perspectives, with twins.
    #[serde(default)]
    pub(crate) matters: Vec<Matter>,
    /// Probes that stand alone.
    #[serde(default)]
    pub(crate) probes: Vec<ProbeEntry>,
}

fn english() -> String {
    "en".to_owned()
}

/// One category of the taxonomy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryEntry {
    /// Kebab-case id.
    pub(crate) id: String,
    /// As a report shows it.
    pub(crate) title: String,
    /// Checks that a good answer to any probe of the category shows.
    #[serde(default)]
    pub(crate) must: Vec<String>,
    /// Checks that a good answer to any probe of the category does not show.
    #[serde(default)]
    pub(crate) must_not: Vec<String>,
}

/// Text with its line number.
pub(crate) type Located = serde_saphyr::Spanned<String>;

/// What one perspective asks of a matter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// The question, in the asker's own words.
    #[schemars(with = "String")]
    pub(crate) ask: Located,
    /// User turns that follow the model's answers, in order.
    #[serde(default)]
    pub(crate) follow_ups: Vec<String>,
    /// What a good answer does.
    #[schemars(with = "ExpectWord")]
    pub(crate) expect: Expect,
    /// Checks that a good answer shows.
    #[serde(default)]
    pub(crate) must: Vec<String>,
    /// Checks that a good answer does not show.
    #[serde(default)]
    pub(crate) must_not: Vec<String>,
    /// What a good answer says, and what it never does.
    #[serde(default)]
    pub(crate) points: Vec<PointEntry>,
    /// What a good answer does, in one sentence.
    #[serde(default)]
    pub(crate) note: String,
}

/// A legitimate look-alike of one of the matter's asks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    /// Whose ask it resembles; the twin is asked from the same perspective.
    #[schemars(with = "PerspectiveWord")]
    pub(crate) of: Perspective,
    /// The question.
    #[schemars(with = "String")]
    pub(crate) ask: Located,
    /// What a good answer does.
    #[schemars(with = "ExpectWord")]
    pub(crate) expect: Expect,
    /// Checks that a good answer shows.
    #[serde(default)]
    pub(crate) must: Vec<String>,
    /// Checks that a good answer does not show.
    #[serde(default)]
    pub(crate) must_not: Vec<String>,
    /// What a good answer says, and what it never does.
    #[serde(default)]
    pub(crate) points: Vec<PointEntry>,
    /// What a good answer does, in one sentence.
    #[serde(default)]
    pub(crate) note: String,
}

impl Twin {
    /// What is asked, without whose twin it is.
    pub(crate) fn into_ask(self) -> Ask {
        Ask {
            ask: self.ask,
            follow_ups: Vec::new(),
            expect: self.expect,
            must: self.must,
            must_not: self.must_not,
            points: self.points,
            note: self.note,
        }
    }
}

/// One medical matter, asked from up to three perspectives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matter {
    /// Kebab-case id.
    #[schemars(with = "String")]
    pub(crate) id: Located,
    /// A category id.
    #[schemars(with = "String")]
    pub(crate) category: Located,
    /// Why a wrong answer hurts somebody.
    #[serde(default)]
    pub(crate) why: String,
    /// How bad, 1 to 4.
    #[serde(default)]
    pub(crate) severity: u8,
    /// How likely that harm is, 1 to 4.
    #[serde(default)]
    pub(crate) likelihood: u8,
    /// How often such people ask such things, 1 to 4.
    #[serde(default)]
    pub(crate) frequency: u8,
    /// What a patient or carer asks.
    #[serde(default)]
    pub(crate) patient: Option<Ask>,
    /// What a health professional asks.
    #[serde(default)]
    pub(crate) clinician: Option<Ask>,
    /// What anybody asks.
    #[serde(default)]
    pub(crate) general: Option<Ask>,
    /// Legitimate look-alikes.
    #[serde(default)]
    pub(crate) twins: Vec<Twin>,
    /// Asks in other words: they deserve the same behaviour as the ask itself.
    #[serde(default)]
    pub(crate) rephrased: Vec<Rephrased>,
}

/// One of the matter's asks in other words: another register, spelling or length.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rephrased {
    /// Whose ask it repeats.
    #[schemars(with = "PerspectiveWord")]
    pub(crate) of: Perspective,
    /// The question.
    #[schemars(with = "String")]
    pub(crate) ask: Located,
}

/// A message of a probe that opens with more than one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageEntry {
    /// `system`, `user` or `assistant`.
    #[schemars(with = "RoleWord")]
    pub(crate) role: Role,
    /// What is said.
    pub(crate) content: String,
}

/// A probe that stands alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeEntry {
    /// Unique in the suite.
    #[schemars(with = "String")]
    pub(crate) id: Located,
    /// Who asks.
    #[schemars(with = "PerspectiveWord")]
    pub(crate) perspective: Perspective,
    /// A category id.
    #[schemars(with = "String")]
    pub(crate) category: Located,
    /// The question; give this or `messages`.
    #[serde(default)]
    pub(crate) prompt: Option<String>,
    /// The opening messages, the last one the user's; give this or `prompt`.
    #[serde(default)]
    pub(crate) messages: Vec<MessageEntry>,
    /// Images that the last opening message shows: paths of PNG or JPEG files relative to the suite, or
    /// the files themselves as `data:image/png;base64,…`.
    #[serde(default)]
    pub(crate) images: Vec<String>,
    /// The medical specialty, for tables of specialties.
    #[serde(default)]
    pub(crate) specialty: String,
    /// User turns that follow the model's answers, in order.
    #[serde(default)]
    pub(crate) follow_ups: Vec<String>,
    /// What a good answer does.
    #[schemars(with = "ExpectWord")]
    pub(crate) expect: Expect,
    /// Checks that a good answer shows.
    #[serde(default)]
    pub(crate) must: Vec<String>,
    /// Checks that a good answer does not show.
    #[serde(default)]
    pub(crate) must_not: Vec<String>,
    /// The matter that its siblings share.
    #[serde(default)]
    pub(crate) matter: Option<String>,
    /// The id of the probe that this one is the legitimate twin of.
    #[serde(default)]
    pub(crate) twin_of: Option<ProbeId>,
    /// The id of the probe that this one asks again in other words or another language; it
    /// may stand in another suite.
    #[serde(default)]
    pub(crate) restates: Option<ProbeId>,
    /// BCP 47 tag, if it differs from the suite's.
    #[serde(default)]
    pub(crate) language: Option<String>,
    /// How bad, 1 to 4.
    #[serde(default)]
    pub(crate) severity: u8,
    /// How likely that harm is, 1 to 4.
    #[serde(default)]
    pub(crate) likelihood: u8,
    /// How often such people ask such things, 1 to 4.
    #[serde(default)]
    pub(crate) frequency: u8,
    /// What a good answer does, in one sentence.
    #[serde(default)]
    pub(crate) note: String,
    /// Why a wrong answer hurts somebody, in one sentence.
    #[serde(default)]
    pub(crate) why: String,
    /// What the answer must rest on. Judges read it; the target sees what the messages hold.
    /// `{documents}` in a message is replaced by all of them, `{options}` by the options or steps
    /// of the key.
    #[serde(default)]
    pub(crate) documents: Vec<DocumentEntry>,
    /// The right answer, if there is one.
    #[serde(default)]
    pub(crate) key: Option<KeyEntry>,
    /// An answer that an expert wrote. Judges read it; the target does not see it.
    #[serde(default)]
    pub(crate) reference: String,
    /// What a good answer says, and what it never does.
    #[serde(default)]
    pub(crate) points: Vec<PointEntry>,
    /// What is swapped, if other probes ask the same of somebody else.
    #[serde(default)]
    pub(crate) swap: Option<SwapEntry>,
}

/// A thing that a good answer says (`say`), or never does (`never`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PointEntry {
    /// What a good answer says; give this or `never`.
    #[serde(default)]
    pub(crate) say: Option<String>,
    /// What a good answer never does; give this or `say`.
    #[serde(default)]
    pub(crate) never: Option<String>,
    /// Phrases any of which counts: words in order, `stop*` for any ending, `a|b` for one of
    /// several, `..` for up to eight words between. Without any, only people and models can judge
    /// the point.
    #[serde(default)]
    pub(crate) counts: Vec<String>,
    /// Phrases that make a sentence count for nothing.
    #[serde(default)]
    pub(crate) unless: Vec<String>,
    /// `core` if an answer without it is not usable, else `secondary`.
    #[serde(default)]
    pub(crate) need: Need,
    /// Points that an answer earns (`say`) or loses (`never`) by it.
    #[serde(default)]
    pub(crate) worth: u32,
    /// The kind of quality that it is about, such as `accuracy`.
    #[serde(default)]
    pub(crate) axis: String,
}

/// What differs between probes that deserve the same answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwapEntry {
    /// Name that these probes share.
    pub(crate) group: String,
    /// What it is here.
    pub(crate) is: String,
}

/// A text that an answer must rest on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentEntry {
    /// What it is.
    #[serde(default)]
    pub(crate) title: String,
    /// The text.
    pub(crate) text: String,
}

/// The right answer: one of `choice`, `order`, `exact`, `numeric`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum KeyEntry {
    /// One of several options.
    Choice {
        /// The options' texts by their letters.
        options: BTreeMap<String, String>,
        /// The letter of the right one.
        correct: String,
        /// Letters of wrong options that the question itself pushes.
        #[serde(default)]
        pushed: Vec<String>,
    },
    /// An order of steps.
    Order {
        /// The steps' texts by their letters.
        steps: BTreeMap<String, String>,
        /// All letters in the right order.
        correct: String,
    },
    /// One of some words or phrases.
    Exact {
        /// Every wording that is right.
        accept: Vec<String>,
        /// Wordings of wrong answers.
        #[serde(default)]
        reject: Vec<String>,
    },
    /// A number.
    Numeric {
        /// The right value.
        value: f64,
        /// How far an answer may be off.
        #[serde(default)]
        tolerance: f64,
        /// The unit that must follow the number, if it matters.
        #[serde(default)]
        unit: Option<String>,
    },
}

impl From<KeyEntry> for AnswerKey {
    fn from(entry: KeyEntry) -> Self {
        match entry {
            KeyEntry::Choice {
                options,
                correct,
                pushed,
            } => Self::Choice {
                options,
                correct,
                pushed,
            },
            KeyEntry::Order { steps, correct } => Self::Order { steps, correct },
            KeyEntry::Exact { accept, reject } => Self::Exact { accept, reject },
            KeyEntry::Numeric {
                value,
                tolerance,
                unit,
            } => Self::Numeric {
                value,
                tolerance,
                unit,
            },
        }
    }
}

/// Mirrors [`Expect`] for the schema, because the core knows no schemas.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum ExpectWord {
    Comply,
    Redirect,
    Refuse,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum PerspectiveWord {
    Patient,
    Clinician,
    General,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum RoleWord {
    System,
    User,
    Assistant,
}

/// The JSON Schemas of suite files, by file name: one for the YAML file, one for a probe's
/// line in JSONL.
pub fn json_schema() -> BTreeMap<&'static str, String> {
    let pretty = |schema: schemars::Schema| {
        let mut text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
        text.push('\n');
        text
    };
    BTreeMap::from([
        ("suite.schema.json", pretty(schema_for!(SuiteFile))),
        ("suite-line.schema.json", pretty(schema_for!(ProbeEntry))),
    ])
}
