//! The rules that every suite must satisfy, whatever its source.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_core::{
    AnswerKey, Category, Need, Point, PointRule, Probe, Role, Suite, phrase::Phrase,
};

use crate::error::{SuiteError, listed, nearest};

/// Maximum size of one message, in bytes. A longer one means a broken file.
const MAX_MESSAGE_BYTES: usize = 1_000_000;

/// A probe with its line and its category's line in the file, 0 if unknown.
pub struct Entry {
    /// Line in the file, from 1.
    pub line: u64,
    /// Line of its category.
    pub category_line: u64,
    /// The probe.
    pub probe: Probe,
}

/// Checks `entries`, puts their probes into `suite`, and computes its hash.
///
/// # Errors
///
/// An id is used twice, a category or check is unknown, a link leads nowhere, or a probe asks
/// nothing.
pub fn validate(path: &Path, mut suite: Suite, entries: Vec<Entry>) -> Result<Suite, SuiteError> {
    check_categories(path, &suite)?;
    if entries.is_empty() {
        return Err(SuiteError::new(path, "the suite has no probes"));
    }
    let categories: BTreeSet<&str> = suite.categories.iter().map(|of| of.id.as_str()).collect();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &entries {
        let probe = &entry.probe;
        if let Some(first) = lines.insert(probe.id.to_string(), entry.line) {
            let place = match first {
                // Files that are not read line by line.
                0 => String::new(),
                first => format!(", first used in line {first}"),
            };
            let fault = SuiteError::new(path, format!("duplicate id `{}`{place}", probe.id));
            return Err(fault.at(entry.line).hint("give each probe its own id"));
        }
        check_probe(path, &categories, entry)?;
    }
    for entry in &entries {
        if entry.probe.twin_of.as_ref() == Some(&entry.probe.id) {
            return Err(SuiteError::new(
                path,
                format!("probe `{}` is a twin of itself", entry.probe.id),
            )
            .at(entry.line)
            .hint("name the probe that it resembles"));
        }
        if let Some(original) = &entry.probe.twin_of
            && !lines.contains_key(original.as_str())
        {
            return Err(SuiteError::new(
                path,
                format!(
                    "probe `{}` is a twin of `{original}`, which is not in the suite",
                    entry.probe.id
                ),
            )
            .at(entry.line));
        }
    }
    check_restated(path, &entries)?;
    check_swaps(path, &entries)?;
    suite.probes = entries.into_iter().map(|entry| entry.probe).collect();
    let by_id: BTreeMap<&str, &Category> = suite
        .categories
        .iter()
        .map(|category| (category.id.as_str(), category))
        .collect();
    for probe in &mut suite.probes {
        if let Some(category) = by_id.get(probe.category.as_str()) {
            inherit(category, probe);
        }
    }
    suite.hash = Suite::content_hash(&suite.categories, &suite.probes);
    Ok(suite)
}

/// Checks groups of swaps: two or more probes to which the same is due, which ask something else.
fn check_swaps(path: &Path, entries: &[Entry]) -> Result<(), SuiteError> {
    let mut groups: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(swap) = &entry.probe.swap {
            groups.entry(&swap.group).or_default().push(entry);
        }
    }
    for (group, members) in groups {
        for (at, entry) in members.iter().enumerate() {
            let probe = &entry.probe;
            let fail = |message: String| Err(SuiteError::new(path, message).at(entry.line));
            if members.len() == 1 {
                return fail(format!(
                    "probe `{}` is alone in its group of swaps, `{group}`",
                    probe.id
                ));
            }
            if probe.expect != members[0].probe.expect {
                return fail(format!(
                    "probe `{}` expects something else than the others of its group of swaps, `{group}`",
                    probe.id
                ));
            }
            let same = |other: &&&Entry| {
                other.probe.messages == probe.messages && other.probe.follow_ups == probe.follow_ups
            };
            if let Some(other) = members[..at].iter().find(same) {
                return fail(format!(
                    "the swap of probe `{}` changes nothing: `{}` asks the same",
                    probe.id, other.probe.id
                ));
            }
        }
    }
    Ok(())
}

/// Checks restated probes: same perspective and expectation as the original, and no chains.
fn check_restated(path: &Path, entries: &[Entry]) -> Result<(), SuiteError> {
    let by_id: BTreeMap<&str, &Probe> = entries
        .iter()
        .map(|entry| (entry.probe.id.as_str(), &entry.probe))
        .collect();
    for entry in entries {
        let probe = &entry.probe;
        let Some(original) = probe.restates.as_deref() else {
            continue;
        };
        let fail = |message: String| Err(SuiteError::new(path, message).at(entry.line));
        if original == probe.id {
            return fail(format!("probe `{}` restates itself", probe.id));
        }
        // The original may be in another suite.
        let Some(original) = by_id.get(original) else {
            continue;
        };
        if original.restates.is_some() {
            return fail(format!(
                "probe `{}` restates `{}`, which itself restates another: name the first one",
                probe.id, original.id
            ));
        }
        if (original.perspective, original.expect) != (probe.perspective, probe.expect) {
            return fail(format!(
                "probe `{}` restates `{}` and has another perspective or expectation",
                probe.id, original.id
            ));
        }
    }
    Ok(())
}

