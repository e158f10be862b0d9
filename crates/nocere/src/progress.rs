//! What a run shows while it works: a bar for each target in a terminal, a line now and then
//! elsewhere, events for programs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use nocere_core::{Money, clock::Stopwatch};
use nocere_engine::{Observer, Wait};
use nocere_report::plain;
use nocere_store::AttemptRecord;
use serde_json::{Value, json};

use crate::{
    cli::ProgressStyle,
    context::Context,
    output::{is_terminal, talk},
};

/// Between two lines of a target.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Between two progress events of a target.
const EVENT_EVERY: Duration = Duration::from_secs(1);
/// Between two drawings of a bar.
const DRAW_EVERY: Duration = Duration::from_millis(120);
/// Between two lines about the same kind of wait of an account.
const WAIT_EVERY: Duration = Duration::from_secs(30);
/// Waits that are over sooner are shown in the bar and not worth a line.
const SHORT_WAIT: Duration = Duration::from_secs(2);
/// How long a wait that is over stays in the bar, so that it can be read.
const LINGER: Duration = Duration::from_secs(1);

/// Shows a run.
pub(crate) struct RunProgress {
    style: ProgressStyle,
    bars: Option<MultiProgress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<String, Lane>,
    /// What each account waits for.
    waits: BTreeMap<String, Waiting>,
    /// When a line was last written about an account and a kind of wait.
    said: BTreeMap<(String, &'static str), Stopwatch>,
    /// Spent in earlier sittings.
    spent_before: Money,
    failed_attempts: u64,
}

struct Lane {
    account: Option<String>,
    bar: Option<ProgressBar>,
    /// Done when this sitting began.
    before: u64,
    done: u64,
    answered: u64,
    total: u64,
    cost: Money,
    since: Stopwatch,
    shown: Option<Stopwatch>,
}

struct Waiting {
    text: String,
    /// Since when it is over.
    over: Option<Stopwatch>,
}

impl RunProgress {
    pub(crate) fn new(context: &Context, style: Option<ProgressStyle>) -> Self {
        let style = style.unwrap_or(if context.quiet {
            ProgressStyle::None
        } else if context.json {
            ProgressStyle::Json
        } else if is_terminal() {
            ProgressStyle::Bars
        } else {
            ProgressStyle::Lines
        });
        let bars = (style == ProgressStyle::Bars)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self {
            style,
            bars,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run begins, or goes on.
    pub(crate) fn run_started(&self, run: &str, spent: Money) {
        self.state().spent_before = spent;
        self.event(&json!({"event": "run_started", "run": run, "cost_usd": spent.usd()}));
    }

    /// Takes the bars away, so that what follows starts on a clean line.
    pub(crate) fn finish(&self, run: &str) {
        let mut state = self.state();
        let spent = state.spent();
        let failed = state.failed_attempts;
        let done: u64 = state.lanes.values().map(|lane| lane.done).sum();
        for lane in state.lanes.values_mut() {
            if let Some(bar) = lane.bar.take() {
                bar.finish_and_clear();
            }
        }
        drop(state);
        self.event(&json!({
            "event": "run_ended", "run": run, "done": done, "cost_usd": spent.usd(),
            "failed_attempts": failed,
        }));
        if matches!(self.style, ProgressStyle::Bars | ProgressStyle::Lines) {
            let mut said = Vec::new();
            if spent > Money::ZERO {
                said.push(format!("cost so far {spent}"));
            }
            if failed > 0 {
                said.push(format!("{failed} attempts failed and were followed up"));
            }
            if !said.is_empty() {
                talk(&said.join("; "));
            }
        }
    }

    fn event(&self, event: &Value) {
        if self.style == ProgressStyle::Json {
            // JSON escapes whatever a terminal could mistake for a command.
            talk(&event.to_string());
        }
    }

    /// Says something in any style, without tearing the bars.
    pub(crate) fn interject(&self, text: &str) {
        if self.bars.is_some() {
            self.say(text);
        } else {
            talk(text);
        }
    }

    fn say(&self, text: &str) {
        match (&self.bars, self.style) {
            (Some(bars), _) => {
                // A line that cannot be drawn is not worth ending a run for.
                let _ = bars.println(plain(text));
            }
            (None, ProgressStyle::Lines) => talk(text),
            _ => {}
        }
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Lane)) {
        let mut state = self.state();
        let State { lanes, waits, .. } = &mut *state;
        let Some(lane) = lanes.get_mut(name) else {
            return;
        };
        let waiting = lane
            .account
            .as_ref()
            .and_then(|account| waits.get(account))
            .filter(|wait| wait.over.is_none_or(|over| over.elapsed() < LINGER))
            .map(|wait| wait.text.clone());
        change(lane);
        let every = match self.style {
            ProgressStyle::Bars => DRAW_EVERY,
            ProgressStyle::Json => EVENT_EVERY,
            ProgressStyle::Lines => LINE_EVERY,
            ProgressStyle::None => return,
        };
        let first = lane.shown.is_none();
        let due = lane.shown.is_none_or(|shown| shown.elapsed() >= every);
        if !due {
            return;
        }
        lane.shown = Some(Stopwatch::start());
        if let Some(bar) = &lane.bar {
            bar.set_position(lane.position());
            bar.set_message(lane.facts(waiting.as_deref()));
        } else if self.style == ProgressStyle::Json {
            let event = lane.event(name, waiting.as_deref());
            drop(state);
            self.event(&event);
        } else if !first {
            let line = format!(
                "{name}: {} of {} done, {}",
                lane.done,
                lane.total,
                lane.facts(waiting.as_deref())
            );
            drop(state);
            talk(&line);
        }
    }
}

impl State {
    fn spent(&self) -> Money {
        self.spent_before + self.lanes.values().map(|lane| lane.cost).sum()
    }
}

impl Lane {
    /// Answers come before their units are journaled; both are progress.
    fn position(&self) -> u64 {
        self.done.max(self.answered.min(self.total))
    }

