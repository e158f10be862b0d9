//! Reads suites in nocere's own format, YAML or JSONL.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{
    AnswerKey, Category, Document, Message, Perspective, Point, PointRule, Probe, ProbeId, Role,
    Suite, Swap,
};

use crate::{
    error::{SuiteError, suggestion},
    jsonl,
    schema::{Ask, Matter, PointEntry, ProbeEntry, Rephrased, SuiteFile},
    validate::{Entry, validate},
};

/// Reads a suite from YAML text. `path` is used in errors only.
///
/// # Errors
///
/// The text is not YAML of format 1, or the suite is invalid: a bad header, id, language tag,
/// category, check, message or answer key, or no probes.
pub fn parse_yaml_suite(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let file: SuiteFile =
        nocere_assets::read_yaml(text).map_err(|fault| SuiteError::from_fault(path, fault))?;
    resolve(path, file, Vec::new())
}

/// Reads a suite from JSONL text: the header object first, then one probe per line. `path` is
/// used in errors only.
///
/// # Errors
///
/// The text is empty, a line is not JSON, or the suite is invalid as for [`parse_yaml_suite`].
pub fn parse_jsonl_suite(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut lines = jsonl::lines(text);
    let (first, header) = lines
        .next()
        .ok_or_else(|| SuiteError::new(path, "the file is empty"))?;
    let file: SuiteFile = json_line(path, first, header)?;
    let further = lines
        .map(|(number, line)| Ok((number, json_line(path, number, line)?)))
        .collect::<Result<Vec<(u64, ProbeEntry)>, SuiteError>>()?;
    resolve(path, file, further)
}

/// Line of each probe of a suite in nocere's own format, by id. Empty for any other text.
pub(crate) fn probe_lines(path: &Path, text: &str) -> BTreeMap<ProbeId, u64> {
    let by_id = |entries: Vec<Entry>| {
        let ids = entries
            .into_iter()
            .map(|entry| (entry.probe.id, entry.line));
        ids.collect::<BTreeMap<_, _>>()
    };
    if let Ok(mut file) = nocere_assets::read_yaml::<SuiteFile>(text) {
        return entries(path, &mut file, Vec::new()).map_or_else(|_| BTreeMap::new(), by_id);
    }
    let mut lines = BTreeMap::new();
    for (number, line) in jsonl::lines(text) {
        if let Ok(entry) = serde_json::from_str::<serde_json::Value>(line)
            && let Some(id) = entry.get("id").and_then(serde_json::Value::as_str)
            && entry.get("nocere_suite").is_none()
        {
            lines.insert(id.into(), number);
        }
    }
    lines
}

/// Fields of a header or probe that are texts and that programs like to write as numbers.
const WORDS: [&str; 6] = ["id", "version", "title", "category", "matter", "twin_of"];

/// Parses one line of JSON.
fn json_line<T: serde::de::DeserializeOwned>(
    path: &Path,
    number: u64,
    line: &str,
) -> Result<T, SuiteError> {
    let error = match serde_json::from_str(line) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    if !error.is_data() {
        let what = if what.contains("recursion limit") {
            "it is nested more than 120 levels deep"
        } else {
            what
        };
        return Err(SuiteError::new(path, format!("this line is not JSON: {what}")).at(number));
    }
    // Only then: the second reading would not see a field that stands twice.
    let is_number =
        what.starts_with("invalid type: integer") || what.starts_with("invalid type: floating");
    is_number
        .then(|| with_words(line))
        .flatten()
        .ok_or_else(|| {
            SuiteError::new(path, what)
                .at(number)
                .hint_if(suggestion(what))
        })
}

/// Parses a line in which a text is written as a number, such as `"id": 7`. `None` if that is not
/// what is wrong.
fn with_words<T: serde::de::DeserializeOwned>(line: &str) -> Option<T> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    for (name, field) in value.as_object_mut()? {
        if WORDS.contains(&name.as_str()) && field.is_number() {
            *field = serde_json::Value::String(field.to_string());
        }
    }
    serde_json::from_value(value).ok()
}

