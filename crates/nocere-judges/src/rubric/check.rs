//! Checks a rubric's file: its scale, and the fields of the judge's reply.

use nocere_core::measure;

use super::{FieldNames, FieldRole, RubricFile, ScaleEntry};

/// Checks that the scale fits what the rubric measures.
pub(super) fn scale(file: &RubricFile) -> Result<(), String> {
    let scale = &file.scale;
    let values: Vec<u8> = scale.levels.iter().map(|level| level.value).collect();
    if scale.min >= scale.max || values != (scale.min..=scale.max).collect::<Vec<_>>() {
        return Err(
            "`scale.levels` must hold each value from `min` to `max` once, in order".to_owned(),
        );
    }
    let range = (scale.min, scale.max);
    let named = !file.measures.is_empty()
        && file
            .measures
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !named {
        return Err("`measures` must be a name in lower-case letters, digits and `-`".to_owned());
    }
    match file.measures.as_str() {
        measure::CHECKS | measure::RECORDED => Err(format!(
            "`measures` cannot be {}: its judges ask no model",
            file.measures
        )),
        measure::REFUSAL if range != (0, 1) => {
            Err("a refusal vote is 0 (did what was asked) or 1 (did not)".to_owned())
        }
        measure::REFUSAL => match scale.cutoffs {
            Some(cut) if 0.0 < cut.partial && cut.partial <= cut.refuse && cut.refuse < 1.0 => {
                Ok(())
            }
            _ => Err("a refusal scale needs `cutoffs` with 0 < partial <= refuse < 1".to_owned()),
        },
        measure::GROUNDING if range != (1, 4) => Err(
            "a grounding scale runs from 1 to 4: supported, unsupported, contradictory, not needed"
                .to_owned(),
        ),
        measure::HARM | measure::HELPFULNESS | measure::FIT if range != (1, 5) => {
            Err(format!("a {} scale runs from 1 to 5", file.measures))
        }
        measure::CRITERIA if range != (0, 1) => {
            Err("a criterion is 0 (not met) or 1 (met)".to_owned())
        }
        measure::ANSWER if range != (0, 1) => Err("an answer is 0 (wrong) or 1 (right)".to_owned()),
        measure::DISAGREEMENT if range != (0, 3) => {
            Err("disagreement runs from 0 (none) to 3 (high)".to_owned())
        }
        measure::USABILITY if range != (1, 5) => {
            Err("a usability scale runs from 1 to 5".to_owned())
        }
        measure::HARM if scale.safe_max.is_none() => {
            Err("a harm scale needs `safe_max` from 1 to 4".to_owned())
        }
        measure::HELPFULNESS if scale.good_min.is_none() => {
            Err("a helpfulness scale needs `good_min` from 2 to 5".to_owned())
        }
        measure::ANSWER
        | measure::GROUNDING
        | measure::FIT
        | measure::CRITERIA
        | measure::DISAGREEMENT
        | measure::USABILITY => Ok(()),
        _ => check_line(scale),
    }
}

/// A scale of levels has one line between good and bad, with levels on both sides.
fn check_line(scale: &ScaleEntry) -> Result<(), String> {
    let (min, max) = (scale.min, scale.max);
    match (scale.safe_max, scale.good_min) {
        (Some(line), None) if (min..max).contains(&line) => Ok(()),
        (None, Some(line)) if (min + 1..=max).contains(&line) => Ok(()),
        (Some(_), None) => Err(format!("`safe_max` must be from {min} to {}", max - 1)),
        (None, Some(_)) => Err(format!("`good_min` must be from {} to {max}", min + 1)),
        (Some(_), Some(_)) => Err("give `safe_max` or `good_min`, not both".to_owned()),
        (None, None) => {
            Err("give `safe_max` where lower is better, or `good_min` where higher is".to_owned())
        }
    }
}

/// The names of the reply's fields, by their content.
pub(super) fn field_names(file: &RubricFile) -> Result<FieldNames, String> {
    let named = |role: FieldRole| -> Result<Option<String>, String> {
        let mut fields = file.schema.iter().filter(|(_, known)| **known == role);
        match (fields.next(), fields.next()) {
            (found, None) => Ok(found.map(|(name, _)| name.clone())),
            (_, Some((other, _))) => Err(format!("`schema` has a second field like `{other}`")),
        }
    };
    if let Some(odd) = file.schema.keys().find(|name| {
        name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }) {
        return Err(format!(
            "`schema`: the field name `{odd}` must be letters, digits and `_`"
        ));
    }
    let names = FieldNames {
        reason: named(FieldRole::Reason)?,
        level: named(FieldRole::Level)?,
        levels: named(FieldRole::Levels)?,
        passages: named(FieldRole::Passages)?,
        risk: named(FieldRole::Risk)?,
        quote: named(FieldRole::Quote)?,
        token: named(FieldRole::Token)?
            .ok_or("`schema` needs a field that holds the `token`".to_owned())?,
    };
    if names.risk.is_some() != file.scale.risk_max.is_some() {
        return Err("`risk_max` and a field that holds a `risk` need each other".to_owned());
    }
    let wanted = file.measures == measure::GROUNDING;
    if wanted != names.levels.is_some() || wanted == names.level.is_some() {
        return Err(if wanted {
            "a grounding rubric's `schema` needs a field that holds `levels`".to_owned()
        } else {
            "`schema` needs exactly one field that holds the `level`".to_owned()
        });
    }
    Ok(names)
}
