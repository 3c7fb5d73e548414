//! What the environment has learnt of each service and model. It outlives the invocation.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff;
use super::ceiling::{Ceiling, Share};
use super::limiter::{Latency, Limiter, Start};
use crate::function::Target;

/// Targets that are remembered without being in use. A statement with its arguments swapped names a new one in each row.
const MOST_REMEMBERED: usize = 256;

/// Failures in a row from which a target is asked by few calls at a time.
const OUTAGE: u32 = 3;

/// The targets that this environment has called.
#[derive(Debug)]
pub struct Targets {
    most: usize,
    ceiling: Arc<Ceiling>,
    known: Mutex<HashMap<String, Arc<Mutex<State>>>>,
}

impl Targets {
    /// No target is known yet; all of them together will have at most `ceiling` calls in flight.
    pub fn new(ceiling: usize) -> Self {
        Self { most: ceiling, ceiling: Ceiling::new(ceiling), known: Mutex::default() }
    }

    pub(super) fn ceiling(&self) -> &Arc<Ceiling> {
        &self.ceiling
    }

    /// Targets that are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        lock(&self.known).len()
    }

    pub(super) fn get(&self, target: &Target) -> Arc<Mutex<State>> {
        let mut known = lock(&self.known);
        if let Some(state) = known.get(&*target.name) {
            return Arc::clone(state);
        }
        if known.len() >= MOST_REMEMBERED {
            known.retain(|_, state| Arc::strong_count(state) > 1);
        }
        let state = Arc::new(Mutex::new(State::new(target, self.most)));
        known.insert(target.name.clone().into_owned(), Arc::clone(&state));
        state
    }
}

/// What is known of one target.
#[derive(Debug)]
pub(super) struct State {
    pub limiter: Limiter,
    pub latency: Latency,
    /// Options with which it has answered, so that it is known to take them.
    answered: HashSet<Box<str>>,
    /// Until when it is to be left alone.
    hold: Option<Instant>,
    /// Failures in a row, throttling not counted: those of calls that had started together count as one.
    failures: u32,
    failed_at: Option<Instant>,
}

impl State {
    fn new(target: &Target, ceiling: usize) -> Self {
        let seed = fastrand::u64(..);
        let limiter = match target.per_second {
            Some(rate) => Limiter::paced(ceiling, f64::from(rate), seed),
            None => Limiter::adaptive(ceiling, seed),
        };
        let latency = Latency::default();
        Self { limiter, latency, answered: HashSet::new(), hold: None, failures: 0, failed_at: None }
    }

    /// Whether a call with these options has got an answer.
    pub fn has_answered(&self, options: &str) -> bool {
        self.answered.contains(options)
    }

    pub fn answered(&mut self, options: &str) {
        self.failures = 0;
        if self.answered.len() >= MOST_REMEMBERED {
            self.answered.clear();
        }
        if !self.answered.contains(options) {
            self.answered.insert(options.into());
        }
    }

    /// Leaves the target alone for `wait` from now on, or longer if it is left alone already.
    pub fn hold(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        if !wait.is_zero() && self.hold.is_none_or(|hold| hold < until) {
            self.hold = Some(until);
        }
    }

    /// How long the target is to be left alone from now on.
    pub fn held(&self) -> Option<Duration> {
        self.hold?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// A call that was started at `started` has failed, without being throttled. The first failure is not held against the
    /// target: most likely it met a connection that was dead.
    pub fn failed(&mut self, started: Instant) {
        if self.failed_at.is_some_and(|failed| started <= failed) {
            return;
        }
        self.failed_at = Some(Instant::now());
        self.failures = self.failures.saturating_add(1);
        if self.failures > 1 {
            self.hold(backoff::pause(self.failures - 1));
        }
    }

    /// Whether nothing but failures comes from the target.
    pub fn is_out(&self) -> bool {
        self.failures >= OUTAGE
    }
}

/// A call that may be made. Dropping it says that the call was cut off.
pub(super) struct Permit {
    state: Arc<Mutex<State>>,
    share: Arc<Share>,
    pub started: Instant,
    is_open: bool,
}

/// Why a call may not be made now.
pub(super) enum Later {
    /// Not before that time.
    At(Instant),
    /// Not before another call ends, of this work or of another one.
    WhenOneEnds,
}

impl Permit {
    /// Asks the target's limiter, and for a place under the ceiling.
    pub fn ask(state: &Arc<Mutex<State>>, share: &Arc<Share>) -> Result<Self, Later> {
        let started = Instant::now();
        let target = &mut *lock(state);
        if let Some(hold) = target.hold.filter(|hold| *hold > started) {
            return Err(Later::At(hold));
        }
        if !share.take() {
            return Err(Later::WhenOneEnds);
        }
        match target.limiter.try_start(started.into_std()) {
            Start::Now => Ok(Self { state: Arc::clone(state), share: Arc::clone(share), started, is_open: true }),
            later => {
                share.put_back();
                Err(match later {
                    Start::At(at) => Later::At(Instant::from_std(at)),
                    _ => Later::WhenOneEnds,
                })
            }
        }
    }

    /// The target has judged the call, whatever it said; gives how long that took.
    pub fn answered(mut self) -> Duration {
        self.is_open = false;
        let latency = self.started.elapsed();
        let state = &mut *lock(&self.state);
        state.limiter.succeeded(latency);
        state.latency.observe(latency);
        latency
    }

    /// The call was refused because of a quota.
    pub fn throttled(mut self) {
        self.is_open = false;
        lock(&self.state).limiter.throttled(Instant::now().into_std(), self.started.into_std());
    }

    /// The call has failed.
    pub fn failed(self) {
        lock(&self.state).failed(self.started);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_open {
            lock(&self.state).limiter.failed();
        }
        self.share.give_back();
    }
}

/// A panic while the lock was held leaves at worst a miscounted call.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
