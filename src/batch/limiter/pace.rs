//! Calls a second, steered by what a throttled call tells.
//!
//! A throttled call says that nothing is left of the quota now. So between two of them exactly the quota was used up,
//! whatever bursts it allows: the calls that were admitted meanwhile, over the time, are this environment's share of it.

use std::time::{Duration, Instant};

use super::LONGEST;

/// Calls a second below which the first throttled calls do not lower the pace: a few of them say little. Nor do they say
/// much of a target that has not answered yet.
const FLOOR: f64 = 2.0;
const FLOOR_UNPROVEN: f64 = 8.0;

/// Throttled calls after which that ends.
const SAY_LITTLE: u32 = 60;
const SAY_LITTLE_UNPROVEN: u32 = 10;

/// Seconds in which a searching pace doubles, at first and at most; a throttled call makes them four times as many.
const DOUBLING: f64 = 1.0;
const LONGEST_DOUBLING: f64 = 4.0;

/// Seconds in which it doubles when the quota has grown, or others have left it.
const DOUBLING_AGAIN: f64 = 2.0;

/// Admitted calls between two throttled ones from which their rate is known well enough.
const ENOUGH: f64 = 8.0;

/// A rate that was measured below this share of the pace was measured over a time that left quota unused.
const PLAUSIBLE: f64 = 0.75;

/// Gaps between throttled calls, as they are to be expected, after which one has been missed.
const SURPRISE: f64 = 1.6;

/// How far calls may come late and still be made up for.
const SLACK: Duration = Duration::from_millis(50);

/// The pace of one target's calls.
#[derive(Debug)]
pub struct Pace {
    mode: Mode,
    /// Calls a second, before growth.
    rate: f64,
    /// Calls since the last throttled one. A second counts as a call, too, so that a pace recovers whose calls are few.
    calls: f64,
    /// When nothing was left of the quota.
    empty: Option<Instant>,
    /// Calls that were started since, and not throttled.
    admitted: f64,
    /// When a throttled call lowered the pace last, and how many have since there was an idle time.
    lowered: Option<Instant>,
    lowerings: u32,
    /// Whether any call got its answer.
    proven: bool,
    /// Calls a second that were started lately, whatever was allowed.
    recent: f64,
    last: Option<Instant>,
    next: Option<Instant>,
    random: fastrand::Rng,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// No call was ever throttled.
    Free,
    /// The pace doubles in this many seconds.
    Search(f64),
    /// The pace is known, and pushes a little.
    Track,
}

impl Pace {
    /// No pace, until a call is throttled.
    pub fn free(seed: u64) -> Self {
        Self::new(Mode::Free, f64::INFINITY, seed)
    }

    /// A pace that starts at `rate` calls a second.
    pub fn of(rate: f64, seed: u64) -> Self {
        Self::new(Mode::Track, rate, seed)
    }

