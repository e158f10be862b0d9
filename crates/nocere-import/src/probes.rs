//! Assigns each row its probe: one made from the row ([`Maker`]), or one of a given suite
//! ([`Joiner`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_core::{Category, Expect, Message, Perspective, Probe, Role, Suite, hash_json};
use nocere_suites::{category_id, inherit_checks};

use crate::{
    error::ImportError,
    notes::Notes,
    options::Options,
    row::{Place, Row},
};

/// Category of rows without one.
const UNCATEGORISED: &str = "uncategorised";

/// Makes one probe for each distinct id of the rows.
pub(crate) struct Maker<'a> {
    path: &'a Path,
    options: &'a Options,
    suite: String,
    places: Vec<Place>,
    /// True once a probe's follow-ups are from a conversation that ended without an error.
    ended: Vec<bool>,
    ids: BTreeMap<String, usize>,
    /// Probes of rows without an id, by what was asked.
    asked: BTreeMap<String, SameWords>,
    /// Where each category is, by id.
    category_places: BTreeMap<String, usize>,
    pub(crate) categories: Vec<Category>,
    pub(crate) probes: Vec<Probe>,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(
        path: &'a Path,
        options: &'a Options,
        suite: &str,
        categories: Vec<Category>,
    ) -> Self {
        Self {
            path,
            options,
            suite: suite.to_owned(),
            places: Vec::new(),
            ended: Vec::new(),
            ids: BTreeMap::new(),
            asked: BTreeMap::new(),
            category_places: categories
                .iter()
                .enumerate()
                .map(|(place, category)| (category.id.clone(), place))
                .collect(),
            categories,
            probes: Vec::new(),
        }
    }

    /// Index of the probe for each row.
    pub(crate) fn place_all(
        &mut self,
        rows: &[Row],
        targets: &[usize],
        notes: &mut Notes,
    ) -> Result<Vec<usize>, ImportError> {
        let numbered = (1..).zip(rows.iter().zip(targets));
        numbered
            .map(|(number, (row, target))| self.place(row, *target, number, notes))
            .collect()
    }

    /// Index of the probe for row `number` (from 1): a new probe, the one with its id, or the one
    /// that another target was asked in the same words.
    fn place(
        &mut self,
        row: &Row,
        target: usize,
        number: usize,
        notes: &mut Notes,
    ) -> Result<usize, ImportError> {
        if !row
            .opening
            .iter()
            .any(|message| message.role == Role::User && !message.text().trim().is_empty())
        {
            return Err(ImportError::new(self.path, "the prompt is empty").at(&row.place));
        }
        if let Some(id) = &row.id
            && let Some(known) = self.ids.get(id).copied()
        {
            return self.same(row, id, known, notes);
        }
        if row.id.is_none() {
            let words = hash_json("opening", &row.opening).to_string();
            let same = self.asked.entry(words).or_default();
            // Each repetition by one target is a probe of its own, in order.
            let turn = same.turns.entry(target).or_insert(0);
            *turn += 1;
            if let Some(known) = same.probes.get(*turn - 1) {
                return Ok(*known);
            }
            same.probes.push(self.probes.len());
        }
        let id = match &row.id {
            Some(id) => id.clone(),
            None => self.free_id(number),
        };
        let probe = self.make(row, id, notes);
        self.ids.insert(probe.id.to_string(), self.probes.len());
        self.probes.push(probe);
        self.places.push(row.place.clone());
        self.ended.push(row.transcript.error.is_none());
        Ok(self.probes.len() - 1)
    }

    /// Checks a further row of a known probe and settles the probe's follow-ups.
    fn same(
        &mut self,
        row: &Row,
        id: &str,
        known: usize,
        notes: &mut Notes,
    ) -> Result<usize, ImportError> {
        let (Some(probe), Some(first), Some(ended)) = (
            self.probes.get_mut(known),
            self.places.get(known),
            self.ended.get_mut(known),
        ) else {
            return Ok(known);
        };
        if probe.messages != row.opening {
            return Err(ImportError::new(
                self.path,
                format!("id `{id}` has another prompt in {first}"),
            )
            .at(&row.place)
            .hint("give each prompt its own id, or leave the id out"));
        }
        // A conversation that broke off may lack follow-ups: it decides nothing.
        if row.transcript.error.is_some() {
            return Ok(known);
        }
        if !std::mem::replace(ended, true) {
            probe.follow_ups.clone_from(&row.follow_ups);
        } else if probe.follow_ups != row.follow_ups && !probe.follow_ups.is_empty() {
            probe.follow_ups.clear();
            notes.count(
                "probe was followed up in different words each time: it has no fixed follow-ups",
                "probes were followed up in different words each time: they have no fixed follow-ups",
            );
        }
        Ok(known)
    }

    /// An id for a row without one. The file's own ids may look like `row-7` too.
    fn free_id(&self, number: usize) -> String {
        let mut id = format!("row-{number}");
        while self.ids.contains_key(&id) {
            id.push('x');
        }
        id
    }

    fn make(&mut self, row: &Row, id: String, notes: &mut Notes) -> Probe {
        let perspective = row.perspective.or(self.options.perspective);
        if perspective.is_none() {
            notes.say("The file does not say who asks: `general` is assumed.");
        }
        let expect = row.expect.or(self.options.expect);
        if expect.is_none() {
            notes.say("The file does not say what a good answer does: `comply` is assumed.");
        }
        let mut probe = Probe {
            id: id.into(),
            suite: row
                .suite
                .map_or_else(|| self.suite.clone(), str::to_owned)
                .into(),
            perspective: perspective.unwrap_or(Perspective::General),
            category: self.category(row.category.as_deref()),
            messages: row.opening.clone(),
            follow_ups: row.follow_ups.clone(),
            expect: expect.unwrap_or(Expect::Comply),
            ..Probe::asking("", "", "")
        };
        let own = self.category_places.get(&probe.category);
        if let Some(category) = own.and_then(|place| self.categories.get(*place)) {
            inherit_checks(std::slice::from_ref(category), &mut probe);
        }
        probe
    }

    /// The id of the category with this title, which is added if it is new.
    fn category(&mut self, title: Option<&str>) -> String {
        let title = title.unwrap_or(UNCATEGORISED).trim();
        let id = match category_id(title) {
            id if id.is_empty() => UNCATEGORISED.to_owned(),
            id => id,
        };
        if !self.category_places.contains_key(&id) {
            self.category_places
                .insert(id.clone(), self.categories.len());
            self.categories.push(Category {
                id: id.clone(),
                title: title.to_owned(),
                must: Vec::new(),
                must_not: Vec::new(),
            });
        }
        id
    }
}

