//! How many calls may be in flight to one target.

use std::time::{Duration, Instant};

/// Whether a call may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It may, and is counted as in flight from now on.
    Now,
    /// Not before that time.
    At(Instant),
    /// Not before another call ends.
    WhenOneEnds,
}

/// A fixed ceiling.
#[derive(Debug)]
pub struct Limiter {
    ceiling: usize,
    in_flight: usize,
}

impl Limiter {
    pub fn adaptive(ceiling: usize, _seed: u64) -> Self {
        Self { ceiling, in_flight: 0 }
    }
    pub fn paced(ceiling: usize, _per_second: f64, seed: u64) -> Self {
        Self::adaptive(ceiling, seed)
    }
    pub fn try_start(&mut self, _now: Instant) -> Start {
        if self.in_flight < self.ceiling {
            self.in_flight += 1;
            Start::Now
        } else {
            Start::WhenOneEnds
        }
    }
    pub fn succeeded(&mut self, _now: Instant, _started: Instant) {
        self.in_flight -= 1;
    }
    pub fn throttled(&mut self, _now: Instant, _started: Instant, _retry_after: Option<Duration>) {
        self.in_flight -= 1;
    }
    pub fn failed(&mut self, _now: Instant, _started: Instant) {
        self.in_flight -= 1;
    }
}
