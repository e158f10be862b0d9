//! Compiling and rendering within limits: of length, of steps, of depth and of time.
//!
//! Both are done on a thread with a stack that the limits on steps and tokens cannot exhaust.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use minijinja::{Environment, Error, ErrorKind, Value};

use crate::{TemplateError, tokens};

/// Longest source of a template, in bytes.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Longest text that a template may render, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 8 << 20;
/// Most instructions of minijinja in one rendering. A conversation of a hundred turns takes some
/// ten thousand.
const MAX_STEPS: u64 = 250_000;
/// Stack of the thread that compiles and renders. Each step can nest a value one level deeper, and
/// destroying or printing it recurses as deeply. Only what is used is ever taken from the machine.
const STACK_BYTES: usize = 256 << 20;
/// Longest time for one compilation or rendering. Steps are bounded, but a step can be slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// A template that has been compiled and can be rendered.
#[derive(Clone, Debug)]
pub struct Template {
    environment: Arc<Environment<'static>>,
    /// Set when a rendering took too long: its thread is still busy, and the next one would add
    /// another.
    too_slow: Arc<AtomicBool>,
    patience: Duration,
}

impl Template {
    /// Compiles `source` in an environment that has the functions and filters it may use.
    ///
    /// `{% generation %}` and `{% endgeneration %}`, which only matter for training, have no
    /// effect.
    ///
    /// # Errors
    ///
    /// The source is too long or too complex, or not a valid template.
    pub fn compile(
        mut environment: Environment<'static>,
        source: &str,
    ) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(TemplateError::SourceTooLong {
                bytes: source.len(),
                limit: MAX_SOURCE_BYTES,
            });
        }
        let source = tokens::prepare(source, environment.syntax())?;
        environment.set_fuel(Some(MAX_STEPS));
        let environment = on_deep_stack(PATIENCE, move || {
            environment
                .add_template_owned("template", source)
                .map_err(|error| TemplateError::Syntax(said(&error)))?;
            Ok(environment)
        })?;
        Ok(Self {
            environment: Arc::new(environment),
            too_slow: Arc::default(),
            patience: PATIENCE,
        })
    }

    /// Renders the template with these variables.
    ///
    /// # Errors
    ///
    /// The template raised an error, or exceeded a limit.
    pub fn render(&self, variables: Value) -> Result<String, TemplateError> {
        if self.too_slow.load(Ordering::Relaxed) {
            return Err(TemplateError::TooSlow(self.patience.as_secs()));
        }
        let environment = Arc::clone(&self.environment);
        let rendered = on_deep_stack(self.patience, move || render(&environment, &variables));
        if matches!(rendered, Err(TemplateError::TooSlow(_))) {
            self.too_slow.store(true, Ordering::Relaxed);
        }
        rendered
    }
}

fn render(environment: &Environment<'static>, variables: &Value) -> Result<String, TemplateError> {
    let mut output = Output::default();
    let rendered = environment.get_template("template").and_then(|template| {
        template
            .render_captured_to(variables.clone(), &mut output)
            .map(drop)
    });
    match rendered {
        // The state that holds the template's values is gone; what is left is text.
        Ok(()) => String::from_utf8(output.bytes)
            .map_err(|error| TemplateError::Engine(error.to_string())),
        Err(_) if output.full => Err(TemplateError::OutputTooLong(MAX_OUTPUT_BYTES)),
        Err(error) if error.kind() == ErrorKind::OutOfFuel => {
            Err(TemplateError::TooManySteps(MAX_STEPS))
        }
        Err(error) => Err(TemplateError::Refused(said(&error))),
    }
}

/// What an error says: the words of the template itself if it raised one.
fn said(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::SyntaxError, _) | (_, None) => error.to_string(),
        (_, Some(detail)) => detail.to_owned(),
    }
}

