//! A queue without a file, for tests.

use std::{collections::BTreeMap, sync::Mutex};

use nocere_store::{StoreError, UnitRecord};

use crate::{Outcome, QueueError, WorkQueue};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Leased,
    Done,
}

/// A queue that keeps its units in memory and drops their outcomes.
pub struct Memory(Mutex<BTreeMap<i64, (UnitRecord, State)>>);

impl Memory {
    /// A queue of `units`, ordered by [`UnitRecord::seq`]; all of them are free.
    pub fn new(units: impl IntoIterator<Item = UnitRecord>) -> Self {
        Self(Mutex::new(
            units
                .into_iter()
                .map(|unit| (unit.seq, (unit, State::Free)))
                .collect(),
        ))
    }

    fn set(&self, unit: &UnitRecord, state: State) -> Result<(), QueueError> {
        let mut units = self.0.lock().map_err(|_| poisoned())?;
        if let Some((_, slot)) = units.get_mut(&unit.seq)
            && *slot != State::Done
        {
            *slot = state;
        }
        Ok(())
    }
}

fn poisoned() -> QueueError {
    QueueError(StoreError::WriterStopped(
        "a holder of the queue panicked".to_owned(),
    ))
}

impl WorkQueue for Memory {
    fn lease(&self, target: &str, limit: usize) -> Result<Vec<UnitRecord>, QueueError> {
        let mut units = self.0.lock().map_err(|_| poisoned())?;
        let free = units
            .values_mut()
            .filter(|(unit, state)| unit.target == target && *state == State::Free)
            .take(limit)
            .map(|(unit, state)| {
                *state = State::Leased;
                unit.clone()
            })
            .collect();
        Ok(free)
    }

    fn release(&self, unit: &UnitRecord) -> Result<(), QueueError> {
        self.set(unit, State::Free)
    }

    async fn complete(&self, unit: &UnitRecord, _outcome: Outcome) -> Result<(), QueueError> {
        // Nothing to await: the trait returns a future for queues that write to disk.
        std::future::ready(self.set(unit, State::Done)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test]
    async fn memory_conforms() {
        conformance::check(|units| (Memory::new(units), ())).await;
    }
}
