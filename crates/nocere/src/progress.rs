//! What a run shows while it works: a bar in a terminal, plain lines elsewhere.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nocere_core::{Transcript, Verdict, clock::Stopwatch};
use nocere_engine::Observer;
use nocere_local::pull::PullProgress;
use nocere_store::UnitRecord;

use crate::output::{is_terminal, talk};

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows a run.
pub(crate) struct RunProgress {
    bar: Option<ProgressBar>,
    quiet: bool,
    answered: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    last_line: Mutex<Stopwatch>,
}

impl RunProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template(
                "{msg:.bold} {wide_bar:.cyan/dim} {pos}/{len} done · {elapsed} · {eta} left",
            );
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            quiet,
            answered: AtomicU64::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            last_line: Mutex::new(Stopwatch::start()),
        }
    }

    /// Takes the bar away, so that what follows starts on a clean line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn update(&self) {
        let answered = self.answered.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            // Answers come before their groups are journaled; both are progress.
            bar.set_position(done.max(answered.min(total)));
        } else if !self.quiet
            && let Ok(mut last) = self.last_line.lock()
            && last.elapsed() >= LINE_EVERY
        {
            *last = Stopwatch::start();
            talk(&format!(
                "{} of {total} answered, {done} journaled",
                answered.min(total).max(done)
            ));
        }
    }
}

impl Observer for RunProgress {
    fn lane_started(&self, lane: &str, done: u64, total: u64) {
        self.answered.store(done, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_message(lane.to_owned());
            bar.set_length(total);
            bar.set_position(done);
            bar.reset_eta();
        } else if !self.quiet {
            talk(&format!("{lane}: {done} of {total} conversations are done"));
        }
    }

    fn answered(&self, purpose: &str) {
        if purpose != "target" {
            return;
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.update();
    }

    fn waiting(&self, reason: &str) {
        match &self.bar {
            Some(bar) => bar.println(nocere_report::plain(reason)),
            None if !self.quiet => talk(reason),
            None => {}
        }
    }

    fn unit_done(&self, _unit: &UnitRecord, _transcript: &Transcript, _verdicts: &[Verdict]) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.update();
    }
}

/// Shows a fetch.
pub(crate) struct FetchProgress {
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl FetchProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(
                "{spinner} {msg} {wide_bar:.cyan/dim} {bytes}/{total_bytes}",
            ) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, quiet }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl PullProgress for FetchProgress {
    fn step(&self, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_message(text.to_owned());
            }
            None if !self.quiet => talk(text),
            None => {}
        }
    }

    fn bytes(&self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}
