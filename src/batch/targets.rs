//! What the environment has learnt of each service and model. It outlives the invocation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::limiter::{Latency, Limiter, Start};
use crate::functions::Target;

/// The targets that this environment has called.
#[derive(Debug)]
pub struct Targets {
    ceiling: usize,
    known: Mutex<HashMap<Target, Arc<Mutex<State>>>>,
}

impl Targets {
    /// No target is known yet; none will get more than `ceiling` calls at once.
    pub fn new(ceiling: usize) -> Self {
        Self { ceiling, known: Mutex::default() }
    }

    /// Most calls in flight, to all targets together.
    pub fn ceiling(&self) -> usize {
        self.ceiling
    }

    pub(super) fn get(&self, target: &Target) -> Arc<Mutex<State>> {
        let mut known = lock(&self.known);
        if let Some(state) = known.get(target) {
            return Arc::clone(state);
        }
        let state = Arc::new(Mutex::new(State::new(target, self.ceiling)));
        known.insert(target.clone(), Arc::clone(&state));
        state
    }
}

/// What is known of one target.
#[derive(Debug)]
pub(super) struct State {
    pub limiter: Limiter,
    pub latency: Latency,
    /// Whether a call has got an answer, so that the target is known to exist.
    pub proven: bool,
}

impl State {
    fn new(target: &Target, ceiling: usize) -> Self {
        let seed = fastrand::u64(..);
        let limiter = match target.per_second {
            Some(rate) => Limiter::paced(ceiling, f64::from(rate), seed),
            None => Limiter::adaptive(ceiling, seed),
        };
        Self { limiter, latency: Latency::default(), proven: false }
    }
}

/// A call that the limiter let start. Dropping it says that the call was cut off.
pub(super) struct Permit {
    state: Arc<Mutex<State>>,
    started: Instant,
    ended: bool,
}

impl Permit {
    /// Asks the limiter; the other cases say when to ask again.
    pub fn ask(state: &Arc<Mutex<State>>) -> Result<Self, Start> {
        let started = Instant::now();
        match lock(state).limiter.try_start(started.into_std()) {
            Start::Now => Ok(Self { state: Arc::clone(state), started, ended: false }),
            later => Err(later),
        }
    }

    /// The call has got its answer.
    pub fn succeeded(mut self) {
        self.ended = true;
        let mut state = lock(&self.state);
        let latency = self.started.elapsed();
        state.limiter.succeeded(latency);
        state.latency.observe(latency);
    }

    /// The call was refused because of a quota.
    pub fn throttled(mut self) {
        self.ended = true;
        lock(&self.state).limiter.throttled(Instant::now().into_std(), self.started.into_std());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.state).limiter.failed();
        }
    }
}

/// A panic while the lock was held leaves at worst a miscounted call.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
