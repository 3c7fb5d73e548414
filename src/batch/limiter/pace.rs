//! Calls a second, steered by the share of throttled ones.

use std::time::{Duration, Instant};

use super::LONGEST;

/// What a throttled call lowers the rate by, at least.
const STEP: f64 = 0.05;

/// What it lowers the rate by, at most.
const DEEPEST: f64 = 0.75;

/// Calls without a throttled one after which the rate is where it was before the last. Much beyond it the rate grows fast,
/// so that about one call in that many is throttled.
const REACH: f64 = 32.0;

/// The weight of one call in the throttled share of recent calls.
const WEIGHT: f64 = 1.0 / 16.0;

/// Seconds without a throttled call that count as one call, so that a rate recovers whose calls are few.
const QUIET: f64 = 1.0;

/// How far calls may come late and still be made up for.
const SLACK: Duration = Duration::from_millis(50);

/// The rate of one target's calls.
#[derive(Debug)]
pub struct Pace {
    /// Calls a second at which a call was throttled last; infinite until then.
    limit: f64,
    /// What that lowered the rate by.
    step: f64,
    /// When that was.
    lowered: Option<Instant>,
    /// Calls since then, with quiet time counted as calls.
    calls: f64,
    /// The throttled share of recent calls.
    share: f64,
    /// Calls a second that were started lately, whatever was allowed.
    recent: f64,
    last: Option<Instant>,
    next: Option<Instant>,
    random: fastrand::Rng,
}

impl Pace {
    /// No pace, until a call is throttled.
    pub fn unknown(seed: u64) -> Self {
        Self::of(f64::INFINITY, seed)
    }

    /// A pace that starts at `limit` calls a second.
    pub fn of(limit: f64, seed: u64) -> Self {
        Self {
            limit,
            step: STEP,
            lowered: None,
            calls: REACH,
            share: 0.0,
            recent: 0.0,
            last: None,
            next: None,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The rate that is allowed now: below the limit by the step at first, at the limit after [`REACH`] calls.
    fn rate(&self) -> f64 {
        let way = self.calls / REACH - 1.0;
        self.limit * (1.0 + if way < 0.0 { self.step } else { STEP } * way.powi(3))
    }

    /// Starts a call, or says when to ask again.
    pub fn try_start(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(at) = self.next.filter(|at| *at > now) {
            return Err(at);
        }
        self.pass_time(now);
        self.calls += 1.0;
        self.recent += 1.0;
        self.share *= 1.0 - WEIGHT;
        if self.limit.is_finite() {
            // Environments that do not know of each other should not march in step.
            let interval = (0.9 + 0.2 * self.random.f64()) / self.rate();
            let interval = Duration::try_from_secs_f64(interval).unwrap_or(LONGEST).min(LONGEST);
            let due = self.next.unwrap_or(now).max(now.checked_sub(SLACK).unwrap_or(now));
            self.next = Some(due + interval);
        }
        Ok(())
    }

    /// A call that was started at `started` was throttled.
    pub fn throttled(&mut self, now: Instant, started: Instant) {
        self.pass_time(now);
        self.share += WEIGHT;
        // The rate was lowered since it was started: it tells nothing of the rate that holds now.
        if self.lowered.is_some_and(|lowered| started < lowered) {
            return;
        }
        // The curve may have run far ahead of what was really started.
        self.limit = self.rate().min(self.recent.max(1.0));
        self.step = (self.share - WEIGHT).clamp(STEP, DEEPEST);
        self.lowered = Some(now);
        self.calls = 0.0;
    }

    /// Lets `recent` fade with a time constant of a second, and counts quiet time.
    fn pass_time(&mut self, now: Instant) {
        let passed = self.last.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64());
        self.last = Some(now);
        self.recent *= (-passed).exp();
        // Time alone does not raise the rate without end: an environment that was frozen knows nothing new.
        let quiet = (passed / QUIET).min((3.0 * REACH - self.calls).max(0.0));
        self.calls += quiet;
    }
}
