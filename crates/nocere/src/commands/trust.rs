//! `nocere trust`.

use nocere_project::{ProjectError, trust};
use serde_json::json;

use crate::{context::Context, exit::DONE, output};

pub(super) fn trust(context: &Context, revoke: bool) -> Result<u8, ProjectError> {
    let (root, config) = (context.project.root(), context.project.config());
    let programs = trust::programs(config);
    if revoke {
        let had = trust::distrust(root)?;
        if context.json {
            output::json(&json!({ "trusted": false }))?;
        } else if had {
            output::talk("the programs of this folder are not trusted any more");
        } else {
            output::talk("nothing of this folder was trusted");
        }
        return Ok(DONE);
    }
    if programs.is_empty() {
        return Err(ProjectError::usage(
            "nocere.yaml of this folder starts no programs: there is nothing to trust",
        ));
    }
    trust::trust(root, config)?;
    if context.json {
        output::json(&json!({ "trusted": true, "programs": programs }))?;
    } else {
        output::talk("trusted from now on, until nocere.yaml names others:");
        for program in &programs {
            output::talk(&format!("  {program}"));
        }
    }
    Ok(DONE)
}