/// Checks the file and resolves it into a suite. `further` are a JSONL file's probes, each
/// with its line.
fn resolve(
    path: &Path,
    mut file: SuiteFile,
    further: Vec<(u64, ProbeEntry)>,
) -> Result<Suite, SuiteError> {
    if file.nocere_suite != 1 {
        return Err(SuiteError::new(
            path,
            format!(
                "nocere_suite is {}, and this version of nocere reads format 1",
                file.nocere_suite
            ),
        ));
    }
    check_header(path, &file)?;
    let entries = entries(path, &mut file, further)?;
    check_ids_and_languages(path, &entries)?;
    let categories = file
        .categories
        .into_iter()
        .map(|entry| Category {
            id: entry.id,
            title: entry.title,
            must: entry.must,
            must_not: entry.must_not,
        })
        .collect();
    let suite = Suite {
        id: file.id.into(),
        version: file.version,
        title: file.title,
        description: file.description.trim().to_owned(),
        licence: file.licence,
        source: file.source,
        categories,
        probes: Vec::new(),
        // `validate` computes it.
        hash: nocere_core::ContentHash::from_hex(""),
        provenance: file.provenance,
        half: file.half,
    };
    validate(path, suite, entries)
}

/// Checks the header fields that appear in reports and file names.
fn check_header(path: &Path, file: &SuiteFile) -> Result<(), SuiteError> {
    let fault = |field: &str, value: &str, expected: &str| {
        SuiteError::new(path, format!("`{field}` is `{}`", value.escape_debug()))
            .hint(format!("expected {expected}"))
    };
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if file.id.is_empty() || !file.id.chars().all(word) || file.id.starts_with('.') {
        return Err(fault("id", &file.id, "letters, digits, `-`, `_` and `.`"));
    }
    for (field, value) in [
        ("version", &file.version),
        ("title", &file.title),
        ("licence", &file.licence),
    ] {
        if value.trim().is_empty() || value.trim().chars().any(char::is_control) {
            return Err(fault(field, value, "a line of text"));
        }
    }
    if !is_language_tag(&file.language) {
        return Err(fault(
            "language",
            &file.language,
            "a tag like en or zh-Hans",
        ));
    }
    Ok(())
}

fn check_ids_and_languages(path: &Path, entries: &[Entry]) -> Result<(), SuiteError> {
    for entry in entries {
        let Probe { id, language, .. } = &entry.probe;
        let fail = |message: String| Err(SuiteError::new(path, message).at(entry.line));
        if id.trim().is_empty() || id.chars().any(char::is_control) {
            return fail(format!("invalid id `{}`", id.escape_debug()));
        }
        if !is_language_tag(language) {
            return fail(format!(
                "probe `{id}` has the language `{}`, expected a tag like en or zh-Hans",
                language.escape_debug()
            ));
        }
    }
    Ok(())
}

/// Returns true if `text` has the form of a BCP 47 language tag: subtags of 1 to 8 ASCII
/// letters and digits joined by `-`, the first of at least two letters. The language itself
/// is not looked up.
pub fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(|first| {
        first.len() >= 2 && subtag(first) && first.chars().all(char::is_alphabetic)
    }) && parts.all(subtag)
}

/// Takes the probes out of `file`: those of matters first, then single probes, each in file
/// order.
fn entries(
    path: &Path,
    file: &mut SuiteFile,
    further: Vec<(u64, ProbeEntry)>,
) -> Result<Vec<Entry>, SuiteError> {
    let mut entries = Vec::new();
    for matter in std::mem::take(&mut file.matters) {
        expand_matter(path, &file.id, &file.language, matter, &mut entries)?;
    }
    let reading = Reading {
        path,
        suite: &file.id,
        language: &file.language,
    };
    for probe in std::mem::take(&mut file.probes) {
        let line = probe.id.defined.line();
        let category_line = probe.category.defined.line();
        entries.push(Entry {
            line,
            category_line,
            probe: reading.probe(probe, line)?,
        });
    }
    // In JSONL a probe is one line.
    for (line, probe) in further {
        entries.push(Entry {
            line,
            category_line: line,
            probe: reading.probe(probe, line)?,
        });
    }
    Ok(entries)
}