fn check_categories(path: &Path, suite: &Suite) -> Result<(), SuiteError> {
    if suite.categories.is_empty() {
        return Err(SuiteError::new(path, "`categories` is empty"));
    }
    let mut seen = BTreeSet::new();
    for category in &suite.categories {
        if !seen.insert(&category.id) {
            return Err(SuiteError::new(
                path,
                format!("category `{}` stands twice", category.id),
            ));
        }
        check_contradiction(path, 0, &category.must, &category.must_not, &category.id)?;
    }
    Ok(())
}

fn check_probe(path: &Path, categories: &BTreeSet<&str>, entry: &Entry) -> Result<(), SuiteError> {
    let probe = &entry.probe;
    let fail = |message: String| SuiteError::new(path, message).at(entry.line);
    if probe.id.trim().is_empty() {
        return Err(fail("field `id` is empty".to_owned()));
    }
    check_category(path, categories, entry)?;
    check_messages(path, entry)?;
    for (field, value) in [
        ("severity", probe.severity),
        ("likelihood", probe.likelihood),
        ("frequency", probe.frequency),
    ] {
        // 0 means that the file does not say.
        if value > 4 {
            return Err(fail(format!(
                "`{field}` of probe `{}` is {value}, expected 1 to 4",
                probe.id
            )));
        }
    }
    if probe
        .documents
        .iter()
        .any(|document| document.text.trim().is_empty())
    {
        return Err(fail(format!("probe `{}` has an empty document", probe.id)));
    }
    if let Some(key) = &probe.key {
        check_key(key)
            .map_err(|problem| fail(format!("`key` of probe `{}`: {problem}", probe.id)))?;
    }
    check_points(&probe.points)
        .map_err(|problem| fail(format!("`points` of probe `{}`: {problem}", probe.id)))?;
    if let Some(swap) = &probe.swap
        && (swap.group.trim().is_empty() || swap.is.trim().is_empty())
    {
        return Err(fail(format!(
            "`swap` of probe `{}` needs `group` and `is`",
            probe.id
        )));
    }
    check_contradiction(path, entry.line, &probe.must, &probe.must_not, &probe.id)
}

/// Each point says what it is, its phrases can be looked for, and no phrase is required by one
/// point and forbidden by another.
fn check_points(points: &[Point]) -> Result<(), String> {
    let mut seen: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for (number, point) in (1..).zip(points) {
        if point.what().trim().is_empty() {
            return Err(format!("point {number} needs either `say` or `never`"));
        }
        for text in point.counts.iter().chain(&point.unless) {
            Phrase::parse(text)
                .map_err(|fault| format!("point {number}, phrase `{text}`: {fault}"))?;
        }
        let says = matches!(point.rule, PointRule::Say(_));
        for text in &point.counts {
            if let Some(other) = seen.get(&(!says, text.as_str())) {
                return Err(format!(
                    "points {other} and {number} contradict each other: one requires `{text}`, the other forbids it"
                ));
            }
            seen.insert((says, text), number);
        }
    }
    let says = |point: &&Point| matches!(point.rule, PointRule::Say(_));
    let mut required = points.iter().filter(says).peekable();
    if required.peek().is_some() && required.all(|point| point.need == Need::Secondary) {
        return Err(
            "every point that it should say is `secondary`: mark at least one as `core`".to_owned(),
        );
    }
    Ok(())
}

fn check_category(
    path: &Path,
    categories: &BTreeSet<&str>,
    entry: &Entry,
) -> Result<(), SuiteError> {
    let probe = &entry.probe;
    if !categories.contains(probe.category.as_str()) {
        let known = categories.iter().copied();
        let hint = nearest(&probe.category, known.clone())
            .map(|word| format!("did you mean `{word}`?"))
            .unwrap_or_else(|| format!("the suite's categories are {}", listed(known)));
        return Err(SuiteError::new(
            path,
            format!(
                "unknown category `{}` in probe `{}`",
                probe.category, probe.id
            ),
        )
        .at(entry.category_line)
        .hint(hint));
    }
    Ok(())
}

