//! The rows of a batch that go to one target.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::targets::{State, lock};
use crate::functions::Refusal;

/// Calls at once to a target of which nothing is known yet: enough to learn that a model does not exist, and few enough
/// that it costs nothing.
const PROBES: usize = 2;

/// Refusals of the statement, with no answer between them, after which no other row is asked.
const PROOF: u32 = 2;

/// Rows in the order in which they are to be asked, and what their target has said so far.
pub(super) struct Lane {
    pub state: Arc<Mutex<State>>,
    ready: VecDeque<u32>,
    /// Rows that are to be tried again, and when.
    waiting: BinaryHeap<Reverse<(Instant, u32)>>,
    in_flight: usize,
    /// Refusals of the statement since the last answer.
    refusals: u32,
    refused: Option<Refusal>,
}

impl Lane {
    pub fn new(state: Arc<Mutex<State>>) -> Self {
        Self { state, ready: VecDeque::new(), waiting: BinaryHeap::new(), in_flight: 0, refusals: 0, refused: None }
    }

    pub fn push(&mut self, row: u32) {
        self.ready.push_back(row);
    }

    pub fn try_again(&mut self, row: u32, at: Instant) {
        self.waiting.push(Reverse((at, row)));
    }

    /// Puts the rows whose time has come before those that were never asked, and gives the time of the next one.
    pub fn wake(&mut self, now: Instant) -> Option<Instant> {
        while let Some(Reverse((at, row))) = self.waiting.peek().copied() {
            if at > now {
                return Some(at);
            }
            self.waiting.pop();
            self.ready.push_front(row);
        }
        None
    }

    /// Whether a call that starts at `now` will most likely have ended before `deadline`, as far as the target has shown. A
    /// target that takes longer than all the time there is gets the first half of it: what is not tried is never answered.
    /// From the deadline on nothing fits: a call that is cut off before it was made would still count as one.
    pub fn fits(&self, now: Instant, begin: Instant, deadline: Instant) -> bool {
        if now >= deadline {
            return false;
        }
        let Some(expected) = lock(&self.state).latency.expected() else {
            return true;
        };
        let (all, left) = (deadline - begin, deadline - now);
        expected <= left || (expected > all && now - begin < all / 2)
    }

    /// Whether a row stands ready and the target has not given reason to wait for what is in flight.
    pub fn wants_to_start(&self) -> bool {
        let most = match self.refusals {
            0 if lock(&self.state).proven => usize::MAX,
            0 => PROBES,
            _ => 1,
        };
        !self.ready.is_empty() && self.in_flight < most
    }

    pub fn take(&mut self) -> Option<u32> {
        let row = self.ready.pop_front()?;
        self.in_flight += 1;
        Some(row)
    }

    pub fn ended(&mut self) {
        self.in_flight -= 1;
    }

    /// The target has judged a row by itself: it exists and may be called.
    pub fn answered(&mut self) {
        self.refusals = 0;
        lock(&self.state).proven = true;
    }

    /// The target has refused the statement.
    pub fn refused(&mut self, refusal: &Refusal) {
        self.refusals += 1;
        if self.refusals >= PROOF {
            self.refused = Some(refusal.clone());
            lock(&self.state).proven = false;
        }
    }

    /// The rows that need not be asked any more, and why: the target has refused the statement often enough.
    pub fn give_up(&mut self) -> Option<(Refusal, Vec<u32>)> {
        let refusal = self.refused.clone()?;
        let waiting = std::mem::take(&mut self.waiting).into_iter().map(|Reverse((_, row))| row);
        Some((refusal, self.ready.drain(..).chain(waiting).collect()))
    }

    pub fn is_done(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty() && self.in_flight == 0
    }
}
