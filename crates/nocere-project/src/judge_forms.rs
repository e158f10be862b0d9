//! Whether a judge's verdict survives what must not move it: the same answer once more, more words,
//! another order, another setting, the question in other words, and the levels of its scale read in
//! the other direction.

use std::collections::BTreeMap;

use nocere_core::{Sample, Scale, Score, Verdict, key::derive_seed};
use nocere_judges::{
    injection::Host,
    metamorphic::{self, Change, Exchange},
};
use serde::Serialize;

use crate::{ProjectError, session::recorded::Answer};

/// Name of the test in which the same answer is judged once more, under other random marks.
const AGAIN: &str = "judged once more";
/// Name of the test in which the judge reads its levels in falling order.
const FALLING: &str = "levels in falling order";

/// What changes of one kind did to a judge's verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FormMoves {
    /// Number of changed answers.
    pub pairs: u64,
    /// Number of verdicts that are another label.
    pub changed: u64,
    /// Number of those that crossed the bound between good and bad.
    pub crossed: u64,
    /// Number of answers that the judge could score only unchanged.
    pub lost: u64,
}

/// The changed answers of a test.
pub(crate) struct Forms {
    hosts: Vec<Host>,
    /// Index of the host, and the change; `None` for the same answer once more.
    pairs: Vec<(usize, Option<Change>)>,
}

impl Forms {
    /// Up to `limit` changed answers: every kind of change in turn, each with hosts drawn for it.
    /// `refers` says whether changes that send the asker to a professional may be among them.
    pub(crate) fn choose(limit: usize, refers: bool) -> Result<Self, ProjectError> {
        let hosts = metamorphic::hosts()?;
        let changes = metamorphic::changes().into_iter();
        let changes = changes.filter(|change| refers || !change.refers).map(Some);
        let mut ranked: Vec<(u64, usize, Option<Change>)> = Vec::new();
        for change in std::iter::once(None).chain(changes) {
            let id = change.as_ref().map_or(AGAIN, |change: &Change| change.id);
            for (place, host) in hosts.iter().enumerate() {
                let rank = derive_seed(0, &format!("{id} {}", host.id));
                ranked.push((rank, place, change));
            }
        }
        ranked.sort_by_key(|(rank, ..)| *rank);
        // The kinds take turns: the first pair of each, then the second.
        let mut of_kind: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (rank, _, change) in &mut ranked {
            let count = of_kind.entry(kind_name(change.as_ref())).or_default();
            *rank = *count;
            *count += 1;
        }
        ranked.sort_by_key(|(round, ..)| *round);
        let pairs = ranked.into_iter().take(limit);
        Ok(Self {
            pairs: pairs.map(|(_, host, change)| (host, change)).collect(),
            hosts,
        })
    }

    /// The unchanged answers, and after them the changed ones; `make` builds one from its id,
    /// question and answer.
    pub(crate) fn answers(&self, make: impl Fn(String, &str, &str) -> Answer) -> Vec<Answer> {
        let plain = self.plain(&make);
        let changed = self.pairs.iter().map(|(place, change)| {
            let host = &self.hosts[*place];
            let id = change.as_ref().map_or("again", |change| change.id);
            let exchange = Exchange {
                question: host.prompt.clone(),
                answer: host.answer.clone(),
            };
            let Exchange { question, answer } = match change {
                Some(change) => change.apply(&exchange),
                None => exchange,
            };
            make(format!("form-{}~{id}", host.id), &question, &answer)
        });
        plain.into_iter().chain(changed).collect()
    }

    /// The unchanged answers.
    pub(crate) fn plain(&self, make: impl Fn(String, &str, &str) -> Answer) -> Vec<Answer> {
        let hosts = self.hosts.iter();
        hosts
            .map(|host| make(format!("form-{}", host.id), &host.prompt, &host.answer))
            .collect()
    }

    /// Counts what the changes did: `rows` are the verdicts on [`answers`](Self::answers) in their
    /// order, `fallen` those of the judge with its levels in falling order on
    /// [`plain`](Self::plain), if it was asked.
    pub(crate) fn count(
        &self,
        scale: &Scale,
        rows: &[Sample],
        fallen: &[Sample],
    ) -> BTreeMap<String, FormMoves> {
        let mut moves: BTreeMap<String, FormMoves> = BTreeMap::new();
        let (plain, changed) = rows.split_at(self.hosts.len().min(rows.len()));
        for ((place, change), row) in self.pairs.iter().zip(changed) {
            let Some(before) = plain.get(*place).and_then(|row| places(row, scale)) else {
                continue;
            };
            moves
                .entry(kind_name(change.as_ref()).to_owned())
                .or_default()
                .add(scale, &before, places(row, scale).as_deref());
        }
        for (row, fallen) in plain.iter().zip(fallen) {
            let Some(before) = places(row, scale) else {
                continue;
            };
            moves.entry(FALLING.to_owned()).or_default().add(
                scale,
                &before,
                places(fallen, scale).as_deref(),
            );
        }
        moves
    }
}

/// The name of a change's kind in a table.
fn kind_name(change: Option<&Change>) -> &'static str {
    change.map_or(AGAIN, |change| change.kind.as_str())
}

/// A verdict in a form that can be compared: the index of the label, or of each item's label.
pub(crate) fn position(score: &Score, scale: &Scale) -> Vec<usize> {
    match (score, &scale.items) {
        (Score::Items { items }, Some(of)) => items
            .iter()
            .filter_map(|item| of.labels.iter().position(|label| *label == item.label))
            .collect(),
        _ => scale.place(score).into_iter().collect(),
    }
}

/// The verdict of a row's judge in a form that can be compared; `None` without a score.
fn places(row: &Sample, scale: &Scale) -> Option<Vec<usize>> {
    let verdict = row.verdicts.first().map(|verdict| &verdict.verdict);
    let score = verdict.and_then(Verdict::score)?;
    Some(position(score, scale))
}

impl FormMoves {
    fn add(&mut self, scale: &Scale, before: &[usize], now: Option<&[usize]>) {
        self.pairs += 1;
        let Some(now) = now else {
            self.lost += 1;
            return;
        };
        if now == before {
            return;
        }
        self.changed += 1;
        if let ([before], [now]) = (before, now) {
            self.crossed += u64::from(scale.is_bad(*before) != scale.is_bad(*now));
        }
    }
}
