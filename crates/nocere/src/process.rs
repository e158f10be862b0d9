//! What the process asks of the operating system before it does anything: no core dumps, which
//! would hold keys, and enough open files.

/// Most open files that are asked for.
#[cfg(unix)]
const MOST_FILES: u64 = 65_536;

/// Prepares the process. What the system refuses is left as it is: none of it is needed to work.
pub(crate) fn prepare() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let core = getrlimit(Resource::Core);
        let _ = setrlimit(
            Resource::Core,
            Rlimit {
                current: Some(0),
                maximum: core.maximum,
            },
        );
        let files = getrlimit(Resource::Nofile);
        let wanted = files.maximum.unwrap_or(MOST_FILES).min(MOST_FILES);
        if files.current.is_some_and(|now| now < wanted) {
            let _ = setrlimit(
                Resource::Nofile,
                Rlimit {
                    current: Some(wanted),
                    maximum: files.maximum,
                },
            );
        }
        if let Some(limit) = getrlimit(Resource::Nofile).current {
            nocere_models::keep_files_back(limit);
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Other processes of this user cannot read the memory either.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
