//! promptfoo's results as CSV: one row per test, with the test's variables first and then, for
//! each provider and prompt, a block of columns of the same names.
//!
//! A block begins with the answers, under `[PROVIDER] PROMPT`, and continues with `Status`, `Score`,
//! `Named Scores`, `Grader Reason` and `Comment`. Older files have the answers only, each with
//! `[PASS]`, `[FAIL]` or `[ERROR]` in front.

use std::{collections::BTreeSet, path::Path};

use nocere_core::Finish;
use nocere_suites::csv_rows::Sheet;
use serde_json::{Map, Value, json};

use crate::{
    answer,
    error::ImportError,
    json_text::{number, word},
    options::Options,
    promptfoo::{Ids, OVERALL, judged, no_provider},
    promptfoo_turns,
    row::{Judged, Place, Row, Rows, Said},
    turns,
};

/// What older files put in front of an answer.
const MARKS: [&str; 3] = ["[PASS]", "[FAIL]", "[ERROR]"];

/// Columns of a block after the first.
const FURTHER: [&str; 5] = [
    "Status",
    "Score",
    "Named Scores",
    "Grader Reason",
    "Comment",
];

/// Variables that may hold the question, likeliest first.
const QUESTIONS: [&str; 5] = ["prompt", "query", "question", "input", "message"];

/// Columns about the attack, which follow the blocks.
const ATTACK: [&str; 7] = [
    "messages",
    "redteamHistory",
    "redteamTreeHistory",
    "pluginId",
    "strategyId",
    "sessionId",
    "sessionIds",
];

/// One provider's and prompt's columns.
struct Block {
    /// Column of the answers.
    answers: usize,
    provider: Option<String>,
    /// The prompt's name or its template.
    label: String,
    /// True if the further columns are there.
    is_judged: bool,
}

/// Returns true if a table is one of promptfoo's.
pub(crate) fn is_table_of_promptfoo(path: &Path, text: &str) -> bool {
    let Ok(mut sheet) = Sheet::open(path, text, &FURTHER) else {
        return false;
    };
    let headers: Vec<String> = sheet.headers().map(str::to_owned).collect();
    let blocks = blocks(&headers);
    if blocks.iter().any(|block| block.is_judged) {
        return true;
    }
    // Without the further columns, the marks in the first row tell.
    let Some(Ok((_, record))) = sheet.next_row() else {
        return false;
    };
    blocks.iter().any(|block| {
        let answer = record.get(block.answers).unwrap_or("");
        MARKS.iter().any(|mark| answer.starts_with(mark))
    })
}

/// The blocks of a header: those with further columns, and columns named `[PROVIDER] PROMPT`.
fn blocks(headers: &[String]) -> Vec<Block> {
    let mut found = Vec::new();
    for (answers, header) in headers.iter().enumerate() {
        let further = headers.get(answers + 1..answers + 3);
        let is_judged = further.is_some_and(|further| further == ["Status", "Score"]);
        let named = header
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .filter(|(provider, _)| !provider.trim().is_empty());
        if !is_judged && named.is_none() {
            continue;
        }
        let (provider, label) = match named {
            Some((provider, label)) => (Some(provider.trim().to_owned()), label.trim()),
            None => (None, header.as_str()),
        };
        found.push(Block {
            answers,
            provider,
            label: label.to_owned(),
            is_judged,
        });
    }
    found
}

