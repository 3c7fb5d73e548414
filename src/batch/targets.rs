//! What the environment has learnt of each service and model. It outlives the invocation.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};

use super::backoff;
use super::ceiling::{Ceiling, Share};
use super::limiter::{self, Got, Latency, Limiter, MOMENT, Order, Slot, Start, Tracks, TracksError};
use crate::function::Target;

/// Targets that are remembered without being in use. A statement with its arguments swapped names a new one in each row.
const MOST_REMEMBERED: usize = 256;

/// Failures in a row from which a target is asked by few calls at a time.
const OUTAGE: u32 = 3;

/// The targets that this environment has called.
#[derive(Debug)]
pub struct Targets {
    ceiling: Arc<Ceiling>,
    tracks: Option<Arc<dyn Tracks>>,
    known: Mutex<HashMap<String, Arc<Mutex<State>>>>,
}

impl Targets {
    /// No target is known yet; all of them together will have at most `ceiling` calls in flight.
    pub fn new(ceiling: usize) -> Self {
        Self { ceiling: Ceiling::new(ceiling), tracks: None, known: Mutex::default() }
    }

    /// The same, none known yet; environments that have these tracks share the pace of each target.
    #[must_use]
    pub fn sharing(self, tracks: Option<Arc<dyn Tracks>>) -> Self {
        Self { tracks, ..self }
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
        let state = Arc::new(Mutex::new(State::new(target, self.tracks.is_some())));
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
    fn new(target: &Target, is_shared: bool) -> Self {
        let limiter = Limiter::new(target.per_second.map(f64::from), is_shared, fastrand::u64(..));
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
            self.limiter.hold(until.into_std());
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
    slot: Slot,
}

/// Why a call may not be made now.
pub(super) enum Later {
    /// Not before that time.
    At(Instant),
    /// Not before another call ends, of this work or of another one, or slots have been taken.
    WhenTold,
}

impl Permit {
    /// Asks the target's limiter, and for a place under the ceiling, for one of the calls that end too late below `floor` a second.
    pub fn ask(state: &Arc<Mutex<State>>, share: &Arc<Share>, floor: f64) -> Result<Self, Later> {
        let started = Instant::now();
        let target = &mut *lock(state);
        if let Some(hold) = target.hold.filter(|hold| *hold > started) {
            return Err(Later::At(hold));
        }
        if !share.take() {
            return Err(Later::WhenTold);
        }
        match target.limiter.try_start(started.into_std(), floor) {
            Start::Now(slot) => Ok(Self { state: Arc::clone(state), share: Arc::clone(share), started, slot }),
            later => {
                share.put_back();
                Err(match later {
                    Start::At(at) => Later::At(Instant::from_std(at)),
                    _ => Later::WhenTold,
                })
            }
        }
    }

    /// The target has judged the call, whatever it said; gives how long that took.
    pub fn answered(self) -> Duration {
        let latency = self.started.elapsed();
        let state = &mut *lock(&self.state);
        state.limiter.succeeded(latency);
        state.latency.observe(latency);
        latency
    }

    /// The call was refused because of a quota.
    pub fn throttled(self) {
        lock(&self.state).limiter.throttled(Instant::now().into_std(), self.slot);
    }

    /// The call has failed.
    pub fn failed(self) {
        lock(&self.state).failed(self.started);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.share.give_back();
    }
}

/// Slots that are being taken from a track that is shared. Dropping it leaves them.
pub(super) struct Taking {
    state: Arc<Mutex<State>>,
    ceiling: Arc<Ceiling>,
    got: Option<Result<Got, TracksError>>,
}

impl Targets {
    /// Takes slots for as many calls, if it is time to; otherwise says when it is, if that is known.
    pub(super) fn take(
        &self,
        name: &str,
        state: &Arc<Mutex<State>>,
        calls: usize,
    ) -> Result<BoxFuture<'_, ()>, Option<Instant>> {
        let tracks = self.tracks.as_deref().ok_or(None)?;
        let ask = match lock(state).limiter.order(Instant::now().into_std(), calls) {
            Order::Nothing => return Err(None),
            Order::At(at) => return Err(Some(Instant::from_std(at))),
            Order::Ask(ask) => ask,
        };
        let taking = Taking { state: Arc::clone(state), ceiling: Arc::clone(&self.ceiling), got: None };
        let name = name.to_owned();
        Ok(Box::pin(async move {
            let got = timeout(MOMENT, limiter::take(tracks, &name, ask)).await;
            taking.end(got.unwrap_or_else(|_| Err(TracksError("it does not answer in time".to_owned()))));
        }))
    }
}

impl Taking {
    fn end(mut self, got: Result<Got, TracksError>) {
        self.got = Some(got);
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        lock(&self.state).limiter.got(Instant::now().into_std(), self.got.take());
        self.ceiling.freed.notify_waiters();
    }
}

/// A panic while the lock was held leaves at worst a miscounted call.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
