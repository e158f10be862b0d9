//! A document's fenced blocks: which there are, and what may be done with their lines.
//!
//! Only fences are read; the rest of Markdown is passed over. A block quoted with `>` is not
//! found.

/// First words that must not run from a document: they build, install or download.
const FORBIDDEN: [&str; 8] = ["$", "git", "make", "cargo", "apt", "apt-get", "sudo", "pip"];

/// What to do with a fenced block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Run,
    NoRun,
    Other,
}

/// A fenced block. Lines are counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// Line of the opening fence.
    pub(super) line: usize,
    /// The lines between the fences, without the fence's indentation.
    pub(super) text: Vec<String>,
}

impl Block {
    /// The command that this line of the document is part of, with its continuation lines, and
    /// the line that it starts at.
    pub(super) fn command(&self, line: usize) -> (usize, String) {
        let continued = |index: usize| {
            self.text
                .get(index)
                .is_some_and(|line| line.ends_with('\\'))
        };
        let mut first = line.saturating_sub(self.line + 1);
        while first > 0 && continued(first - 1) {
            first -= 1;
        }
        let more = (first..self.text.len())
            .take_while(|index| continued(*index))
            .count();
        let lines = self.text.iter().skip(first).take(more + 1);
        let lines: Vec<&str> = lines.map(String::as_str).collect();
        (self.line + 1 + first, lines.join("\n"))
    }
}

/// Finds the fenced blocks of a Markdown text. A fault starts with its line.
pub(super) fn extract(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(fence) = Fence::of(line) else {
            continue;
        };
        let kind = match fence.info.split_whitespace().collect::<Vec<_>>()[..] {
            ["sh"] => Kind::Run,
            ["sh", "no-run"] => Kind::NoRun,
            ["sh", ..] => {
                return Err(format!(
                    "{}: `{}` is neither `sh` nor `sh no-run`",
                    number + 1,
                    fence.info
                ));
            }
            _ => Kind::Other,
        };
        let mut block = Block {
            kind,
            line: number + 1,
            text: Vec::new(),
        };
        loop {
            let Some((_, line)) = lines.next() else {
                return Err(format!("{}: the fence is never closed", number + 1));
            };
            if Fence::of(line).is_some_and(|other| other.closes(&fence)) {
                break;
            }
            let spaces = line.len() - line.trim_start_matches(' ').len();
            block
                .text
                .push(line[spaces.min(fence.indentation)..].to_owned());
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// Lines of a block that must not run from a document.
pub(super) fn forbidden(block: &Block) -> Vec<String> {
    let lines = block.text.iter().zip(block.line + 1..);
    lines
        .filter(|(line, _)| {
            line.split("&&")
                .filter_map(|command| command.split_whitespace().next())
                .any(|word| FORBIDDEN.contains(&word))
        })
        .map(|(line, number)| {
            format!("{number}: `{line}` must not run here; mark the block `sh no-run`")
        })
        .collect()
}

/// The commands of a block that consist of words only, with their lines. Commands with pipes,
/// substitutions or placeholders in angle brackets are left out.
pub(super) fn plain_commands(block: &Block) -> Vec<(usize, Vec<String>)> {
    let mut commands = Vec::new();
    let mut lines = block.text.iter().zip(block.line + 1..);
    while let Some((line, number)) = lines.next() {
        let mut whole = line.clone();
        while whole.ends_with('\\') {
            whole.pop();
            whole.push_str(lines.next().map_or("", |(line, _)| line.as_str()));
        }
        for command in whole.split("&&") {
            let words = shlex::split(command).unwrap_or_default();
            let shell = ['|', '&', ';', '<', '>', '$', '`', '…'];
            if !words.is_empty() && !words.iter().any(|word| word.contains(shell)) {
                commands.push((number, words));
            }
        }
    }
    commands
}

/// A line that opens or closes a block. Unlike CommonMark it may be indented by any number of
/// spaces, because it may stand in a list.
struct Fence<'a> {
    indentation: usize,
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let inner = line.trim_start_matches(' ');
        let mark = inner
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '~'))?;
        let info = inner.trim_start_matches(mark);
        let length = inner.len() - info.len();
        // Three backticks around a word in a line are code in the text, not a fence.
        let fence = length >= 3 && !(mark == '`' && info.contains('`'));
        fence.then(|| Self {
            indentation: line.len() - inner.len(),
            mark,
            length,
            info: info.trim(),
        })
    }

    fn closes(&self, open: &Self) -> bool {
        self.mark == open.mark && self.length >= open.length && self.info.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Kind, usize, &[&str])]) {
        let found = extract(text).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|block| (block.kind, block.line, block.text.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(kind, line, text)| {
                (*kind, *line, text.iter().map(ToString::to_string).collect())
            })
            .collect();
        assert_eq!(found, expected);
    }

    fn run(line: usize, text: &[&str]) -> Block {
        Block {
            kind: Kind::Run,
            line,
            text: text.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn blocks_are_found_with_their_lines() {
        check(
            "# Title\n\n```sh\na\n\nb\n```\ntext ```sh``` text\n```\nplain\n```\n",
            &[
                (Kind::Run, 3, &["a", "", "b"]),
                (Kind::Other, 9, &["plain"]),
            ],
        );
    }

    #[test]
    fn a_marked_block_is_not_run() {
        check(
            "```sh no-run\nmake demo\n```\n",
            &[(Kind::NoRun, 1, &["make demo"])],
        );
        assert_eq!(
            extract("\n```sh norun\na\n```\n").unwrap_err(),
            "2: `sh norun` is neither `sh` nor `sh no-run`"
        );
    }

    #[test]
    fn the_indentation_of_the_fence_is_taken_off() {
        check(
            "- item\n\n     ```sh\n     cat <<END\n       two\n   less\n     ```\n",
            &[(Kind::Run, 3, &["cat <<END", "  two", "less"])],
        );
    }

    #[test]
    fn a_fence_inside_another_is_text() {
        check(
            "````markdown\n```sh\nrm x\n```\n````\n~~~yaml\n```sh\n~~~\n",
            &[
                (Kind::Other, 1, &["```sh", "rm x", "```"]),
                (Kind::Other, 6, &["```sh"]),
            ],
        );
    }

    #[test]
    fn an_unclosed_fence_is_a_fault() {
        for text in ["```sh\na\n", "text\n\n````\n```\n"] {
            let fault = extract(text).unwrap_err();
            assert!(fault.ends_with(": the fence is never closed"), "{fault}");
        }
    }

    #[test]
    fn builds_and_prompts_must_not_run() {
        let lines = [
            "nocere runs",
            "cd x && make demo",
            "$ nocere runs",
            "echo make",
        ];
        let found = forbidden(&run(10, &lines));
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("12: `cd x && make demo` must not run"));
        assert!(found[1].starts_with("13: `$ nocere runs` must not run"));
    }

    #[test]
    fn plain_commands_consist_of_words() {
        let block = run(
            1,
            &[
                "nocere run a \\",
                "  --limit 3   # three",
                "nocere runs | head",
                "nocere run <suite>",
                "sh a.sh && make x",
            ],
        );
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        assert_eq!(
            plain_commands(&block),
            [
                (2, words(&["nocere", "run", "a", "--limit", "3"])),
                (6, words(&["sh", "a.sh"])),
                (6, words(&["make", "x"])),
            ]
        );
    }
}
