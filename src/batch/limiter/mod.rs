//! How fast calls to one target may start: as fast as its quota, which nobody tells us and others share.
//!
//! Until the first throttled call there is a window of calls in flight, which starts low, so that a cold environment
//! does not open a hundred connections at once, and doubles with every round of successes up to the ceiling.
//!
//! While it grows, calls are kept apart, so that the first throttled one can tell before many are.
//!
//! From the first throttled call on, calls are paced: a throttled call comes back at once, so that a window alone would
//! send the next one at once, too. The pace is found by doubling, and then held where one to five calls in a hundred are
//! throttled. It counts calls more than seconds, so that the share is the same at 5 and at 500 calls a second.
//!
//! Where the quota leaves an environment less than one call at a time, the pace spaces its calls. That is too much where
//! even one call of each environment in 600 s, when Snowflake gives up, is more than the quota.

mod latency;
mod pace;
#[cfg(test)]
mod tests;

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
    /// What a call takes; nothing before the first one has got its answer.
    latency: Duration,
    pace: Pace,
}

impl Limiter {
    /// A limiter that knows nothing of the quota, and lets at most `ceiling` calls be in flight.
    pub fn adaptive(ceiling: usize, seed: u64) -> Self {
        Self {
            ceiling,
            in_flight: 0,
            window: FIRST_WINDOW.min(ceiling),
            latency: Duration::ZERO,
            pace: Pace::free(seed),
        }
    }

    /// A limiter that paces calls from the start, at `per_second`.
    pub fn paced(ceiling: usize, per_second: f64, seed: u64) -> Self {
        Self { ceiling, in_flight: 0, window: ceiling, latency: Duration::ZERO, pace: Pace::of(per_second, seed) }
    }

    /// Asks to start a call.
    pub fn try_start(&mut self, now: Instant) -> Start {
        if self.in_flight >= self.window {
            return Start::WhenOneEnds;
        }
        match self.pace.try_start(now, self.ramp()) {
            Ok(()) => {
                self.in_flight += 1;
                Start::Now
            }
            Err(at) => Start::At(at),
        }
    }

    /// What keeps calls apart while the window grows: twice what spreads it over the time of a call. Calls that start
    /// together would be throttled together, before one of them can tell.
    fn ramp(&self) -> Duration {
        if self.window >= self.ceiling {
            return Duration::ZERO;
        }
        self.latency / u32::try_from(2 * self.window).unwrap_or(u32::MAX)
    }

    /// A call has got its answer, after `latency`. A slow target would take minutes to reach the ceiling if only its
    /// rounds counted: its calls count for one more for each quarter of a second.
    pub fn succeeded(&mut self, latency: Duration) {
        self.in_flight -= 1;
        self.latency = latency;
        self.pace.succeeded();
        let growth = 1 + usize::try_from((4 * latency).as_secs()).unwrap_or(usize::MAX);
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
