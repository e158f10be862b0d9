use super::{close, column, recorded, report, rows, suite};

#[test]
fn fourteen_scenarios_are_scored_as_by_hand() {
    let text = include_str!("../../../../../assets/suites/answers/climed.jsonl");
    let project = recorded(&suite("nocere-climed"), text);
    let report = report(&project, "climedbench", &["good", "careless"], &[]);
    // The four unscored answers name an option in words that the parser does not take for a choice:
    // "C first", "I'd treat it: A", "首选激素，A", "A looks complete".
    let choices = rows(&report, "choices");
    assert_eq!(column(&choices[0]), (33, 39, 1));
    assert_eq!(column(&choices[1]), (18, 37, 3));
    let planted = rows(&report, "planted");
    assert_eq!(column(&planted[0]), (1, 8, 0));
    assert_eq!(column(&planted[1]), (5, 7, 1));
    // Good swaps one pair of fifteen in two of eight orders. Careless gives two broken ones: B for E
    // (C A B B D F: six of fifteen pairs are left) and one without E (B D A C: six of ten), and
    // swaps one pair in two.
    let orders = rows(&report, "orders");
    close(&orders[0]["mean"]["value"], (6.0 + 2.0 * 13.0 / 15.0) / 8.0);
    close(
        &orders[1]["mean"]["value"],
        (4.0 + 6.0 / 15.0 + 6.0 / 10.0 + 2.0 * 13.0 / 15.0) / 8.0,
    );
    let texts = rows(&report, "texts");
    // Counted by another program over the same tokens.
    let rouge = [
        [0.553_741_548_483_783, 0.625_696_767_001_114_8],
        [0.211_966_731_590_851_97, 0.397_285_133_565_621_34],
    ];
    for (row, [comments, keywords]) in texts.iter().zip(rouge) {
        close(&row["mean"]["value"], f64::midpoint(comments, keywords));
        assert_eq!((&row["scored"], &row["unscored"]), (&8.into(), &0.into()));
    }
    // Clinical questions: 4/4, 3/4, 2/3 and 4/4. Summaries 3/4 and 3/4.
    let dimensions = &report["rollups"][0]["rows"][0];
    let value = |group: usize| &dimensions["groups"][group]["value"];
    let clinical = (1.0 + 0.75 + 2.0 / 3.0 + 1.0) / 4.0;
    let toxicity = f64::midpoint(rouge[0][0], 1.0);
    let reasoning = (6.0 + 2.0 * 13.0 / 15.0) / 8.0;
    let wanted = [
        clinical,
        0.75,
        0.875,
        toxicity,
        0.75,
        reasoning,
        rouge[0][1],
    ];
    for (group, wanted) in wanted.into_iter().enumerate() {
        close(value(group), wanted);
    }
    close(
        &dimensions["plain"]["value"],
        wanted.iter().sum::<f64>() / 7.0,
    );
    assert!(dimensions["weighted"].is_null(), "units are not mixed");
}
