//! Asclepius (Liu et al. 2024, arXiv 2402.11217): questions about medical images in fifteen
//! specialties and eight capacities.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{AnswerKey, Part, Probe, Suite};
use nocere_suites::{Entry, SuiteError, category_id, image, listed, validate};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Layout,
    imported::{Categories, header, question},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "Asclepius",
    is: |head| {
        head.is("json")
            && ["\"specialty_gpt\"", "\"question_type\"", "\"image_id\""]
                .iter()
                .all(|name| head.text.contains(name))
    },
    read: asclepius,
};

/// A record of `Asclepius_bench.json`; its other fields say where the image comes from.
#[derive(Deserialize)]
struct Item {
    question_id: Value,
    question: String,
    #[serde(default)]
    question_type: String,
    #[serde(default)]
    answer: Value,
    #[serde(default)]
    image_id: Value,
    #[serde(default)]
    image_id2: Value,
    #[serde(default)]
    specialty_gpt: Option<String>,
    #[serde(default, rename = "Class")]
    capacity: Option<String>,
}

/// Reads the JSON list of records (or an object of them). The capacity is the category. Images lie
/// beside the file or in its folder `images`, named by their ids. A question with readable options is
/// a choice, one answered with yes or no has that key, and all others have a reference.
///
/// # Errors
///
/// The file is malformed, a record lacks its id or question, an id occurs twice, an answer is none of
/// the options, an image is not there or is damaged, or there are no records.
pub(crate) fn asclepius(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let records: Value = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        SuiteError::new(path, message.split(" at line").next().unwrap_or(&message))
            .at(error.line() as u64)
    })?;
    let records: Vec<Value> = match records {
        Value::Array(records) => records,
        Value::Object(records) => records.into_iter().map(|(_, record)| record).collect(),
        _ => {
            return Err(
                SuiteError::new(path, "the file is neither a list nor an object")
                    .hint("Asclepius is a list of records, each with `question_id`, `question`, `answer` and `image_id`"),
            );
        }
    };
    let mut items = Vec::with_capacity(records.len());
    for (number, record) in (1..).zip(records) {
        let fault = |what: String| SuiteError::new(path, format!("record {number}: {what}"));
        if !record.is_object() {
            return Err(fault("it is not an object".to_owned()));
        }
        let item: Item =
            serde_json::from_value(record).map_err(|error| fault(error.to_string()))?;
        item.check().map_err(fault)?;
        items.push((number, item));
    }
    let pictures = pictures(path, items.iter().map(|(_, item)| item))?;
    let mut entries = Vec::with_capacity(items.len());
    let mut categories = Categories::default();
    for (number, item) in items {
        let id = shown(&item.question_id);
        let fault = |what: String| {
            SuiteError::new(path, format!("record {number}, question_id {id}: {what}"))
        };
        let capacity = item.capacity.as_deref().unwrap_or("").trim();
        let title = match capacity {
            "" | "NONE" => "no capacity",
            capacity => capacity,
        };
        categories.add(&category_id(title), title);
        let probe = probe(path, &item, &category_id(title), &pictures).map_err(fault)?;
        entries.push(Entry {
            line: 0,
            category_line: 0,
            probe,
        });
    }
    let suite = header(
        "asclepius",
        "Asclepius",
        "no licence file; images of several sources with terms of their own",
        "Asclepius, Liu et al. 2024, arXiv 2402.11217",
        categories.list,
    );
    validate(path, suite, entries)
}

impl Item {
    /// Checks that what is read as text is a text or a number.
    fn check(&self) -> Result<(), String> {
        let fields = [
            ("question_id", &self.question_id),
            ("answer", &self.answer),
            ("image_id", &self.image_id),
            ("image_id2", &self.image_id2),
        ];
        let odd = fields
            .iter()
            .find(|(_, value)| value.is_array() || value.is_object());
        match odd {
            Some((field, _)) => Err(format!("`{field}` is neither a text nor a number")),
            None => Ok(()),
        }
    }
}

/// A number or a text as text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

