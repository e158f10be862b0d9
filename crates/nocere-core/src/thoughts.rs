//! Tells a model's thoughts from its answer, in whatever form its template writes them. One
//! splitter for every wire format, the importers and models in the process.

use std::borrow::Cow;

/// A text split into thoughts and answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// What the model thought, without its tags; `None` if there is no sign of thoughts.
    pub thoughts: Option<String>,
    /// The rest. Empty if the thoughts never end.
    pub answer: Cow<'a, str>,
    /// True if a tag stands where it may also be part of the answer.
    pub unsure: bool,
}

/// Tags around thoughts: opening and closing, in small letters. The first of a closing tag's
/// forms must not be the beginning of another's.
const TAGS: [(&str, &str); 25] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("<analysis>", "</analysis>"),
    ("<antthinking>", "</antthinking>"),
    ("<longcat_think>", "</longcat_think>"),
    ("<mm:think>", "</mm:think>"),
    ("<inner_monologue>", "</inner_monologue>"),
    ("<rationale>", "</rationale>"),
    ("<|think|>", "<|/think|>"),
    ("<|channel>thought", "<channel|>"),
    ("<details type=\"reasoning\">", "</details>"),
    ("[think]", "[/think]"),
    ("[thinking]", "[/thinking]"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<unused94>", "<unused95>"),
    ("\u{25c1}think\u{25b7}", "\u{25c1}/think\u{25b7}"),
];

/// Number of families at the beginning of [`TAGS`] that are plain words in angle brackets.
const ANGLES: usize = 7;

/// Splits `text` into thoughts and answer.
///
/// Thoughts are what stands between tags at the beginning of the text or of a line, what stands
/// before a closing tag that nothing opened (templates often open it in the prompt), and all
/// channels but the final one of a text in channels. Tags in code spans are left alone.
pub fn split_thoughts(text: &str) -> Split<'_> {
    split_opened(text, false)
}

/// Like [`split_thoughts`], for a text that continues thoughts that the prompt has opened.
pub fn split_opened(text: &str, opened: bool) -> Split<'_> {
    if let Some(split) = split_channels(text) {
        return split;
    }
    let tags = tags(text);
    if tags.is_empty() && !opened {
        return Split {
            thoughts: None,
            answer: Cow::Borrowed(text),
            unsure: false,
        };
    }
    let mut reading = Reading {
        text,
        thoughts: Vec::new(),
        answer: Vec::new(),
        from: 0,
        open: opened.then_some(Open {
            family: None,
            depth: 1,
            last_close: None,
        }),
        inline: 0,
        unsure: false,
        unopened: false,
    };
    for tag in &tags {
        reading.tag(tag);
    }
    reading.end()
}

/// A tag in the text.
#[derive(Clone, Copy)]
struct Tag {
    family: usize,
    opens: bool,
    start: usize,
    end: usize,
}

/// Thoughts that have begun.
struct Open {
    /// Which pair of tags; `None` if the prompt opened them, and then any may close them.
    family: Option<usize>,
    depth: usize,
    /// The last tag that could have closed them, for thoughts that mention an opening tag.
    last_close: Option<Tag>,
}

struct Reading<'a> {
    text: &'a str,
    thoughts: Vec<&'a str>,
    /// Byte ranges of the answer.
    answer: Vec<(usize, usize)>,
    /// Where the part that is being read begins.
    from: usize,
    open: Option<Open>,
    /// Number of opening tags inside a line of the answer that are not closed yet.
    inline: usize,
    unsure: bool,
    /// A closing tag that nothing opened has ended thoughts.
    unopened: bool,
}

