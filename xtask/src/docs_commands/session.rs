//! One document's commands in one bash session, and why they stopped.
//!
//! The script has the document's line numbers, so that what bash says about a line is true of
//! the document. It runs in a folder of its own that nothing survives.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::blocks::Block;

/// Longest time that the blocks of one file may take, in seconds.
const FILE_SECONDS: &str = "150";

/// Opens the output of each block; it does not occur in text.
const SEPARATOR: char = '\u{1e}';

/// Sets up the session. A failing command leaves its line and exit code in `$failure`, because
/// bash stops there without a word.
const PRELUDE: &str = "export NOCERE_MODELS=\"${NOCERE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/nocere/models}\" \
     HOME=\"$scratch/home\" PATH=\"$scratch/bin:$PATH\"; \
     unset NOCERE_PROJECT XDG_CACHE_HOME; set -E; \
     trap 'printf \"%s\\n%s\\n\" \"$LINENO\" \"$?\" >\"$failure\"' ERR; ";

/// The folder that a document's commands run in; removed when dropped.
pub(super) struct Session {
    scratch: PathBuf,
}

impl Session {
    pub(super) fn new() -> std::io::Result<Self> {
        let made = Command::new("mktemp")
            .args(["-d", "-t", "nocere-docs.XXXXXXXX"])
            .output()?;
        let scratch = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
        for folder in ["bin", "home", "work"] {
            std::fs::create_dir(scratch.join(folder))?;
        }
        Ok(Self { scratch })
    }

    pub(super) fn run(
        &self,
        blocks: &[&Block],
        nocere: &Path,
        url: &str,
    ) -> std::io::Result<Option<Failure>> {
        let path = |name: &str| self.scratch.join(name);
        std::os::unix::fs::symlink(nocere, path("bin/nocere"))?;
        std::fs::write(path("script"), script(blocks))?;
        let output = std::fs::File::create(path("output"))?;
        let status = Command::new("timeout")
            .args([
                "--kill-after=5",
                FILE_SECONDS,
                "bash",
                "-euo",
                "pipefail",
                "../script",
            ])
            .current_dir(path("work"))
            .env("scratch", &self.scratch)
            .env("failure", path("failure"))
            .env("NOCERE_FAKE_PROVIDER", url)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .status()?;
        if status.success() {
            return Ok(None);
        }
        let output = std::fs::read(path("output"))?;
        let trapped = std::fs::read_to_string(path("failure")).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        Ok(Some(Failure::new(blocks, &output, &trapped, status.code())))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// Why a document's commands stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    line: usize,
    command: String,
    output: String,
    code: String,
}

impl Failure {
    /// `trapped` is what the prelude's trap wrote; it is empty when bash stopped by itself, as
    /// it does at an unset variable, a syntax error or `exit`.
    fn new(blocks: &[&Block], output: &str, trapped: &str, code: Option<i32>) -> Self {
        let (line, output) = output
            .rsplit_once(SEPARATOR)
            .map_or(("", output), |(_, last)| {
                last.split_once('\n').unwrap_or((last, ""))
            });
        let opened = line.parse().unwrap_or(0);
        let block = blocks.iter().find(|block| block.line == opened);
        let mut trapped = trapped.lines();
        let line: Option<usize> = trapped.next().and_then(|line| line.parse().ok());
        let trapped_code = trapped.next().map(str::to_owned);
        let (line, command) = match (block, line) {
            (Some(block), Some(line)) => block.command(line),
            (Some(block), None) => (opened, block.text.join("\n")),
            (None, line) => (line.unwrap_or(opened), String::new()),
        };
        Self {
            line,
            command,
            output: output.trim_end().to_owned(),
            code: match (code, trapped_code) {
                (Some(124 | 137), _) => format!("none after {FILE_SECONDS} s"),
                (_, Some(code)) => code,
                (Some(code), None) => code.to_string(),
                (None, None) => "none: a signal".to_owned(),
            },
        }
    }

    pub(super) fn text(&self, shown: &str) -> String {
        let mut text = format!("{shown}:{}: a command fails\n", self.line);
        for (name, value) in [("command", &self.command), ("output", &self.output)] {
            let _ = writeln!(text, "  {name}:");
            for line in value.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        let _ = write!(text, "  exit code: {}", self.code);
        text
    }
}

/// A script whose line numbers are those of the document.
fn script(blocks: &[&Block]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for block in blocks {
        lines.resize(block.line - 1, String::new());
        lines.push(format!("printf '{SEPARATOR}{}\\n'", block.line));
        lines.extend(block.text.iter().cloned());
    }
    format!("{PRELUDE}{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs_commands::blocks::extract;

    fn check(text: &str) -> Option<Failure> {
        let blocks = extract(text).unwrap();
        let blocks: Vec<_> = blocks.iter().collect();
        let session = Session::new().unwrap();
        let scratch = session.scratch.clone();
        let failure = session
            .run(&blocks, Path::new("/bin/true"), "http://fake/v1")
            .unwrap();
        drop(session);
        assert!(!scratch.exists());
        failure
    }

    #[test]
    fn blocks_share_one_session() {
        let text = "```sh\nname=x\nmkdir \"$name\" && cd \"$name\"\n```\n\ntext\n```sh\n[ $(basename $PWD) = $name ]\nnocere\n[ $NOCERE_FAKE_PROVIDER = http://fake/v1 ]\n```\n";
        assert_eq!(check(text), None);
    }

    #[test]
    fn a_failure_names_line_command_output_and_code() {
        let text = "# x\n```sh\necho before\n```\n\n```sh\necho after; echo said >&2\nbash -c 'exit 7' |\\\n cat\necho never\n```\n";
        let failure = check(text).unwrap();
        assert_eq!(failure.line, 8);
        assert_eq!(failure.command, "bash -c 'exit 7' |\\\n cat");
        assert_eq!(failure.output, "after\nsaid");
        assert_eq!(failure.code, "7");
        assert!(
            failure
                .text("a.md")
                .starts_with("a.md:8: a command fails\n")
        );
    }

    #[test]
    fn what_bash_stops_at_by_itself_is_a_failure_of_the_block() {
        let failure = check("text\n\n```sh\necho \"$missing\"\n```\n").unwrap();
        assert_eq!(failure.line, 3);
        assert_eq!(failure.command, "echo \"$missing\"");
        assert!(failure.output.contains("line 4: missing: unbound variable"));
        assert_eq!(check("```sh\nexit 3\n```\n").unwrap().code, "3");
    }
}
