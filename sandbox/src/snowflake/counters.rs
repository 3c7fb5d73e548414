//! What a query has done so far.

use std::collections::BTreeMap;

/// Counters of one query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) posts: u64,
    pub(super) gets: u64,
    pub(super) retries: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) lost: u64,
    pub(super) contradictions: u64,
}
