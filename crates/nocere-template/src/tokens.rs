//! A template's tokens, counted before anything recursive reads them.
//!
//! The parser, the code generator and the destructors of minijinja recurse once for each operator
//! of an expression and once for each `elif`; only brackets and blocks are limited there. Bounding
//! the tokens of a tag bounds all of them.

use minijinja::{
    machinery::{Token, tokenize},
    syntax::SyntaxConfig,
};

use crate::TemplateError;

/// Most tokens between `{{` and `}}`, or between `{%` and `%}`; a string counts as one.
const MAX_TAG_TOKENS: usize = 2_000;
/// Most `elif` in a template.
const MAX_ELIF: usize = 1_000;

/// The tags of Hugging Face that mark what a model is trained on, and tags of Jinja with the same
/// effect on what is rendered: none.
const TRAINING_TAGS: [(&str, &str); 2] = [("generation", "if true"), ("endgeneration", "endif")];

/// Checks the size of each tag of `source`, and replaces training tags by tags that Jinja knows.
pub(crate) fn prepare(source: &str, syntax: &SyntaxConfig) -> Result<String, TemplateError> {
    let mut replaced = String::with_capacity(source.len());
    // End of what has been copied.
    let mut copied = 0;
    let (mut in_tag, mut elifs) = (0_usize, 0_usize);
    let mut opens_block = false;
    for token in tokenize(source, false, syntax.clone()) {
        let (token, span) = token.map_err(|error| TemplateError::Syntax(error.to_string()))?;
        let begins = matches!(token, Token::BlockStart);
        in_tag = match token {
            Token::BlockStart | Token::VariableStart | Token::TemplateData(_) => 0,
            _ => in_tag + 1,
        };
        let line = || line_of(source, span.start_offset as usize);
        if in_tag > MAX_TAG_TOKENS {
            return Err(TemplateError::TooComplex {
                line: line(),
                what: "a tag",
                limit: MAX_TAG_TOKENS,
                unit: "words and signs",
            });
        }
        if let (Token::Ident(word), true) = (&token, opens_block) {
            elifs += usize::from(*word == "elif");
            if elifs > MAX_ELIF {
                return Err(TemplateError::TooComplex {
                    line: line(),
                    what: "the template",
                    limit: MAX_ELIF,
                    unit: "`elif`",
                });
            }
            let known = TRAINING_TAGS.iter().find(|(tag, _)| tag == word);
            let place = span.start_offset as usize..span.end_offset as usize;
            if let (Some((_, plain)), Some(before)) = (known, source.get(copied..place.start)) {
                replaced.push_str(before);
                replaced.push_str(plain);
                copied = place.end;
            }
        }
        opens_block = begins;
    }
    replaced.push_str(source.get(copied..).unwrap_or_default());
    Ok(replaced)
}

/// The line of a place in a text, from 1.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    let before = source.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(source: &str) -> Result<String, TemplateError> {
        prepare(source, &SyntaxConfig::default())
    }

    #[test]
    fn training_tags_become_tags_without_effect() {
        for (source, expected) in [
            (
                "a{% generation %}b{% endgeneration %}c",
                "a{% if true %}b{% endif %}c",
            ),
            (
                "{%- generation -%}b{%- endgeneration -%}",
                "{%- if true -%}b{%- endif -%}",
            ),
            (
                "é{%generation%}b{%+ endgeneration %}",
                "é{%if true%}b{%+ endif %}",
            ),
            // Not tags: text, strings, comments, variables, raw text.
            ("generation {# generation #}", "generation {# generation #}"),
            (
                "{{ '{% generation %}' ~ generation }}",
                "{{ '{% generation %}' ~ generation }}",
            ),
            (
                "{% raw %}{% generation %}{% endraw %}",
                "{% raw %}{% generation %}{% endraw %}",
            ),
            (
                "{% if generation %}x{% endif %}",
                "{% if generation %}x{% endif %}",
            ),
        ] {
            assert_eq!(prepared(source).unwrap(), expected);
        }
    }

    #[test]
    fn long_tags_are_refused_and_long_strings_are_not() {
        let long = "x".repeat(100_000);
        assert!(prepared(&format!("{{{{ '{long}' }}}}{long}")).is_ok());
        let error = prepared(&format!("\n{{{{ 1{} }}}}", "|abs".repeat(50_000))).unwrap_err();
        assert!(
            error.to_string().starts_with("line 2: a tag has more than"),
            "{error}"
        );
    }
}
