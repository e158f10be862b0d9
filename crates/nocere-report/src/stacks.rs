//! The run's models beside the published ones, each as a bar of its labels, the best first.

use std::cmp::Ordering;

use nocere_analysis::PartTable;

use crate::chart::stack;

/// A model as a bar.
pub(crate) struct StackRow<'a> {
    pub(crate) model: &'a str,
    /// The judge; empty for published models.
    pub(crate) judge: &'a str,
    pub(crate) bar: String,
    /// The share of each label in per cent.
    pub(crate) shares: Vec<f64>,
    pub(crate) mean: Option<f64>,
    pub(crate) is_ours: bool,
}

/// The rows of a table as bars, by mean where there is one, else by the share of the first label;
/// empty if there is nothing to compare, or if labels belong to items.
pub(crate) fn stack_rows(table: &PartTable) -> Vec<StackRow<'_>> {
    if table.counts_items || table.labels.len() < 2 {
        return Vec::new();
    }
    let ours = table.rows.iter().filter(|row| row.scored > 0).map(|row| {
        let all = row.scored as f64;
        let shares: Vec<f64> = row
            .shares
            .iter()
            .map(|(count, _)| 100.0 * *count as f64 / all)
            .collect();
        StackRow {
            model: &row.target,
            judge: &row.judge,
            bar: stack(&shares, table.higher_is_better),
            shares,
            mean: row.mean.map(|mean| mean.value),
            is_ours: true,
        }
    });
    let published = table
        .published
        .iter()
        .filter(|row| row.shares.len() == table.labels.len())
        .map(|row| StackRow {
            model: &row.model,
            judge: "",
            bar: stack(&row.shares, table.higher_is_better),
            shares: row.shares.clone(),
            mean: row.mean,
            is_ours: false,
        });
    let mut rows: Vec<StackRow<'_>> = ours.chain(published).collect();
    if rows.len() < 2 || !rows.iter().any(|row| row.is_ours) {
        return Vec::new();
    }
    let last = |row: &StackRow<'_>| row.shares.last().copied().unwrap_or_default();
    rows.sort_by(|a, b| match (a.mean, b.mean) {
        (Some(a), Some(b)) if table.higher_is_better => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) if table.higher_is_better => last(b).total_cmp(&last(a)),
        (None, None) => b.shares[0].total_cmp(&a.shares[0]),
    });
    rows
}
