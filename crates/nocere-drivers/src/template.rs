//! Texts with variables in braces, such as `{ask}`.

use std::collections::BTreeMap;

/// Placeholder for the probe's request.
pub(crate) const ASK: &str = "{ask}";

/// The variables of a text: words of lower-case letters and `_` in braces. Other braces are text.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(start, _)| {
        let rest = &text[start..];
        let end = rest.find('}')?;
        let name = &rest[1..end];
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_name.then(|| &rest[..=end])
    })
}

/// What is wrong with the variables of a text: one that is not `known`, or not each of `needed`
/// exactly once. `None` if nothing is.
pub(crate) fn fault(text: &str, known: &[&str], needed: &[&str]) -> Option<String> {
    if let Some(unknown) = variables(text).find(|name| !known.contains(name)) {
        return Some(format!(
            "there is no variable `{unknown}`; the variables are {}",
            known.join(", ")
        ));
    }
    let wrong = needed
        .iter()
        .find(|name| text.matches(**name).count() != 1)?;
    Some(format!("it must have `{wrong}` once"))
}

/// The text with its variables replaced, each once and from the left, so that a value that looks
/// like a variable stays as it is.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        if let Some((name, value)) = values.iter().find(|(name, _)| from.starts_with(name)) {
            filled.push_str(value);
            rest = &from[name.len()..];
        } else {
            filled.push('{');
            rest = &from[1..];
        }
    }
    filled.push_str(rest);
    filled
}

/// What is written in several languages, by BCP 47 tag.
pub(crate) type ByLanguage<T> = BTreeMap<String, T>;

/// The languages that `texts` exist in.
pub(crate) fn languages<T>(texts: &ByLanguage<T>) -> Vec<String> {
    texts.keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_variable_stays_as_it_is() {
        assert_eq!(fill("a {ask} b", &[(ASK, "{ask}?")]), "a {ask}? b");
        assert_eq!(fill("{\"x\": {ask}}", &[(ASK, "1")]), "{\"x\": 1}");
    }

    #[test]
    fn unknown_and_missing_variables_are_faults() {
        assert_eq!(fault("x {ask}", &[ASK], &[ASK]), None);
        let unknown = fault("{aks}", &[ASK], &[ASK]).unwrap();
        assert_eq!(
            unknown,
            "there is no variable `{aks}`; the variables are {ask}"
        );
        assert!(fault("none", &[ASK], &[ASK]).unwrap().contains("once"));
        assert!(fault("{ask}{ask}", &[ASK], &[ASK]).is_some());
        assert_eq!(fault("{\"json\": 1} {ask}", &[ASK], &[ASK]), None);
    }
}
