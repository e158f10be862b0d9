//! `nocere demonstrations`.

use std::collections::BTreeSet;

use nocere_core::text::{plain, plural};
use nocere_project::{Contamination, Demonstrations, ProjectError, Shows, load_suite, write_whole};

use crate::{
    cli_demonstrations::DemonstrationsCommand,
    context::Context,
    exit::{DONE, GATE},
    output,
};

/// Most contaminated demonstrations that are listed in text.
const LISTED: usize = 20;

pub(super) fn demonstrations(
    context: &Context,
    command: &DemonstrationsCommand,
) -> Result<u8, ProjectError> {
    match command {
        DemonstrationsCommand::Export {
            set,
            output: file,
            form,
            number,
            without,
        } => {
            let set = context.project.demonstrations(set)?;
            let found = contaminated(context, &set, without)?;
            let left_out: BTreeSet<usize> = found.iter().map(|one| one.demonstration).collect();
            let lines = set.training((*form).into(), &left_out, *number);
            if file.as_os_str() == "-" {
                output::data(&lines)?;
            } else {
                write_whole(file, &lines)?;
            }
            output::talk(&format!(
                "{} of {} from {} (licence: {}); {} left out as nearly the same as a probe",
                plural(lines.lines().count() as u64, "demonstration"),
                set.demonstrations.len(),
                plain(&set.id),
                plain(&set.licence),
                left_out.len()
            ));
            Ok(DONE)
        }
        DemonstrationsCommand::Check { set, suites } => {
            let set = context.project.demonstrations(set)?;
            let found = contaminated(context, &set, suites)?;
            if context.json {
                output::json(&found)?;
            } else {
                output::text(&text(&set, &found))?;
            }
            Ok(if found.is_empty() { DONE } else { GATE })
        }
    }
}

fn contaminated(
    context: &Context,
    set: &Demonstrations,
    suites: &[String],
) -> Result<Vec<Contamination>, ProjectError> {
    let suites = suites
        .iter()
        .map(|name| load_suite(&context.project, name))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(set.contaminated(&suites))
}

fn counted(set: &Demonstrations) -> String {
    let of = |shows: Shows| {
        let all = set.demonstrations.iter();
        all.filter(|one| one.shows == shows).count()
    };
    format!("{} decline, {} help", of(Shows::Refusal), of(Shows::Help))
}

fn text(set: &Demonstrations, found: &[Contamination]) -> String {
    let alike: BTreeSet<usize> = found.iter().map(|one| one.demonstration).collect();
    let mut out = format!(
        "{} ({}); nearly the same as a probe: {}.\n",
        plural(set.demonstrations.len() as u64, "demonstration"),
        counted(set),
        alike.len()
    );
    for one in found.iter().take(LISTED) {
        out.push_str(&plain(&format!(
            "  {} and probe {} of {}: {:.0} % alike\n",
            one.demonstration,
            one.probe,
            one.suite,
            one.likeness * 100.0
        )));
    }
    if found.len() > LISTED {
        out.push_str(&format!("  and {} more\n", found.len() - LISTED));
    }
    out
}
