//! The figures that reports show, read from their assets.

use std::path::Path;

use nocere_assets::{Assets, Kind};
use nocere_core::{FIGURES_FORMAT, FigureFile, FigureRow, Instrument, measure};

use crate::{Project, ProjectError, judges};

/// All figures of a project in the order in which reports show them: file by file, with the
/// project's additions last.
///
/// # Errors
///
/// An asset is not a file of figures or has another format, or two figures have the same id.
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
                .hint("use another id, or replace the file that has it"));
            }
            figures.push(figure);
        }
    }
    Ok(figures)
}

/// Checks, before anything is asked, that each figure's measure is known, and that each figure
/// fits the scales of its judges.
///
/// # Errors
///
/// A figure names an unknown measure, or as for [`check`].
pub(crate) fn check_before(
    project: &Project,
    instruments: &[Instrument],
) -> Result<(), ProjectError> {
    let figures = load(project)?;
    let mut known = measure::WITH_ONE_SCALE.map(str::to_owned).to_vec();
    known.extend(judges::read_by_model(project)?.into_iter().map(|of| of.0));
    known.extend(instruments.iter().map(|of| of.measure.clone()));
    known.sort();
    known.dedup();
    if let Some(odd) = figures.iter().find(|row| !known.contains(&row.measure)) {
        return Err(ProjectError::unknown(
            format!(
                "the figure `{}` counts `{}`, but no judge measures `{}`",
                odd.id, odd.measure, odd.measure
            ),
            &odd.measure,
            known.iter().map(String::as_str),
            format!("the measures are {}", known.join(", ")),
        ));
    }
    check(&figures, instruments)
}

/// Checks that figures fit the scales of their judges.
///
/// # Errors
///
/// A figure names a label that a scale lacks, or its error rule does not fit a scale.
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
            "{name}: `nocere_figures` is {}, but this version reads {FIGURES_FORMAT}",
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
        let mut known = measure::WITH_ONE_SCALE.to_vec();
        known.extend([measure::HARM, measure::HELPFULNESS]);
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
        assert!(error.contains("is 2, but this version reads 1"), "{error}");
    }
}
