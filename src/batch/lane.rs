//! The rows of a batch that go to one target with the same options, in the order in which they are asked.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::Tries;
use super::ceiling::Share;
use super::heard::Heard;
use super::limiter::count;
use super::schedule::{self, Schedule};
use super::targets::{Later, Permit, State, lock};
use crate::function::Refusal;

/// Where a row stands that is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Before the others: it is known soon whether what was said of it stays so.
    First,
    /// Behind the others: a row that fails again and again keeps nobody from being asked.
    Last,
}

/// Rows in the order in which they are to be asked.
pub(super) struct Lane {
    pub state: Arc<Mutex<State>>,
    pub share: Arc<Share>,
    pub target: String,
    options: String,
    /// Rows of one call at most, and rows that were there at first.
    per_call: usize,
    rows: usize,
    ready: VecDeque<u32>,
    /// Rows that are to be tried again: when, and where they are to stand then.
    waiting: BinaryHeap<Reverse<(Instant, u32, Place)>>,
    /// Rows that somebody else is asking for.
    aside: HashSet<u32>,
    /// Calls in flight, and the rows in them.
    in_flight: usize,
    rows_in_flight: usize,
    pub heard: Heard,
}

impl Lane {
    pub fn new(state: Arc<Mutex<State>>, share: Arc<Share>, target: String, options: String, per_call: usize) -> Self {
        Self {
            state,
            share,
            target,
            options,
            per_call,
            rows: 0,
            ready: VecDeque::new(),
            waiting: BinaryHeap::new(),
            aside: HashSet::new(),
            in_flight: 0,
            rows_in_flight: 0,
            heard: Heard::default(),
        }
    }

    pub fn push(&mut self, row: u32) {
        self.rows += 1;
        self.ready.push_back(row);
    }

    /// Takes over what earlier invocations have met with the rows that are to be asked.
    pub fn met(&mut self, tries: impl Fn(u32) -> Tries) {
        let left = self.ready.iter().chain(&self.aside).map(|row| tries(*row));
        self.heard.met(left, self.per_call.min(self.rows), self.has_answered());
        if self.heard.was_doubted() {
            // Each time others, for it may be those that were asked.
            self.ready.make_contiguous().sort_by_key(|row| tries(*row).silent + tries(*row).refused);
        }
    }

    pub fn try_again(&mut self, row: u32, at: Instant, place: Place) {
        self.waiting.push(Reverse((at, row, place)));
    }

    /// Puts the rows whose time has come among those that stand ready, and gives the time of the next one.
    pub fn wake(&mut self, now: Instant) -> Option<Instant> {
        while let Some(Reverse((at, row, place))) = self.waiting.peek().copied() {
            if at > now {
                return Some(at);
            }
            self.waiting.pop();
            match place {
                Place::First => self.ready.push_front(row),
                Place::Last => self.ready.push_back(row),
            }
        }
        None
    }

    /// Whether a call that starts at `now` will most likely have ended before `deadline`, as far as the target has shown.
    ///
    /// Where the cautious expectation takes more than half of the time there is, the mean has to do; and a target that takes longer
    /// than all of it gets the first quarter to start in: what is not tried is never answered.
    pub fn fits(&self, now: Instant, begin: Instant, deadline: Instant) -> bool {
        let (all, left) = (deadline.saturating_duration_since(begin), deadline.saturating_duration_since(now));
        let state = lock(&self.state);
        let Some((mean, expected)) = state.latency.mean().zip(state.latency.expected()) else {
            // From the deadline on nothing fits: a call that is cut off before it was made would still count as one.
            return !left.is_zero();
        };
        !left.is_zero() && expected.min(mean.max(all / 2)).min(all * 3 / 4) <= left
    }

    fn most(&self, now: Instant) -> usize {
        self.heard.most(now, self.has_answered(), lock(&self.state).is_out())
    }

    /// Calls a second below which its rows do not end in time.
    fn floor(&self, now: Instant, begin: Instant, deadline: Instant) -> f64 {
        let latency = lock(&self.state).latency.mean().unwrap_or_default();
        let schedule = |rows: usize, since: Instant| Schedule {
            calls: count(rows.div_ceil(self.per_call)),
            seconds: deadline.saturating_duration_since(since).saturating_sub(latency).as_secs_f64(),
        };
        schedule::floor(schedule(self.rows, begin), schedule(self.ready.len() + self.waiting.len(), now))
    }

    /// Starts the next call, if there is a row for it and its time has come; otherwise says what to wait for, if anything.
    pub fn start(&mut self, now: Instant, begin: Instant, deadline: Instant) -> Result<(u32, Permit), Option<Later>> {
        let Some(row) = self.ready.front().copied() else {
            return Err(None);
        };
        if let Some(pause) = self.heard.pause(now) {
            return Err(Some(Later::At(pause)));
        }
        let most = self.most(now);
        if self.in_flight >= most {
            // A target that is slow gets more probes with time.
            return Err((!self.heard.is_refused()).then(|| Later::At(now + Duration::from_secs(1))));
        }
        let permit = Permit::ask(&self.state, &self.share, self.floor(now, begin, deadline))?;
        self.ready.pop_front();
        self.in_flight += 1;
        self.rows_in_flight += 1;
        self.heard.asked(now);
        Ok((row, permit))
    }

