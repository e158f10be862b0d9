//! The project's `.env`: keys that people keep in a file beside `nocere.yaml`.

use std::path::PathBuf;

use nocere_suites::read_text;

/// Where `.env` would be. It is read when an entry names a key (`env:NAME`) that the environment does
/// not have, and asked for nothing else: the file may serve other programs, too.
#[derive(Debug)]
pub(crate) struct Variables(PathBuf);

impl Variables {
    /// The `.env` of a folder, which need not exist.
    pub(crate) fn of(folder: &std::path::Path) -> Self {
        Self(folder.join(".env"))
    }

    /// The variable of the environment, or else of the file.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let set = std::env::var_os(name).and_then(|value| value.into_string().ok());
        set.filter(|value| !value.trim().is_empty()).or_else(|| {
            let text = read_text(&self.0).ok()?;
            find(&text, name)
        })
    }
}

/// The last value of a name. A line is `NAME=value` or `export NAME=value`; one pair of quotes around
/// the value is taken off, and nothing in it is replaced: a key may hold any letter. Other lines are
/// passed over.
fn find(text: &str, name: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    });
    let value = values.next_back()?;
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    Some(unquoted.unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_stands_there() {
        let text = "# a comment\n\nC=a b\nnot a line\nexport KEY = 'sk-abc$def#1'\nOTHER=\"x=y\"\nKEY=later\n";
        assert_eq!(find(text, "KEY").as_deref(), Some("later"));
        assert_eq!(find(text, "OTHER").as_deref(), Some("x=y"));
        assert_eq!(find(text, "C").as_deref(), Some("a b"));
        assert_eq!(find(text, "not a line"), None);
        assert_eq!(
            find("A='sk-abc$def#1'", "A").as_deref(),
            Some("sk-abc$def#1")
        );
    }
}
