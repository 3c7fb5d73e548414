//! Slots of one environment that knows nothing of others: it takes each when the call starts.
//!
//! When one of its calls is throttled, most likely somebody is too fast, and nobody knows who. Half is given back, and gained again by steps that
//! are relatively larger for those who have less, so that their paces draw near to each other: binomial congestion control (Bansal and Balakrishnan, 2001).

use std::time::{Duration, Instant};

use super::pace::{FIRST, Pace};
use super::{SLACK, Slot, Start, later};

/// Calls a second that a lowered pace gains in each second, beside the cubic, times the root of what it was: a fast one would take long to come
/// back by the same steps as a slow one.
const GAIN: f64 = 0.2;

/// One environment's own track.
#[derive(Debug)]
pub struct Alone {
    pub pace: Pace,
    next: Option<Instant>,
    /// Calls a second below which a batch would be lost.
    floor: f64,
    pub random: fastrand::Rng,
}

impl Alone {
    pub fn new(pace: Pace, seed: u64) -> Self {
        Self { pace, next: None, floor: 0.0, random: fastrand::Rng::with_seed(seed) }
    }

    /// Goes on at a pace that was shared.
    pub fn take_over(&mut self, per_second: f64) {
        self.pace = begun_anew(Pace { version: self.pace.version, ..Pace::of(per_second) });
        self.next = None;
    }

    /// Calls a second: no fewer than the floor, once it is known that there is a quota.
    fn per_second(&self) -> f64 {
        let floor = if self.pace.version > 0 { self.floor } else { 0.0 };
        stepped(self.pace).max(floor)
    }

    pub fn try_start(&mut self, now: Instant, latency: Option<Duration>, floor: f64) -> Start {
        self.floor = floor;
        if let Some(at) = self.next.filter(|at| *at > now) {
            return Start::At(at);
        }
        let (pace, per_second) = (self.pace, self.per_second());
        // Once a quota has shown itself, others may have used what this one leaves unused.
        let burst = if pace.version == 0 { FIRST / per_second } else { 0.0 };
        let before = |seconds| now.checked_sub(Duration::from_secs_f64(seconds)).unwrap_or(now);
        let oldest = before(burst.max(SLACK));
        let next = match self.next.filter(|next| *next >= oldest) {
            Some(next) => {
                self.pace.used += pace.use_of(1.0, latency);
                next
            }
            None => before(burst),
        };
        // Environments that do not know of each other should not march in step.
        self.next = Some(later(next, (0.95 + 0.1 * self.random.f64()) / per_second));
        Start::Now(Slot { at: now, pace, per_second, is_shared: false, late: 0.0 })
    }

    pub fn throttled(&mut self, now: Instant, slot: Slot) {
        if slot.pace.version != self.pace.version {
            return;
        }
        let is_at_floor = slot.per_second > stepped(slot.pace);
        // What started faster than the pace is no reason to lower it, but it has not been used either.
        self.pace = if is_at_floor { begun_anew(self.pace) } else { self.pace.halved(slot.per_second) };
        let at = later(now, (0.5 + self.random.f64()) / self.per_second());
        self.next = Some(self.next.map_or(at, |next| next.max(at)));
    }
}

/// A pace that has not been used yet.
fn begun_anew(pace: Pace) -> Pace {
    Pace { used: 0.0, version: pace.version + 1, ..pace }
}

/// Calls a second of a pace with the steps by which it was gained again.
fn stepped(pace: Pace) -> f64 {
    let steps = if pace.version > 0 { GAIN * pace.top.sqrt() * pace.used } else { 0.0 };
    pace.per_second() + steps
}