/// Collects what is printed, up to the limit.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT_BYTES {
            self.full = true;
            return Err(io::Error::other("the output is too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does `work` on a thread with a large stack, and waits for it as long as it may take.
fn on_deep_stack<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, TemplateError> + Send + 'static,
) -> Result<T, TemplateError> {
    let (done, result) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("nocere-template".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Sending fails if the caller no longer waits.
            let _ = done.send(work());
        })
        .map_err(|error| TemplateError::Engine(format!("no thread to render on: {error}")))?;
    match result.recv_timeout(patience) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(TemplateError::TooSlow(patience.as_secs())),
        // The sender is gone without a result: the thread panicked.
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(TemplateError::Engine(
            "it ended in the middle of its work".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn render(source: &str) -> Result<String, TemplateError> {
        let template = Template::compile(Environment::new(), source)?;
        template.render(context! { word => "hello" })
    }

    fn refused(source: &str, expected: &str) {
        let error = render(source).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_plain_template_is_rendered() {
        assert_eq!(
            render("{{ word }}, {% generation %}you{% endgeneration %}").unwrap(),
            "hello, you"
        );
        assert_eq!(
            render(
                "{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}"
            )
            .unwrap(),
            "012"
        );
    }

    #[test]
    fn loops_without_end_run_out_of_steps() {
        let loops = "{% for a in range(9999) %}";
        let ends = "{% endfor %}";
        for source in [
            format!("{loops}{loops}{loops}x{ends}{ends}{ends}"),
            format!("{loops}{loops}{loops}{ends}{ends}{ends}"),
            format!("{loops}{loops}{{% set x = a %}}{ends}{ends}"),
        ] {
            refused(&source, "steps");
        }
        refused(
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "recursion",
        );
    }

    #[test]
    fn chains_of_every_operator_do_not_overflow_the_stack() {
        for link in [
            "|abs", ".a", "[0]", " + 1", " ~ 1", " and 1", " or 1", " is odd", " if 1", " == 1",
            " ** 1", " - -1", "()", " in [1]",
        ] {
            for length in [400, 50_000] {
                let source = format!("{{{{ 1{} }}}}", link.repeat(length));
                // Long ones are refused; short ones may mean nothing, but they are parsed.
                let result = Template::compile(Environment::new(), &source);
                assert!(length == 400 || result.is_err(), "{link}");
            }
        }
        for opening in ["not ", "-", "(", "[", "{1:", "1 if 1 else ", "x("] {
            for length in [400, 1_900, 50_000] {
                let _ = render(&format!("{{{{ {}1 }}}}", opening.repeat(length)));
            }
        }
        for block in [
            "{% if 1 %}",
            "{% for x in [1] %}",
            "{% if 0 %}{% elif 1 %}",
            "{% set x %}",
            "{% filter abs %}",
            "{% with %}",
            "{% generation %}",
        ] {
            refused(&block.repeat(50_000), "");
        }
        let many = format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(50_000));
        refused(&many, "`elif`");
        let some = format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(999));
        assert_eq!(render(&some).unwrap(), "");
    }

    #[test]
    fn values_nested_as_deeply_as_the_steps_allow_do_not_overflow_the_stack() {
        let deep = |wrap: &str, print: &str| {
            format!(
                "{{% set ns = namespace(x=[]) %}}{{% for a in range(9999) %}}{{% for b in range(2) %}}\
                 {{% set ns.x = {wrap} %}}{{% endfor %}}{{% endfor %}}{print}"
            )
        };
        let nested = format!("{}ns.x{}", "[".repeat(100), "]".repeat(100));
        let half = format!("{}ns.x{}", "[".repeat(2), "]".repeat(2));
        for wrap in [
            "[ns.x]",
            "{'a': ns.x}",
            &nested,
            &half,
            "[ns.x] + [1]",
            "(ns.x, 1)",
        ] {
            for print in [
                "",
                "{{ ns.x }}",
                "{{ ns.x|tojson }}",
                "{{ ns.x == ns.x }}",
                "{{ ns.x|string|length }}",
            ] {
                let _ = render(&deep(wrap, print));
            }
        }
    }

    #[test]
    fn long_sources_and_long_outputs_are_refused() {
        refused(&"{{ word }}".repeat(200_000), "at most 1048576");
        refused(&"x".repeat(60_000_000), "at most 1048576");
        let text = "x".repeat(10_000);
        refused(
            &format!("{{% for i in range(5000) %}}{text}{{% endfor %}}"),
            "prints more than",
        );
        refused("{{ 'x' * 50000000 }}", "prints more than");
        assert_eq!(
            render(&"{{ word }}".repeat(100_000)).unwrap().len(),
            500_000
        );
    }

    #[test]
    fn slow_steps_end_by_the_clock_and_only_once() {
        // Each step counts fifty million characters.
        let source = "{% set s = 'é' * 50000000 %}{% for i in range(9999) %}{% set n = s|length %}{% endfor %}";
        let mut template = Template::compile(Environment::new(), source).unwrap();
        template.patience = Duration::from_secs(1);
        for _ in 0..2 {
            assert_eq!(
                template.render(Value::UNDEFINED),
                Err(TemplateError::TooSlow(1))
            );
        }
    }
}