impl<'a> Reading<'a> {
    fn tag(&mut self, tag: &Tag) {
        match (&mut self.open, tag.opens) {
            (Some(open), opens) => {
                let same = open.family.is_none_or(|family| family == tag.family);
                // Models mix up the closing tags of their kinds of brackets, not the opening ones.
                let mixed_up = !opens && open.depth == 1 && tag.family < ANGLES;
                let mixed_up = mixed_up && open.family.is_some_and(|family| family < ANGLES);
                if !same && !mixed_up {
                    return;
                }
                if opens {
                    // A prompt that opens the thoughts is often repeated by the model.
                    let again =
                        open.family.is_none() && self.text[self.from..tag.start].trim().is_empty();
                    if again {
                        self.from = tag.end;
                    } else {
                        open.depth += 1;
                    }
                    open.family = Some(tag.family);
                    return;
                }
                open.last_close = Some(*tag);
                open.depth -= 1;
                if open.depth == 0 {
                    self.close(tag);
                }
            }
            (None, true) => {
                if self.begins_a_line(tag.start) {
                    self.answer.push((self.from, tag.start));
                    self.from = tag.end;
                    self.open = Some(Open {
                        family: Some(tag.family),
                        depth: 1,
                        last_close: None,
                    });
                } else {
                    self.inline += 1;
                    self.unsure = true;
                }
            }
            (None, false) if self.inline > 0 => self.inline -= 1,
            (None, false) => self.close_unopened(tag),
        }
    }

    fn close(&mut self, tag: &Tag) {
        self.thoughts.push(&self.text[self.from..tag.start]);
        self.from = tag.end;
        self.open = None;
    }

    /// A closing tag that nothing opened: everything so far was thought.
    fn close_unopened(&mut self, tag: &Tag) {
        let before = self.text[..tag.start].chars().next_back();
        let after = self.text[tag.end..].chars().next();
        let apart = |c: Option<char>| c.is_some_and(|c| c == ' ' || c.is_ascii_punctuation());
        if before == Some(' ') && apart(after) {
            // "ends with </think> before the reply": a text about the tag.
            self.unsure = true;
            return;
        }
        self.unopened = true;
        let line_before = self.text[..tag.start].rsplit('\n').next().unwrap_or("");
        let line_after = self.text[tag.end..].split('\n').next().unwrap_or("");
        self.unsure |= !line_before.trim().is_empty() && !line_after.trim().is_empty();
        for (start, end) in std::mem::take(&mut self.answer) {
            self.thoughts.push(&self.text[start..end]);
        }
        self.thoughts.push(&self.text[self.from..tag.start]);
        self.from = tag.end;
    }

    fn begins_a_line(&self, at: usize) -> bool {
        let line = self.text[..at].rsplit('\n').next().unwrap_or("");
        let since_tag = &self.text[self.from..at];
        line.trim().is_empty() || (!self.thoughts.is_empty() && since_tag.trim().is_empty())
    }

    fn end(mut self) -> Split<'a> {
        match self.open.take() {
            // The thoughts mention an opening tag, so that they seem not to end.
            Some(Open {
                last_close: Some(tag),
                ..
            }) => {
                self.unsure = true;
                self.close(&tag);
            }
            Some(_) => {
                self.thoughts.push(&self.text[self.from..]);
                self.from = self.text.len();
            }
            None => {}
        }
        if self.unopened && self.thoughts.len() == 1 && self.text[self.from..].trim().is_empty() {
            // Nothing follows the tag: what stands before it may well be the answer.
            return Split {
                thoughts: None,
                answer: Cow::Borrowed(self.thoughts[0].trim_end()),
                unsure: true,
            };
        }
        self.answer.push((self.from, self.text.len()));
        let thoughts: Vec<&str> = self
            .thoughts
            .iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        let thought = !self.thoughts.is_empty();
        let parts: Vec<&str> = self
            .answer
            .iter()
            .map(|(start, end)| &self.text[*start..*end])
            .filter(|part| !part.trim().is_empty())
            .collect();
        let answer = match parts.as_slice() {
            _ if !thought => Cow::Borrowed(self.text),
            [] => Cow::Borrowed(""),
            [part] => Cow::Borrowed(part.trim_start()),
            parts => Cow::Owned(parts.concat().trim_start().to_owned()),
        };
        Split {
            thoughts: thought.then(|| thoughts.join("\n\n")),
            answer,
            unsure: self.unsure,
        }
    }
}