/// Reads all answers, row by row and block by block.
pub(crate) fn read(path: &Path, text: &str, options: &Options) -> Result<Rows, ImportError> {
    let mut sheet = Sheet::open(path, text, &FURTHER)?;
    let headers: Vec<String> = sheet.headers().map(str::to_owned).collect();
    let mut blocks = blocks(&headers);
    let Some(first) = blocks.first() else {
        return Err(ImportError::new(path, "no column `[PROVIDER] PROMPT`")
            .at(&Place::Line(sheet.header_line()))
            .hint("write promptfoo's results with `-o results.json`"));
    };
    let variables: Vec<(usize, String)> = headers
        .iter()
        .take(first.answers)
        .cloned()
        .enumerate()
        .filter(|(_, name)| name != "Description" && !name.is_empty())
        .collect();
    select(path, &mut blocks, options)?;
    let question = question(path, &variables, &blocks, options)?;
    let mut rows = Rows::default();
    let mut ids = Ids::default();
    let mut number = 0_usize;
    while let Some(row) = sheet.next_row() {
        let (line, record) = row?;
        let cells: Vec<&str> = record.iter().collect();
        let test = Test {
            path,
            place: Place::Line(line),
            number,
            headers: &headers,
            variables: &variables,
            question: question.as_deref(),
            cells: &cells,
        };
        for block in &blocks {
            if let Some(row) = test.row(block, blocks.len() == 1, &mut ids, &mut rows)? {
                rows.rows.push(row);
            }
        }
        number += 1;
    }
    rows.notes.say(
        "promptfoo's table has the prompts' templates and not what was sent: the questions are put together from the variables.",
    );
    Ok(rows)
}

/// Keeps only the blocks of the provider that the mapping of `model` names, if it names one.
fn select(path: &Path, blocks: &mut Vec<Block>, options: &Options) -> Result<(), ImportError> {
    let Some(wanted) = options.mapping.get("model") else {
        return Ok(());
    };
    let providers: BTreeSet<String> = blocks
        .iter()
        .filter_map(|block| block.provider.clone())
        .collect();
    if !providers.contains(wanted) {
        return Err(no_provider(path, wanted, &providers));
    }
    blocks.retain(|block| block.provider.as_ref() == Some(wanted));
    Ok(())
}

/// The variable that holds the question; `None` if the blocks' templates say how it was asked.
fn question(
    path: &Path,
    variables: &[(usize, String)],
    blocks: &[Block],
    options: &Options,
) -> Result<Option<String>, ImportError> {
    let known: Vec<&str> = variables.iter().map(|(_, name)| name.as_str()).collect();
    if let Some(wanted) = options.mapping.get("prompt") {
        if !known.contains(&wanted.as_str()) {
            return Err(ImportError::new(
                path,
                format!("no variable `{wanted}` for field `prompt`"),
            )
            .did_you_mean(wanted, &known, "the variables"));
        }
        return Ok(Some(wanted.clone()));
    }
    if blocks
        .iter()
        .all(|block| is_plain_template(&block.label, &known))
    {
        return Ok(None);
    }
    if let [only] = known.as_slice() {
        return Ok(Some((*only).to_owned()));
    }
    let likely = QUESTIONS.into_iter().find(|name| known.contains(name));
    likely.map(|name| Some(name.to_owned())).ok_or_else(|| {
        ImportError::new(
            path,
            "the table does not say which variable is the question",
        )
        .at(&Place::Line(1))
        .hint(format!(
            "map it, as in prompt=VARIABLE; the variables are {}",
            nocere_suites::listed(known.iter().copied())
        ))
    })
}

/// Returns true if a label is a template of nothing but text and known variables, and has one.
fn is_plain_template(label: &str, variables: &[&str]) -> bool {
    if label.contains("{%") || label.contains("{#") || !label.contains("{{") {
        return false;
    }
    let mut parts = label.split("{{").skip(1);
    parts.all(|part| {
        part.split_once("}}")
            .is_some_and(|(name, _)| variables.contains(&name.trim()))
    })
}

/// One row of the table.
struct Test<'a> {
    path: &'a Path,
    place: Place,
    number: usize,
    headers: &'a [String],
    variables: &'a [(usize, String)],
    question: Option<&'a str>,
    cells: &'a [&'a str],
}

