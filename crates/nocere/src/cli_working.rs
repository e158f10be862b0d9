//! Options of all commands that ask or judge.

use clap::{Args, ValueEnum};
use nocere_project::RunLimits;

/// Limits and progress: the same options for all commands that ask or judge.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WorkingArgs {
    /// Stop before the run costs more than this, in US dollars over all its sessions.
    #[arg(long, value_name = "USD")]
    pub(crate) max_cost: Option<f64>,
    /// Stop after this many requests over all sessions, retries and judges included.
    #[arg(long, value_name = "N")]
    pub(crate) max_requests: Option<u64>,
    /// Stop this session after a time: seconds, or with a unit as in 90s, 30m, 2h.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) max_time: Option<std::time::Duration>,
    /// End with exit code 5 if more than this share of any target's conversations failed, or of
    /// any judge's calls: a number from 0 to 1, or a percentage as in 2%.
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = parse_share)]
    pub(crate) max_failed: Share,
    /// How to show progress [default: bars in a terminal, lines elsewhere, JSON with --json].
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) progress: Option<ProgressStyle>,
}

impl WorkingArgs {
    pub(crate) fn limits(&self) -> RunLimits {
        RunLimits {
            max_cost: self.max_cost,
            max_requests: self.max_requests,
            max_time: self.max_time,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A progress bar for each target.
    Bars,
    /// An occasional line for each target.
    Lines,
    /// Events as JSON lines on standard error.
    Json,
    /// No progress.
    None,
}

/// A share of conversations, in [0, 1].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(pub(crate) f64);

impl Default for Share {
    fn default() -> Self {
        Self(0.05)
    }
}

fn parse_share(text: &str) -> Result<Share, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number
        .trim()
        .parse::<f64>()
        .map_err(|_| format!("`{text}` is not a number"))?
        / scale;
    if (0.0..=1.0).contains(&share) {
        Ok(Share(share))
    } else {
        Err("the share must be from 0 to 1, or from 0% to 100%".to_owned())
    }
}

fn parse_time(text: &str) -> Result<std::time::Duration, String> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        other => return Err(format!("`{other}` is not a unit; write s, m or h")),
    };
    let seconds = number
        .parse::<f64>()
        .map_err(|_| format!("`{number}` is not a number"))?
        * factor;
    if seconds > 0.0 && seconds < 1e9 {
        Ok(std::time::Duration::from_secs_f64(seconds))
    } else {
        Err("the time must be more than 0 and less than 30 years".to_owned())
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether standard output gets colours.
    pub(crate) fn applies(self) -> bool {
        use std::io::IsTerminal as _;
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !refused && std::io::stdout().is_terminal()
            }
        }
    }
}
