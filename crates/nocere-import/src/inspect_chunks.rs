//! Where an Inspect archive keeps its samples: each in one member, or in pieces under a prefix of
//! its own.
//!
//! Long samples are written in pieces: `samples/ID_epoch_N/sample.json` holds all but the long
//! lists, and `messages/0.json`, `messages/1000.json` … hold the messages, each named by the number
//! of its first. Texts that occur often are in `attachments/`, named likewise. Events and calls are
//! not read.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use crate::{
    error::ImportError,
    inspect::{Sample, parse},
    inspect_archive::{Archive, MAX_MEMBER_BYTES},
    row::Place,
};

/// The members of one sample.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// The member that it is named after in messages.
    pub(crate) name: String,
    /// Its pieces; `None` if the sample is one member.
    pieces: Option<Pieces>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Pieces {
    prefix: String,
    has_shell: bool,
    has_metadata: bool,
    /// Numbers of the first message and the first attachment of each piece.
    messages: BTreeSet<u64>,
    attachments: BTreeSet<u64>,
}

/// The samples among the members of an archive, in the archive's order.
pub(crate) fn samples(names: &[String]) -> Vec<Members> {
    let mut found: Vec<Members> = Vec::new();
    let mut in_pieces: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        if !name.starts_with("samples/") || !name.ends_with(".json") {
            continue;
        }
        let Some((prefix, piece)) = piece(name) else {
            found.push(Members {
                name: name.clone(),
                pieces: None,
            });
            continue;
        };
        let index = *in_pieces.entry(prefix).or_insert_with(|| {
            found.push(Members {
                name: format!("{prefix}/sample.json"),
                pieces: Some(Pieces {
                    prefix: prefix.to_owned(),
                    ..Pieces::default()
                }),
            });
            found.len() - 1
        });
        let Some(pieces) = found
            .get_mut(index)
            .and_then(|members| members.pieces.as_mut())
        else {
            continue;
        };
        match piece {
            Piece::Shell => pieces.has_shell = true,
            Piece::Metadata => pieces.has_metadata = true,
            Piece::Messages(first) => {
                pieces.messages.insert(first);
            }
            Piece::Attachments(first) => {
                pieces.attachments.insert(first);
            }
            Piece::Unread => {}
        }
    }
    found
}

/// A piece of a sample.
enum Piece {
    Shell,
    Metadata,
    Messages(u64),
    Attachments(u64),
    /// Events, calls and what describes them.
    Unread,
}

/// The prefix of the sample and the piece that a member is; `None` if it is a whole sample. Ids
/// may hold slashes, so only `_epoch_N/` ends a prefix.
fn piece(name: &str) -> Option<(&str, Piece)> {
    let (prefix, rest) = name.match_indices('/').find_map(|(at, _)| {
        let prefix = name.get(..at)?;
        let (_, epoch) = prefix.rsplit_once("_epoch_")?;
        let is_number = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| (prefix, name.get(at + 1..).unwrap_or_default()))
    })?;
    let first = |rest: &str| rest.strip_suffix(".json")?.parse().ok();
    let piece = match rest.split_once('/') {
        None if rest == "sample.json" => Piece::Shell,
        None if rest == "metadata.json" => Piece::Metadata,
        None if rest == "skeleton.json" => Piece::Unread,
        Some(("messages", rest)) => Piece::Messages(first(rest)?),
        Some(("attachments", rest)) => Piece::Attachments(first(rest)?),
        Some(("events" | "calls", _)) => Piece::Unread,
        _ => return None,
    };
    Some((prefix, piece))
}

