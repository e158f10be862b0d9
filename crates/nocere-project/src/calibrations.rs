//! The calibrations of a project: its own, and those that ship with nocere.

use std::path::PathBuf;

use nocere_core::{CALIBRATION_FORMAT, Calibration, ContentHash};

use crate::{Project, ProjectError, folder::write_whole};

/// Calibrations of embedded judges, made with `cargo xtask train-refusal`.
const EMBEDDED: [(&str, &str); 1] = [(
    "assets/calibrations/refusal.json",
    include_str!("../../../assets/calibrations/refusal.json"),
)];

/// All calibrations, at most one for each judge. The project's own replace those that ship.
///
/// # Errors
///
/// The folder of calibrations cannot be read, or a file in it is not a valid calibration of this
/// format.
pub fn load(project: &Project) -> Result<Vec<Calibration>, ProjectError> {
    let mut all = own(project)?;
    for (name, text) in EMBEDDED {
        let calibration = parse(name, text)?;
        if !all
            .iter()
            .any(|known| known.instrument.hash == calibration.instrument.hash)
        {
            all.push(calibration);
        }
    }
    Ok(all)
}

/// The calibration of the judge with this hash; `None` if it is not calibrated.
///
/// # Errors
///
/// As for [`load`].
pub fn of(project: &Project, hash: &ContentHash) -> Result<Option<Calibration>, ProjectError> {
    Ok(load(project)?
        .into_iter()
        .find(|calibration| calibration.instrument.hash == *hash))
}

fn own(project: &Project) -> Result<Vec<Calibration>, ProjectError> {
    let folder = project.calibrations_folder();
    let fail = |error: std::io::Error| {
        ProjectError::infrastructure(format!("failed to read {}: {error}", folder.display()))
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(fail)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let fault =
                |what: String| ProjectError::usage(format!("failed to read {name}: {what}"));
            let bytes = nocere_assets::read_file(path, LARGEST)
                .map_err(|error| fault(error.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|error| fault(error.to_string()))?;
            parse(&name, &text)
        })
        .collect()
}

/// Largest calibration, in bytes.
const LARGEST: u64 = 64 << 20;

#[derive(serde::Deserialize)]
struct Format {
    nocere_calibration: u32,
}

fn parse(name: &str, text: &str) -> Result<Calibration, ProjectError> {
    let fault = |what: String| {
        ProjectError::usage(format!("{name}: {what}"))
            .hint("measure the judge again, or delete the file")
    };
    // Check the format first: files of another format may have none of our fields.
    let format: Format =
        serde_json::from_str(text).map_err(|error| fault(format!("not a calibration: {error}")))?;
    if format.nocere_calibration != CALIBRATION_FORMAT {
        return Err(fault(format!(
            "`nocere_calibration` is {}, but this version reads format {CALIBRATION_FORMAT}",
            format.nocere_calibration
        )));
    }
    let calibration: Calibration =
        serde_json::from_str(text).map_err(|error| fault(format!("not a calibration: {error}")))?;
    let classes = calibration.scale.len();
    let outside = calibration.rows.iter().any(|row| {
        row.human
            .iter()
            .chain(&row.judge)
            .chain(row.ratings.iter().flatten())
            .any(|place| *place >= classes)
    });
    if outside {
        return Err(fault("a label is not on the scale".to_owned()));
    }
    Ok(calibration)
}

/// Stores a calibration, replacing an earlier one of the same judge. Returns its file.
///
/// # Errors
///
/// The file cannot be written.
pub fn save(project: &Project, calibration: &Calibration) -> Result<PathBuf, ProjectError> {
    let text = serde_json::to_string(calibration)
        .map_err(|error| ProjectError::infrastructure(format!("failed to write JSON: {error}")))?;
    let name = format!("{}.json", calibration.instrument.hash.short());
    let path = project.calibrations_folder().join(name);
    write_whole(&path, &(text + "\n"))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use nocere_core::Judge as _;
    use nocere_judges::RefusalClassifier;

    use super::*;

    /// Fails after a change of the judge: `cargo xtask train-refusal` measures it anew.
    #[test]
    fn the_calibration_that_ships_is_that_of_the_judge_that_ships() {
        let (name, text) = EMBEDDED[0];
        let calibration = parse(name, text).unwrap();
        let judge = RefusalClassifier::embedded().unwrap();
        assert_eq!(calibration.instrument, *judge.instrument());
        assert_eq!(calibration.rows.len(), 1_350);
    }

    #[test]
    fn a_broken_calibration_says_so() {
        for text in ["", "{}", "[1]"] {
            assert!(parse("x.json", text).is_err());
        }
        let (name, text) = EMBEDDED[0];
        let outside = text.replacen("\"human\":0", "\"human\":9", 1);
        assert!(parse(name, &outside).is_err());
    }
}