impl Test<'_> {
    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).copied().unwrap_or("")
    }

    /// The answer of a block; `None` if it has none and no status.
    fn row(
        &self,
        block: &Block,
        is_only: bool,
        ids: &mut Ids,
        rows: &mut Rows,
    ) -> Result<Option<Row>, ImportError> {
        let notes = &mut rows.notes;
        let status = self.status(block);
        let text = self.text(block);
        if status.is_empty() && text.trim().is_empty() {
            return Ok(None);
        }
        let asked = self.asked(block);
        if asked.trim().is_empty() {
            return Err(ImportError::new(self.path, "the question is empty").at(&self.place));
        }
        let mut row = Row::new(self.place.clone());
        row.model.clone_from(&block.provider);
        let mut opening = answer::prompt(&asked, notes);
        row.system = answer::take_system(&mut opening);
        row.ask(opening);
        let values: Vec<&str> = self
            .variables
            .iter()
            .map(|(at, _)| self.cell(*at))
            .collect();
        let key = format!("{asked}\0{values:?}");
        row.id = Some(ids.of(key, || format!("test-{}", self.number)));
        let metadata = self.metadata();
        row.category = word(metadata.get("pluginId"));
        if status == "ERROR" {
            row.transcript.error = Some(answer::failure(Some(text), notes));
            return Ok(Some(row));
        }
        let reply = answer::reply(text, Finish::Stop, notes);
        // The columns about the attack belong to no block: with several they may be of any.
        let conversation = is_only
            .then(|| promptfoo_turns::conversation(&json!({ "metadata": metadata }), notes))
            .flatten();
        match conversation {
            Some(messages) => turns::converse(&mut row, messages, Some(reply), notes),
            None => row.transcript.push_reply(reply),
        }
        row.judged = self.judged(block, status);
        Ok(Some(row))
    }

    /// `PASS`, `FAIL`, `ERROR`, or empty.
    fn status(&self, block: &Block) -> &str {
        if block.is_judged {
            return self.cell(block.answers + 1).trim();
        }
        let text = self.cell(block.answers);
        let mark = MARKS.iter().find(|mark| text.starts_with(**mark));
        mark.map_or("", |mark| mark.trim_matches(['[', ']']))
    }

    /// The answer, without a mark.
    fn text(&self, block: &Block) -> &str {
        let text = self.cell(block.answers);
        if block.is_judged {
            return text;
        }
        let unmarked = MARKS.iter().find_map(|mark| text.strip_prefix(mark));
        unmarked.map_or(text, str::trim_start)
    }

    /// The question: a variable, or the block's template with the variables in it.
    fn asked(&self, block: &Block) -> String {
        if let Some(question) = self.question {
            return self.value(question).to_owned();
        }
        let mut asked = String::new();
        for (index, part) in block.label.split("{{").enumerate() {
            match part.split_once("}}") {
                Some((name, rest)) if index > 0 => {
                    asked.push_str(self.value(name.trim()));
                    asked.push_str(rest);
                }
                _ => asked.push_str(part),
            }
        }
        asked
    }

    fn value(&self, variable: &str) -> &str {
        let column = self.variables.iter().find(|(_, name)| name == variable);
        column.map_or("", |(column, _)| self.cell(*column))
    }

    /// The columns about the attack, as the JSON results have them.
    fn metadata(&self) -> Value {
        let mut metadata = Map::new();
        for (column, header) in self.headers.iter().enumerate() {
            let cell = self.cell(column);
            if ATTACK.contains(&header.as_str()) && !cell.trim().is_empty() {
                metadata.insert(header.clone(), Value::String(cell.to_owned()));
            }
        }
        Value::Object(metadata)
    }

    fn judged(&self, block: &Block, status: &str) -> Vec<Judged> {
        let passed = match status {
            "PASS" => true,
            "FAIL" => false,
            _ => return Vec::new(),
        };
        let further = |offset: usize| {
            if block.is_judged {
                self.cell(block.answers + offset)
            } else {
                ""
            }
        };
        let mut all = vec![judged(
            OVERALL,
            Said::Score {
                label: Some(status.to_ascii_lowercase()),
                value: number(Some(&Value::String(further(2).to_owned()))),
                passed: Some(passed),
            },
            further(4),
        )];
        let named = crate::json_text::parse::<Map<String, Value>>(further(3)).unwrap_or_default();
        all.extend(named.iter().map(|(name, value)| {
            let said = Said::Score {
                label: None,
                value: number(Some(value)),
                passed: None,
            };
            judged(&format!("{OVERALL}/{name}"), said, "")
        }));
        all
    }
}
