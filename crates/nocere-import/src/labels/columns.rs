//! Which column of a file of labels holds what.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::options::{LABEL_FIELDS, LabelOptions};
use crate::{error::ImportError, table};

/// The columns of the fields and the label column of each rater.
pub(super) struct Columns {
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) labels: Vec<String>,
}

impl Columns {
    pub(super) fn find(
        path: &Path,
        known: &BTreeSet<String>,
        options: &LabelOptions,
    ) -> Result<Self, ImportError> {
        for field in options.mapping.keys() {
            if !LABEL_FIELDS.contains(&field.as_str()) {
                return Err(ImportError::new(
                    path,
                    format!("unknown field `{field}` in the mapping"),
                )
                .did_you_mean(field, &LABEL_FIELDS, "the fields"));
            }
        }
        let column = |field: &'static str, name: &str| -> Result<String, ImportError> {
            if known.contains(name) {
                return Ok(name.to_owned());
            }
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Err(
                ImportError::new(path, format!("no column `{name}` for field `{field}`"))
                    .did_you_mean(name, &known, "the columns"),
            )
        };
        let mut fields = BTreeMap::new();
        for field in LABEL_FIELDS.into_iter().filter(|field| *field != "label") {
            match options.mapping.get(field) {
                Some(name) => {
                    fields.insert(field, column(field, name)?);
                }
                None if known.contains(field) => {
                    fields.insert(field, field.to_owned());
                }
                None => {}
            }
        }
        let names = options.mapping.get("label").map_or("label", String::as_str);
        let labels = names
            .split('+')
            .map(|name| column("label", name.trim()))
            .collect::<Result<Vec<_>, _>>()?;
        let needed: &[&str] = if options.of_a_run {
            &["id"]
        } else {
            &["prompt", "response"]
        };
        for field in needed {
            if !fields.contains_key(field) {
                let names = known.iter().map(String::as_str);
                return Err(table::unmapped(path, field, names));
            }
        }
        Ok(Self { fields, labels })
    }
}