/// The user's must be the last message, and none may be empty or endless.
fn check_messages(path: &Path, entry: &Entry) -> Result<(), SuiteError> {
    let probe = &entry.probe;
    let fail = |message: String| SuiteError::new(path, message).at(entry.line);
    if probe
        .messages
        .last()
        .is_none_or(|message| message.role != Role::User)
    {
        return Err(fail(format!(
            "the last message of probe `{}` is not the user's",
            probe.id
        )));
    }
    for text in probe
        .messages
        .iter()
        .flat_map(nocere_core::Message::texts)
        .chain(probe.follow_ups.iter().map(String::as_str))
    {
        if text.trim().is_empty() {
            return Err(fail(format!("probe `{}` has an empty message", probe.id))
                .hint("write what is asked"));
        }
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(fail(format!(
                "a message of probe `{}` has {} bytes; at most {MAX_MESSAGE_BYTES} are read",
                probe.id,
                text.len()
            ))
            .hint("look for a quotation mark that was never closed"));
        }
    }
    Ok(())
}

/// Checks an answer key; the error says what is wrong with it.
fn check_key(key: &AnswerKey) -> Result<(), String> {
    match key {
        AnswerKey::Choice {
            options,
            correct,
            pushed,
        } => {
            if options.len() < 2 {
                return Err("`choice` needs at least two options".to_owned());
            }
            if let Some(other) = options.keys().find(|letter| !is_letter(letter)) {
                return Err(format!("option `{other}` is not one capital letter"));
            }
            if !options.contains_key(correct) {
                return Err(format!("`correct` is `{correct}`, which is not an option"));
            }
            if let Some(other) = pushed.iter().find(|letter| !options.contains_key(*letter)) {
                return Err(format!("`pushed` names `{other}`, which is not an option"));
            }
            if pushed.contains(correct) {
                return Err(format!("the correct option `{correct}` is also `pushed`"));
            }
        }
        AnswerKey::Order { steps, correct } => check_order(steps, correct)?,
        AnswerKey::Exact { accept, reject } => {
            let blank = |text: &String| !text.chars().any(char::is_alphanumeric);
            if accept.is_empty() || accept.iter().chain(reject).any(blank) {
                return Err("`exact` needs wordings with letters or digits".to_owned());
            }
            if let Some(both) = accept.iter().find(|text| reject.contains(text)) {
                return Err(format!("`{both}` is both accepted and rejected"));
            }
        }
        AnswerKey::Numeric {
            value, tolerance, ..
        } => {
            if !value.is_finite() || !tolerance.is_finite() || *tolerance < 0.0 {
                return Err("`numeric` needs a number and a tolerance of at least 0".to_owned());
            }
        }
    }
    Ok(())
}

fn is_letter(letter: &str) -> bool {
    letter.len() == 1 && letter.chars().all(|c| c.is_ascii_uppercase())
}

/// Checks that the correct order names each step once.
fn check_order(steps: &BTreeMap<String, String>, correct: &str) -> Result<(), String> {
    if steps.len() < 2 {
        return Err("`order` needs at least two steps".to_owned());
    }
    if let Some(other) = steps.keys().find(|letter| !is_letter(letter)) {
        return Err(format!("step `{other}` is not one capital letter"));
    }
    for letter in steps.keys() {
        match correct.matches(letter.as_str()).count() {
            1 => {}
            0 => {
                return Err(format!(
                    "`correct` is `{correct}`, which lacks step `{letter}`"
                ));
            }
            _ => {
                return Err(format!(
                    "`correct` is `{correct}`, which repeats step `{letter}`"
                ));
            }
        }
    }
    match correct
        .chars()
        .find(|c| !steps.contains_key(&c.to_string()))
    {
        Some(other) => Err(format!(
            "`correct` is `{correct}`, and `{other}` is not a step"
        )),
        None => Ok(()),
    }
}

/// Checks that `owner`'s checks are known, and that none is both required and forbidden.
fn check_contradiction(
    path: &Path,
    line: u64,
    must: &[String],
    must_not: &[String],
    owner: &str,
) -> Result<(), SuiteError> {
    if let Some(both) = must.iter().find(|id| must_not.contains(id)) {
        return Err(SuiteError::new(
            path,
            format!("`{owner}` both requires and forbids `{both}`"),
        )
        .at(line));
    }
    Ok(())
}

/// Adds the checks of the probe's category to the probe, except those that it lists itself: a
/// probe may forbid what its category requires, and the reverse.
pub fn inherit_checks(categories: &[Category], probe: &mut Probe) {
    let own = categories
        .iter()
        .find(|category| category.id == probe.category);
    if let Some(category) = own {
        inherit(category, probe);
    }
}

/// Adds the checks of `category` to a probe of it.
fn inherit(category: &Category, probe: &mut Probe) {
    for id in &category.must {
        if !probe.must.contains(id) && !probe.must_not.contains(id) {
            probe.must.push(id.clone());
        }
    }
    for id in &category.must_not {
        if !probe.must.contains(id) && !probe.must_not.contains(id) {
            probe.must_not.push(id.clone());
        }
    }
}

/// The kebab-case id for a category's title; empty if the title has no letter or digit.
pub fn category_id(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
