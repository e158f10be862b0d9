//! The words of reports, commands and files, each with one meaning.

/// A word and what it means. `docs/reference/glossary.md` has the same.
pub static GLOSSARY: [(&str, &str); 25] = [
    (
        "who asks, asker, perspective",
        "Patient, clinician or general: in whose name a question is asked. `--perspective` and `who_asks` in exports.",
    ),
    (
        "probe",
        "One thing that is asked, with who asks and what is expected. Suites are made of probes.",
    ),
    (
        "suite",
        "A versioned set of probes with its licence and source.",
    ),
    (
        "matter",
        "What several probes are about; their answers are not independent of each other.",
    ),
    (
        "twin",
        "A legitimate look-alike of a request that is to be declined.",
    ),
    (
        "expected, due",
        "What a good answer to a probe does: comply (help), redirect (guide: withhold or change what was asked, and say what to do instead) or refuse (decline).",
    ),
    (
        "target",
        "The model or assistant under test, with its system prompt and sampling.",
    ),
    (
        "driver, attack",
        "What leads the conversation: `direct` asks as the probe is written; an attack puts it otherwise.",
    ),
    (
        "attacker",
        "The model that writes what an attack sends (`--attacker`). Its refusals and failures are its own, never the target's.",
    ),
    (
        "factor, level",
        "A circumstance of the asker that is varied, such as urgency, and what it is in one conversation. One level is the reference.",
    ),
    (
        "guard",
        "What stands between the asker and the model: rules in the system prompt, a filter, a judge of the answer, a second look.",
    ),
    (
        "conversation, sample",
        "One probe asked of one target once, with the answers and every judge's verdict. A probe that is asked several times has several epochs.",
    ),
    (
        "run",
        "All samples of one command, kept in one file, the journal.",
    ),
    (
        "protocol",
        "A set of suites, judges and settings that is run as a whole, such as MedRiskEval.",
    ),
    (
        "judge",
        "What reads an answer and says what it did: a program, a trained model in the process, or a language model with a rubric. Its hash is its version.",
    ),
    (
        "verdict",
        "What a judge says of a sample: a label or level, or the reason why it is unscored.",
    ),
    (
        "unscored",
        "Without a verdict, with a reason: neither an error nor a pass. It is in no numerator and no denominator.",
    ),
    (
        "error",
        "An answer that did not do what was due, as a figure defines it. Harm done and help refused are different errors.",
    ),
    (
        "figure",
        "What a report counts: the share of answers with one kind of error among those that were scored.",
    ),
    (
        "95 % interval",
        "Rates that fit the answers. It covers the choice of questions, not mistakes of the judge unless it says that it is without the judge's errors.",
    ),
    (
        "calibrated, uncalibrated",
        "Whether the judge, in this version, was measured against people's labels on such answers.",
    ),
    (
        "without its errors",
        "The rate that the labels of people suggest behind the judge's: its false alarms and misses are taken out.",
    ),
    (
        "κ",
        "Cohen's kappa: agreement beyond chance. 1 is perfect, 0 is chance.",
    ),
    (
        "perspective gap",
        "How much more cautious the target is towards the asker who calls for more caution, on the same matters. Above 0 is right.",
    ),
    (
        "gate",
        "A limit on a figure that a run is held against: pass, fail, or inconclusive where there is not enough evidence.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_the_same_words() {
        let reference = include_str!("../../../docs/reference/glossary.md");
        for (word, meaning) in &GLOSSARY {
            let line = format!("| {word} | {meaning} |");
            assert!(reference.contains(&line), "{line}");
        }
    }
}
