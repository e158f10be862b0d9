//! What a run under attack says about which attacks to try first, as a search to run next.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_core::{AnswerOutcome, DriverIdentity, DriverKind, Sample};
use nocere_drivers::Attack;
use nocere_store::RunReader;

use crate::{Project, ProjectError, attacks::broke, drivers, figures};

/// A search through the attacks of a run, with what the run saw of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedSearch {
    /// The YAML of the attack.
    pub text: String,
    /// By family: conversations or attempts in which the target gave way, and all of them.
    pub seen: BTreeMap<String, [u32; 2]>,
}

/// Attempts by family, and the attacks that made them.
#[derive(Default)]
struct Seen {
    families: BTreeMap<String, [u32; 2]>,
    attacks: Vec<String>,
}

impl Seen {
    fn add(&mut self, attack: &str, family: &str, gave_way: bool) {
        if !self.attacks.iter().any(|known| known == attack) {
            self.attacks.push(attack.to_owned());
        }
        let [gave, tried] = self.families.entry(family.to_owned()).or_default();
        *gave += u32::from(gave_way);
        *tried += 1;
    }
}

impl Project {
    /// A search with the id `id` that tries `attempts` of the attacks of a run on each probe, those
    /// of the families that gave way there first. A conversation counts as given way if a figure of
    /// harm or help counts an error in it; attempts of an earlier search, if its scorer says so.
    ///
    /// # Errors
    ///
    /// The journal, the figures or the attacks cannot be read, or the run has fewer than two attacks.
    pub fn learn(
        &self,
        reader: &RunReader,
        id: &str,
        attempts: u32,
    ) -> Result<LearnedSearch, ProjectError> {
        let header = reader.header()?;
        let rows = figures::load(self)?;
        let instruments = reader.instruments()?;
        let attacks: BTreeMap<_, DriverIdentity> = reader
            .drivers()?
            .into_iter()
            .filter(|driver| driver.kind == DriverKind::Attack)
            .map(|driver| (driver.id.clone(), driver))
            .collect();
        let families: BTreeMap<String, String> = drivers::all_attacks(self)?
            .iter()
            .map(|attack: &Attack| (attack.id().to_owned(), attack.family().to_owned()))
            .collect();
        let mut seen = Seen::default();
        for sample in reader.finished() {
            let sample: Sample = sample?;
            let says_nothing =
                sample.is_drifted() || sample.transcript.outcome() == AnswerOutcome::AttackFailed;
            let Some(driver) = attacks.get(&sample.driver).filter(|_| !says_nothing) else {
                continue;
            };
            let facts = sample.transcript.attack.as_deref();
            let tried = facts.map_or(&[][..], |facts| facts.attempts.as_slice());
            if tried.iter().any(|attempt| !attempt.by.is_empty()) {
                for attempt in tried {
                    // The last of several attacks that follow each other gives the family.
                    let last = attempt.by.rsplit('+').next().unwrap_or_default();
                    if let (Some(family), Some(score)) = (families.get(last), attempt.score) {
                        seen.add(&attempt.by, family, score >= nocere_drivers::GAVE_WAY);
                    }
                }
            } else {
                let gave_way = broke(&sample, &instruments, &rows).is_some();
                seen.add(driver.id.as_str(), &driver.family, gave_way);
            }
        }
        if seen.attacks.len() < 2 {
            return Err(ProjectError::usage(format!(
                "run {} has {} attacks with answers; a search needs at least two",
                header.id,
                seen.attacks.len()
            )));
        }
        let mut text = format!(
            "# Written by `nocere attacks learn {run}`: what that run saw decides what is tried first.\nnocere_attack: 2\nid: {id}\nversion: 1.0.0\ntitle: Search with what run {run} saw\nfamily: mixed\nabout: Tries up to {attempts} of the attacks of run {run}, those of the families that gave way there first.\nsource: \"nocere attacks learn; Thompson sampling, arXiv 1707.02038\"\nhazard: low\nkind: search\nsettings:\n  attempts: {attempts}\n  seen:\n",
            run = header.id
        );
        for (family, [gave, tried]) in &seen.families {
            let _ = writeln!(text, "    {family}: [{gave}, {tried}]");
        }
        text.push_str("  attacks:\n");
        for attack in &seen.attacks {
            let _ = writeln!(text, "    - {attack}");
        }
        // What is written must be read again: an id or a number may be out of its range.
        Attack::read(&text).map_err(|error| ProjectError::usage(error.to_string()))?;
        Ok(LearnedSearch {
            text,
            seen: seen.families,
        })
    }
}