/// Adds a matter's probes: its asks, its twins, and the rephrased asks.
fn expand_matter(
    path: &Path,
    suite: &str,
    language: &str,
    matter: Matter,
    entries: &mut Vec<Entry>,
) -> Result<(), SuiteError> {
    let line = matter.id.defined.line();
    let id = matter.id.value;
    let asks = [
        (Perspective::Patient, matter.patient),
        (Perspective::Clinician, matter.clinician),
        (Perspective::General, matter.general),
    ];
    if asks.iter().all(|(_, ask)| ask.is_none()) {
        return Err(SuiteError::new(path, format!("matter `{id}` has no ask"))
            .at(line)
            .hint("give at least one of `patient`, `clinician`, `general`"));
    }
    let repeated = repeated(path, &id, &asks, matter.rephrased)?;
    let template = |perspective, ask: Ask, probe_id: String, twin_of| Entry {
        line: ask.ask.defined.line(),
        category_line: matter.category.defined.line(),
        probe: Probe {
            id: probe_id.into(),
            suite: suite.into(),
            perspective,
            category: matter.category.value.clone(),
            messages: vec![Message::new(Role::User, ask.ask.value)],
            follow_ups: ask.follow_ups,
            expect: ask.expect,
            must: ask.must,
            must_not: ask.must_not,
            matter: Some(id.clone()),
            twin_of,
            language: language.to_owned(),
            severity: matter.severity,
            likelihood: matter.likelihood,
            frequency: matter.frequency,
            note: ask.note,
            why: matter.why.clone(),
            restates: None,
            order_of: None,
            documents: Vec::new(),
            key: None,
            specialty: String::new(),
            reference: String::new(),
            points: points(ask.points),
            swap: None,
        },
    };
    for (perspective, ask) in asks {
        if let Some(ask) = ask {
            entries.push(template(
                perspective,
                ask,
                format!("{id}.{perspective}"),
                None,
            ));
        }
    }
    for (number, twin) in (1..).zip(matter.twins) {
        let original = format!("{id}.{}", twin.of);
        let probe_id = format!("{id}.twin-{number}");
        entries.push(template(
            twin.of,
            twin.into_ask(),
            probe_id,
            Some(original.into()),
        ));
    }
    for again in repeated {
        let mut entry = template(again.of, again.ask, again.probe_id, None);
        entry.probe.restates = Some(format!("{id}.{}", again.of).into());
        entries.push(entry);
    }
    Ok(())
}

/// An ask in other words.
struct Repeated {
    of: Perspective,
    ask: Ask,
    probe_id: String,
}

/// The rephrased asks of the matter `id`. Everything but the wording is the original's.
fn repeated(
    path: &Path,
    id: &str,
    asks: &[(Perspective, Option<Ask>)],
    rephrased: Vec<Rephrased>,
) -> Result<Vec<Repeated>, SuiteError> {
    let mut repeated = Vec::new();
    for (number, again) in (1..).zip(rephrased) {
        let original = asks
            .iter()
            .find(|(perspective, _)| *perspective == again.of)
            .and_then(|(_, ask)| ask.as_ref())
            .ok_or_else(|| {
                let message = format!(
                    "matter `{id}` rephrases an ask that it does not have: `{}`",
                    again.of
                );
                SuiteError::new(path, message).at(again.ask.defined.line())
            })?;
        repeated.push(Repeated {
            of: again.of,
            ask: Ask {
                ask: again.ask,
                ..original.clone()
            },
            probe_id: format!("{id}.rephrased-{number}"),
        });
    }
    Ok(repeated)
}

/// What probes are read into.
struct Reading<'a> {
    path: &'a Path,
    suite: &'a str,
    /// Of probes that name none.
    language: &'a str,
}

