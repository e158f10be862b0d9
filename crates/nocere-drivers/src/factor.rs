//! Factors: circumstances of the asker that a plan crosses with probes, such as urgency or a
//! relative who plays symptoms down. A cell of the plan is one level of each factor.

use std::{collections::BTreeMap, sync::Arc};

use nocere_core::{Driver, DriverIdentity, DriverKind, Perspective};
use serde::{Deserialize, Serialize};

use crate::{
    AttackError,
    attack::from_yaml,
    compose::{Composed, both},
    direct,
    part::Rewrite,
    steps::Step,
    template::{self, ByLanguage},
    transform::Transform,
    wrap::Wrap,
};

/// The format of factor files.
pub const FACTOR_FORMAT: u32 = 1;
/// Most cells of one plan.
const MAX_CELLS: usize = 256;

/// What a factor is allowed to do to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// It puts pressure on: harm and help are shown beside each other.
    Pressure,
    /// It must change nothing: any difference is unwarranted.
    Counterfactual,
}

impl FactorKind {
    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pressure => "pressure",
            Self::Counterfactual => "counterfactual",
        }
    }
}

/// One level of a factor.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Kebab-case, unique in the factor.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// What is sent, with `{ask}` once, by the language of the probe.
    #[serde(default)]
    texts: ByLanguage<String>,
    /// Changes of the letters.
    #[serde(default)]
    steps: Vec<Step>,
}

/// A factor of `assets/factors`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    nocere_factor: u32,
    /// Kebab-case id.
    pub id: String,
    /// Version of its texts.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// What it is allowed to do to an answer.
    pub kind: FactorKind,
    /// What changes, in a sentence.
    pub about: String,
    /// Where the idea is from.
    pub source: String,
    /// Whose probes it is for; empty for everyone's.
    #[serde(default)]
    pub perspectives: Vec<Perspective>,
    /// Its levels; the first is the reference.
    pub levels: Vec<Level>,
}

impl Level {
    /// True if the ask is sent as it is.
    fn is_plain(&self) -> bool {
        self.texts.is_empty() && self.steps.is_empty()
    }

    /// What is sent for an ask in a language; `None` if the level has no text in it.
    pub fn example(&self, language: &str, ask: &str) -> Option<String> {
        let text = self.texts.get(language)?;
        Some(template::fill(text, &[(template::ASK, ask)]))
    }

    fn languages(&self) -> Vec<String> {
        template::languages(&self.texts)
    }

    fn rewrite(&self) -> Result<Option<Arc<dyn Rewrite>>, String> {
        if self.is_plain() {
            return Ok(None);
        }
        let around = (!self.texts.is_empty())
            .then(|| Wrap::new(self.texts.clone()))
            .transpose()?;
        Ok(Some(Arc::new(Transform {
            steps: self.steps.clone(),
            around,
        })))
    }
}

impl Factor {
    /// Reads a factor's YAML.
    ///
    /// # Errors
    ///
    /// The text is not a factor of this format, or a level other than the first leaves the ask as
    /// it is.
    pub fn read(text: &str) -> Result<Self, AttackError> {
        let factor: Self = from_yaml(text)?;
        if factor.nocere_factor != FACTOR_FORMAT {
            return Err(AttackError::Version {
                field: "nocere_factor",
                found: factor.nocere_factor,
                wanted: FACTOR_FORMAT,
            });
        }
        let fault = |message: String| AttackError::Order(format!("`levels`: {message}"));
        if factor.levels.len() < 2 {
            return Err(fault("a factor has two levels or more".to_owned()));
        }
        for (number, level) in factor.levels.iter().enumerate() {
            if factor.levels[..number]
                .iter()
                .any(|other| other.id == level.id)
            {
                return Err(fault(format!("`{}` is there twice", level.id)));
            }
            if number > 0 && level.is_plain() {
                return Err(fault(format!(
                    "`{}` leaves the ask unchanged; only the first level, the reference, may",
                    level.id
                )));
            }
            level
                .rewrite()
                .map_err(|message| fault(format!("`{}`: {message}", level.id)))?;
        }
        Ok(factor)
    }

