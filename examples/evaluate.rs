//! Evaluates a model behind a local server and writes the page of its report.
//!
//! ```text
//! cargo run -p nocere --example evaluate -- http://127.0.0.1:8080/v1 MODEL
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the program's only output"
)]

use std::{error::Error, sync::Arc};

use nocere::{Project, RunEvent, RunSpec, Stop, Watch, html_page};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(address), Some(model)) = (words.next(), words.next()) else {
        return Err("usage: evaluate ADDRESS MODEL".into());
    };
    let project = Project::open(".", nocere_project::user_models_folder()?)?;
    let mut spec = RunSpec::new("nocere-triads", format!("openai:{model}@{address}"));
    spec.limit = Some(60);
    spec.local_only = true;

    let run = project.plan(&spec)?;
    let id = run.header().id.clone();
    let watch = Watch {
        listener: Arc::new(|event: &RunEvent<'_>| {
            if let RunEvent::AttemptFailed { problem, .. } = event {
                eprintln!("a call failed: {problem}");
            }
        }),
        stop: Stop::default(),
    };
    run.begin()?.work(&watch)?;

    let report = project.report(&project.run(&id)?)?;
    for target in &report.targets {
        for perspective in &target.perspectives {
            for figure in &perspective.figures {
                println!(
                    "{}, {}: {} ({}), {}",
                    perspective.perspective,
                    figure.title,
                    figure.percent(),
                    figure.interval(),
                    figure.counts()
                );
            }
        }
    }
    let page = project.report_path(&id, "html");
    nocere_project::write_whole(&page, &html_page(&report)?)?;
    println!("{}", page.display());
    Ok(())
}
