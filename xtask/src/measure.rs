//! Figures of the house: lines, long functions, tuples as parameters, circles between files.
//!
//! Read from the text as rustfmt writes it: a function ends at the first closing brace that is
//! indented like its `fn`. Tests are not counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::root;

/// A function is long above this many lines.
const LONG: usize = 60;

/// What is counted of one crate.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) files: usize,
    pub(crate) lines: usize,
    pub(crate) functions: usize,
    /// Functions that are long, with their lines.
    pub(crate) long: Vec<(String, usize)>,
    pub(crate) tuples: Vec<String>,
    /// Files that use each other, directly or through others.
    pub(crate) circles: Vec<Vec<String>>,
}

/// All crates by name.
pub(crate) fn measure() -> BTreeMap<String, Counts> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("crates"))
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    folders.push(root().join("xtask"));
    folders.sort();
    folders
        .iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or_default();
            (name.to_string_lossy().into_owned(), of(&folder.join("src")))
        })
        .collect()
}

/// The figures as a table in Markdown.
pub(crate) fn table() -> String {
    let crates = measure();
    let mut text = String::from(
        "| crate | files | lines | functions | over 60 lines | tuple parameters | circles |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut whole = Counts::default();
    for (name, counts) in &crates {
        text += &row(name, counts);
        whole.files += counts.files;
        whole.lines += counts.lines;
        whole.functions += counts.functions;
        whole.long.extend(counts.long.iter().cloned());
        whole.tuples.extend(counts.tuples.iter().cloned());
        whole.circles.extend(counts.circles.iter().cloned());
    }
    text += &row("all", &whole);
    text += "\nOver 60 lines: ";
    let long = whole
        .long
        .iter()
        .map(|(name, lines)| format!("{name} ({lines})"));
    text += &long.collect::<Vec<_>>().join(", ");
    text += ".\n";
    if !whole.tuples.is_empty() {
        text += &format!("Tuple parameters: {}.\n", whole.tuples.join(", "));
    }
    for circle in &whole.circles {
        text += &format!("Circle: {}.\n", circle.join(", "));
    }
    text
}

fn row(name: &str, counts: &Counts) -> String {
    format!(
        "| {name} | {} | {} | {} | {} ({:.1} %) | {} | {} |\n",
        counts.files,
        counts.lines,
        counts.functions,
        counts.long.len(),
        100.0 * counts.long.len() as f64 / counts.functions.max(1) as f64,
        counts.tuples.len(),
        counts.circles.len()
    )
}

fn of(src: &Path) -> Counts {
    let mut files = BTreeMap::new();
    collect(src, src, &mut files);
    let mut counts = Counts {
        files: files.len(),
        ..Counts::default()
    };
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in &files {
        let lines = without_tests(text);
        counts.lines += lines.len();
        functions(module, &lines, &mut counts);
        let used = used_modules(&lines.join("\n"), module, &files);
        uses.insert(module.clone(), used);
    }
    counts.circles = circles(&uses);
    counts
}

/// Sources by the path of their module, such as `session::plan`; the crate's root is empty.
fn collect(src: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for path in std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                collect(src, &path, files);
            }
            continue;
        }
        let inside = path.strip_prefix(src).unwrap_or(&path);
        let module = inside
            .with_extension("")
            .to_string_lossy()
            .replace('/', "::");
        let module = match module.as_str() {
            "lib" | "main" => "",
            other => other.strip_suffix("::mod").unwrap_or(other),
        };
        if module == "tests" || module.ends_with("::tests") {
            continue;
        }
        if let Ok(text) = std::fs::read_to_string(&path) {
            files.insert(module.to_owned(), text);
        }
    }
}

/// The lines before the module of tests.
fn without_tests(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .collect()
}

fn functions(module: &str, lines: &[&str], counts: &mut Counts) {
    for (at, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        let Some(name) = function_name(bare) else {
            continue;
        };
        let end = format!("{indent}}}");
        // A declaration without a body ends with its first line.
        if bare.ends_with(';') {
            continue;
        }
        let length = lines[at..]
            .iter()
            .position(|line| *line == end)
            .map_or(1, |last| last + 1);
        counts.functions += 1;
        if length > LONG {
            counts.long.push((format!("{module}::{name}"), length));
        }
        let head: String = lines[at..]
            .iter()
            .take_while(|line| !line.trim_end().ends_with('{'))
            .chain(
                lines[at..]
                    .iter()
                    .find(|line| line.trim_end().ends_with('{')),
            )
            .copied()
            .collect();
        let tuple = || format!("{module}::{name}");
        counts
            .tuples
            .extend(std::iter::repeat_with(tuple).take(tuple_parameters(&head)));
    }
}