    /// The factor with only some of its levels, in their order.
    ///
    /// # Errors
    ///
    /// A level is unknown, or fewer than two are left.
    pub fn only(mut self, wanted: &[String]) -> Result<Self, AttackError> {
        let known: Vec<String> = self.levels.iter().map(|level| level.id.clone()).collect();
        if let Some(unknown) = wanted.iter().find(|id| !known.contains(id)) {
            return Err(AttackError::Order(format!(
                "factor `{}` has no level `{unknown}`; its levels are {}",
                self.id,
                known.join(", ")
            )));
        }
        self.levels.retain(|level| wanted.contains(&level.id));
        if self.levels.len() < 2 {
            return Err(AttackError::Order(format!(
                "factor `{}` needs two levels or more",
                self.id
            )));
        }
        Ok(self)
    }
}

/// How many of the combinations of levels are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Every combination.
    #[default]
    Full,
    /// For factors of two levels: a two-level fraction of resolution IV, a Hadamard matrix and its
    /// mirror image (Box and Hunter, 1961). No main effect is mixed with an interaction of two, but
    /// interactions of two are mixed with each other.
    Fraction,
}

impl Design {
    /// The word used on the command line and in protocols.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Fraction => "fraction",
        }
    }
}

/// The cells of a plan: for each, the place of one level of each factor. The first is the
/// reference.
///
/// # Errors
///
/// There are too many, or the fraction is asked of factors with more than two levels.
pub fn cells(factors: &[Factor], design: Design) -> Result<Vec<Vec<usize>>, AttackError> {
    let all = match design {
        Design::Full => {
            let number = factors
                .iter()
                .try_fold(1_usize, |n, factor| n.checked_mul(factor.levels.len()))
                .filter(|number| *number <= MAX_CELLS);
            let Some(number) = number else {
                return Err(AttackError::Order(format!(
                    "the factors have more than {MAX_CELLS} combinations; take fewer levels, or a fraction"
                )));
            };
            (0..number).map(|cell| digits(cell, factors)).collect()
        }
        Design::Fraction => {
            if let Some(many) = factors.iter().find(|factor| factor.levels.len() != 2) {
                return Err(AttackError::Order(format!(
                    "a fraction needs factors of two levels, and `{}` has {}; name two of them",
                    many.id,
                    many.levels.len()
                )));
            }
            let mut seen = std::collections::BTreeSet::new();
            let order = factors.len().next_power_of_two().max(2);
            let row = |row: usize, flip: usize| -> Vec<usize> {
                (0..factors.len())
                    .map(|column| ((row & column).count_ones() as usize + flip) % 2)
                    .collect()
            };
            (0..2)
                .flat_map(|flip| (0..order).map(move |number| (number, flip)))
                .map(|(number, flip)| row(number, flip))
                // One factor has the same two cells twice.
                .filter(|cell| seen.insert(cell.clone()))
                .collect()
        }
    };
    Ok(all)
}

/// A number in the mixed base of the numbers of levels.
fn digits(mut number: usize, factors: &[Factor]) -> Vec<usize> {
    factors
        .iter()
        .map(|factor| {
            let digit = number % factor.levels.len();
            number /= factor.levels.len();
            digit
        })
        .collect()
}

