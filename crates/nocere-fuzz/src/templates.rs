//! Programs in other people's files: the templates of rubrics, and the chat templates of models.
//! Both may loop and build texts, so they must end by themselves.

use nocere_core::{Message, Role};
use nocere_judges::Rubric;
use nocere_local::ChatTemplate;

use crate::input::parts;

/// Longest prompt that a template may make of a conversation of some hundred bytes, in bytes.
const LONGEST_PROMPT: usize = 16 << 20;

/// A rubric. Reading one renders its template once.
pub(crate) fn rubrics(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Rubric::from_yaml("rubric.yaml", &text);
}

/// A chat template and, after a line `%%`, the user's message.
pub(crate) fn chat_templates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parts = parts(&text, "%%");
    let (template, message) = match parts.as_slice() {
        [template, message, ..] => (*template, *message),
        _ => (&*text, "May I take two?"),
    };
    let control = vec!["<|im_start|>".to_owned(), "<|im_end|>".to_owned()];
    let Ok(template) = ChatTemplate::new(template, "<s>", "</s>", control) else {
        return;
    };
    let conversations = [
        vec![Message::new(Role::User, message)],
        vec![
            Message::new(Role::System, "Be kind."),
            Message::new(Role::User, message),
            Message::new(Role::Assistant, "Ask a pharmacist."),
            Message::new(Role::User, "And then?"),
        ],
    ];
    for messages in conversations {
        if let Ok(rendered) = template.render(&messages) {
            let length = rendered.text.len();
            assert!(length <= LONGEST_PROMPT, "a prompt of {length} bytes");
        }
    }
}
