//! The inputs that counting needs, and which samples count.

use std::collections::BTreeMap;

use nocere_core::{
    Calibration, Counts, DriverId, DriverIdentity, FigureRow, Instrument, ProbeId, ProtocolRecord,
    Sample, Suite, SuiteId,
};

/// The inputs that counting needs.
pub(crate) struct Context<'a> {
    pub(crate) figures: &'a [FigureRow],
    pub(crate) suites: &'a [Suite],
    pub(crate) instruments: &'a [Instrument],
    pub(crate) calibrations: &'a [Calibration],
    pub(crate) protocol: Option<&'a ProtocolRecord>,
    /// What led the conversations.
    pub(crate) drivers: &'a [DriverIdentity],
    /// Which probes small models pass, and which they fail.
    pub(crate) easy: &'a BTreeMap<SuiteId, BTreeMap<ProbeId, bool>>,
}

impl<'a> Context<'a> {
    /// The calibration of this very judge.
    pub(crate) fn calibration(&self, instrument: &Instrument) -> Option<&'a Calibration> {
        let mut all = self.calibrations.iter();
        all.find(|calibration| calibration.instrument.hash == instrument.hash)
    }

    /// True if this driver puts no pressure on.
    pub(crate) fn is_plain(&self, driver: &DriverId) -> bool {
        let mut drivers = self.drivers.iter();
        drivers.all(|known| known.id != *driver || known.is_plain())
    }

    /// True if the figures over a whole run count this sample. Where some conversations are plain,
    /// those under pressure have figures of their own.
    pub(crate) fn is_counted(&self, row: &Sample) -> bool {
        !row.is_drifted()
            && (self.is_plain(&row.driver) || !self.drivers.iter().any(DriverIdentity::is_plain))
    }

    /// True if the probe was shown without something that belongs to it: the figures over a whole run do
    /// not count what is wrong for lack of that.
    pub(crate) fn is_ablated(&self, row: &Sample) -> bool {
        let parts = self.protocol.iter().flat_map(|protocol| &protocol.parts);
        let mut of_suite = parts.filter(|part| part.suite == row.probe.suite);
        of_suite.any(|part| part.withholds)
    }

    /// True if the texts of this sample must not spread.
    pub(crate) fn is_hidden(&self, row: &Sample) -> bool {
        let mut suites = self.suites.iter();
        suites.any(|suite| suite.id == row.probe.suite && suite.is_hidden())
    }

    /// True if no verdict of `instrument` on `row` would be counted, because the probe lacks the
    /// material that such judges need.
    pub(crate) fn is_beside(&self, row: &Sample, instrument: &Instrument) -> bool {
        let mut figures = self
            .figures
            .iter()
            .filter(|figure| figure.measure == instrument.measure)
            .peekable();
        figures.peek().is_some()
            && figures.all(|figure| {
                matches!(figure.counts, Counts::With(_)) && !figure.applies(&row.probe)
            })
    }
}
