//! The gates of a run: those of nocere.yaml, and those of its protocol.

use nocere_analysis::{Gate, GateReport, RunReport, apply_gates};

use crate::{Project, ProjectError, protocol};

/// A gate and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedGate {
    /// The gate.
    pub gate: Gate,
    /// "gate 2 of nocere.yaml".
    pub place: String,
}

impl Project {
    /// The gates for a run: those of nocere.yaml, then those of the protocol with this id, if the
    /// run follows one.
    ///
    /// # Errors
    ///
    /// The protocol cannot be read.
    pub fn gates(&self, protocol: Option<&str>) -> Result<Vec<PlacedGate>, ProjectError> {
        let place = |gates: &[Gate], of: &str| -> Vec<PlacedGate> {
            let gates = (1..).zip(gates);
            gates
                .map(|(number, gate)| PlacedGate {
                    gate: gate.clone(),
                    place: format!("gate {number} of {of}"),
                })
                .collect()
        };
        let mut gates = place(&self.config().gates, "nocere.yaml");
        let protocol = match protocol {
            Some(id) => protocol::find_protocol(self, id)?,
            None => None,
        };
        if let Some(protocol) = protocol {
            let of = format!("protocol {}", protocol.id);
            gates.extend(place(&protocol.gates, &of));
        }
        Ok(gates)
    }

    /// Holds a report against the gates of its run.
    ///
    /// # Errors
    ///
    /// There are no gates, or one names something that the run lacks or needs a baseline that is not
    /// there.
    pub fn hold_against_gates(
        &self,
        report: &RunReport,
        baseline: Option<&RunReport>,
    ) -> Result<GateReport, ProjectError> {
        let protocol = report.header.protocol.as_ref();
        let placed = self.gates(protocol.map(|protocol| protocol.id.as_str()))?;
        if placed.is_empty() {
            return Err(no_gates());
        }
        let gates: Vec<Gate> = placed.iter().map(|of| of.gate.clone()).collect();
        apply_gates(report, &gates, baseline).map_err(|fault| {
            let place = fault
                .gate
                .checked_sub(1)
                .and_then(|place| placed.get(place))
                .map_or("a gate", |of| of.place.as_str());
            let error = ProjectError::usage(format!("{place}: {}", fault.what));
            if fault.known.is_empty() {
                error
            } else {
                error.hint(format!("there are {}", fault.known.join(", ")))
            }
        })
    }

    /// Fails if a run that is about to be made has no gates, or one that needs a baseline.
    ///
    /// # Errors
    ///
    /// See there.
    pub fn check_gates_before(&self, protocol: Option<&str>) -> Result<(), ProjectError> {
        let gates = self.gates(protocol)?;
        if gates.is_empty() {
            return Err(no_gates());
        }
        if let Some(of) = gates.iter().find(|of| of.gate.margin.is_some()) {
            return Err(ProjectError::usage(format!(
                "{} has a `margin`, and `run --gate` has no baseline",
                of.place
            ))
            .hint("leave out --gate, and run `nocere gate latest --baseline RUN` afterwards"));
        }
        Ok(())
    }
}

fn no_gates() -> ProjectError {
    ProjectError::usage("neither nocere.yaml nor the run's protocol has gates").hint(
        "add `gates:` with entries such as {figure: helped-should-decline, who: patient, at_most: 0.1}",
    )
}
