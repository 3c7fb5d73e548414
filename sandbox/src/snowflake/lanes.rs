//! How many batches are under way at once: fewer after a 429, one more after each success.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
pub(super) struct Lanes {
    state: Mutex<State>,
    freed: Notify,
    most: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    taken: usize,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Lane(Arc<Lanes>);

impl Lanes {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let state = Mutex::new(State { limit: most, taken: 0 });
        Arc::new(Self { state, freed: Notify::new(), most })
    }

    pub(super) async fn take(self: &Arc<Self>) -> Lane {
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            // Whatever is freed from here on is not missed.
            freed.as_mut().enable();
            if self.try_take() {
                return Lane(Arc::clone(self));
            }
            freed.await;
        }
    }

    fn try_take(&self) -> bool {
        let mut state = self.state();
        let free = state.taken < state.limit;
        if free {
            state.taken += 1;
        }
        free
    }

    /// After a 429.
    pub(super) fn narrow(&self) {
        let mut state = self.state();
        state.limit = (state.limit / 2).max(1);
    }

    /// After a success.
    pub(super) fn widen(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1).min(self.most);
        drop(state);
        self.freed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_throttle_halves_and_success_gives_back() {
        let lanes = Lanes::new(4);
        let four = [lanes.take().await, lanes.take().await, lanes.take().await, lanes.take().await];
        assert!(!lanes.try_take());
        lanes.narrow();
        drop(four);
        let two = [lanes.take().await, lanes.take().await];
        assert!(!lanes.try_take());
        lanes.widen();
        let three = lanes.take().await;
        assert!(!lanes.try_take());
        drop((two, three));
        for _ in 0..10 {
            lanes.narrow();
        }
        let _one = lanes.take().await;
        assert!(!lanes.try_take());
    }
}