/// The ids of an item's images.
fn image_ids(item: &Item) -> impl Iterator<Item = String> {
    let ids = [&item.image_id, &item.image_id2];
    ids.into_iter().map(shown).filter(|id| !id.is_empty())
}

/// Finds the files of all images before any of them is read, so that one message says how many are not
/// there.
fn pictures<'a>(
    path: &Path,
    items: impl Iterator<Item = &'a Item>,
) -> Result<BTreeMap<String, PathBuf>, SuiteError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for id in items.flat_map(image_ids) {
        if found.contains_key(&id) || missing.contains(&id) {
            continue;
        }
        let names = ["", ".png", ".jpg", ".jpeg"].map(|end| format!("{id}{end}"));
        let mut places = names
            .iter()
            .flat_map(|name| [Path::new("images").join(name), PathBuf::from(name)]);
        // An id is a name and never leads out of the folder.
        let is_name = !id.contains(['/', '\\']) && id != "..";
        match places.find(|place| is_name && folder.join(place).is_file()) {
            Some(place) => {
                found.insert(id, place);
            }
            None => missing.push(id),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let all = found.len() + missing.len();
    Err(SuiteError::new(
        path,
        format!(
            "{} of {all} images are not there, such as {}",
            missing.len(),
            listed(missing.iter().take(3).map(String::as_str))
        ),
    )
    .hint("unpack the published images.zip into a folder `images` beside the file"))
}

fn probe(
    path: &Path,
    item: &Item,
    category: &str,
    pictures: &BTreeMap<String, PathBuf>,
) -> Result<Probe, String> {
    let id = shown(&item.question_id);
    if id.is_empty() {
        return Err("`question_id` is empty".to_owned());
    }
    let asked = item.question.trim();
    let answer = shown(&item.answer);
    let is_report = item.question_type.to_lowercase().contains("report");
    let (key, prompt) = match options(asked) {
        _ if is_report => (None, asked.to_owned()),
        Some((stem, options)) if !answer.is_empty() => {
            let correct = letter(&answer, &options).ok_or_else(|| {
                format!(
                    "`answer` is {answer:?}, which is not one of the options {}",
                    listed(options.keys().map(String::as_str))
                )
            })?;
            let key = AnswerKey::Choice {
                options,
                correct,
                pushed: Vec::new(),
            };
            let shown = key.shown().unwrap_or_default();
            let prompt = format!(
                "{stem}\n\n{shown}\n\nGive the letter of the best answer first, as in \"Answer: A\"."
            );
            (Some(key), prompt)
        }
        _ if ["yes", "no"].contains(&bare(&answer).as_str()) => {
            let word = bare(&answer);
            let other = if word == "yes" { "no" } else { "yes" };
            let key = AnswerKey::Exact {
                accept: vec![word],
                reject: vec![other.to_owned()],
            };
            (Some(key), format!("{asked}\n\nAnswer with yes or no."))
        }
        _ => (None, asked.to_owned()),
    };
    let mut probe = question("asclepius", format!("asclepius-{id}"), prompt);
    category.clone_into(&mut probe.category);
    probe.specialty = match item.specialty_gpt.as_deref().map(str::trim) {
        None | Some("" | "Unknown") => String::new(),
        Some(name) => category_id(name),
    };
    if key.is_none() {
        probe.reference = answer;
    }
    probe.key = key;
    let images: Vec<Part> = image_ids(item)
        .filter_map(|id| pictures.get(&id))
        .map(|place| image(path, &place.to_string_lossy()))
        .collect::<Result<_, _>>()?;
    if let Some(message) = probe.messages.last_mut() {
        message.parts.splice(0..0, images);
    }
    Ok(probe)
}

/// In lower case, without the full stop.
fn bare(answer: &str) -> String {
    answer.trim().trim_end_matches('.').to_lowercase()
}

/// What a question asks and the options that it lists, as in `A. one B. two` or a line for each; `None`
/// with fewer than two.
fn options(question: &str) -> Option<(&str, BTreeMap<String, String>)> {
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for letter in 'A'..='Z' {
        let from = marks.last().map_or(0, |(_, end)| *end);
        let Some(mark) = mark(question, letter, from) else {
            break;
        };
        marks.push(mark);
    }
    let (first, later) = marks.split_first()?;
    if later.is_empty() {
        return None;
    }
    let ends = later.iter().map(|(begin, _)| *begin);
    let ends = ends.chain([question.len()]);
    let texts = marks.iter().zip(ends).map(|((_, from), to)| {
        let text = question.get(*from..to).unwrap_or("");
        text.trim().trim_end_matches([',', ';']).trim().to_owned()
    });
    let options: BTreeMap<String, String> = ('A'..='Z').map(String::from).zip(texts).collect();
    let stem = question.get(..first.0).unwrap_or("").trim();
    let whole = !stem.is_empty() && options.values().all(|text| !text.is_empty());
    whole.then_some((stem, options))
}

/// Where the mark of an option begins and ends, as in `A.`, `A)`, `(A)` or `A:`, at the beginning of a
/// word.
fn mark(text: &str, letter: char, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    rest.match_indices(letter).find_map(|(at, _)| {
        let at = from + at;
        let before = text[..at].chars().next_back();
        let opened = before.is_some_and(|c| c == '(' || c == '（');
        if !opened && before.is_some_and(|c| !c.is_whitespace() && c != ',' && c != ';') {
            return None;
        }
        let after = text[at + 1..].chars().next()?;
        let begin = at
            - if opened {
                before.map_or(0, char::len_utf8)
            } else {
                0
            };
        [')', '）', '.', ':', '：', '、']
            .contains(&after)
            .then(|| (begin, at + 1 + after.len_utf8()))
    })
}

/// The letter of an answer such as `B`, `(B)`, `B. Ascites` or `Ascites`; `None` for an answer that is not
/// one option, such as `A, C`.
fn letter(answer: &str, options: &BTreeMap<String, String>) -> Option<String> {
    // The text of an option comes first: `A fracture` need not be option A.
    let mut same = options
        .iter()
        .filter(|(_, text)| bare(text) == bare(answer));
    match (same.next(), same.next()) {
        (Some((letter, _)), None) => return Some(letter.clone()),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let answer = answer.trim_start_matches(['(', '（']);
    let mut chars = answer.chars();
    let first = chars.next()?.to_string();
    let rest = chars.as_str().trim();
    let marks = [')', '）', '.', ':', '：', '、'];
    let text = rest.trim_start_matches(marks).trim();
    let option = options.get(&first)?;
    let fits = rest.is_empty()
        || rest.starts_with(marks) && (text.is_empty() || bare(text) == bare(option));
    fits.then_some(first)
}

#[cfg(test)]
mod tests {
    use nocere_testkit::TempFolder;

    use super::*;

    /// A PNG of one pixel.
    const PNG: &[u8] = &[
        0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
        0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A',
        b'T', 0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I',
        b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
    ];

    const RECORDS: &str = r#"[
 {"question_id": 1, "question": "Which organ is shown? A. Liver B. Heart, C) Lung", "question_type": "multiple-choice", "answer": "B", "image_id": "a", "image_id2": "", "specialty_gpt": "Cardiology", "Class": "anatomical perception", "modality": "CT"},
 {"question_id": 2, "question": "Is there an effusion?", "question_type": "yes/no", "answer": "Yes.", "image_id": 7, "specialty_gpt": "Unknown", "Class": "disease identification"},
 {"question_id": 3, "question": "What is shown?", "question_type": "open", "answer": "Vitamin A deficiency", "image_id": "a", "Class": "NONE"},
 {"question_id": 4, "question": "Write a report: A. heart B. lungs", "question_type": "report generation", "answer": "Clear lungs.", "image_id": "a", "image_id2": "7", "Class": "report generation"}
]"#;

    fn read(text: &str, images: &[&str]) -> Result<Suite, String> {
        let folder = TempFolder::new("asclepius");
        let file = folder.path().join("Asclepius_bench.json");
        std::fs::create_dir_all(folder.path().join("images")).unwrap();
        for name in images {
            std::fs::write(folder.path().join("images").join(name), PNG).unwrap();
        }
        asclepius(&file, text).map_err(|error| error.to_string())
    }

    #[test]
    fn records_are_choices_yes_or_no_open_questions_and_reports() {
        let suite = read(RECORDS, &["a.png", "7.jpg"]).unwrap();
        let [choice, yes, open, report] = suite.probes.as_slice() else {
            panic!("{}", suite.probes.len());
        };
        let Some(AnswerKey::Choice {
            options, correct, ..
        }) = &choice.key
        else {
            panic!("{:?}", choice.key);
        };
        let texts: Vec<&str> = options.values().map(String::as_str).collect();
        assert_eq!(
            (texts, correct.as_str()),
            (vec!["Liver", "Heart", "Lung"], "B")
        );
        assert_eq!(
            (choice.specialty.as_str(), choice.category.as_str()),
            ("cardiology", "anatomical-perception")
        );
        assert!(
            matches!(&yes.key, Some(AnswerKey::Exact { accept, .. }) if accept == &["yes"]),
            "{:?}",
            yes.key
        );
        assert_eq!(yes.specialty, "");
        // The words "Vitamin A deficiency" name no option.
        assert_eq!(
            (&open.key, open.reference.as_str()),
            (&None, "Vitamin A deficiency")
        );
        assert_eq!(open.category, "no-capacity");
        assert_eq!(
            (&report.key, report.reference.as_str()),
            (&None, "Clear lungs.")
        );
        let images = |probe: &Probe| probe.messages[0].images().count();
        assert_eq!((images(choice), images(report)), (1, 2));
    }

    #[test]
    fn answers_name_one_option_or_none() {
        let texts = ["No finding", "A fracture", "Ascites"];
        let options: BTreeMap<String, String> = ["A", "B", "C"]
            .map(str::to_owned)
            .into_iter()
            .zip(texts.map(str::to_owned))
            .collect();
        for (answer, wanted) in [
            ("B", Some("B")),
            ("(B)", Some("B")),
            ("B.", Some("B")),
            ("C. Ascites", Some("C")),
            ("ascites.", Some("C")),
            ("A fracture", Some("B")),
            ("A, B", None),
            ("A and C", None),
            ("A. Ascites", None),
            ("D", None),
        ] {
            assert_eq!(letter(answer, &options).as_deref(), wanted, "{answer}");
        }
    }

    #[test]
    fn bad_records_and_missing_images_are_named() {
        let error = read(RECORDS, &["a.png"]).unwrap_err();
        assert!(
            error.contains("1 of 2 images are not there") && error.contains("images.zip"),
            "{error}"
        );
        for (change, wanted) in [
            (
                ("\"answer\": \"B\"", "\"answer\": \"E\""),
                "question_id 1: `answer` is \"E\", which is not one of the options A, B, C",
            ),
            (
                ("\"question_id\": 2", "\"question_id\": 1"),
                "`asclepius-1`",
            ),
            (
                ("\"question\": \"What is shown?\", ", ""),
                "record 3: missing field `question`",
            ),
            (
                ("\"image_id\": 7", "\"image_id\": \"../a\""),
                "images are not there, such as ../a",
            ),
        ] {
            let text = RECORDS.replacen(change.0, change.1, 1);
            assert_ne!(text, RECORDS);
            let error = read(&text, &["a.png", "7.jpg"]).unwrap_err();
            // Records are not lines.
            assert!(
                error.contains(wanted) && !error.contains("line 0"),
                "{error}"
            );
        }
        assert!(read("[{\"specialty_gpt\": 1}]", &[]).is_err());
        let error = read("[7]", &[]).unwrap_err();
        assert!(error.contains("record 1: it is not an object"), "{error}");
        let odd = RECORDS.replacen("\"question_id\": 1", "\"question_id\": [1]", 1);
        let error = read(&odd, &["a.png", "7.jpg"]).unwrap_err();
        assert!(
            error.contains("`question_id` is neither a text nor a number"),
            "{error}"
        );
    }
}
