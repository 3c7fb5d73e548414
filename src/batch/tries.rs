//! What is known of a batch from earlier invocations, and what one invocation adds.

use std::collections::HashMap;
use std::time::Duration;

use crate::function::{Outcome, Paid, Refusal};

/// How often a row was tried, and what came of it. Counted over all invocations of its batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tries {
    /// Service calls that ended.
    pub calls: u32,
    /// Those that failed, without being throttled, while the target answered others, or long after the last one while it answered nobody.
    pub failed: u32,
    /// Those whose answer could not be read.
    pub unreadable: u32,
    /// Those that were refused as a fault of the statement.
    pub refused: u32,
    /// Those that were cut off at the deadline, after half of an invocation or more, while the target answered others or no other was left.
    pub cut: u32,
    /// Those that were cut off after as long while the target had answered nobody since they began; none any more when an invocation in which
    /// it has answered ends otherwise.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub silent: u32,
    /// What those have cost that gave no value.
    #[serde(default, skip_serializing_if = "Paid::is_nothing")]
    pub paid: Paid,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What a checkpoint adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Outcomes that are not kept by what was asked, by the place of the row in which each distinct row first comes.
    pub outcomes: Vec<(u32, Outcome)>,
    /// All tries so far of rows that have no outcome yet: a sum, so that saying it twice does no harm.
    pub tries: Vec<(u32, Tries)>,
    /// Targets that asked to be left alone, and for how long from now on.
    pub holds: Vec<(String, Duration)>,
    /// Why the batch is unfinished, at its latest.
    pub reason: Option<String>,
    /// Why the batch is given up for good, with all its rows.
    pub refusal: Option<Refusal>,
    /// At the end of an invocation that leaves rows to the next one, how many have a value.
    pub answered: usize,
}

/// What all checkpoints of a batch say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Outcomes that are not kept by what was asked, by the place of the row in which each distinct row first comes.
    pub outcomes: HashMap<u32, Outcome>,
    /// How often the other rows were tried.
    pub tries: HashMap<u32, Tries>,
    /// Targets that asked to be left alone, and for how long from now on.
    pub holds: HashMap<String, Duration>,
    /// Why the batch is unfinished, at its latest.
    pub reason: Option<String>,
    /// Why the batch is given up for good.
    pub refusal: Option<Refusal>,
    /// How many rows had a value, wherever that is kept, when an invocation ended.
    pub answered: usize,
}

impl Entry {
    /// Whether there is nothing that is worth a write of its own.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.tries.is_empty() && self.refusal.is_none() && self.answered == 0
    }
}

impl Known {
    /// Learns what a later entry says.
    pub fn learn(&mut self, later: Entry) {
        self.tries.extend(later.tries);
        self.outcomes.extend(later.outcomes);
        self.holds.extend(later.holds);
        self.reason = later.reason.or(self.reason.take());
        self.refusal = later.refusal.or(self.refusal.take());
        self.answered = self.answered.max(later.answered);
    }
}
