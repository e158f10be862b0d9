//! `nocere suites pull`: fetches public sets from their publishers. Licence, terms, files and
//! hashes are shown first; nothing is fetched until the user has said yes to them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_local::pull::PullProgress as _;
use nocere_models::{Key, download, fetch_json};
use nocere_suites::{DataFolder, HubSource, PublicSet, load, nearest, public_sets};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    cli::PullSetsArgs,
    context::{Context, write_whole},
    failure::{DONE, Failure},
    fetch_progress::{self, FetchProgress},
    output,
};

/// What was fetched, kept in the data folder.
const LOCK: &str = "nocere-sets.lock.json";

/// One file to fetch.
struct Remote {
    url: String,
    /// Below the data folder.
    path: PathBuf,
    /// What the publisher says of it.
    sha256: Option<String>,
    bytes: Option<u64>,
}

/// A set with its files as the publisher lists them now.
struct Listed {
    set: PublicSet,
    files: Vec<Remote>,
    /// The exact revision, where there is one.
    revision: Option<String>,
    /// The licence that the publisher names now, where it can be asked.
    licence: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Locked {
    set: String,
    licence: String,
    revision: Option<String>,
    /// SHA-256 by path below the data folder.
    files: BTreeMap<String, String>,
}

pub(super) fn pull(context: &Context, args: &PullSetsArgs) -> Result<u8, Failure> {
    let runtime = fetch_progress::runtime()?;
    let token = args
        .token_file
        .as_ref()
        .map(|path| {
            Key::from_file(path).map_err(|error| {
                Failure::usage(format!("failed to read {}: {error}", path.display()))
            })
        })
        .transpose()?;
    let mut listed = Vec::new();
    for set in wanted(&args.sets)? {
        let known = format!(
            "{}: licence {}, as nocere knows it; {}",
            set.title, set.licence, set.page
        );
        let set = runtime.block_on(list(set, args, token.as_ref()));
        if set.is_err() {
            // The publisher cannot be asked: what is known is said all the same.
            output::talk(&known);
        }
        listed.push(set?);
    }
    for set in &listed {
        introduce(set, &args.data)?;
    }
    if !args.yes {
        if !context.quiet {
            output::talk("nothing was fetched yet: give --yes when licence and terms suit you");
        }
        return Ok(DONE);
    }
    for set in listed {
        fetch(context, &runtime, &set, &args.data, token.as_ref())?;
    }
    Ok(DONE)
}

fn wanted(names: &[String]) -> Result<Vec<PublicSet>, Failure> {
    let known = public_sets()?;
    names
        .iter()
        .map(|name| {
            let found = known.iter().find(|set| set.id == *name).cloned();
            found.ok_or_else(|| {
                let ids: Vec<&str> = known.iter().map(|set| set.id.as_str()).collect();
                let failure = Failure::usage(format!("there is no public set `{name}`"));
                match nearest(name, ids.iter().copied()) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => failure.hint(format!("the sets are {}", ids.join(", "))),
                }
            })
        })
        .collect()
}

async fn list(set: PublicSet, args: &PullSetsArgs, token: Option<&Key>) -> Result<Listed, Failure> {
    if let Some(source) = set.hub.clone() {
        return list_hub(set, &source, args, token).await;
    }
    let Some(source) = set.urls.clone() else {
        return Err(Failure::usage(format!("`{}` has no address", set.id))
            .hint(format!("take it from {}", set.page)));
    };
    let files = source.files.iter().map(|url| Remote {
        url: url.clone(),
        path: Path::new(&source.save_as).join(url.rsplit('/').next().unwrap_or("file")),
        sha256: None,
        bytes: None,
    });
    Ok(Listed {
        files: files.collect(),
        set,
        revision: None,
        licence: None,
    })
}

async fn list_hub(
    set: PublicSet,
    source: &HubSource,
    args: &PullSetsArgs,
    token: Option<&Key>,
) -> Result<Listed, Failure> {
    let hub = args.hub.trim_end_matches('/');
    let url = format!(
        "{hub}/api/datasets/{}/revision/{}?blobs=true",
        source.dataset, args.revision
    );
    let about = fetch_json(&url, token).await?;
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let revision = word(&about["sha"]);
    let at = revision.clone().unwrap_or_else(|| args.revision.clone());
    let mut files = Vec::new();
    for sibling in about["siblings"].as_array().into_iter().flatten() {
        let Some(name) = sibling["rfilename"].as_str() else {
            continue;
        };
        let fits = source.files.iter().any(|wanted| {
            wanted == name
                || wanted
                    .strip_prefix('*')
                    .is_some_and(|end| name.ends_with(end) && !name.contains(".."))
        });
        let Some(file) = Path::new(name).file_name().filter(|_| fits) else {
            continue;
        };
        files.push(Remote {
            url: format!("{hub}/datasets/{}/resolve/{at}/{name}", source.dataset),
            path: Path::new(&source.save_as).join(file),
            sha256: word(&sibling["lfs"]["sha256"]),
            bytes: sibling["lfs"]["size"]
                .as_u64()
                .or_else(|| sibling["size"].as_u64()),
        });
    }
    if files.is_empty() {
        return Err(Failure::usage(format!(
            "{} at {at} has no file {}",
            source.dataset,
            source.files.join(" or ")
        ))
        .hint(format!("look at {}", set.page)));
    }
    Ok(Listed {
        licence: word(&about["cardData"]["license"]),
        set,
        files,
        revision,
    })
}

