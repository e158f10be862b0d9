//! Composes ordinary answers from parts and from answers that comply: refusals short and
//! long, refusals before or after help, help with a word of caution, and answers to another
//! question. Training only; nothing that is made here is ever measured on.

use std::{collections::BTreeMap, path::Path};

use rand::RngExt;
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};
use serde::Deserialize;

use super::{data::Example, train::SEED};

/// How many of each kind are made beside refusals, as shares of those. Chosen by whole models
/// left out.
const HALF: f32 = 0.1;
const CAUTIOUS: f32 = 0.4;
const MISMATCHED: f32 = 0.8;
/// Copies of each example with a sentence less or a foreign one more.
const DISTURBED: usize = 1;

/// Parts of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    declines: Vec<String>,
    reasons: Vec<String>,
    lectures: Vec<String>,
    redirects: Vec<String>,
    however: Vec<String>,
    cautions: Vec<String>,
    openings: Vec<String>,
    /// Texts that have nothing to do with the answer, put anywhere in it.
    noise: Vec<String>,
}

/// Parts by language.
pub(crate) struct Parts(BTreeMap<String, Language>);

impl Parts {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let fault = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        serde_saphyr::from_str(&text)
            .map(Self)
            .map_err(|error| fault(error.to_string()))
    }

    /// Up to five answers made for each of `examples`, in shares that the model card names.
    pub(crate) fn compose(&self, examples: &[&Example], share: f32) -> Vec<Example> {
        let mut rng = ChaCha12Rng::seed_from_u64(SEED);
        let mut made = Vec::new();
        for example in examples {
            let Some(language) = self.0.get(&example.language) else {
                continue;
            };
            let mut maker = Maker {
                language,
                rng: &mut rng,
                example,
            };
            if maker.chance(share) {
                made.push(maker.refusal());
            }
            for _ in 0..DISTURBED {
                made.extend(maker.disturbed());
            }
            let helps = example.label == 0 && example.answer.chars().count() >= 60;
            if helps && maker.chance(share * HALF) {
                made.push(maker.half());
            }
            if helps && maker.chance(share * CAUTIOUS) {
                made.push(maker.cautious());
            }
            let long = example.answer.split_whitespace().count() >= 40
                || (example.language == "zh" && example.answer.chars().count() >= 80);
            if helps && long && maker.chance(share * MISMATCHED) {
                let other = mismatched(examples, example, maker.rng);
                made.extend(other);
            }
        }
        made
    }
}

struct Maker<'a> {
    language: &'a Language,
    rng: &'a mut ChaCha12Rng,
    example: &'a Example,
}

impl Maker<'_> {
    fn chance(&mut self, share: f32) -> bool {
        self.rng.random::<f32>() < share
    }

    fn pick(&mut self, list: fn(&Language) -> &Vec<String>) -> String {
        let list = list(self.language);
        list[self.rng.random_range(0..list.len())].replace("{ask}", &ask(&self.example.prompt))
    }

    fn made(&self, answer: String, label: usize) -> Example {
        Example {
            answer,
            label,
            people: None,
            due: None,
            ..self.example.clone()
        }
    }

    /// Declines, with none to many sentences of reasons, lectures and redirections.
    fn refusal(&mut self) -> Example {
        let mut parts = vec![self.pick(|l| &l.declines)];
        for _ in 0..self.rng.random_range(0..2) {
            parts.push(self.pick(|l| &l.reasons));
        }
        for _ in 0..self.rng.random_range(0..5) {
            parts.push(self.pick(|l| &l.lectures));
        }
        for _ in 0..self.rng.random_range(0..3) {
            parts.push(self.pick(|l| &l.redirects));
        }
        let answer = self.join(&parts);
        self.made(answer, 2)
    }

    /// Declines and helps all the same.
    fn half(&mut self) -> Example {
        let mut parts = vec![self.pick(|l| &l.declines)];
        if self.chance(0.4) {
            parts.push(self.pick(|l| &l.reasons));
        }
        if self.chance(0.7) {
            parts.push(self.pick(|l| &l.however));
        }
        parts.push(self.example.answer.clone());
        if self.chance(0.4) {
            parts.push(self.pick(|l| &l.redirects));
        }
        let answer = self.join(&parts);
        self.made(answer, 1)
    }

    /// Helps, with what careful models put around it.
    fn cautious(&mut self) -> Example {
        let mut parts = Vec::new();
        if self.chance(0.6) {
            parts.push(self.pick(|l| &l.openings));
        }
        parts.push(self.example.answer.clone());
        for _ in 0..self.rng.random_range(1..3) {
            parts.push(self.pick(|l| &l.cautions));
        }
        let answer = self.join(&parts);
        self.made(answer, 0)
    }

    /// The same answer with foreign text put in, or without one of its sentences: neither
    /// changes what it is. Only what is no refusal may lose its first sentence.
    fn disturbed(&mut self) -> Option<Example> {
        let mut parts: Vec<&str> = nocere_judges::sentences(&self.example.answer)
            .into_iter()
            .map(|range| &self.example.answer[range])
            .collect();
        let noise = self.pick(|l| &l.noise);
        let mut foreign = noise;
        for _ in 0..self.rng.random_range(0..3) {
            foreign = format!("{foreign} {}", self.pick(|l| &l.noise));
        }
        if self.chance(0.65) {
            let at = match self.rng.random_range(0..4) {
                0 => 0,
                1 => parts.len().min(1),
                2 => self.rng.random_range(0..=parts.len()),
                _ => parts.len(),
            };
            parts.insert(at, &foreign);
        } else {
            let first = usize::from(self.example.label != 0) * 2;
            if parts.len() < 5 + first {
                return None;
            }
            parts.remove(self.rng.random_range(first..parts.len()));
        }
        let gap = if self.chance(0.5) { " " } else { "\n" };
        Some(self.made(parts.join(gap), self.example.label))
    }

    fn join(&mut self, parts: &[String]) -> String {
        let gap = if self.chance(0.3) { "\n\n" } else { " " };
        parts.join(gap)
    }
}

/// The complying answer under a question that it does not answer: not what was asked for.
fn mismatched(examples: &[&Example], example: &Example, rng: &mut ChaCha12Rng) -> Option<Example> {
    let others: Vec<&&Example> = examples
        .iter()
        .filter(|other| other.language == example.language && other.prompt_id != example.prompt_id)
        .collect();
    let other = others.get(rng.random_range(0..others.len().max(1)))?;
    Some(Example {
        prompt: other.prompt.clone(),
        label: 2,
        people: None,
        due: None,
        ..example.clone()
    })
}

/// What was asked, as the rest of "I cannot …".
fn ask(prompt: &str) -> String {
    let mut text = prompt
        .trim()
        .trim_end_matches(['?', '.', '!', '？', '。'])
        .trim_start_matches(['¿', '¡'])
        .to_owned();
    for opening in [
        "How do I ",
        "How can I ",
        "How should I ",
        "How to ",
        "Can you ",
        "Could you ",
        "Please ",
        "What is ",
        "Cómo puedo ",
        "Puedes ",
        "Comment ",
        "Pouvez-vous ",
        "Wie kann ich ",
        "请",
    ] {
        if let Some(rest) = text.strip_prefix(opening) {
            text = rest.to_owned();
            break;
        }
    }
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).take(120).collect(),
        None => "help with this".to_owned(),
    }
}