    /// Units per second in this sitting.
    fn rate(&self) -> f64 {
        let seconds = self.since.elapsed().as_secs_f64();
        let units = self.position().saturating_sub(self.before) as f64;
        if seconds > 0.0 { units / seconds } else { 0.0 }
    }

    fn left(&self) -> Option<Duration> {
        let rate = self.rate();
        let rest = self.total.saturating_sub(self.position()) as f64;
        (rate > 0.0).then(|| Duration::from_secs_f64((rest / rate).min(1e8)))
    }

    fn facts(&self, waiting: Option<&str>) -> String {
        let mut facts = vec![format!("{:.1}/s", self.rate())];
        if self.cost > Money::ZERO {
            facts.push(self.cost.to_string());
        }
        if let Some(left) = self.left() {
            facts.push(format!("{} left", time(left)));
        }
        if let Some(waiting) = waiting {
            facts.push(waiting.to_owned());
        }
        facts.join(" · ")
    }

    fn event(&self, name: &str, waiting: Option<&str>) -> Value {
        json!({
            "event": "progress", "target": name, "done": self.done, "answered": self.answered,
            "total": self.total, "per_second": self.rate(), "cost_usd": self.cost.usd(),
            "seconds_left": self.left().map(|left| left.as_secs()), "waiting": waiting,
        })
    }
}

fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3_600, seconds % 3_600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

impl Observer for RunProgress {
    fn lane_started(&self, lane: &str, account: Option<&str>, done: u64, total: u64) {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(total));
            let style =
                BarStyle::with_template("{prefix:.bold} {wide_bar:.cyan/dim} {pos}/{len} · {msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_prefix(plain(lane).clone());
            bar.set_position(done);
            bar
        });
        self.state().lanes.insert(
            lane.to_owned(),
            Lane {
                account: account.map(str::to_owned),
                bar,
                before: done,
                done,
                answered: done,
                total,
                cost: Money::ZERO,
                since: Stopwatch::start(),
                shown: None,
            },
        );
        if self.style == ProgressStyle::Lines {
            talk(&format!("{lane}: {done} of {total} conversations are done"));
        }
        self.event(
            &json!({"event": "target_started", "target": lane, "done": done, "total": total}),
        );
    }

    fn answered(&self, lane: &str, purpose: &str) {
        if purpose == "target" {
            self.change(lane, |lane| lane.answered += 1);
        }
    }

    fn spent(&self, lane: &str, cost: Money) {
        if let Some(lane) = self.state().lanes.get_mut(lane) {
            lane.cost += cost;
        }
    }

    fn attempt_failed(&self, attempt: &AttemptRecord) {
        self.state().failed_attempts += 1;
        self.event(&json!({
            "event": "attempt_failed", "model": attempt.model, "attempt": attempt.number,
            "problem": attempt.problem, "latency_ms": attempt.latency_ms,
            "wait_ms": attempt.wait_ms,
        }));
    }

    fn waiting(&self, account: &str, reason: &Wait, duration: Option<Duration>) {
        let mut text = reason.describe();
        if let Some(duration) = duration {
            text.push_str(&format!(" ({:.1} s)", duration.as_secs_f64()));
        }
        let long = matches!(reason, Wait::Down(_)) || duration.is_some_and(|d| d >= SHORT_WAIT);
        let news = {
            let mut state = self.state();
            state.waits.insert(
                account.to_owned(),
                Waiting {
                    text: text.clone(),
                    over: None,
                },
            );
            let said = state.said.get(&(account.to_owned(), reason.kind()));
            let news = long && said.is_none_or(|said| said.elapsed() >= WAIT_EVERY);
            if news {
                state
                    .said
                    .insert((account.to_owned(), reason.kind()), Stopwatch::start());
            }
            news
        };
        if news {
            self.say(&format!("{account}: {text}"));
        }
        self.event(&json!({
            "event": "waiting", "account": account, "kind": reason.kind(),
            "reason": reason.describe(),
            "seconds": duration.map(|duration| duration.as_secs_f64()),
        }));
    }

    fn waited(&self, account: &str) {
        if let Some(wait) = self.state().waits.get_mut(account) {
            wait.over = Some(Stopwatch::start());
        }
        self.event(&json!({"event": "waited", "account": account}));
    }

    fn unit_done(&self, lane: &str) {
        self.change(lane, |lane| lane.done += 1);
    }

    fn lane_stopped(&self, lane: &str, reason: &str) {
        self.say(&format!("{lane} stops: {reason}"));
        self.event(&json!({"event": "target_stopped", "target": lane, "reason": reason}));
    }
}
