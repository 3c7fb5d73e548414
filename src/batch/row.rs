//! One distinct row at work.

use tokio::time::Instant;

use super::Tries;
use crate::function::{Outcome, Told};

/// What is known of a distinct row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub outcome: Option<Outcome>,
    pub tries: Tries,
    /// What the service told of the last call that gave no value.
    pub told: Told,
    /// When the call that is in flight was started.
    pub running: Option<Instant>,
    /// When a failure was counted last that may be its own fault.
    pub failed_at: Option<Instant>,
    /// Most rows of a pack in which it may be asked; no limit before a pack with it has failed.
    pub pack: Option<usize>,
}