    /// Calls that may be wanted soon.
    pub fn wants(&self, now: Instant) -> usize {
        if self.heard.pause(now).is_some() {
            return 0;
        }
        let room = self.share.room(lock(&self.state).latency.mean());
        (self.ready.len() + self.waiting.len()).min(self.most(now).saturating_sub(self.in_flight)).min(room)
    }

    /// Takes up to `most` rows more, for the same call.
    pub fn take_more(&mut self, most: usize, may_join: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut more = Vec::new();
        while more.len() < most
            && let Some(row) = self.ready.pop_front_if(|row| may_join(*row))
        {
            more.push(row);
        }
        self.rows_in_flight += more.len();
        more
    }

    /// A call with so many rows has ended.
    pub fn ended(&mut self, rows: usize) {
        self.in_flight -= 1;
        self.rows_in_flight -= rows;
    }

    /// The target has answered a row, or judged it by itself: it exists and may be called with these options.
    pub fn answered(&mut self) {
        if self.heard.was_doubted() && !self.heard.is_answered() {
            // In the order of the batch again: a row that hangs is to be asked while others are answered.
            self.ready.make_contiguous().sort_unstable();
        }
        self.heard.answered();
        lock(&self.state).answered(&self.options);
    }

    /// The target has refused the statement.
    pub fn refused(&mut self, refusal: &Refusal) {
        self.heard.refused(refusal, self.has_answered());
    }

    /// Why no other row needs to be asked.
    pub fn given_up(&self, is_out_of_time: bool) -> Option<&Refusal> {
        self.heard.given_up(self.in_flight > 0, is_out_of_time, self.has_answered())
    }

    /// Takes all rows away that are not in flight.
    pub fn clear(&mut self) -> Vec<u32> {
        let waiting = std::mem::take(&mut self.waiting).into_iter().map(|Reverse((_, row, _))| row);
        self.ready.drain(..).chain(waiting).chain(self.aside.drain()).collect()
    }

    /// Asks for none of these rows until they are taken back: others ask for them. Those that are being asked for already, stay.
    pub fn set_aside(&mut self, rows: &HashSet<u32>) {
        let (aside, ready): (Vec<u32>, Vec<u32>) = self.ready.drain(..).partition(|row| rows.contains(row));
        self.ready.extend(ready);
        self.aside.extend(aside);
    }

    /// Asks for a row that was set aside.
    pub fn take_back(&mut self, row: u32) {
        if self.aside.remove(&row) {
            self.ready.push_back(row);
        }
    }

    /// A row has its outcome from elsewhere; `false` if it is being asked for already.
    pub fn forget(&mut self, row: u32) -> bool {
        let ready = self.ready.len();
        self.ready.retain(|other| *other != row);
        self.aside.remove(&row) || self.ready.len() < ready
    }

    /// Whether rows are set aside.
    pub fn waits_for_others(&self) -> bool {
        !self.aside.is_empty()
    }

    /// Whether the target has answered a row with these options, in this batch or before.
    pub fn has_answered(&self) -> bool {
        self.heard.has_answered() || lock(&self.state).has_answered(&self.options)
    }

    /// Rows that have no outcome yet.
    pub fn left(&self) -> usize {
        self.ready.len() + self.waiting.len() + self.rows_in_flight
    }
}

#[cfg(test)]
mod tests {
    use super::super::Targets;
    use super::*;
    use crate::function::Target;

    fn lane(per_call: usize) -> Lane {
        let targets = Targets::new(8);
        let state = targets.get(&Target { name: "t".into(), per_second: None });
        Lane::new(state, targets.ceiling().share(), "t".to_owned(), String::new(), per_call)
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_is_left_wherever_it_stands_until_its_call_has_ended() {
        let (mut lane, now) = (lane(1), Instant::now());
        (0..4).for_each(|row| lane.push(row));
        let Ok((row, _permit)) = lane.start(now, now, now + Duration::from_secs(20)) else { panic!("nothing starts") };
        assert_eq!((row, lane.left()), (0, 4));
        assert_eq!((lane.take_more(2, |_| true), lane.left()), (vec![1, 2], 4));
        lane.ended(3);
        lane.try_again(1, now + Duration::from_secs(1), Place::Last);
        assert_eq!(lane.left(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_go_together_need_fewer_calls_and_those_take_their_time() {
        let (mut lane, now) = (lane(4), Instant::now());
        (0..7).for_each(|row| lane.push(row));
        let deadline = now + Duration::from_secs(16);
        assert!((lane.floor(now, now, deadline) - 2.0 / 14.0).abs() < 1e-9);
        lock(&lane.state).latency.observe(Duration::from_secs(8));
        assert!((lane.floor(now, now, deadline) - 2.0 / 7.0).abs() < 1e-9);
        // A row that is tried again is one that is left.
        lane.ready.drain(..3);
        lane.try_again(0, deadline, Place::Last);
        assert!((lane.floor(now, now, deadline) - 2.0 / 7.0).abs() < 1e-9);
        lane.waiting.clear();
        assert!((lane.floor(now, now, deadline) - 1.0 / 7.0).abs() < 1e-9);
    }
}
