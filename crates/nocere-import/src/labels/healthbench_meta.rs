//! HealthBench's meta-evaluation (arXiv 2505.08775, section 6): criteria of answers, each labelled met or
//! not by several physicians.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{error::ImportError, json_text::Placed};

/// True for rows of its layout.
pub(super) fn is_meta(row: &Map<String, Value>) -> bool {
    row.contains_key("binary_labels") && row.contains_key("completion_id")
}

/// A row for each physician's label, with the fields that label files have: the criterion is the check.
///
/// # Errors
///
/// A row lacks its texts, as in extracts that hold labels only, or its labels are not true or false.
pub(super) fn spread(path: &Path, rows: Vec<Placed>) -> Result<Vec<Placed>, ImportError> {
    let mut all = Vec::new();
    for (place, row) in rows {
        let fault = |message: String| ImportError::new(path, message).at(&place);
        for field in ["prompt", "completion", "rubric"] {
            if row.get(field).is_none_or(Value::is_null) {
                return Err(fault(format!("the field `{field}` is missing"))
                    .hint("the published file has conversation, answer and criterion in `prompt`, `completion` and `rubric`"));
            }
        }
        let labels = row.get("binary_labels").and_then(Value::as_array);
        let labels = labels.map_or(&[][..], Vec::as_slice);
        if labels.is_empty() {
            return Err(fault("the field `binary_labels` has no labels".to_owned()));
        }
        let category = row.get("category").and_then(Value::as_str).unwrap_or("");
        for (number, label) in (1..).zip(labels) {
            let Some(met) = label.as_bool() else {
                return Err(fault(format!(
                    "the field `binary_labels` holds {label}, expected true or false"
                )));
            };
            let one = json!({
                "id": row.get("completion_id"),
                "prompt": row.get("prompt"),
                "response": row.get("completion"),
                "check": row.get("rubric"),
                "label": if met { "met" } else { "not_met" },
                // Rows have different physicians, of whom there are too many for columns of their own.
                "rater": format!("physician {number} of the row"),
                "category": category.strip_prefix("cluster:").unwrap_or(category),
                "cluster": row.get("prompt_id"),
            });
            if let Value::Object(one) = one {
                all.push((place.clone(), one));
            }
        }
    }
    Ok(all)
}
