//! What a service remembers of the requests that arrived.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use http::HeaderMap;
use serde_json::Value;

use super::faults::Fault;

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// When its last byte arrived.
    pub at: Instant,
    /// When its answer was ready.
    pub answered_at: Option<Instant>,
    /// `converse`, `invoke`, `guardrail_checks`, `search_text`, `search_position`, `search_suggestions`, `geocode`, `reverse_geocode` or
    /// `suggest`; `unknown` for any other path.
    pub operation: &'static str,
    /// The decoded model id, or the name of the place index; of an operation without one, its own name.
    pub target: String,
    /// The user's text, or the address; of a call for many texts, each on a line.
    pub text: String,
    /// The body; null when it was not JSON.
    pub body: Value,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The status of the answer; none when there was none, or not yet.
    pub status: Option<u16>,
    /// The fault that was applied.
    pub fault: Option<Fault>,
}

/// Counters since the start or the last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that arrived in full.
    pub requests: u64,
    /// Answered with 200.
    pub answered: u64,
    /// Answered with 429.
    pub throttled: u64,
    /// Answered with any other status, or dropped on purpose.
    pub failed: u64,
    /// Given up by the client before the answer.
    pub abandoned: u64,
    /// Without a valid signature; these are also `failed`.
    pub bad_signatures: u64,
    /// Being answered now.
    pub in_flight: u64,
    /// The most that were being answered at once.
    pub peak_in_flight: u64,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of response bodies.
    pub bytes_out: u64,
    /// Connections accepted.
    pub connections: u64,
}

/// The counters, and the calls when they are kept.
#[derive(Debug)]
pub(super) struct Log {
    requests: AtomicU64,
    answered: AtomicU64,
    throttled: AtomicU64,
    failed: AtomicU64,
    abandoned: AtomicU64,
    bad_signatures: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    connections: AtomicU64,
    keep: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Counts resets, so that an answer to a forgotten call is not noted at another one.
    era: u64,
    calls: Vec<Call>,
}

/// Where a kept call is.
#[derive(Debug, Clone, Copy)]
struct Slot {
    era: u64,
    index: usize,
}

impl Log {
    pub(super) fn new() -> Self {
        let zero = AtomicU64::default;
        Self {
            requests: zero(),
            answered: zero(),
            throttled: zero(),
            failed: zero(),
            abandoned: zero(),
            bad_signatures: zero(),
            in_flight: zero(),
            peak_in_flight: zero(),
            bytes_in: zero(),
            bytes_out: zero(),
            connections: zero(),
            keep: AtomicBool::new(true),
            kept: Mutex::default(),
        }
    }

    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn bad_signature(&self) {
        self.bad_signatures.fetch_add(1, Relaxed);
    }

    pub(super) fn keep_calls(&self, keep: bool) {
        self.keep.store(keep, Relaxed);
    }

    /// Notes a request. `call` is made only when calls are kept.
    pub(super) fn arrived(&self, bytes: usize, call: impl FnOnce() -> Call) -> InFlight<'_> {
        let number = self.requests.fetch_add(1, Relaxed) + 1;
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.peak_in_flight.fetch_max(now, Relaxed);
        let slot = self.keep.load(Relaxed).then(|| {
            let call = call();
            let mut kept = self.kept();
            kept.calls.push(call);
            Slot { era: kept.era, index: kept.calls.len() - 1 }
        });
        InFlight { log: self, number, slot, ended: false }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.kept().calls.clone()
    }

    pub(super) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        Stats {
            requests: read(&self.requests),
            answered: read(&self.answered),
            throttled: read(&self.throttled),
            failed: read(&self.failed),
            abandoned: read(&self.abandoned),
            bad_signatures: read(&self.bad_signatures),
            in_flight: read(&self.in_flight),
            peak_in_flight: read(&self.peak_in_flight),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
            connections: read(&self.connections),
        }
    }

    pub(super) fn reset(&self) {
        let mut kept = self.kept();
        kept.era += 1;
        kept.calls.clear();
        drop(kept);
        for counter in [
            &self.requests,
            &self.answered,
            &self.throttled,
            &self.failed,
            &self.abandoned,
            &self.bad_signatures,
            &self.bytes_in,
            &self.bytes_out,
            &self.connections,
        ] {
            counter.store(0, Relaxed);
        }
        self.peak_in_flight.store(self.in_flight.load(Relaxed), Relaxed);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, slot: Option<Slot>, change: impl FnOnce(&mut Call)) {
        let Some(slot) = slot else { return };
        let mut kept = self.kept();
        if kept.era == slot.era
            && let Some(call) = kept.calls.get_mut(slot.index)
        {
            change(call);
        }
    }
}

/// A request that is being answered. Dropped without an answer, it counts as abandoned.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    log: &'a Log,
    /// Since the last reset.
    pub(super) number: u64,
    slot: Option<Slot>,
    ended: bool,
}

impl InFlight<'_> {
    pub(super) fn fault(&self, fault: &Fault) {
        self.log.note(self.slot, |call| call.fault = Some(fault.clone()));
    }

    pub(super) fn answered(mut self, status: u16, bytes: usize) {
        self.ended = true;
        let counter = match status {
            200 => &self.log.answered,
            429 => &self.log.throttled,
            _ => &self.log.failed,
        };
        counter.fetch_add(1, Relaxed);
        self.log.bytes_out.fetch_add(bytes as u64, Relaxed);
        self.log.note(self.slot, |call| {
            call.status = Some(status);
            call.answered_at = Some(Instant::now());
        });
    }

    pub(super) fn dropped(mut self) {
        self.ended = true;
        self.log.failed.fetch_add(1, Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.log.in_flight.fetch_sub(1, Relaxed);
        if !self.ended {
            self.log.abandoned.fetch_add(1, Relaxed);
        }
    }
}
