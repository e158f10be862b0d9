//! Server-sent events: the text of each event's `data:` fields, in order.

/// The events of a body.
pub(crate) struct Events {
    /// Data of each event.
    pub(crate) data: Vec<String>,
    /// True if the last line has no line end: the last event may be cut off.
    pub(crate) cut: bool,
}

/// Data of all events in a body. Accepts LF, CRLF and CR. Skips comments and other fields.
pub(crate) fn events(body: &str) -> Events {
    let mut events = Vec::new();
    let mut data: Vec<&str> = Vec::new();
    let mut names_error = false;
    let normal = body.replace("\r\n", "\n").replace('\r', "\n");
    for line in normal.trim_start_matches('\u{feff}').split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                events.push(named(std::mem::take(&mut names_error), &data));
                data.clear();
            }
        } else if line
            .strip_prefix("event:")
            .is_some_and(|name| name.trim() == "error")
        {
            names_error = true;
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    // Some servers omit the empty line after the last event; its data is complete.
    if !data.is_empty() {
        events.push(named(names_error, &data));
    }
    Events {
        data: events,
        cut: !normal.is_empty() && !normal.ends_with('\n'),
    }
}

/// The data of an event. That of one whose name says so is wrapped into an error.
fn named(is_error: bool, data: &[&str]) -> String {
    let data = data.join("\n");
    if !is_error || data.contains("\"error\"") {
        return data;
    }
    let value = serde_json::from_str::<serde_json::Value>(&data);
    let error = value.unwrap_or(serde_json::Value::String(data));
    serde_json::json!({ "error": error }).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_told_apart() {
        let body = ": hello\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata: cut";
        let read = events(body);
        assert_eq!(read.data, ["{\"a\":1}", "one\ntwo", "cut"]);
        assert!(read.cut);
        let read = events("data: last\n");
        assert_eq!((read.data, read.cut), (vec!["last".to_owned()], false));
        assert!(events("").data.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(body in "\\PC*") {
            let _ = events(&body);
        }

        #[test]
        fn what_was_written_is_read(texts in proptest::collection::vec("[a-z {}:]{1,20}", 0..9)) {
            let body: String = texts.iter().map(|text| format!("data: {text}\n\n")).collect();
            prop_assert_eq!(events(&body).data, texts);
        }
    }
}
