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
