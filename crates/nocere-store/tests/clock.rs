//! The machine's clock is set while nocere works. The clock of the whole process is moved, so this
//! is a test binary of its own.

use nocere_core::{ChatReply, Message, Role, RunHeader, Transcript, clock};
use nocere_store::{Journal, RunReader, UnitRecord, UnitState};
use nocere_testkit::{TempFolder, makers};

const YEAR: i64 = 365 * 24 * 3_600;

#[tokio::test]
async fn a_clock_that_jumps_changes_no_order_and_loses_nothing() {
    let folder = TempFolder::new("clock");
    let mut made = Vec::new();
    for jump in [0, YEAR, -YEAR, 0, -30 * YEAR, 0] {
        clock::move_to(jump);
        let mut plan = makers::plan(&["p"], &["t"]);
        let header = plan.header.clone();
        plan.header = RunHeader::new(header.kind, header.command, header.policies);
        let unit = UnitRecord {
            seq: 0,
            key: nocere_core::ContentHash::of_bytes(b"u"),
            target: "t".into(),
            probe: 0,
            driver: "direct".into(),
            epoch: 0,
            state: UnitState::Pending,
        };
        let journal = Journal::create(folder.path(), &plan, std::iter::once(unit)).unwrap();
        // The clock is set again while the run continues.
        clock::move_to(-jump);
        let mut transcript = Transcript::default();
        transcript.push(Message::new(Role::User, "Question?"));
        transcript.push_reply(ChatReply::of_text("Answer."));
        journal
            .finish_unit(0, Some(transcript), std::collections::BTreeMap::new())
            .await
            .unwrap();
        drop(journal);
        made.push(plan.header.id.clone());
        let latest = RunReader::find(folder.path(), "latest").unwrap();
        assert_eq!(latest.header().unwrap().id, plan.header.id, "jump {jump}");
        assert_eq!(latest.finished().count(), 1);
        assert_eq!(latest.verify().unwrap(), [""; 0]);
    }
    let all: std::collections::BTreeSet<_> = made.iter().collect();
    assert_eq!(all.len(), made.len(), "{made:?}");
}
