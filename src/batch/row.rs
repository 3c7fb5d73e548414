//! One distinct row at work.

use std::time::Duration;

use tokio::time::Instant;

use super::Tries;
use crate::function::{Answered, Outcome, Refusal};

/// What is known of a distinct row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub outcome: Option<Outcome>,
    pub tries: Tries,
    /// When the call that is in flight was started.
    pub running: Option<Instant>,
    /// Most rows of a pack in which it may be asked; no limit before a pack with it has failed.
    pub pack: Option<usize>,
}

impl Row {
    /// Settles the row.
    pub fn settle(&mut self, result: Result<Answered, Refusal>, latency: Duration) {
        self.outcome = Some(Outcome { result, attempts: self.tries.calls, latency, shared: None });
    }
}