/// All tags of the text that do not stand in code spans, in order.
fn tags(text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut ticks = 0_usize;
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => ticks = 0,
            '`' => ticks += 1,
            '<' | '[' | '&' | '\u{25c1}' if at >= skip_to && ticks.is_multiple_of(2) => {
                if let Some(tag) = tag_at(text, at) {
                    skip_to = tag.end;
                    tags.push(tag);
                }
            }
            _ => {}
        }
    }
    tags
}

fn tag_at(text: &str, at: usize) -> Option<Tag> {
    let rest = &text.as_bytes()[at..];
    let starts = |mark: &str| {
        let head = rest.get(..mark.len())?;
        head.eq_ignore_ascii_case(mark.as_bytes())
            .then_some(mark.len())
    };
    TAGS.iter().enumerate().find_map(|(family, (open, close))| {
        let tag = |opens, length| Tag {
            family,
            opens,
            start: at,
            end: at + length,
        };
        starts(open)
            .map(|length| tag(true, length))
            .or_else(|| {
                let length = with_attributes(rest, open)?;
                // `<think/>` opens nothing.
                Some(tag(rest.get(length - 2) != Some(&b'/'), length))
            })
            .or_else(|| starts(close).map(|length| tag(false, length)))
    })
}

/// The length of an opening tag in angle brackets that carries attributes, or space before its
/// end, such as `<think time="3">`.
fn with_attributes(rest: &[u8], open: &str) -> Option<usize> {
    let name = open
        .strip_suffix('>')
        .filter(|name| name.starts_with('<'))?;
    if name.ends_with('|') {
        return None;
    }
    let head = rest.get(..name.len())?;
    let space = rest.get(name.len())?;
    if !head.eq_ignore_ascii_case(name.as_bytes()) || !matches!(space, b' ' | b'\t' | b'/') {
        return None;
    }
    // Attributes are short; a bracket far away belongs to something else.
    let end = rest.iter().take(name.len() + 80).position(|b| *b == b'>')?;
    Some(end + 1)
}

/// Splits a text in channels, as gpt-oss writes it if its server does not read the channels
/// (OpenAI's "harmony" format), with or without its special tokens.
fn split_channels(text: &str) -> Option<Split<'_>> {
    const CHANNEL: &str = "<|channel|>";
    const MESSAGE: &str = "<|message|>";
    if !text.contains(CHANNEL) {
        return split_bare_channels(text);
    }
    if !text.contains(MESSAGE) {
        return None;
    }
    let mut thoughts = Vec::new();
    let mut answer = String::new();
    let mut pieces = text.split(CHANNEL);
    let lead = pieces.next().unwrap_or("");
    let lead = lead.rsplit("<|start|>assistant").last().unwrap_or(lead);
    if !lead.trim().is_empty() {
        thoughts.push(lead.trim().to_owned());
    }
    for piece in pieces {
        let Some((channel, rest)) = piece.split_once(MESSAGE) else {
            thoughts.push(piece.trim().to_owned());
            continue;
        };
        let body = ["<|end|>", "<|return|>", "<|call|>", "<|start|>"]
            .iter()
            .filter_map(|end| rest.find(end))
            .min()
            .map_or(rest, |end| &rest[..end]);
        if channel.split_whitespace().next() == Some("final") {
            answer.push_str(body);
        } else {
            thoughts.push(body.trim().to_owned());
        }
    }
    Some(Split {
        thoughts: (!thoughts.is_empty()).then(|| thoughts.join("\n\n")),
        answer: Cow::Owned(answer.trim_start().to_owned()),
        unsure: false,
    })
}

/// Channels whose special tokens were left out: `analysis…assistantfinal…`.
fn split_bare_channels(text: &str) -> Option<Split<'_>> {
    let thought = text.trim_start().strip_prefix("analysis")?;
    // A word that merely begins so is followed by a space, and nothing ends the thoughts.
    let (thought, answer) = thought.rsplit_once("assistantfinal")?;
    Some(Split {
        thoughts: Some(thought.trim().to_owned()),
        answer: Cow::Borrowed(answer.trim_start()),
        unsure: false,
    })
}

#[cfg(test)]
mod tests;