/// Probes that ask in the same words. They share the rows of each target in turn.
#[derive(Default)]
struct SameWords {
    probes: Vec<usize>,
    turns: BTreeMap<usize, usize>,
}

/// Joins rows to the probes of a suite.
pub(crate) struct Joiner<'a> {
    path: &'a Path,
    suite: &'a Suite,
    by_id: BTreeMap<&'a str, usize>,
    by_prompt: BTreeMap<&'a str, SameWords>,
    used: BTreeSet<usize>,
}

impl<'a> Joiner<'a> {
    pub(crate) fn new(path: &'a Path, suite: &'a Suite) -> Self {
        let mut by_id = BTreeMap::new();
        let mut by_prompt: BTreeMap<&str, SameWords> = BTreeMap::new();
        for (index, probe) in suite.probes.iter().enumerate() {
            by_id.insert(probe.id.as_str(), index);
            let same = by_prompt.entry(probe.question()).or_default();
            same.probes.push(index);
        }
        Self {
            path,
            suite,
            by_id,
            by_prompt,
            used: BTreeSet::new(),
        }
    }

    /// Index of the probe that `row` of `target` asked. The id decides unless the prompt is, word
    /// for word, another probe's: bare ids such as `1` mean little outside their own file.
    pub(crate) fn place(
        &mut self,
        row: &Row,
        target: usize,
        notes: &mut Notes,
    ) -> Result<usize, ImportError> {
        let asked = question(&row.opening);
        let named = row.id.as_deref().and_then(|id| self.by_id.get(id).copied());
        let same_words = asked.and_then(|asked| self.by_prompt.get_mut(asked));
        let found = match (named, same_words) {
            (Some(index), None) => {
                if asked.is_some() {
                    notes.count(
                        "row was asked in other words than the suite's probe of the same id",
                        "rows were asked in other words than the suite's probes of the same ids",
                    );
                }
                Some(index)
            }
            (Some(index), Some(same)) if same.probes.binary_search(&index).is_ok() => Some(index),
            (_, Some(same)) => {
                let turn = same.turns.entry(target).or_insert(0);
                let index = same.probes.get(*turn % same.probes.len().max(1)).copied();
                *turn += 1;
                index
            }
            (None, None) => None,
        };
        let Some(index) = found else {
            return Err(self.stranger(row, asked));
        };
        self.used.insert(index);
        Ok(index)
    }

    /// Notes the number of probes without a row.
    pub(crate) fn note_unasked(&self, notes: &mut Notes) {
        let unasked = self.suite.probes.len() - self.used.len();
        if unasked > 0 {
            notes.say(format!(
                "{unasked} of the {} probes of suite `{}` have no recorded answer.",
                self.suite.probes.len(),
                self.suite.id
            ));
        }
    }

    /// The error for a row that matches no probe.
    fn stranger(&self, row: &Row, asked: Option<&str>) -> ImportError {
        let shown: String = asked.unwrap_or("").chars().take(60).collect();
        let what = match &row.id {
            Some(id) => format!("no probe of suite `{}` has id `{id}`", self.suite.id),
            None => format!("no probe of suite `{}`", self.suite.id),
        };
        let or = if row.id.is_some() { " or" } else { " has" };
        ImportError::new(self.path, format!("{what}{or} the prompt \"{shown}\""))
            .at(&row.place)
            .hint("take the rows of other suites out, or leave the suite out")
    }
}

fn question(opening: &[Message]) -> Option<&str> {
    opening
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
        .map(|message| message.texts().next().unwrap_or_default())
}
