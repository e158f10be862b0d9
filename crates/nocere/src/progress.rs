//! Progress of a run: a bar for each target in a terminal, occasional lines elsewhere, or events
//! for programs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use nocere_core::{
    Money, Purpose,
    clock::Stopwatch,
    text::{plain, visible_json},
};
use nocere_engine::{Listener, RunEvent};

use crate::{
    cli::ProgressStyle,
    output::{is_terminal, talk},
};

/// Time between two lines about a target.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Time between two progress events of a target.
const EVENT_EVERY: Duration = Duration::from_secs(1);
/// Time between two updates of a bar.
const DRAW_EVERY: Duration = Duration::from_millis(120);
/// Time between two lines about the same kind of wait of an account.
const WAIT_EVERY: Duration = Duration::from_secs(30);
/// Shorter waits are shown in the bar only; they are not worth a line.
const SHORT_WAIT: Duration = Duration::from_secs(2);
/// How long a wait stays in the bar after its end, so that it can be read.
const LINGER: Duration = Duration::from_secs(1);

/// Shows the progress of a run.
pub(crate) struct RunProgress {
    style: ProgressStyle,
    bars: Option<MultiProgress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    targets: BTreeMap<String, TargetProgress>,
    /// Why each account waits.
    waits: BTreeMap<String, Waiting>,
    /// When a line was last written about an account and a kind of wait.
    said: BTreeMap<(String, String), Stopwatch>,
}

struct TargetProgress {
    account: Option<String>,
    bar: Option<ProgressBar>,
    /// Units that were done when this session began.
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
    /// Started when the wait ended.
    over: Option<Stopwatch>,
}

impl RunProgress {
    pub(crate) fn new(style: Option<ProgressStyle>, quiet: bool, json: bool) -> Self {
        let style = style.unwrap_or(if quiet {
            ProgressStyle::None
        } else if json {
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

    /// Removes the bars, so that what follows starts on a clean line, and prints a summary.
    fn finish(&self, spent: Money, failed: u64) {
        for target in self.state().targets.values_mut() {
            if let Some(bar) = target.bar.take() {
                bar.finish_and_clear();
            }
        }
        if matches!(self.style, ProgressStyle::Bars | ProgressStyle::Lines) {
            let mut said = Vec::new();
            if spent > Money::ZERO {
                said.push(format!("cost so far {spent}"));
            }
            if failed > 0 {
                said.push(format!("{failed} attempts failed and were retried"));
            }
            if !said.is_empty() {
                talk(&said.join("; "));
            }
        }
    }

    /// Writes an event as a line of JSON, if that is the style.
    fn json(&self, event: &RunEvent<'_>) {
        if self.style == ProgressStyle::Json
            && let Ok(line) = serde_json::to_string(event)
        {
            talk(&visible_json(&line));
        }
    }

    /// Prints a message in any style, without disturbing the bars.
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
                // A line that cannot be printed is no reason to stop a run.
                let _ = bars.println(plain(text));
            }
            (None, ProgressStyle::Lines) => talk(text),
            _ => {}
        }
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut TargetProgress)) {
        let mut state = self.state();
        let State { targets, waits, .. } = &mut *state;
        let Some(target) = targets.get_mut(name) else {
            return;
        };
        let waiting = target
            .account
            .as_ref()
            .and_then(|account| waits.get(account))
            .filter(|wait| wait.over.is_none_or(|over| over.elapsed() < LINGER))
            .map(|wait| wait.text.clone());
        change(target);
        let every = match self.style {
            ProgressStyle::Bars => DRAW_EVERY,
            ProgressStyle::Json => EVENT_EVERY,
            ProgressStyle::Lines => LINE_EVERY,
            ProgressStyle::None => return,
        };
        let first = target.shown.is_none();
        let due = target.shown.is_none_or(|shown| shown.elapsed() >= every);
        if !due {
            return;
        }
        target.shown = Some(Stopwatch::start());
        if let Some(bar) = &target.bar {
            bar.set_position(target.position());
            bar.set_message(plain(&target.facts(waiting.as_deref())));
        } else if self.style == ProgressStyle::Json {
            let event = target.event(name, waiting.as_deref());
            self.json(&event);
        } else if !first {
            let line = target.line(name, waiting.as_deref());
            drop(state);
            talk(&line);
        }
    }
}

impl TargetProgress {
    /// Answers arrive before their units are journaled; both count as progress.
    fn position(&self) -> u64 {
        self.done.max(self.answered.min(self.total))
    }

