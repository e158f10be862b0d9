//! Whether a template keeps to the part of Jinja whose output is bounded by its inputs: values,
//! conditions and text.

use minijinja::machinery::{Token, tokenize};

use crate::{TemplateError, tokens::line_of};

/// Tags of a simple template.
const TAGS: [&str; 4] = ["if", "elif", "else", "endif"];
/// Filters of a simple template: none makes a text longer than its input by more than a factor.
const FILTERS: [&str; 8] = [
    "trim",
    "upper",
    "lower",
    "title",
    "capitalize",
    "length",
    "default",
    "d",
];
const ALLOWED: &str = "use variables, `if` with `elif` and `else`, and the filters trim, upper, lower, title, capitalize, length and default";

/// Checks that `source` has no loops, macros, variables of its own, products or calls, so that
/// what it renders is bounded by its own length and the lengths of its inputs.
///
/// # Errors
///
/// [`TemplateError::NotAccepted`] for the first tag, filter or sign that is not part of a simple
/// template; [`TemplateError::Syntax`] if the source cannot be split into tokens.
pub fn simple(source: &str) -> Result<(), TemplateError> {
    let mut before = Before::Other;
    for token in tokenize(source, false, minijinja::syntax::SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| TemplateError::Syntax(error.to_string()))?;
        let accepted = match (&token, before) {
            (Token::Ident(word), Before::Block) => TAGS.contains(word),
            (Token::Ident(word), Before::Pipe) => FILTERS.contains(word),
            // A bracket after a name is a call; elsewhere it only groups. `default` takes a value.
            (Token::ParenOpen, Before::Name) | (Token::Mul | Token::Pow | Token::Mod, _) => false,
            _ => true,
        };
        if !accepted {
            return Err(TemplateError::NotAccepted {
                line: line_of(source, span.start_offset as usize),
                what: match &token {
                    Token::Ident(word) => (*word).to_owned(),
                    other => other.to_string().trim_matches('`').to_owned(),
                },
                allowed: ALLOWED,
            });
        }
        before = match (token, before) {
            (Token::BlockStart, _) => Before::Block,
            (Token::Pipe, _) => Before::Pipe,
            (Token::Ident("and" | "or" | "not" | "in" | "is" | "if" | "elif" | "else"), _) => {
                Before::Other
            }
            (Token::Ident(_), Before::Pipe) => Before::Other,
            (Token::Ident(_) | Token::BracketClose | Token::ParenClose, _) => Before::Name,
            _ => Before::Other,
        };
    }
    Ok(())
}

/// What the token before was, as far as it matters.
#[derive(Clone, Copy)]
enum Before {
    /// `{%`: a tag's name follows.
    Block,
    /// `|`: a filter's name follows.
    Pipe,
    /// Something that can be called.
    Name,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_values_and_a_few_filters_are_simple() {
        for source in [
            "plain { text } 100%",
            "{{ question }}{%- if dialogue %} a {% elif not (policy == '') and policy %}b{% else %}c{% endif %}",
            "{{ answer|trim }} {{ perspective | default('anybody') }} {{ 'a' ~ (answer) }}",
            "{# {% for x in y %} #}{% raw %}{% for x in y %}{% endraw %}",
        ] {
            simple(source).unwrap();
        }
    }

    #[test]
    fn what_can_grow_without_bound_is_refused_with_its_line() {
        for (source, what) in [
            ("\n{% for i in range(9) %}{% endfor %}", "`for`"),
            ("\n{% set a = answer %}", "`set`"),
            ("\n{% macro m() %}{% endmacro %}", "`macro`"),
            ("\n{{ 'a' * 100000000 }}", "`*`"),
            ("\n{{ 2 ** 9 }}", "`**`"),
            ("\n{{ '%99999999d' % 1 }}", "`%`"),
            ("\n{{ 'a'|center(999999999) }}", "`center`"),
            ("\n{{ range(9) }}", "`(`"),
            ("\n{{ answer.replace('', answer) }}", "`(`"),
            ("\n{{ 'x'|trim|indent(99999) }}", "`indent`"),
            ("\n{% filter indent(9) %}a{% endfilter %}", "`filter`"),
            ("\n{% include 'x' %}", "`include`"),
        ] {
            let error = simple(source).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("line 2: {what} is not accepted")),
                "{source:?}: {error}"
            );
        }
    }
}