/// The name after `fn`, if the line begins a function.
fn function_name(line: &str) -> Option<&str> {
    let words = [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "async ",
        "const ",
        "unsafe ",
    ];
    let mut rest = line;
    while let Some(shorter) = words.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// Parameters that are taken apart as a tuple: `(a, b): (A, B)`.
fn tuple_parameters(head: &str) -> usize {
    head.matches("): (").count() + head.matches("): &(").count()
}

/// The modules of the same crate that a text uses.
fn used_modules(text: &str, module: &str, files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    for statement in text.split("use ").skip(1) {
        let Some(statement) = statement.split(';').next() else {
            continue;
        };
        let base = match statement.split_once("::") {
            Some(("crate", rest)) => ("", rest),
            Some(("super", rest)) => (parent, rest),
            Some(("self", rest)) => (module, rest),
            _ => continue,
        };
        for path in expanded(base.1) {
            let mut full: Vec<&str> = base.0.split("::").filter(|part| !part.is_empty()).collect();
            full.extend(path.iter().map(String::as_str));
            // The longest beginning that is a file.
            while !full.is_empty() && !files.contains_key(&full.join("::")) {
                full.pop();
            }
            let found = full.join("::");
            // The root only names what others have.
            if !found.is_empty() && found != module {
                used.insert(found);
            }
        }
    }
    used
}

/// `a::{b, c::d}` as its paths.
fn expanded(text: &str) -> Vec<Vec<String>> {
    let text: String = text.split_whitespace().collect();
    let mut paths = Vec::new();
    let mut prefixes: Vec<Vec<String>> = vec![Vec::new()];
    let mut current: Vec<String> = Vec::new();
    let mut word = String::new();
    for letter in text.chars() {
        match letter {
            ':' => {
                if !word.is_empty() {
                    current.push(std::mem::take(&mut word));
                }
            }
            '{' => prefixes.push(current.clone()),
            ',' | '}' => {
                if !word.is_empty() {
                    current.push(std::mem::take(&mut word));
                    paths.push(current.clone());
                }
                if letter == '}' {
                    prefixes.pop();
                }
                current = prefixes.last().cloned().unwrap_or_default();
            }
            letter => word.push(letter),
        }
    }
    if !word.is_empty() {
        current.push(word);
        paths.push(current);
    }
    paths
}

/// Groups of modules that reach each other.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|start| {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            let mut open: Vec<&str> = vec![start];
            while let Some(module) = open.pop() {
                for next in uses.get(module).into_iter().flatten() {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            (start.as_str(), seen)
        })
        .collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, seen) in &reached {
        let both = |other: &&str| {
            reached
                .get(*other)
                .is_some_and(|back| back.contains(module))
        };
        let circle: BTreeSet<&str> = seen.iter().copied().filter(both).collect();
        if circle.len() > 1 {
            circles.insert(circle.into_iter().map(str::to_owned).collect());
        }
    }
    circles.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_by_their_braces() {
        let mut text = String::from(
            "fn short() {\n    1;\n}\n\nimpl A {\n    pub(crate) async fn long((a, b): (A, B)) {\n",
        );
        text += &"        line();\n".repeat(60);
        text += "    }\n}\n#[cfg(test)]\nmod tests {\n    fn not_counted() {\n    }\n}\n";
        let mut counts = Counts::default();
        functions("m", &without_tests(&text), &mut counts);
        assert_eq!(counts.functions, 2);
        assert_eq!(counts.long, [("m::long".to_owned(), 62)]);
        assert_eq!(counts.tuples, ["m::long"]);
    }

    #[test]
    fn nested_uses_are_taken_apart() {
        let paths = expanded("a::{b::{C, D}, e}");
        let joined: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(joined, ["a::b::C", "a::b::D", "a::e"]);
    }

    #[test]
    fn circles_are_found() {
        let uses = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let graph = BTreeMap::from([
            ("a".to_owned(), uses(&["b"])),
            ("b".to_owned(), uses(&["c"])),
            ("c".to_owned(), uses(&["a"])),
            ("d".to_owned(), uses(&["a"])),
        ]);
        assert_eq!(circles(&graph), [["a", "b", "c"]]);
    }
}
