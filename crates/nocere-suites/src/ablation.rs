//! Shows a part of what probes show, to see what an answer rests on.

use nocere_core::{AnswerKey, Message, Part, Probe, Suite, SuiteId};

/// What stands in the place of a question that is left out.
const NO_QUESTION: &str = "(The question is left out. Answer from the image alone.)";

/// Leaves only the images, the options and what follows them (how to answer). Probes without an image
/// or without options are left out, because nothing would say what to look for; returns their number.
/// The suite gets an id of its own.
pub fn images_only(suite: &mut Suite) -> usize {
    let all = suite.probes.len();
    suite.probes.retain(|probe| options_at(probe).is_some());
    let without = all - suite.probes.len() + keep_with_images(suite, "image-only");
    for probe in &mut suite.probes {
        let at = options_at(probe);
        if let (Some(at), Some(last)) = (at, probe.messages.last_mut()) {
            let text = format!("{NO_QUESTION}\n\n{}", &last.text()[at..]);
            let images = std::mem::take(&mut last.parts).into_iter();
            last.parts = images
                .filter(|part| matches!(part, Part::Image { .. }))
                .chain([Part::Text { text }])
                .collect();
        }
    }
    without
}

/// Leaves only the text. Probes without an image are left out; returns their number. The suite gets an
/// id of its own.
pub fn texts_only(suite: &mut Suite) -> usize {
    let without = keep_with_images(suite, "text-only");
    for message in suite
        .probes
        .iter_mut()
        .flat_map(|probe| &mut probe.messages)
    {
        message
            .parts
            .retain(|part| matches!(part, Part::Text { .. }));
    }
    without
}

/// Asks choices as open questions: leaves out the options and all that follows them, which says how to
/// choose. Probes that do not show the options of a key are left out; returns their number. The suite
/// gets an id of its own; the key stays, for judges that compare an answer with it.
pub fn without_options(suite: &mut Suite) -> usize {
    let all = suite.probes.len();
    suite.probes.retain_mut(|probe| {
        let at = options_at(probe);
        let (Some(at), Some(last)) = (at, probe.messages.last_mut()) else {
            return false;
        };
        let text = last.text()[..at].trim_end().to_owned();
        last.set_text(text);
        true
    });
    rename(suite, "no-options");
    all - suite.probes.len()
}

/// Where the last message shows the options of a choice; `None` if it does not.
fn options_at(probe: &Probe) -> Option<usize> {
    let key = probe.key.as_ref()?;
    let shown = match key {
        AnswerKey::Choice { .. } => key.shown()?,
        _ => return None,
    };
    probe.messages.last()?.text().find(&shown)
}

/// Drops probes without an image, and names suite and probes after what is shown.
fn keep_with_images(suite: &mut Suite, what: &str) -> usize {
    let has_image = |probe: &Probe| probe.messages.iter().any(Message::has_images);
    let all = suite.probes.len();
    suite.probes.retain(has_image);
    rename(suite, what);
    all - suite.probes.len()
}

/// Names suite and probes after what is shown.
fn rename(suite: &mut Suite, what: &str) {
    suite.id = SuiteId::from(format!("{}-{what}", suite.id));
    suite.title = format!("{}, {}", suite.title, what.replace('-', " "));
    for probe in &mut suite.probes {
        probe.suite = suite.id.clone();
    }
    suite.hash = Suite::content_hash(&suite.categories, &suite.probes);
}
