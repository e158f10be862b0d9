//! Progress of downloads.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nocere_local::pull::PullProgress;

use nocere_project::ProjectError;

use crate::output::{is_terminal, talk};

/// Shows the progress of a download.
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

/// An async runtime for downloads, one after another.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, ProjectError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
        })
}