    /// Units per second in this session.
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

    /// Units are journaled in batches, so answers are counted beside them and show that the run moves.
    fn line(&self, name: &str, waiting: Option<&str>) -> String {
        format!(
            "{name}: {} of {} done ({} answers so far), {}",
            self.done,
            self.total,
            self.answered,
            self.facts(waiting)
        )
    }

    fn event<'a>(&self, name: &'a str, waiting: Option<&'a str>) -> RunEvent<'a> {
        RunEvent::Progress {
            target: name,
            done: self.done,
            answered: self.answered,
            total: self.total,
            per_second: self.rate(),
            cost_usd: self.cost.usd(),
            seconds_left: self.left().map(|left| left.as_secs()),
            waiting,
        }
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

impl Listener for RunProgress {
    fn hear(&self, event: &RunEvent<'_>) {
        match event {
            // These are too many to be printed one by one; they are summarised as progress.
            RunEvent::Answered { target, purpose } => {
                if *purpose == Purpose::Target {
                    self.change(target, |target| target.answered += 1);
                }
                return;
            }
            RunEvent::Paid { target, cost_usd } => {
                if let Some(target) = self.state().targets.get_mut(*target) {
                    target.cost += Money::from_usd(*cost_usd);
                }
                return;
            }
            RunEvent::UnitDone { target } => {
                self.change(target, |target| target.done += 1);
                return;
            }
            RunEvent::RunPlanned { run, probes, units } => {
                self.say(&format!("run {run}: {probes} probes, {units} units"));
            }
            RunEvent::Note { text } => self.say(&format!("note: {text}")),
            RunEvent::TargetStarted {
                target,
                account,
                done,
                total,
            } => self.target_started(target, *account, *done, *total),
            RunEvent::Waiting {
                account,
                kind,
                reason,
                seconds,
            } => self.waiting(account, kind, reason, *seconds),
            RunEvent::Waited { account } => {
                if let Some(wait) = self.state().waits.get_mut(*account) {
                    wait.over = Some(Stopwatch::start());
                }
            }
            RunEvent::TargetStopped { target, reason } => {
                self.say(&format!("{target} stops: {reason}"));
            }
            RunEvent::RunEnded {
                cost_usd,
                failed_attempts,
                ..
            } => self.finish(Money::from_usd(*cost_usd), *failed_attempts),
            RunEvent::RunStarted { .. }
            | RunEvent::AttemptFailed { .. }
            | RunEvent::Progress { .. } => {}
        }
        self.json(event);
    }
}

impl RunProgress {
    fn target_started(&self, target: &str, account: Option<&str>, done: u64, total: u64) {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(total));
            let style =
                BarStyle::with_template("{prefix:.bold} {wide_bar:.cyan/dim} {pos}/{len} · {msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_prefix(plain(target));
            bar.set_position(done);
            bar
        });
        self.state().targets.insert(
            target.to_owned(),
            TargetProgress {
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
            talk(&format!("{target}: {done} of {total} units are done"));
        }
    }

    fn waiting(&self, account: &str, kind: &str, reason: &str, seconds: Option<f64>) {
        let mut text = reason.to_owned();
        if let Some(seconds) = seconds {
            text.push_str(&format!(" ({seconds:.1} s)"));
        }
        let long = kind == "down" || seconds.is_some_and(|s| s >= SHORT_WAIT.as_secs_f64());
        let news = {
            let mut state = self.state();
            state.waits.insert(
                account.to_owned(),
                Waiting {
                    text: text.clone(),
                    over: None,
                },
            );
            let said = state.said.get(&(account.to_owned(), kind.to_owned()));
            let news = long && said.is_none_or(|said| said.elapsed() >= WAIT_EVERY);
            if news {
                state
                    .said
                    .insert((account.to_owned(), kind.to_owned()), Stopwatch::start());
            }
            news
        };
        if news {
            self.say(&format!("{account}: {text}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_answers_whose_units_are_not_journaled_yet() {
        let target = TargetProgress {
            account: None,
            bar: None,
            before: 0,
            done: 0,
            answered: 55,
            total: 90,
            cost: Money::ZERO,
            since: Stopwatch::start(),
            shown: None,
        };
        let line = target.line("ward", None);
        assert!(
            line.starts_with("ward: 0 of 90 done (55 answers so far), "),
            "{line}"
        );
    }
}
