//! The ceiling of calls in flight: the environment's, over all its targets and batches, shared fairly between lanes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::limiter::LATE;
use super::targets::lock;

/// Calls in flight, and who has how many of them.
///
/// Each lane that has rows left is sure of an equal share. What others leave of theirs may be used by anyone, but only as far as
/// they have no rows for it: a call that hangs cannot be taken back when its place is wanted.
#[derive(Debug)]
pub(super) struct Ceiling {
    most: usize,
    shares: Mutex<Shares>,
    /// Told when a call ends.
    pub freed: Notify,
}

#[derive(Debug, Default)]
struct Shares {
    next: u64,
    in_flight: usize,
    lanes: HashMap<u64, Lane>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Lane {
    in_flight: usize,
    /// Rows without an outcome, those in flight among them.
    left: usize,
}

/// One lane's share of the ceiling.
#[derive(Debug)]
pub(super) struct Share {
    ceiling: Arc<Ceiling>,
    lane: u64,
}

impl Ceiling {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, shares: Mutex::default(), freed: Notify::new() })
    }

    /// A share for one more lane.
    pub fn share(self: &Arc<Self>) -> Arc<Share> {
        let mut shares = lock(&self.shares);
        let lane = shares.next;
        shares.next += 1;
        shares.lanes.insert(lane, Lane::default());
        Arc::new(Share { ceiling: Arc::clone(self), lane })
    }
}

impl Share {
    /// Says how many rows the lane has left.
    pub fn set_left(&self, left: usize) {
        if let Some(lane) = lock(&self.ceiling.shares).lanes.get_mut(&self.lane) {
            lane.left = left;
        }
    }

    /// Takes a place, if there is one that no other lane is sure of.
    pub fn take(&self) -> bool {
        let shares = &mut *lock(&self.ceiling.shares);
        let active = shares.lanes.values().filter(|lane| lane.left > 0).count().max(1);
        let sure = (self.ceiling.most / active).max(1);
        let own = shares.lanes.get(&self.lane).copied().unwrap_or_default();
        let reserved = |(name, lane): (&u64, &Lane)| match *name == self.lane {
            true => 0,
            false => sure.min(lane.left).saturating_sub(lane.in_flight),
        };
        let kept_for_others: usize = if own.in_flight < sure { 0 } else { shares.lanes.iter().map(reserved).sum() };
        let is_free = shares.in_flight + kept_for_others < self.ceiling.most;
        if is_free {
            shares.in_flight += 1;
            if let Some(lane) = shares.lanes.get_mut(&self.lane) {
                lane.in_flight += 1;
            }
        }
        is_free
    }

    /// Calls for which there will be places while the slots that are taken for them hold: those that are free, or that become free where
    /// calls end after `latency` and all places are in use (Little's law). But none when there is none free now.
    pub fn room(&self, latency: Option<Duration>) -> usize {
        let free = self.ceiling.most.saturating_sub(lock(&self.ceiling.shares).in_flight);
        let most = u128::try_from(self.ceiling.most).unwrap_or(u128::MAX);
        let ending = latency.map_or(0, |latency| most.saturating_mul(LATE.as_micros()) / latency.as_micros().max(1));
        if free == 0 { 0 } else { free.max(usize::try_from(ending).unwrap_or(usize::MAX)) }
    }

    /// Gives a place back whose call has ended, and tells who waits for one.
    pub fn give_back(&self) {
        self.put_back();
        self.ceiling.freed.notify_waiters();
    }

    /// Gives a place back that was not used.
    pub fn put_back(&self) {
        let shares = &mut *lock(&self.ceiling.shares);
        shares.in_flight = shares.in_flight.saturating_sub(1);
        if let Some(lane) = shares.lanes.get_mut(&self.lane) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        lock(&self.ceiling.shares).lanes.remove(&self.lane);
        self.ceiling.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(share: &Share, times: usize) -> usize {
        (0..times).filter(|_| share.take()).count()
    }

    #[test]
    fn a_lane_alone_may_have_all_of_it() {
        let ceiling = Ceiling::new(10);
        let lane = ceiling.share();
        lane.set_left(100);
        assert_eq!(takes(&lane, 20), 10);
        lane.give_back();
        assert_eq!(takes(&lane, 20), 1);
    }

    #[test]
    fn each_lane_is_sure_of_an_equal_share() {
        let ceiling = Ceiling::new(10);
        let (greedy, late) = (ceiling.share(), ceiling.share());
        greedy.set_left(100);
        late.set_left(100);
        assert_eq!(takes(&greedy, 20), 5);
        assert_eq!(takes(&late, 20), 5);
    }

    #[test]
    fn slots_are_taken_for_places_that_become_free_while_they_hold() {
        let share = Ceiling::new(128).share();
        let room = |millis: Option<u64>| share.room(millis.map(Duration::from_millis));
        assert_eq!(room(None), 128);
        assert_eq!(takes(&share, 118), 118);
        // A quarter of the ceiling within the 250 ms that a slot holds, or more than all of it.
        assert_eq!([None, Some(1000), Some(100), Some(10_000)].map(room), [10, 32, 320, 10]);
        assert_eq!(takes(&share, 10), 10);
        assert_eq!(room(Some(100)), 0);
    }

    #[test]
    fn a_lane_without_rows_is_sure_of_nothing() {
        let ceiling = Ceiling::new(10);
        let (one, other, _idle) = (ceiling.share(), ceiling.share(), ceiling.share());
        one.set_left(100);
        other.set_left(100);
        assert_eq!((takes(&one, 20), takes(&other, 20)), (5, 5));
    }

    #[test]
    fn what_a_lane_has_no_rows_for_is_the_others() {
        let ceiling = Ceiling::new(10);
        let (greedy, small) = (ceiling.share(), ceiling.share());
        greedy.set_left(100);
        small.set_left(2);
        assert_eq!(takes(&greedy, 20), 8);
        assert_eq!(takes(&small, 20), 2);
        small.give_back();
        small.give_back();
        small.set_left(0);
        assert_eq!(takes(&greedy, 20), 2);
        drop(greedy);
        assert_eq!(
            takes(&small, 20),
            0,
            "calls that are in flight outlive no share of theirs, so none were given back"
        );
    }

    #[test]
    fn more_lanes_than_places_get_one_place_each_as_long_as_there_are_some() {
        let ceiling = Ceiling::new(3);
        let lanes: Vec<_> = (0..5).map(|_| ceiling.share()).collect();
        lanes.iter().for_each(|lane| lane.set_left(9));
        let taken: Vec<usize> = lanes.iter().map(|lane| takes(lane, 3)).collect();
        assert_eq!(taken.iter().sum::<usize>(), 3);
        lanes[0].give_back();
        assert!(lanes[4].take());
    }
}
