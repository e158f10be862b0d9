//! The figures that reports count, from their asset.

use std::path::Path;

use nocere_assets::{Assets, Kind};
use nocere_core::{FIGURES_FORMAT, FigureFile, FigureRow, Instrument, measure};

use crate::{Project, ProjectError, judges};

/// All figures of a project, in the order of reports: file by file, those that it adds last.
///
/// # Errors
/// If an asset is not a file of figures, is of another format, or two figures share an id.
pub fn load(project: &Project) -> Result<Vec<FigureRow>, ProjectError> {
    of_assets(project.assets())
}

fn of_assets(assets: &Assets) -> Result<Vec<FigureRow>, ProjectError> {
    let mut figures: Vec<FigureRow> = Vec::new();
    for asset in assets.of(Kind::Figure) {
        for figure in parse(&asset.path, asset.text())? {
            if figures.iter().any(|other| other.id == figure.id) {
                return Err(ProjectError::usage(format!(
                    "{}: two figures have the id `{}`",
                    asset.path, figure.id
                ))
                .hint("give it another id, or replace the file that has it"));
            }
            figures.push(figure);
        }
    }
    Ok(figures)
}

/// Refuses figures that no judge fills, or that do not fit the scale of a judge of theirs:
/// before anything is asked.
///
/// # Errors
/// If a figure names an unknown measure, or as [`check`].
pub(crate) fn check_before(
    project: &Project,
    instruments: &[Instrument],
) -> Result<(), ProjectError> {
    let figures = load(project)?;
    let mut known = [
        measure::ANSWER,
        measure::CHECKS,
        measure::GROUNDING,
        measure::REFUSAL,
    ]
    .map(str::to_owned)
    .to_vec();
    known.extend(judges::read_by_model(project)?.into_iter().map(|of| of.0));
    known.extend(instruments.iter().map(|of| of.measure.clone()));
    known.sort();
    known.dedup();
    if let Some(odd) = figures.iter().find(|row| !known.contains(&row.measure)) {
        return Err(ProjectError::unknown(
            format!(
                "the figure `{}` counts `{}`, and no judge measures `{}`",
                odd.id, odd.measure, odd.measure
            ),
            &odd.measure,
            known.iter().map(String::as_str),
            format!("the measures are {}", known.join(", ")),
        ));
    }
    check(&figures, instruments)
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
        .map_err(|error| nocere_suites::SuiteError::from_yaml(Path::new(name), &error))?;
    if file.nocere_figures != FIGURES_FORMAT {
        return Err(ProjectError::usage(format!(
            "{name}: `nocere_figures` is {}, and this version reads {FIGURES_FORMAT}",
            file.nocere_figures
        )));
    }
    Ok(file.figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_figures_count_known_measures() {
        let figures = of_assets(&Assets::shipped()).unwrap();
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
    fn misspelt_fields_and_other_formats_are_refused() {
        let assets = Assets::shipped();
        let shipped = assets.find(Kind::Figure, "errors").unwrap().text();
        let misspelt = shipped.replacen("measure: harm", "measures: harm", 1);
        let error = parse("x.yaml", &misspelt).unwrap_err().to_string();
        assert!(error.contains("measures"), "{error}");
        let newer = shipped.replace("nocere_figures: 1", "nocere_figures: 2");
        let error = parse("x.yaml", &newer).unwrap_err().to_string();
        assert!(error.contains("is 2, and this version reads 1"), "{error}");
    }
}
