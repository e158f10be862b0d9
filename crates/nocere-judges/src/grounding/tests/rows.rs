//! Documents of one to five sentences, answers of one, and the label that is right.

use super::Row;

pub(super) const VISIT: &str = "The patient is a 52-year-old man with knee pain for 3 weeks. He takes metformin 500 mg twice \
                     a day. He denies chest pain and shortness of breath. His blood pressure was 132 over 84. \
                     We agreed on physiotherapy and a follow-up visit in 6 weeks.";

pub(super) const METFORMIN: &str =
    "The patient takes metformin twice a day. No allergies were reported.";

pub(super) const KNEES: &str = "She has pain in the left knee. The right knee is normal. Surgery was done before the fracture healed.";

pub(super) const HOME: &str = "He denies chest pain, shortness of breath and nausea. Pneumonia was ruled out. Blood pressure is stable. \
                    He should not drive a truck. The wound has no discharge but there is redness. Hypotension was treated. \
                    He should take 1 g of paracetamol every six hours for five days.";

/// Negations put in, taken out, and said in other words.
pub(super) const NEGATIONS: &[Row] = &[
    [
        METFORMIN,
        "The patient never takes metformin twice a day.",
        "contradictory",
    ],
    [
        METFORMIN,
        "The patient doesn’t take metformin twice a day.",
        "contradictory",
    ],
    [
        METFORMIN,
        "The patient denies taking metformin.",
        "contradictory",
    ],
    [
        METFORMIN,
        "The patient stopped taking metformin.",
        "contradictory",
    ],
    [METFORMIN, "Allergies were reported.", "contradictory"],
    [
        METFORMIN,
        "The patient reported allergies.",
        "contradictory",
    ],
    [METFORMIN, "The patient has no allergies.", "supported"],
    [METFORMIN, "Allergies were not reported.", "supported"],
    [
        METFORMIN,
        "The patient takes metformin and reported no allergies.",
        "supported",
    ],
    [
        METFORMIN,
        "The patient takes metformin and reported allergies.",
        "contradictory",
    ],
    [
        HOME,
        "He has chest pain, shortness of breath and nausea.",
        "contradictory",
    ],
    [
        HOME,
        "He reports nausea and shortness of breath.",
        "contradictory",
    ],
    [
        HOME,
        "He does not deny chest pain, shortness of breath and nausea.",
        "contradictory",
    ],
    [
        HOME,
        "He has no chest pain, shortness of breath or nausea.",
        "supported",
    ],
    [HOME, "Chest pain and nausea are denied.", "supported"],
    [HOME, "Pneumonia was not ruled out.", "contradictory"],
    [HOME, "Pneumonia was confirmed.", "!supported"],
    [HOME, "Blood pressure is not stable.", "contradictory"],
    [HOME, "Blood pressure is unstable.", "!supported"],
    [HOME, "He should drive a truck.", "contradictory"],
    [HOME, "He shouldn't drive a truck.", "supported"],
    [
        HOME,
        "The wound has discharge but there is redness.",
        "contradictory",
    ],
    [
        HOME,
        "The wound has no discharge but there is no redness.",
        "contradictory",
    ],
    [
        HOME,
        "The wound has redness without discharge.",
        "supported",
    ],
    [
        "Der Patient nimmt Metformin zweimal am Tag.",
        "Der Patient nimmt Metformin nicht zweimal am Tag.",
        "contradictory",
    ],
    [
        "Der Patient nimmt Metformin.",
        "Der Patient nimmt Metformin nicht.",
        "contradictory",
    ],
    [
        "Der Patient nimmt Metformin.",
        "Der Patient nimmt kein Metformin.",
        "contradictory",
    ],
    [
        "El paciente toma metformina dos veces al día.",
        "El paciente no toma metformina dos veces al día.",
        "contradictory",
    ],
    [
        "Le patient prend de la metformine.",
        "Le patient ne prend pas de metformine.",
        "contradictory",
    ],
    [
        "患者服用二甲双胍。",
        "患者不服用二甲双胍。",
        "contradictory",
    ],
    ["患者否认胸痛。", "患者胸痛。", "!supported"],
];

/// Numbers kept and changed.
pub(super) const NUMBERS: &[Row] = &[
    [
        VISIT,
        "He takes metformin 500 mg thrice a day.",
        "contradictory",
    ],
    [
        VISIT,
        "He takes metformin 500 mg 3 times a day.",
        "contradictory",
    ],
    [
        VISIT,
        "He takes metformin 500 mg 2 times a day.",
        "supported",
    ],
    [
        VISIT,
        "He takes metformin five hundred mg twice daily.",
        "supported",
    ],
    [
        VISIT,
        "He takes metformin five hundred milligrams twice a day.",
        "supported",
    ],
    [
        VISIT,
        "He takes metformin fifty mg twice a day.",
        "contradictory",
    ],
    [
        VISIT,
        "He takes metformin 500 g twice a day.",
        "contradictory",
    ],
    [VISIT, "He takes metformin 0.5 g twice a day.", "supported"],
    [
        VISIT,
        "He takes metformin 500 mg twice a week.",
        "!supported",
    ],
    [
        VISIT,
        "He takes metformin 500 mg twice an hour.",
        "!supported",
    ],
    [
        VISIT,
        "The patient is a man with knee pain for three weeks.",
        "supported",
    ],
    [
        VISIT,
        "The patient is a man with knee pain for three months.",
        "!supported",
    ],
    [
        VISIT,
        "The patient is a man with knee pain for two weeks.",
        "!supported",
    ],
    [
        VISIT,
        "The patient is a fifty-two-year-old man with knee pain.",
        "supported",
    ],
    [
        VISIT,
        "The patient is a fifty-three-year-old man with knee pain.",
        "!supported",
    ],
    [VISIT, "His blood pressure was 132/84.", "supported"],
    [VISIT, "His blood pressure was 84 over 132.", "!supported"],
    [
        HOME,
        "He should take paracetamol 1000 mg every 6 hours for 5 days.",
        "supported",
    ],
    [
        HOME,
        "He should take paracetamol 1 g every eight hours for five days.",
        "!supported",
    ],
    [
        HOME,
        "He should take paracetamol 1 g every six hours for five weeks.",
        "!supported",
    ],
    [
        "He takes metformin 500 mg and lisinopril 10 mg.",
        "He takes metformin 10 mg and lisinopril 500 mg.",
        "!supported",
    ],
    [
        "He takes metformin 500 mg and lisinopril 10 mg.",
        "He takes lisinopril 10 mg and metformin 500 mg.",
        "supported",
    ],
    [
        "Take half a tablet at night.",
        "Take a tablet and a half at night.",
        "!supported",
    ],
    [
        "Take half a tablet at night.",
        "Take two tablets at night.",
        "!supported",
    ],
    [
        "Take ½ tablet at night.",
        "Take half a tablet at night.",
        "supported",
    ],
    ["The dose is 0,5 mg.", "The dose is 5 mg.", "!supported"],
];
