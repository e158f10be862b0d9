//! The project's `.env`: keys that people keep in a file beside `nocere.yaml`.

use std::{collections::BTreeMap, fmt, path::Path};

use crate::ProjectError;

/// What `.env` says. It is asked for the keys that entries name (`env:NAME`) and for nothing else:
/// no other setting of nocere and no program's environment comes from it.
#[derive(Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Reads `.env` of the folder; nothing if there is none.
    pub(crate) fn load(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(".env");
        if !path.is_file() {
            return Ok(Self::default());
        }
        // The library's messages quote the line, which may hold a key.
        let fault = |what: &str| {
            ProjectError::usage(format!("{}: {what}", path.display()))
                .hint("write a line `NAME=value` for each key")
        };
        let lines = dotenvy::from_path_iter(&path).map_err(|_| fault("cannot be read"))?;
        let mut found = BTreeMap::new();
        for (number, line) in (1..).zip(lines) {
            let (name, value) =
                line.map_err(|_| fault(&format!("entry {number} is not `NAME=value`")))?;
            found.insert(name, value);
        }
        Ok(Self(found))
    }

    /// The variable of the environment, or else of the file.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let set = std::env::var_os(name).and_then(|value| value.into_string().ok());
        set.filter(|value| !value.trim().is_empty())
            .or_else(|| self.0.get(name).cloned())
    }
}

impl fmt::Debug for Variables {
    /// Names only: the values are keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
