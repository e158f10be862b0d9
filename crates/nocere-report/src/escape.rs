//! Hostile text in pages: escaped, and without characters that reorder, hide or overprint text.

use std::fmt::{self, Write};

use askama::filters::Escaper;
use nocere_core::text::plain;

/// The escaper of all templates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, dest: W, string: &str) -> fmt::Result {
        askama::filters::Html.write_escaped_str(dest, &plain(string))
    }
}