/// The driver of one cell: it puts the ask into the texts of its levels, factor by factor. A cell
/// that leaves the ask as it is asks for everybody if `plain_for_all`, not only for those whom the
/// factors are for.
///
/// # Errors
///
/// The factors have no language or asker in common.
pub fn factor_driver(
    factors: &[Factor],
    cell: &[usize],
    plain_for_all: bool,
) -> Result<Arc<dyn Driver>, AttackError> {
    let mut languages: Vec<String> = Vec::new();
    let mut perspectives: Vec<Perspective> = Vec::new();
    let mut rewrites = Vec::new();
    let mut levels = BTreeMap::new();
    let mut titles = Vec::new();
    let mut ids = Vec::new();
    let mut hashed = Vec::new();
    for (factor, place) in factors.iter().zip(cell) {
        // All cells ask the same probes, so a language counts if every level has it.
        for level in &factor.levels {
            both(&mut languages, &level.languages())?;
        }
        both(&mut perspectives, &factor.perspectives)?;
        let Some(level) = factor.levels.get(*place) else {
            continue;
        };
        levels.insert(factor.id.clone(), level.id.clone());
        let rewrite = level.rewrite().map_err(AttackError::Order)?;
        if let Some(rewrite) = rewrite {
            rewrites.push(rewrite);
            ids.push(format!("{}={}", factor.id, level.id));
            titles.push(format!("{}: {}", factor.title, level.title));
            hashed.push(serde_json::json!([factor.id, factor.version, level]));
        }
    }
    if plain_for_all && rewrites.is_empty() {
        languages.clear();
        perspectives.clear();
    }
    let identity = if rewrites.is_empty() {
        DriverIdentity::direct(direct::VERSION)
    } else {
        DriverIdentity {
            kind: DriverKind::Factors,
            ..DriverIdentity::attack(
                &ids.join("+"),
                "1",
                &titles.join("; "),
                &(hashed, direct::VERSION),
            )
        }
    };
    Ok(Arc::new(Composed {
        identity: DriverIdentity {
            languages,
            perspectives,
            levels,
            references: factors
                .iter()
                .filter_map(|factor| Some((factor.id.clone(), factor.levels.first()?.id.clone())))
                .collect(),
            counterfactual: factors
                .iter()
                .filter(|factor| factor.kind == FactorKind::Counterfactual)
                .map(|factor| factor.id.clone())
                .collect(),
            ..identity
        },
        rewrites,
        lead: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(id: &str, levels: usize) -> Factor {
        let levels: String = (0..levels)
            .map(|n| format!("  - {{id: l{n}, title: t, texts: {{en: 'x{n} {{ask}}'}}}}\n"))
            .collect();
        Factor::read(&format!(
            "nocere_factor: 1\nid: {id}\nversion: 1.0.0\ntitle: T\nkind: pressure\nabout: a\nsource: s\nlevels:\n{levels}"
        ))
        .unwrap()
    }

    #[test]
    fn a_full_plan_has_every_combination_once() {
        let factors = [factor("a", 2), factor("b", 3)];
        let mut all = cells(&factors, Design::Full).unwrap();
        assert_eq!(all[0], [0, 0]);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
        let many: Vec<Factor> = (0..9).map(|n| factor(&n.to_string(), 2)).collect();
        assert!(cells(&many, Design::Full).is_err());
    }

    #[test]
    fn a_fraction_keeps_main_effects_apart_from_each_other_and_from_pairs() {
        for number in 1..=16 {
            let factors: Vec<Factor> = (0..number).map(|n| factor(&n.to_string(), 2)).collect();
            let all = cells(&factors, Design::Fraction).unwrap();
            assert!(all.len() <= 32 && all.len() >= 2 * number, "{number}");
            let sign = |cell: &[usize], n: usize| if cell[n] == 0 { -1 } else { 1 };
            for a in 0..number {
                assert_eq!(all.iter().map(|cell| sign(cell, a)).sum::<i32>(), 0);
                for b in 0..a {
                    let both = all.iter().map(|cell| sign(cell, a) * sign(cell, b));
                    assert_eq!(both.sum::<i32>(), 0, "{number}: {a} {b}");
                    for c in 0..number {
                        let three = all
                            .iter()
                            .map(|cell| sign(cell, a) * sign(cell, b) * sign(cell, c));
                        if c != a && c != b {
                            assert_eq!(three.sum::<i32>(), 0, "{number}: {a} {b} {c}");
                        }
                    }
                }
            }
        }
        assert!(cells(&[factor("a", 3)], Design::Fraction).is_err());
    }

    #[test]
    fn a_level_that_changes_nothing_is_a_fault() {
        let text = "nocere_factor: 1\nid: a\nversion: 1.0.0\ntitle: T\nkind: pressure\nabout: a\nsource: s\nlevels: [{id: none, title: n}, {id: same, title: s}]\n";
        let said = Factor::read(text).unwrap_err().to_string();
        assert!(said.contains("`same` leaves the ask unchanged"), "{said}");
        let text = text.replace(
            "{id: same, title: s}",
            "{id: same, title: s, texts: {en: '{ask}'}}",
        );
        let said = Factor::read(&text).unwrap_err().to_string();
        assert!(said.contains("unchanged"), "{said}");
    }

    #[test]
    fn the_reference_of_pressure_is_the_plain_ask() {
        let mut pressure = factor("a", 2);
        pressure.levels[0].texts.clear();
        let plain = factor_driver(std::slice::from_ref(&pressure), &[0], false).unwrap();
        assert!(plain.identity().is_plain());
        assert_eq!(
            plain.identity().hash,
            DriverIdentity::direct(direct::VERSION).hash
        );
        assert_eq!(plain.identity().languages, ["en"]);
        let pressed = factor_driver(&[pressure], &[1], false).unwrap();
        assert_eq!(pressed.identity().id, "a=l1");
        assert_eq!(pressed.identity().levels["a"], "l1");
    }
}
