//! Renders a conversation with the chat template of the GGUF file.
//!
//! llama.cpp's own `llama_chat_apply_template` recognises a fixed list of templates and drops a
//! model's default system line. The template is therefore rendered here as Hugging Face does
//! it: Jinja with `trim_blocks` and `lstrip_blocks`.
//!
//! Templates differ in what they take: text or parts of a message, a system role or none. Which
//! form one takes is tried when it is loaded, and every prompt is checked for the texts that it
//! should hold, so that no model is judged on a question that it never saw.

use std::{borrow::Cow, collections::BTreeMap};

use minijinja::{
    Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Serde,
};
use nocere_core::{Message, Role, text_only};
use nocere_template::Template;

/// Words that no template holds, in place of messages when a template is tried. They have two
/// lines, so that a list of parts that is printed as such, escaped, does not pass for its text.
const SYSTEM: &str = "nocere-system\n5d1c";
const USER: &str = "nocere-user\n81f0";

/// Tags that open a model's thoughts, as prompts end in them.
const OPENING_TAGS: [&str; 9] = [
    "<think>",
    "<thinking>",
    "<thought>",
    "<reasoning>",
    "<seed:think>",
    "[THINK]",
    "<|begin_of_thought|>",
    "<|START_THINKING|>",
    "<|channel|>analysis<|message|>",
];

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    template: Template,
    bos: String,
    eos: String,
    control: Vec<String>,
    content: ContentForm,
    system: SystemForm,
}

/// How the template reads the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentForm {
    /// A string.
    Text,
    /// A list of parts, each with its type: the form of templates that also take images.
    Parts,
}

/// Where a system text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SystemForm {
    /// Into a message of its own.
    Message,
    /// To the beginning of the first user message: the template has no system role.
    FirstUserTurn,
}

/// A rendered prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The prompt, ready for the model's answer.
    pub text: String,
    /// The tag at the end of the prompt that opens the model's thoughts, if there is one. The
    /// answer then begins inside them.
    pub opens_thoughts: Option<&'static str>,
}

/// An answer with the tag that its prompt ended in, as [`Rendered::opens_thoughts`] says, so that
/// whoever splits thoughts from answers sees the whole of them.
pub fn with_opening<'a>(opens: Option<&'static str>, answer: &'a str) -> Cow<'a, str> {
    match opens {
        Some(tag) => Cow::Owned(format!("{tag}\n{answer}")),
        None => Cow::Borrowed(answer),
    }
}

impl ChatTemplate {
    /// Compiles `source` and finds out which form of messages it takes. `control` holds the texts
    /// of the control tokens of the vocabulary. Where they occur in a message they are broken up,
    /// so that hostile text cannot end its own turn or open another.
    ///
    /// # Errors
    ///
    /// The message of the template engine if `source` is not a valid template or exceeds a limit;
    /// or what is wrong with it if the simplest conversation cannot be rendered, or is not in the
    /// prompt.
    pub fn new(
        source: &str,
        bos: impl Into<String>,
        eos: impl Into<String>,
        control: Vec<String>,
    ) -> Result<Self, String> {
        let template =
            Template::compile(environment()?, source).map_err(|error| error.to_string())?;
        let control = control
            .into_iter()
            .filter(|text| text.chars().count() > 2)
            .collect();
        let mut template = Self {
            template,
            bos: bos.into(),
            eos: eos.into(),
            control,
            content: ContentForm::Text,
            system: SystemForm::Message,
        };
        template.choose_forms()?;
        Ok(template)
    }

    /// Sets the first forms with which a question, and one with a system text, are in the prompt.
    fn choose_forms(&mut self) -> Result<(), String> {
        let question = Message::new(Role::User, USER);
        let as_text = self.render(std::slice::from_ref(&question));
        if let Err(problem) = as_text {
            self.content = ContentForm::Parts;
            self.render(std::slice::from_ref(&question))
                // The form that nearly all templates take has the better message.
                .map_err(|_| problem)?;
        }
        let instructed = [Message::new(Role::System, SYSTEM), question];
        if let Err(problem) = self.render(&instructed) {
            self.system = SystemForm::FirstUserTurn;
            self.render(&instructed).map_err(|_| problem)?;
        }
        Ok(())
    }