impl Reading<'_> {
    fn probe(&self, entry: ProbeEntry, line: u64) -> Result<Probe, SuiteError> {
        let fail = |message: String| SuiteError::new(self.path, message).at(line);
        let messages: Vec<Message> = match (entry.prompt, entry.messages.is_empty()) {
            (Some(prompt), true) => vec![Message::new(Role::User, prompt)],
            (None, false) => entry
                .messages
                .into_iter()
                .map(|m| Message::new(m.role, m.content))
                .collect(),
            (Some(_), false) => {
                return Err(fail(format!(
                    "probe `{}` has both `prompt` and `messages`",
                    entry.id.value
                ))
                .hint("keep one of them"));
            }
            (None, true) => {
                return Err(fail(format!(
                    "missing field `prompt` in probe `{}`",
                    entry.id.value
                ))
                .hint("give `prompt`, or `messages` for an opening of several"));
            }
        };
        let documents: Vec<Document> = entry
            .documents
            .into_iter()
            .map(|document| Document {
                title: document.title,
                text: document.text,
            })
            .collect();
        let key: Option<AnswerKey> = entry.key.map(Into::into);
        let messages = with_documents(messages, &documents)
            .and_then(|messages| with_options(messages, key.as_ref()))
            .map_err(|problem| fail(format!("probe `{}` {problem}", entry.id.value)))?;
        let messages = self
            .with_images(messages, &entry.images)
            .map_err(|problem| fail(format!("probe `{}`: {problem}", entry.id.value)))?;
        Ok(Probe {
            id: entry.id.value.into(),
            suite: self.suite.into(),
            perspective: entry.perspective,
            category: entry.category.value,
            messages,
            follow_ups: entry.follow_ups,
            expect: entry.expect,
            must: entry.must,
            must_not: entry.must_not,
            matter: entry.matter,
            twin_of: entry.twin_of,
            language: entry.language.unwrap_or_else(|| self.language.to_owned()),
            severity: entry.severity,
            likelihood: entry.likelihood,
            frequency: entry.frequency,
            note: entry.note,
            why: entry.why,
            restates: entry.restates,
            order_of: None,
            documents,
            key,
            specialty: entry.specialty,
            reference: entry.reference,
            points: points(entry.points),
            swap: entry.swap.map(|swap| Swap {
                group: swap.group,
                is: swap.is,
            }),
        })
    }
}

/// Most images of a probe.
const MAX_IMAGES: usize = 2;

impl Reading<'_> {
    /// The messages with the images in the last one, before its text.
    fn with_images(
        &self,
        mut messages: Vec<Message>,
        images: &[String],
    ) -> Result<Vec<Message>, String> {
        if images.len() > MAX_IMAGES {
            return Err(format!(
                "it has {} images; at most {MAX_IMAGES} are shown",
                images.len()
            ));
        }
        let parts: Vec<nocere_core::Part> = images
            .iter()
            .map(|name| crate::images::read(self.path, name))
            .collect::<Result<_, _>>()?;
        if let Some(last) = messages.last_mut() {
            last.parts.splice(0..0, parts);
        }
        Ok(messages)
    }
}

/// Stands in a message for all documents of the probe.
const DOCUMENTS: &str = "{documents}";

/// The messages with the documents in place of `{documents}`, each under its title.
fn with_documents(
    mut messages: Vec<Message>,
    documents: &[Document],
) -> Result<Vec<Message>, &'static str> {
    let shown: Vec<String> = documents
        .iter()
        .map(|document| match document.title.as_str() {
            "" => document.text.clone(),
            title => format!("{title}\n\n{}", document.text),
        })
        .collect();
    let shown = shown.join("\n\n---\n\n");
    for message in &mut messages {
        let text = message.text();
        if text.contains(DOCUMENTS) {
            if documents.is_empty() {
                return Err("says `{documents}` and has none");
            }
            message.set_text(text.replace(DOCUMENTS, &shown));
        }
    }
    Ok(messages)
}

/// Stands in a message for the options or steps of the probe's key.
const OPTIONS: &str = "{options}";

/// The messages with the key's options in place of `{options}`, one a line.
fn with_options(
    mut messages: Vec<Message>,
    key: Option<&AnswerKey>,
) -> Result<Vec<Message>, &'static str> {
    for message in &mut messages {
        let text = message.text();
        if text.contains(OPTIONS) {
            let shown = key
                .and_then(AnswerKey::shown)
                .ok_or("says `{options}` and its key has none")?;
            message.set_text(text.replace(OPTIONS, &shown));
        }
    }
    Ok(messages)
}

/// A point with both or neither of `say` and `never` is refused by the validation, which knows
/// the probe's id.
fn points(entries: Vec<PointEntry>) -> Vec<Point> {
    let rule = |entry: &PointEntry| match (&entry.say, &entry.never) {
        (Some(say), None) => PointRule::Say(say.clone()),
        (None, Some(never)) => PointRule::Never(never.clone()),
        _ => PointRule::Say(String::new()),
    };
    entries
        .into_iter()
        .map(|entry| Point {
            rule: rule(&entry),
            counts: entry.counts,
            unless: entry.unless,
            need: entry.need,
            worth: entry.worth,
            axis: entry.axis,
        })
        .collect()
}
