//! What every command needs: the project and the output options.

use std::sync::Arc;

use nocere_project::{Project, ProjectError, Stop, StopRequest, Trust, Watch, user_models_folder};

use crate::{
    cli::{Cli, WorkingArgs},
    output,
    progress::RunProgress,
};

/// The project, and the user's output options.
pub(crate) struct Context {
    pub(crate) project: Project,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    /// Whether standard output gets colours.
    pub(crate) coloured: bool,
}

impl Context {
    pub(crate) fn new(cli: &Cli) -> Result<Self, ProjectError> {
        let models = match &cli.models_dir {
            Some(folder) => folder.clone(),
            // Without a home, as under systemd or cron, the project keeps its models itself.
            None => {
                user_models_folder().unwrap_or_else(|_| cli.project.join(".nocere").join("models"))
            }
        };
        let trust = Trust {
            given: cli.trust,
            ask: output::can_ask().then_some(output::ask_trust),
            typed: Some(
                std::env::args_os()
                    .map(|word| word.to_string_lossy().into_owned())
                    .collect(),
            ),
        };
        Ok(Self {
            project: Project::open(&cli.project, models)?
                .trusting(trust)
                .with_suite_key(cli.suite_key.clone()),
            json: cli.json,
            quiet: cli.quiet,
            coloured: cli.color.applies(),
        })
    }

    /// A watch that shows progress, and stops the run at Ctrl-C.
    pub(crate) fn watch(&self, args: &WorkingArgs) -> Watch {
        let progress = Arc::new(RunProgress::new(args.progress, self.quiet, self.json));
        let stop = Stop::default();
        stop_at_interrupt(stop.clone(), Arc::clone(&progress));
        Watch {
            listener: progress,
            stop,
        }
    }
}

/// The signals that ask a process to end.
struct Signals {
    #[cfg(unix)]
    kinds: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind| signal(kind).ok();
        Some(Self {
            kinds: [
                of(SignalKind::interrupt())?,
                of(SignalKind::terminate())?,
                of(SignalKind::hangup())?,
            ],
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> bool {
        let [interrupt, terminate, hangup] = &mut self.kinds;
        tokio::select! {
            heard = interrupt.recv() => heard.is_some(),
            heard = terminate.recv() => heard.is_some(),
            heard = hangup.recv() => heard.is_some(),
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
    fn listen() -> Option<Self> {
        Some(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}

/// Requests a stop at each Ctrl-C, and when the system or a supervisor asks the process to end. If no signal handler can be installed, the run simply
/// continues.
fn stop_at_interrupt(stop: Stop, progress: Arc<RunProgress>) {
    let listen = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            let Some(mut signals) = Signals::listen() else {
                return;
            };
            while signals.next().await {
                if stop.request() == StopRequest::AfterWhatIsInFlight {
                    progress.interject(
                        "finishing what is in flight; press Ctrl-C again to stop at once",
                    );
                }
            }
        });
    };
    // The thread ends with the process.
    let _ = std::thread::Builder::new()
        .name("nocere-interrupt".to_owned())
        .spawn(listen);
}