impl Members {
    /// The sample, with its pieces put together; `None` if its member is gone.
    pub(crate) fn read(
        &self,
        path: &Path,
        archive: &mut Archive<'_>,
    ) -> Result<Option<Sample>, ImportError> {
        let fail =
            |message: String| ImportError::new(path, message).at(&Place::Member(self.name.clone()));
        let Some(pieces) = &self.pieces else {
            return match archive.text(&self.name)? {
                Some(text) => Ok(Some(parse(path, &self.name, &text)?)),
                None => Ok(None),
            };
        };
        let shell = if pieces.has_shell {
            archive.text(&self.name)?
        } else {
            None
        };
        let Some(shell) = shell else {
            return Err(fail(
                "the sample is in pieces, and this one, which says what it is, is missing"
                    .to_owned(),
            )
            .hint("the file may be of a run that has not finished; copy it again"));
        };
        let mut sample: Sample = parse(path, &self.name, &shell)?;
        drop(shell);
        if !pieces.messages.is_empty() {
            let listed = pieces.list(path, archive, "messages", &pieces.messages)?;
            sample.messages = Some(listed);
        }
        if !pieces.attachments.is_empty() {
            let listed = pieces.list(path, archive, "attachments", &pieces.attachments)?;
            let attachments = sample.attachments.get_or_insert_default();
            for (number, text) in listed.into_iter().enumerate() {
                if let Value::String(text) = text {
                    attachments.insert(number.to_string(), text);
                }
            }
        }
        if pieces.has_metadata && sample.metadata.is_null() {
            let name = format!("{}/metadata.json", pieces.prefix);
            if let Some(text) = archive.text(&name)? {
                sample.metadata = parse(path, &name, &text)?;
            }
        }
        Ok(Some(sample))
    }
}

impl Pieces {
    /// One of the sample's long lists, from its pieces in order. None may be missing.
    fn list(
        &self,
        path: &Path,
        archive: &mut Archive<'_>,
        kind: &str,
        firsts: &BTreeSet<u64>,
    ) -> Result<Vec<Value>, ImportError> {
        let mut all: Vec<Value> = Vec::new();
        let mut bytes = 0;
        for first in firsts {
            let name = format!("{}/{kind}/{first}.json", self.prefix);
            let fail =
                |message: String| ImportError::new(path, message).at(&Place::Member(name.clone()));
            if *first != all.len() as u64 {
                return Err(fail(format!(
                    "the piece begins with number {first} of the sample's {kind}, and {} precede it",
                    all.len()
                ))
                .hint("a piece is missing or stands twice; copy the file again"));
            }
            let Some(text) = archive.text(&name)? else {
                continue;
            };
            bytes += text.len() as u64;
            if bytes > MAX_MEMBER_BYTES {
                return Err(fail(format!(
                    "the sample's {kind} hold more than {MAX_MEMBER_BYTES} bytes, which is not read"
                )));
            }
            let piece: Vec<Value> = parse(path, &name, &text)?;
            all.extend(piece);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_samples_and_pieces_are_told_apart() {
        let names: Vec<String> = [
            "header.json",
            "samples/a_epoch_1.json",
            "samples/b_epoch_1/messages/1000.json",
            "samples/b_epoch_1/messages/0.json",
            "samples/b_epoch_1/events/0.json",
            "samples/b_epoch_1/events/stats.json",
            "samples/b_epoch_1/sample.json",
            // Ids may hold slashes.
            "samples/org/name_epoch_2.json",
            "samples/org/name_epoch_2/sample.json",
        ]
        .map(str::to_owned)
        .to_vec();
        let found = samples(&names);
        let named: Vec<(&str, bool)> = found
            .iter()
            .map(|of| (of.name.as_str(), of.pieces.is_some()))
            .collect();
        assert_eq!(
            named,
            [
                ("samples/a_epoch_1.json", false),
                ("samples/b_epoch_1/sample.json", true),
                ("samples/org/name_epoch_2.json", false),
                ("samples/org/name_epoch_2/sample.json", true),
            ]
        );
        let pieces = found[1].pieces.as_ref().unwrap();
        assert_eq!(pieces.messages, BTreeSet::from([0, 1000]));
        assert!(pieces.has_shell && !pieces.has_metadata);
    }
}