    fn new(mode: Mode, rate: f64, seed: u64) -> Self {
        Self {
            mode,
            rate,
            calls: 0.0,
            empty: None,
            admitted: 0.0,
            lowered: None,
            lowerings: 0,
            proven: false,
            recent: 0.0,
            last: None,
            next: None,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The share of calls that may be throttled. A slow pace pushes more than a fast one, so that environments at one quota
    /// come to have the same.
    fn push(&self) -> f64 {
        (0.04 / self.rate.powf(0.25)).clamp(0.015, 0.05)
    }

    /// How long the last throttled call is ago, in gaps that are to be expected.
    fn gaps(&self) -> f64 {
        self.calls * self.push()
    }

    /// The rate that is allowed now. In the expected gap it grows from the quota's to so much more that a call is throttled.
    fn allowed(&self) -> f64 {
        match self.mode {
            Mode::Free | Mode::Search(_) => self.rate,
            Mode::Track => self.rate * (1.0 + self.push() * self.gaps().powi(4)),
        }
    }

    /// Starts a call, no sooner than `ramp` after the last one, or says when to ask again.
    pub fn try_start(&mut self, now: Instant, ramp: Duration) -> Result<(), Instant> {
        if let Some(at) = self.next.filter(|at| *at > now) {
            return Err(at);
        }
        self.pass_time(now);
        self.calls += 1.0;
        self.admitted += 1.0;
        self.recent += 1.0;
        // Environments that do not know of each other should not march in step.
        let interval = self.interval(0.95, 1.05).max(ramp);
        if !interval.is_zero() {
            let due = self.next.unwrap_or(now).max(now.checked_sub(SLACK).unwrap_or(now));
            self.next = Some(due + interval);
        }
        Ok(())
    }

    /// A call has got its answer.
    pub fn succeeded(&mut self) {
        self.proven = true;
    }

    /// A call that was started at `started` was throttled.
    pub fn throttled(&mut self, now: Instant, started: Instant) {
        self.pass_time(now);
        if self.empty.is_none_or(|empty| started >= empty) {
            self.admitted = (self.admitted - 1.0).max(0.0);
        }
        // The pace was lowered since it was started: it tells nothing of the pace that holds now.
        if self.lowered.is_some_and(|lowered| started < lowered) {
            return;
        }
        let floor = self.rate.min(self.floor());
        self.lower(now);
        self.rate = self.rate.max(floor);
        self.lowered = Some(now);
        self.lowerings = self.lowerings.saturating_add(1);
        self.calls = 0.0;
        let at = now + self.interval(0.5, 1.5);
        self.next = Some(self.next.map_or(at, |next| next.max(at)));
    }

    fn lower(&mut self, now: Instant) {
        let measured = self.measured(now);
        match (self.mode, measured) {
            (Mode::Free, _) => {
                self.rate = self.recent / 2.0;
                self.mode = Mode::Search(DOUBLING);
            }
            (Mode::Search(_), Some(measured)) if measured >= PLAUSIBLE * self.rate => {
                self.rate = measured;
                self.mode = Mode::Track;
            }
            (Mode::Search(doubling), _) => {
                self.rate *= if self.admitted < 1.0 { 0.5 } else { 0.7 };
                let doubling = 4.0 * doubling;
                self.mode = if doubling > LONGEST_DOUBLING { Mode::Track } else { Mode::Search(doubling) };
            }
            (Mode::Track, Some(measured)) => {
                // Few calls tell little.
                let weight = (2.0 * self.admitted * self.push()).min(1.0);
                self.rate += (measured - self.rate) * weight;
            }
            (Mode::Track, None) => self.rate *= 0.8,
        }
        // While too few were admitted, the next throttled call measures from the same beginning.
        if measured.is_some() || self.empty.is_none() {
            self.empty = Some(now);
            self.admitted = 0.0;
        }
    }

    fn floor(&self) -> f64 {
        match self.lowerings {
            0..SAY_LITTLE_UNPROVEN if !self.proven => FLOOR_UNPROVEN,
            0..SAY_LITTLE => FLOOR,
            _ => 0.0,
        }
    }

    /// The rate of the calls that were admitted since nothing was left, if they are enough.
    fn measured(&self, now: Instant) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.empty?).as_secs_f64();
        (seconds > 0.0 && self.admitted >= ENOUGH).then(|| self.admitted / seconds)
    }

    /// What lies between two calls at the rate that is allowed, times a random number between these two.
    fn interval(&mut self, least: f64, most: f64) -> Duration {
        let jitter = least + (most - least) * self.random.f64();
        Duration::try_from_secs_f64(jitter / self.allowed()).unwrap_or(LONGEST).min(LONGEST)
    }

    /// Lets `recent` fade with a time constant of a second, and the pace grow. Only the time of about two calls counts: an
    /// environment that was frozen, or had no rows, knows nothing new.
    fn pass_time(&mut self, now: Instant) {
        let passed = self.last.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64());
        self.last = Some(now);
        self.recent *= (-passed).exp();
        if passed > 2.0 + 3.0 / self.rate {
            self.empty = None;
            self.lowerings = 0;
            self.rate = self.rate.max(FLOOR);
        }
        let passed = passed.min(2.0 / self.rate);
        match self.mode {
            Mode::Free => {}
            Mode::Search(doubling) => self.rate *= (passed / doubling).min(1.0).exp2(),
            Mode::Track => {
                self.calls += passed;
                if self.gaps() >= SURPRISE {
                    self.rate = self.allowed();
                    self.mode = Mode::Search(DOUBLING_AGAIN);
                }
            }
        }
    }
}
