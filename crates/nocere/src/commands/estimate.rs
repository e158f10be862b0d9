//! What a run will take, before it is begun.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets::NOTHING};
use nocere_core::{
    Money,
    text::{plain, wrap},
};
use nocere_project::{PlannedCalls, PlannedRun, RunEstimate};

use crate::output;

/// How much a run may cost, with answers as long as their limits, before a person is asked.
const ASK_ABOVE: f64 = 5.0;

/// The table of `--dry-run`, with what is assumed below it.
pub(super) fn text(planned: &PlannedRun<'_>, estimate: &RunEstimate, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(["suite", "asked", "for", "calls", "tokens", "dollars"]);
    for calls in &estimate.calls {
        table.add_row([
            plain(&calls.suite),
            plain(&calls.model),
            plain(calls.judge.as_deref().unwrap_or("the answers")),
            calls.calls.to_string(),
            (calls.input_tokens + calls.output_tokens).to_string(),
            dollars(calls),
        ]);
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let mut text = format!(
        "{} probes, {} conversations\n\n{table}\n\n",
        planned.probes(),
        planned.units()
    );
    for line in summary(estimate) {
        text.push_str(&wrap(&line, width, ""));
        text.push('\n');
    }
    text
}

fn dollars(calls: &PlannedCalls) -> String {
    match calls.cost {
        Some(cost) if cost == Money::ZERO => "–".to_owned(),
        Some(cost) => cost.to_string(),
        None => "?".to_owned(),
    }
}

/// The sums, and what they rest on.
fn summary(estimate: &RunEstimate) -> Vec<String> {
    let number: u64 = estimate.calls.iter().map(|of| of.calls).sum();
    let mut lines = vec![format!(
        "About {} in all: {number} calls, {}, {}.",
        if estimate.unpriced.is_empty() {
            estimate.cost.to_string()
        } else {
            format!("{} and what has no price", estimate.cost)
        },
        time(estimate.minutes),
        if estimate.most_cost > estimate.cost {
            format!(
                "{} if every answer is as long as its limit",
                estimate.most_cost
            )
        } else {
            "nothing that is paid for by the token".to_owned()
        }
    )];
    if !estimate.unpriced.is_empty() {
        lines.push(format!(
            "No price is known for {}: set `price: {{input: 0.4, output: 1.6}}` (dollars per million tokens) in the entry of nocere.yaml.",
            estimate.unpriced.join(", ")
        ));
    }
    for date in &estimate.price_dates {
        lines.push(format!(
            "Prices are list prices of {date} (`nocere assets show list-prices`), unless an entry sets its own."
        ));
    }
    lines.push(
        "Calls are counted; retries and repairs come on top, replies that are reused do not. The rest is a guess: a token is four letters, an answer 350 tokens or its limit, a judge reads 1,500 tokens beside the conversation and writes 150 (1,000 at most); the time is that of the slowest account."
            .to_owned(),
    );
    lines
}

fn time(minutes: f64) -> String {
    if minutes < 1.0 {
        "less than a minute".to_owned()
    } else if minutes < 90.0 {
        format!("some {} minutes", minutes.round())
    } else {
        format!("some {:.1} hours", minutes / 60.0)
    }
}

/// Whether to start the run: asks a person if the run may cost more than a little.
pub(super) fn confirmed(estimate: &RunEstimate, yes: bool) -> bool {
    if yes || estimate.most_cost.usd() < ASK_ABOVE || !output::can_ask() {
        return true;
    }
    let lines = summary(estimate);
    output::ask(&lines.join(" "), "Start the run?")
}
