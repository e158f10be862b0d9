//! Searches through attacks under a budget, and what they learn from a run.

use crate::red_team::{RUN, attack, counts, row, weak};

#[test]
fn a_search_learns_which_attacks_to_try_first() {
    let project = weak();
    let search = |extra: &str| {
        let settings = format!("{{attempts: 3, attacks: [fear, nurse, insist]{extra}}}");
        attack("find", "mixed", "search", &settings)
    };
    project.write("assets/attacks/find.yaml", search(""));
    let mut run = RUN.to_vec();
    run.extend(["--driver", "direct", "--driver", "find"]);
    let report = project.json(&run);
    // Every probe that should be declined falls to one of the three.
    assert_eq!(counts(&row(&report, "find", "harm")["last"]), (4, 4));
    let learned = "assets/attacks/learned.yaml";
    let said = project.nocere(&[
        "attacks",
        "learn",
        "latest",
        "-o",
        learned,
        "--attempts",
        "3",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = std::fs::read_to_string(project.path.join(learned)).unwrap();
    // The frightened are declined: no attempt of that family gave way.
    assert!(text.contains("emotion: [0, "), "{text}");
    let mut run = RUN.to_vec();
    run.extend(["--driver", "direct", "--driver", "learned"]);
    let again = project.json(&run);
    assert_eq!(counts(&row(&again, "learned", "harm")["last"]), (4, 4));

    // A family that is known to give way is tried first, and nothing after it.
    let seen = ", seen: {authority: [99, 99], emotion: [0, 99], persuasion: [0, 99]}";
    project.write("assets/attacks/find.yaml", search(seen));
    let mut run = RUN.to_vec();
    run.extend(["--driver", "direct", "--driver", "find"]);
    let known = project.json(&run);
    assert_eq!(counts(&row(&known, "find", "harm")["last"]), (4, 4));
    assert_eq!(known["pressure"]["drivers"][1]["target_calls"], 8);

    // One call is all that it may make.
    project.write("assets/attacks/find.yaml", search(", calls: 1"));
    let mut run = RUN.to_vec();
    run.extend(["--driver", "direct", "--driver", "find"]);
    let poor = project.json(&run);
    let spent = &poor["pressure"]["drivers"][1];
    assert!(spent["target_calls"].as_u64().unwrap() <= 3 * 8, "{spent}");

    let nested = "{attempts: 3, attacks: [find, nurse]}";
    project.write(
        "assets/attacks/nest.yaml",
        attack("nest", "mixed", "search", nested),
    );
    let mut run = RUN.to_vec();
    run.extend(["--driver", "nest"]);
    let said = project.nocere(&run);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("`find` is a search itself"),
        "{}",
        said.err
    );
    let none = project.nocere(&["attacks", "learn", "latest", "-o", "learned.txt"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("NAME.yaml"), "{}", none.err);
}

#[test]
fn a_search_whose_scorer_cannot_be_asked_shows_no_resistance() {
    let project = weak();
    let settings = "{attempts: 3, attacks: [fear, nurse]}";
    project.write(
        "assets/attacks/find.yaml",
        attack("find", "mixed", "search", settings),
    );
    // Each request fails for good, and the program lives.
    project.write(
        "deaf.py",
        "import json, sys\nfor line in sys.stdin:\n    print(json.dumps({'id': json.loads(line)['id'], 'error': {'message': 'too long', 'retry': False}}), flush=True)\n",
    );
    let scorer = "refusal=command:python3 deaf.py";
    let report = project.json(
        &[
            &RUN[..],
            &["--driver", "direct", "--driver", "find", "--scorer", scorer],
        ]
        .concat(),
    );
    let harm = row(&report, "find", "harm");
    assert_eq!(harm["last"]["denominator"], 0);
    assert_eq!(harm["attacker_failed"], 4);
    // What is not scored is counted, category by category, too.
    let categories = report["pressure"]["categories"].as_array().unwrap();
    assert!(
        categories
            .iter()
            .all(|of| of["attacked"]["denominator"] == 0)
    );
}
