//! The vote of several readers as a target of its own (the "meta doctor" of Asclepius,
//! arXiv 2402.11217).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{error::ImportError, notes::Notes, row::Row};

/// Name of the target.
const NAME: &str = "majority";

/// For each question the answer that more than half of its readers gave: by letter, by number, or word
/// for word. Other questions are left out with a note that counts them.
///
/// # Errors
///
/// Fewer than two readers answered, one of them has the name of the vote, or answers are part of longer
/// conversations.
pub(crate) fn majority(
    path: &Path,
    rows: &[Row],
    notes: &mut Notes,
) -> Result<Vec<Row>, ImportError> {
    let readers: BTreeSet<&str> = rows.iter().filter_map(|row| row.model.as_deref()).collect();
    if readers.len() < 2 || readers.contains(NAME) {
        return Err(ImportError::new(
            path,
            format!(
                "a majority needs several readers, none of them named `{NAME}`; the file names {}",
                nocere_suites::listed(readers)
            ),
        )
        .hint("map the column that says who answered: --map model=COLUMN"));
    }
    if readers.len() == 2 {
        notes.say("With two readers the majority is what both say: questions on which they differ are left out of it.");
    }
    if let Some(row) = rows.iter().find(|row| !row.follow_ups.is_empty()) {
        return Err(
            ImportError::new(path, "a majority is over single answers, not conversations")
                .at(&row.place),
        );
    }
    let mut questions: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let asked = row
            .opening
            .last()
            .map(|message| message.text().into_owned());
        let question = row.id.clone().or(asked).unwrap_or_default();
        questions.entry(question).or_default().push(row);
    }
    let mut elected = Vec::new();
    for of in questions.into_values() {
        let mut votes: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        let mut voted: BTreeSet<&str> = BTreeSet::new();
        for row in of {
            let vote = answer(row);
            // The first answer of a reader is the vote; a blank one is none.
            let reader = row.model.as_deref().unwrap_or_default();
            if !vote.is_empty() && voted.insert(reader) {
                votes.entry(vote).or_default().push(row);
            }
        }
        let found = votes.values().find(|rows| 2 * rows.len() > voted.len());
        match found.and_then(|rows| rows.first()) {
            Some(row) if voted.len() > 1 => elected.push(in_the_name_of_all(row)),
            _ => notes.count(
                "question has no majority of several readers and is left out for it",
                "questions have no majority of several readers and are left out for it",
            ),
        }
    }
    Ok(elected)
}

/// What an answer votes for: the letter that it begins with, the number that it is, with or without a
/// unit, or else its words in lower case without a full stop.
fn answer(row: &Row) -> String {
    let last = row.transcript.answers().last().unwrap_or("").trim();
    let head = last.get(..7);
    let named = head.is_some_and(|head| head.eq_ignore_ascii_case("answer:"));
    let option = if named { last[7..].trim() } else { last };
    let mut chars = option.trim_start_matches(['(', '（']).chars();
    if let Some(letter @ ('A'..='Z' | 'a'..='z')) = chars.next()
        && chars
            .next()
            .is_none_or(|c| [')', '）', '.', ':', '：', '、', ','].contains(&c))
    {
        return letter.to_ascii_uppercase().to_string();
    }
    let words = last.trim_end_matches('.').to_lowercase();
    let number = words.find(|c: char| !c.is_ascii_digit() && !['.', '-', '−'].contains(&c));
    let (number, unit) = words.split_at(number.unwrap_or(words.len()));
    let is_unit = unit.split_whitespace().count() < 2;
    match number.replace('−', "-").parse::<f64>() {
        Ok(number) if is_unit => number.to_string(),
        _ => words,
    }
}

fn in_the_name_of_all(row: &Row) -> Row {
    Row {
        model: Some(NAME.to_owned()),
        id: row.id.clone(),
        epoch: None,
        system: row.system.clone(),
        opening: row.opening.clone(),
        transcript: row.transcript.clone(),
        category: row.category.clone(),
        perspective: row.perspective,
        expect: row.expect,
        suite: row.suite,
        ..Row::new(row.place.clone())
    }
}

#[cfg(test)]
mod tests {
    use nocere_core::ChatReply;

    use super::*;
    use crate::row::Place;

    fn row(reader: &str, id: &str, answer: &str) -> Row {
        let mut row = Row::new(Place::Line(1));
        row.model = Some(reader.to_owned());
        row.id = Some(id.to_owned());
        row.transcript.push_reply(ChatReply::of_text(answer));
        row
    }

    #[test]
    fn most_votes_win_and_ties_elect_nobody() {
        let rows = [
            row("a", "letter", "B"),
            row("b", "letter", "Answer: (b)"),
            row("c", "letter", "C"),
            row("a", "number", "12 mm"),
            row("b", "number", "8"),
            row("c", "number", "12"),
            row("a", "tie", "yes"),
            row("b", "tie", "No."),
            row("a", "text", "A fracture"),
            row("b", "text", "A normal heart"),
            row("a", "sign", "-5"),
            row("b", "sign", "5"),
            row("a", "level", "L4"),
            row("b", "level", "C4"),
            row("a", "blank", " "),
            row("b", "blank", " "),
            row("c", "blank", "effusion"),
            row("a", "alone", "B"),
            row("a", "again", "B"),
            row("a", "again", "B"),
            row("b", "again", "C"),
        ];
        let mut notes = Notes::default();
        let elected = majority(Path::new("r.jsonl"), &rows, &mut notes).unwrap();
        let of = |id: &str| {
            let mut found = elected.iter().filter(|row| row.id.as_deref() == Some(id));
            found.next().map(answer)
        };
        assert_eq!(of("letter").as_deref(), Some("B"));
        assert_eq!(of("number").as_deref(), Some("12"));
        for id in ["tie", "text", "sign", "level", "blank", "alone", "again"] {
            assert_eq!(of(id), None, "{id}");
        }
        assert!(elected.iter().all(|row| row.model.as_deref() == Some(NAME)));
        let said = notes.into_sentences();
        let wanted = "7 questions have no majority of several readers and are left out for it.";
        assert_eq!(said, [wanted]);
    }

    #[test]
    fn one_reader_has_no_majority() {
        let mut notes = Notes::default();
        for rows in [
            vec![row("a", "x", "B")],
            vec![row("a", "x", "B"), row(NAME, "x", "B")],
        ] {
            let error = majority(Path::new("r.jsonl"), &rows, &mut notes).unwrap_err();
            assert!(error.to_string().contains("several readers"), "{error}");
        }
    }
}