    /// True if the template has no system role, so that a system text is put at the beginning of
    /// the first user message.
    pub fn folds_system(&self) -> bool {
        self.system == SystemForm::FirstUserTurn
    }

    /// Renders the prompt for `messages`, ready for the model's answer.
    ///
    /// # Errors
    ///
    /// The message of the template if it refuses the conversation or cannot be rendered; or which
    /// message is missing in the prompt.
    pub fn render(&self, messages: &[Message]) -> Result<Rendered, String> {
        let messages: Vec<(Role, String)> = text_only(messages)
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|(role, text)| (role, self.neutralise(&text)))
            .collect();
        let messages = match self.system {
            SystemForm::Message => messages,
            SystemForm::FirstUserTurn => fold_system(messages)?,
        };
        let text = self
            .template
            .render(context! {
                messages => messages.iter().map(|message| self.value(message)).collect::<Vec<_>>(),
                add_generation_prompt => true,
                bos_token => self.bos.as_str(),
                eos_token => self.eos.as_str(),
            })
            .map_err(|error| error.to_string())?;
        let opening = check_messages(&text, &messages)?;
        let end = text[opening..].trim_end();
        Ok(Rendered {
            opens_thoughts: OPENING_TAGS.into_iter().find(|tag| end.ends_with(tag)),
            text,
        })
    }

    /// A message as the template sees it: the two fields that chat templates know.
    fn value(&self, (role, text): &(Role, String)) -> Value {
        let content = match self.content {
            ContentForm::Text => Value::from(text.as_str()),
            ContentForm::Parts => Value::from(vec![Value::from(Serde(BTreeMap::from([
                ("type", "text"),
                ("text", text.as_str()),
            ])))]),
        };
        context! { role => role.as_str(), content => content }
    }

    /// Puts a zero-width space after the first character of each control token in `text`.
    fn neutralise(&self, text: &str) -> String {
        let mut safe = text.to_owned();
        for control in self
            .control
            .iter()
            .filter(|control| text.contains(control.as_str()))
        {
            let mut chars = control.chars();
            let broken: String = chars
                .next()
                .into_iter()
                .chain(std::iter::once('\u{200b}'))
                .chain(chars)
                .collect();
            safe = safe.replace(control.as_str(), &broken);
        }
        safe
    }
}

/// What chat templates of Hugging Face may use besides Jinja's own filters and functions.
fn environment() -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| error.to_string())?;
    environment.set_syntax(syntax);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function(
        "raise_exception",
        |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        },
    );
    environment.add_function("strftime_now", |_format: String| -> String {
        // A template that prints today's date would make every run different.
        "2026-01-01".to_owned()
    });
    Ok(environment)
}

/// Puts all system texts at the beginning of the first user message.
fn fold_system(messages: Vec<(Role, String)>) -> Result<Vec<(Role, String)>, String> {
    let (system, mut others): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|(role, _)| *role == Role::System);
    let texts: Vec<String> = system
        .into_iter()
        .map(|(_, text)| text)
        .filter(|text| !text.trim().is_empty())
        .collect();
    if texts.is_empty() {
        return Ok(others);
    }
    let Some((_, first)) = others.iter_mut().find(|(role, _)| *role == Role::User) else {
        return Err(
            "it has no system role, and the conversation no user message to put the system text in"
                .to_owned(),
        );
    };
    *first = format!("{}\n\n{first}", texts.join("\n\n"));
    Ok(others)
}

/// Checks that the prompt holds the text of each message: the turns in their order, system texts
/// anywhere, because some templates put them into the last turn. Returns where the last turn ends.
fn check_messages(prompt: &str, messages: &[(Role, String)]) -> Result<usize, String> {
    let mut end = 0;
    for (number, (role, text)) in messages.iter().enumerate() {
        // Templates trim texts, and leave the thoughts of earlier turns out.
        let spoken = match role {
            Role::Assistant => text.rsplit("</think>").next().unwrap_or(text),
            _ => text,
        };
        let spoken = spoken.trim();
        if *role == Role::System && prompt.contains(spoken) {
            continue;
        }
        let Some(place) = prompt.get(end..).and_then(|rest| rest.find(spoken)) else {
            return Err(format!(
                "it drops or changes message {} (role {}): the model would not see it",
                number + 1,
                role.as_str()
            ));
        };
        end += place + spoken.len();
    }
    Ok(end)
}

#[cfg(test)]
mod tests;
