//! What went over the wire.

use std::collections::BTreeMap;

/// Counters of all requests that have been answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayStats {
    /// How many there were.
    pub requests: u64,
    /// Their bodies, as they came: compressed ones count compressed.
    pub bytes_in: u64,
    /// The bodies of the answers, as they went.
    pub bytes_out: u64,
    /// How often each status was the answer.
    pub statuses: BTreeMap<u16, u64>,
}

impl GatewayStats {
    pub(super) fn count(&mut self, bytes_in: usize, status: u16, bytes_out: usize) {
        self.requests += 1;
        self.bytes_in += u64::try_from(bytes_in).unwrap_or(u64::MAX);
        self.bytes_out += u64::try_from(bytes_out).unwrap_or(u64::MAX);
        *self.statuses.entry(status).or_default() += 1;
    }
}
