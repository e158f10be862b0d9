//! Checks that the machine has enough memory for a model.

use std::path::Path;

use crate::LocalError;

/// Megabytes that the system reports as available; `None` if it does not report any.
fn available_mb() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

/// Refuses to load a file that would make the machine swap or trigger the OOM killer.
pub(crate) fn check(path: &Path, file_bytes: u64, extra_bytes: u64) -> Result<(), LocalError> {
    let needed_mb = (file_bytes + extra_bytes) / 1_000_000 + 64;
    match available_mb() {
        Some(available_mb) if available_mb < needed_mb => Err(LocalError::Memory {
            path: path.to_owned(),
            needed_mb,
            available_mb,
        }),
        _ => Ok(()),
    }
}
