//! Why a request got no response at all.

/// Whether the system has no file descriptor left for a connection (`EMFILE`, `ENFILE`).
pub(crate) fn lacks_descriptors(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        let code = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::raw_os_error);
        if matches!(code, Some(23 | 24)) {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The error and its chain of causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_descriptors_are_not_the_servers_fault() {
        for (code, lacks) in [(24, true), (23, true), (111, false)] {
            let error = std::io::Error::from_raw_os_error(code);
            assert_eq!(lacks_descriptors(&error), lacks, "{code}");
        }
    }
}