fn introduce(listed: &Listed, data: &Path) -> Result<(), Failure> {
    let set = &listed.set;
    let mut lines = vec![
        format!("{} ({}), {} probes", set.title, set.id, set.probes),
        format!("  licence: {}", set.licence),
    ];
    if let Some(licence) = &listed.licence {
        lines.push(format!(
            "  licence as its publisher names it now: {licence}"
        ));
    }
    if !set.terms.is_empty() {
        lines.push(format!("  terms: {}", set.terms));
    }
    lines.push(format!("  page: {}", set.page));
    if let Some(revision) = &listed.revision {
        lines.push(format!("  revision: {revision}"));
    }
    for file in &listed.files {
        let bytes = file
            .bytes
            .map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        let hash = file.sha256.as_deref().unwrap_or(
            "not published: it is computed and kept, and a later fetch must have the same",
        );
        lines.push(format!(
            "  {} → {}{bytes}, SHA-256 {hash}",
            file.url,
            data.join(&file.path).display()
        ));
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| nocere_report::plain(line))
        .collect();
    output::data(&(lines.join("\n") + "\n"))
}

fn fetch(
    context: &Context,
    runtime: &tokio::runtime::Runtime,
    listed: &Listed,
    data: &Path,
    token: Option<&Key>,
) -> Result<(), Failure> {
    let progress = FetchProgress::new(context.quiet);
    let mut locked = read_lock(data)?;
    let known = locked
        .iter()
        .find(|entry| entry.set == listed.set.id)
        .cloned();
    let mut entry = Locked {
        set: listed.set.id.clone(),
        licence: listed
            .licence
            .clone()
            .unwrap_or_else(|| listed.set.licence.clone()),
        revision: listed.revision.clone(),
        files: BTreeMap::new(),
    };
    for file in &listed.files {
        let name = file.path.display().to_string();
        // Without a published hash the first fetch decides.
        let first = known
            .as_ref()
            .and_then(|known| known.files.get(&name).cloned());
        let expected = file.sha256.clone().or(first);
        let hash = fetch_file(runtime, file, data, expected.as_deref(), (token, &progress))?;
        entry.files.insert(name, hash);
    }
    progress.finish();
    if let Some(found) = listed.set.find(&DataFolder::list(data)?) {
        let suite = load(&found.path)?;
        if !context.quiet {
            output::talk(&format!(
                "{}: {} probes at {}",
                listed.set.id,
                suite.probes.len(),
                found.path.display()
            ));
            for note in listed.set.differences(&suite) {
                output::talk(&format!("note: {note}"));
            }
        }
    }
    locked.retain(|known| known.set != listed.set.id);
    locked.push(entry);
    let text = serde_json::to_string_pretty(&locked)
        .map_err(|error| Failure::infrastructure(format!("failed to write JSON: {error}")))?;
    write_whole(&data.join(LOCK), &(text + "\n"))
}

fn read_lock(data: &Path) -> Result<Vec<Locked>, Failure> {
    let path = data.join(LOCK);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Failure::usage(format!(
            "failed to read {}: {error}",
            path.display()
        ))),
    }
}

/// Fetches one file, unless it is there already, and returns its SHA-256.
fn fetch_file(
    runtime: &tokio::runtime::Runtime,
    file: &Remote,
    data: &Path,
    expected: Option<&str>,
    (token, progress): (Option<&Key>, &FetchProgress),
) -> Result<String, Failure> {
    let finished = data.join(&file.path);
    let is_right = |found: &str| expected.is_none_or(|expected| expected == found);
    if finished.is_file() {
        let found = nocere_local::file_sha256(&finished)?;
        if expected.is_some() && is_right(&found) {
            return Ok(found);
        }
    }
    let mut name = finished.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = finished.with_file_name(name);
    if let Some(folder) = finished.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::infrastructure(format!("failed to write {}: {error}", folder.display()))
        })?;
    }
    progress.step(&format!("fetching {}", file.url));
    runtime.block_on(download(&file.url, &partial, token, &|done, total| {
        progress.bytes(done, total.or(file.bytes).unwrap_or(done));
    }))?;
    let found = nocere_local::file_sha256(&partial)?;
    if !is_right(&found) {
        // A wrong file must not be gone on with.
        let _ = std::fs::remove_file(&partial);
        return Err(Failure::infrastructure(format!(
            "{} has SHA-256 {found}, and {} was expected; it was thrown away",
            file.url,
            expected.unwrap_or_default()
        ))
        .hint("fetch it again; if it stays so, its publisher has changed it"));
    }
    std::fs::rename(&partial, &finished).map_err(|error| {
        Failure::infrastructure(format!("failed to write {}: {error}", finished.display()))
    })?;
    Ok(found)
}
