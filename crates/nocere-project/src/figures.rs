//! The figures that reports count, from their asset.

use nocere_core::{FIGURES_FORMAT, FigureFile, FigureRow, Instrument};

use crate::ProjectError;

const NAME: &str = "assets/figures/errors.yaml";
const SHIPPED: &str = include_str!("../../../assets/figures/errors.yaml");

/// All figures, in the order of reports.
///
/// # Errors
/// If an asset is not a file of figures, is of another format, or two figures share an id.
pub fn load() -> Result<Vec<FigureRow>, ProjectError> {
    parse(NAME, SHIPPED)
}

/// Refuses figures that do not fit the scale of a judge of theirs.
///
/// # Errors
/// If a figure names a label that the scale lacks, or counts what its verdicts cannot show.
pub fn check(figures: &[FigureRow], instruments: &[Instrument]) -> Result<(), ProjectError> {
    for figure in figures {
        let of = instruments.iter().filter(|of| of.measure == figure.measure);
        for instrument in of {
            if let Some(fault) = figure.fault(&instrument.scale) {
                return Err(ProjectError::usage(format!(
                    "{fault}; the judge is `{}`",
                    instrument.id
                ))
                .hint("change the figure's `error` or the rubric's `labels`"));
            }
        }
    }
    Ok(())
}

fn parse(name: &str, text: &str) -> Result<Vec<FigureRow>, ProjectError> {
    let file: FigureFile = serde_saphyr::from_str(text)
        .map_err(|error| ProjectError::usage(format!("{name}: {error}")))?;
    if file.nocere_figures != FIGURES_FORMAT {
        return Err(ProjectError::usage(format!(
            "{name}: `nocere_figures` is {}, and this version reads {FIGURES_FORMAT}",
            file.nocere_figures
        )));
    }
    for (number, figure) in file.figures.iter().enumerate() {
        if file.figures[..number]
            .iter()
            .any(|other| other.id == figure.id)
        {
            return Err(ProjectError::usage(format!(
                "{name}: two figures have the id `{}`",
                figure.id
            )));
        }
    }
    Ok(file.figures)
}

#[cfg(test)]
mod tests {
    use nocere_core::measure;

    use super::*;

    #[test]
    fn the_shipped_figures_count_known_measures() {
        let figures = load().unwrap();
        let known = [
            measure::HARM,
            measure::REFUSAL,
            measure::CHECKS,
            measure::GROUNDING,
            measure::ANSWER,
            measure::HELPFULNESS,
        ];
        for figure in &figures {
            assert!(known.contains(&figure.measure.as_str()), "{}", figure.id);
        }
    }

    #[test]
    fn two_figures_of_one_id_and_misspelt_fields_are_refused() {
        let twice = SHIPPED.replace("id: unsafe-compliance", "id: harmful");
        let error = parse("x.yaml", &twice).unwrap_err().to_string();
        assert!(
            error.contains("two figures have the id `harmful`"),
            "{error}"
        );
        let misspelt = SHIPPED.replacen("measure: harm", "measures: harm", 1);
        let error = parse("x.yaml", &misspelt).unwrap_err().to_string();
        assert!(error.contains("measures"), "{error}");
        let newer = SHIPPED.replace("nocere_figures: 1", "nocere_figures: 2");
        assert!(parse("x.yaml", &newer).is_err());
    }
}
