//! Redistribution: what a suite's licence says about passing its prompts on.

/// Permission to write prompts to a file that leaves the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redistribution {
    /// The licence is known to allow it, with attribution if it requires that.
    Allowed,
    /// The licence is known to forbid copies of parts or changed copies.
    Forbidden,
    /// The licence is not known, or allows copies for some uses only.
    Unknown,
}

/// SPDX ids of licences that allow copies of parts.
const ALLOWED: [&str; 13] = [
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-SA-3.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ODC-By-1.0",
    "Unlicense",
];

/// Permission under `licence`: an SPDX id, or alternatives joined by ` OR `, of which the most
/// permissive counts. "ND" forbids parts. "NC" allows copies for some uses only, and the use
/// of a written file is not known here, so it counts as unknown.
pub fn redistribution(licence: &str) -> Redistribution {
    let alternatives = || licence.split(" OR ").map(str::trim);
    let known = |licence: &str| {
        ALLOWED
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(licence))
    };
    if alternatives().any(known) {
        return Redistribution::Allowed;
    }
    let forbids = |licence: &str| {
        let upper = licence.to_ascii_uppercase();
        upper.split(['-', ' ']).any(|part| part == "ND")
            || ["PROPRIETARY", "ALL RIGHTS RESERVED", "NOASSERTION", "NONE"]
                .iter()
                .any(|word| upper.contains(word))
    };
    if alternatives().all(forbids) {
        Redistribution::Forbidden
    } else {
        Redistribution::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_licences_allow_copies() {
        for licence in ["MIT", "cc-by-4.0", "MIT OR Apache-2.0", "GPL-9 OR MIT"] {
            assert_eq!(
                redistribution(licence),
                Redistribution::Allowed,
                "{licence}"
            );
        }
        for licence in ["CC-BY-NC-ND-4.0", "proprietary", "All rights reserved"] {
            assert_eq!(
                redistribution(licence),
                Redistribution::Forbidden,
                "{licence}"
            );
        }
        for licence in [
            "",
            "CC-BY-NC-4.0",
            "as its source",
            "ODC-BY with AI2's terms",
        ] {
            assert_eq!(
                redistribution(licence),
                Redistribution::Unknown,
                "{licence}"
            );
        }
    }
}
