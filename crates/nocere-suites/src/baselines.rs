//! Baselines: published figures of other models, embedded in the binary and checked.

use std::path::Path;

use nocere_core::Baselines;

use crate::error::SuiteError;

const EMBEDDED: [(&str, &str); 5] = [
    (
        "medriskeval",
        include_str!("../../../assets/baselines/medriskeval.yaml"),
    ),
    (
        "llmeval-med",
        include_str!("../../../assets/baselines/llmeval-med.yaml"),
    ),
    (
        "asclepius",
        include_str!("../../../assets/baselines/asclepius.yaml"),
    ),
    (
        "healthbench",
        include_str!("../../../assets/baselines/healthbench.yaml"),
    ),
    (
        "medguard",
        include_str!("../../../assets/baselines/medguard.yaml"),
    ),
];

/// The published figures that ship with nocere.
///
/// # Errors
///
/// An embedded file is invalid, see [`parse_baselines`].
pub fn embedded_baselines() -> Result<Vec<Baselines>, SuiteError> {
    EMBEDDED
        .into_iter()
        .map(|(name, text)| {
            parse_baselines(Path::new(&format!("assets/baselines/{name}.yaml")), text)
        })
        .collect()
}

/// Reads a file of published figures. `path` is used in errors only.
///
/// # Errors
///
/// The text is not YAML of format 1; a row has not one value per label or category; counts do
/// not add up to the number of answers, or percentages to 100 within the rounding of the
/// source (0.15).
pub fn parse_baselines(path: &Path, text: &str) -> Result<Baselines, SuiteError> {
    let file: Baselines =
        nocere_assets::read_yaml(text).map_err(|fault| SuiteError::from_fault(path, fault))?;
    if file.nocere_baselines != 1 {
        return Err(SuiteError::new(path, "`nocere_baselines` must be 1"));
    }
    for table in &file.tables {
        let labels = table.labels.len();
        for (model, values) in &table.rows {
            let fail = |what: String| {
                SuiteError::new(
                    path,
                    format!("{} of part `{}`, {model}: {what}", table.figure, table.part),
                )
            };
            if values.len() != labels {
                return Err(fail(format!("{} values for {labels} labels", values.len())));
            }
            let sum: f64 = values.iter().sum();
            let (wanted, tolerance) = if table.percent {
                (100.0, 0.15)
            } else {
                (table.answers as f64, 0.0)
            };
            // 1e-9 absorbs the floating-point error of the sum.
            if (sum - wanted).abs() > tolerance + 1e-9 {
                return Err(fail(format!("the values add up to {sum} and not {wanted}")));
            }
        }
    }
    for table in &file.means {
        let wrong = table
            .rows
            .iter()
            .find(|(_, values)| values.len() != table.categories.len());
        if let Some((model, _)) = wrong {
            return Err(SuiteError::new(
                path,
                format!("{}, {model}: not one value for each category", table.figure),
            ));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_tables_are_whole() {
        let all = embedded_baselines().unwrap();
        let file = &all[0];
        let rows = |part: &str| {
            let tables = file.tables.iter().filter(|table| table.part == part);
            tables.map(|table| table.rows.len()).sum::<usize>()
        };
        assert_eq!(rows("psb"), 15);
        assert_eq!(rows("msb"), 15);
        assert_eq!(rows("xstest"), 30);
        assert_eq!(rows("facts"), 15);
        // The paper's means follow from its counts.
        let nano = file.tables[0]
            .rows
            .iter()
            .find(|(m, _)| m == "gpt-4.1-nano");
        let (_, counts) = nano.unwrap();
        let sum: f64 = (1..)
            .zip(counts)
            .map(|(level, n)| f64::from(level) * n)
            .sum();
        assert!((sum / 466.0 - 1.742).abs() < 0.000_5);
    }

    #[test]
    fn values_that_do_not_add_up_are_refused() {
        let text = "nocere_baselines: 1\nid: x\nprotocol: p\ntitle: T\nsource: S\nnotes: []\ntables:\n  - {part: a, measure: refusal, labels: [comply, partial, refuse], figure: f, answers: 10, judge: j, rows: [[m, [1, 2, 3]]]}\n";
        let error = parse_baselines(Path::new("x.yaml"), text).unwrap_err();
        assert!(error.message.contains("add up to 6 and not 10"), "{error}");
    }
}
