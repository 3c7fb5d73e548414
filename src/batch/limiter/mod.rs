//! How fast calls to one target may start: as fast as its quota, which nobody tells us and others share.
//!
//! Until the first throttled call there is a window of calls in flight, which starts low, so that a cold environment
//! does not open a hundred connections at once, and doubles with every round of successes up to the ceiling.
//!
//! From the first throttled call on, calls are paced: a throttled call comes back at once, so that a window alone would
//! send the next one at once, too. The pace is steered by the share of throttled calls, and holds it at a few per cent: a
//! throttled call lowers the rate by a little, and the calls after it raise it along a cubic curve, as CUBIC does for
//! TCP: quickly back to where it was, slowly there, and quickly on when nothing happens. The curve counts calls, not
//! seconds, so that the share is the same at 5 and at 500 calls a second, for one environment and for eight.
//!
//! Where the quota leaves an environment less than one call at a time, the pace spaces its calls. That is too much where
//! even one call of each environment in 600 s, when Snowflake gives up, is more than the quota.

mod latency;
mod pace;
#[cfg(test)]
mod simulation;

use std::time::{Duration, Instant};

pub use latency::Latency;

use pace::Pace;

/// Calls in flight at the start.
const FIRST_WINDOW: usize = 8;

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

/// The limiter of one target. It lives as long as the environment.
#[derive(Debug)]
pub struct Limiter {
    ceiling: usize,
    in_flight: usize,
    /// Most calls in flight; beside the pace it does not matter.
    window: usize,
    pace: Pace,
}

impl Limiter {
    /// A limiter that knows nothing of the quota, and lets at most `ceiling` calls be in flight.
    pub fn adaptive(ceiling: usize, seed: u64) -> Self {
        Self { ceiling, in_flight: 0, window: FIRST_WINDOW.min(ceiling), pace: Pace::unknown(seed) }
    }

    /// A limiter that paces calls from the start, at `per_second`.
    pub fn paced(ceiling: usize, per_second: f64, seed: u64) -> Self {
        Self { ceiling, in_flight: 0, window: ceiling, pace: Pace::of(per_second, seed) }
    }

    /// Asks to start a call.
    pub fn try_start(&mut self, now: Instant) -> Start {
        if self.in_flight >= self.window {
            return Start::WhenOneEnds;
        }
        match self.pace.try_start(now) {
            Ok(()) => {
                self.in_flight += 1;
                Start::Now
            }
            Err(at) => Start::At(at),
        }
    }

    /// A call has got its answer, after `latency`. A slow target would take minutes to reach the ceiling if only its
    /// rounds counted: its calls count for as many as there are seconds in them.
    pub fn succeeded(&mut self, latency: Duration) {
        self.in_flight -= 1;
        let growth = 1 + usize::try_from(latency.as_secs()).unwrap_or(usize::MAX);
        self.window = self.window.saturating_add(growth).min(self.ceiling);
    }

    /// A call that was started at `started` was refused because of a quota.
    pub fn throttled(&mut self, now: Instant, started: Instant) {
        self.in_flight -= 1;
        self.window = self.ceiling;
        self.pace.throttled(now, started);
    }

    /// A call has ended in a way that tells nothing of the quota.
    pub fn failed(&mut self) {
        self.in_flight -= 1;
    }
}

/// A time that is as good as never, for arithmetic that must not overflow.
const LONGEST: Duration = Duration::from_secs(600);
