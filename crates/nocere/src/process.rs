//! What the process asks of the operating system before it does anything: no core dumps, which
//! would hold keys, and enough open files.

/// Most open files that are asked for.
#[cfg(unix)]
const MOST_FILES: u64 = 65_536;

/// Files that a process needs open to do anything.
#[cfg(unix)]
const FEWEST_FILES: u64 = 40;

/// Prepares the process. What the system refuses is left as it is: none of it is needed to work.
///
/// # Errors
///
/// Too few files may be open to work at all, in words.
pub(crate) fn prepare() -> Result<(), String> {
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
            if limit < FEWEST_FILES {
                return Err(format!(
                    "this process may have {limit} files open, and needs at least {FEWEST_FILES}; raise it with `ulimit -n`"
                ));
            }
            nocere_models::keep_files_back(limit);
        }
        outlive_file_limits();
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Other processes of this user cannot read the memory either.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    Ok(())
}

/// Lets the process that serves an unknown model have most of the machine's memory and not all:
/// what such a file asks for beyond that ends its process, and not others. Mapped weights do not
/// count.
#[cfg(all(unix, feature = "local"))]
pub(crate) fn keep_memory_back() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let total = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
    if let Some(kilobytes) = total {
        let maximum = getrlimit(Resource::Data).maximum;
        let most = kilobytes.saturating_mul(1024) / 4 * 3;
        let _ = setrlimit(
            Resource::Data,
            Rlimit {
                current: Some(maximum.map_or(most, |maximum| maximum.min(most))),
                maximum,
            },
        );
    }
}

/// Makes a write beyond the limit of a file's size (`ulimit -f`) an error instead of the end of
/// the process. The handler stays when the runtime that installed it is gone.
#[cfg(unix)]
fn outlive_file_limits() {
    const SIGXFSZ: i32 = 25;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    if let Ok(runtime) = runtime {
        let _guard = runtime.enter();
        let kind = tokio::signal::unix::SignalKind::from_raw(SIGXFSZ);
        let _ = tokio::signal::unix::signal(kind);
    }
}
