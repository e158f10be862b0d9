//! The kinds of attack that files can name: a row and a file each.

use crate::{
    best_of, crescendo, part::Made, persona, plant, rewrite, script, search, transform, tree, wrap,
};

/// A kind of attack.
pub(crate) struct Kind {
    /// The word in `kind`.
    pub(crate) name: &'static str,
    /// Raise when the code changes what is sent.
    pub(crate) version: u32,
    /// Makes the attack of its settings, or says what is wrong with them.
    pub(crate) read: fn(serde_json::Value) -> Result<Made, String>,
}

pub(crate) static KINDS: [Kind; 11] = [
    Kind {
        name: "wrap",
        version: 2,
        read: wrap::read,
    },
    Kind {
        name: "transform",
        version: 1,
        read: transform::read,
    },
    Kind {
        name: "plant",
        version: 1,
        read: plant::read,
    },
    Kind {
        name: "rewrite",
        version: 1,
        read: rewrite::read,
    },
    Kind {
        name: "script",
        version: 1,
        read: script::read,
    },
    Kind {
        name: "best-of-n",
        version: 1,
        read: best_of::read,
    },
    Kind {
        name: "pair",
        version: 1,
        read: tree::read_pair,
    },
    Kind {
        name: "tap",
        version: 1,
        read: tree::read_tap,
    },
    Kind {
        name: "crescendo",
        version: 1,
        read: crescendo::read,
    },
    Kind {
        name: "persona",
        version: 1,
        read: persona::read,
    },
    Kind {
        name: "search",
        version: 1,
        read: search::read,
    },
];
