//! Server-sent events: the text of each event's `data:` fields, in order.

/// Data of all events in a body. Accepts LF, CRLF and CR. Skips comments and other fields,
/// and a last line without a line end, which the connection has cut off.
pub(crate) fn events(body: &str) -> Vec<String> {
    let mut events = Vec::new();
    let mut data: Vec<&str> = Vec::new();
    let normal = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = normal.split('\n').peekable();
    while let Some(line) = lines.next() {
        // Text after the last line end is an incomplete line.
        if lines.peek().is_none() {
            break;
        }
        if line.is_empty() {
            if !data.is_empty() {
                events.push(data.join("\n"));
                data.clear();
            }
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    // Some servers omit the empty line after the last event; its data is complete.
    if !data.is_empty() {
        events.push(data.join("\n"));
    }
    events
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_told_apart() {
        let body = ": hello\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata: cut";
        assert_eq!(events(body), ["{\"a\":1}", "one\ntwo"]);
        assert_eq!(events("data: last\n"), ["last"]);
        assert!(events("").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(body in "\\PC*") {
            let _ = events(&body);
        }

        #[test]
        fn what_was_written_is_read(texts in proptest::collection::vec("[a-z {}:]{1,20}", 0..9)) {
            let body: String = texts.iter().map(|text| format!("data: {text}\n\n")).collect();
            prop_assert_eq!(events(&body), texts);
        }
    }
}
