//! How fast calls to one target may start: as fast as its quota, which nobody tells us and others share.
//!
//! Each call starts in a slot of its own. Slots follow each other at a pace ([`pace`]: the one rule that raises and lowers it).
//! Environments that share a journal take them from one track, ahead of their calls ([`track`]); one that is alone, or cannot
//! have the shared track within a moment, has a track of its own ([`alone`]).
//!
//! A throttled call counts only against the pace under which its slot was taken: ten calls of one lease lower it once. What a service asks
//! for, and a run of failures, holds for all: no slot is free before that time.

mod alone;
mod latency;
mod pace;
#[cfg(test)]
mod tests;
mod track;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use latency::Latency;
pub use pace::Pace;
pub use track::{Ask, Change, Changed, Got, Track, Tracks, TracksError, count, take};

use alone::Alone;
use pace::FIRST;
use track::TURN;

/// How long before its last slot an environment takes more.
const LEAD: Duration = Duration::from_millis(100);

/// How late a call may start in its slot: what comes later would meet the slots of others.
pub const LATE: Duration = Duration::from_millis(250);

/// How long the shared track is waited for: long enough for a table that answers many who begin at once, as an environment that begins alone is
/// one more who searches.
pub const MOMENT: Duration = Duration::from_secs(2);

/// How long an environment that could not have it does not ask for it. It goes on alone until it is answered.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// How many seconds of unused time a call makes up for without being one of a burst.
const SLACK: f64 = 0.05;

/// Calls a second from which throttled calls alone say nothing: a target that refuses whatever it is asked does not mean the pace.
/// The first is for one that has never answered.
const UNPROVEN: f64 = 8.1;
const SLOW: f64 = 2.0;

/// Whether a call may start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// It may, in this slot.
    Now(Slot),
    /// Not before that time.
    At(Instant),
    /// Not before slots have been taken.
    WhenTaken,
}

/// What to do about slots.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is used at once")]
#[derive(Debug)]
pub enum Order {
    /// Nothing, as far as is known now.
    Nothing,
    /// Nothing before that time.
    At(Instant),
    /// Take some; [`Limiter::got`] is to be told what came of it.
    Ask(Ask),
}

/// The slot of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    at: Instant,
    /// The pace under which it was taken, and calls a second then.
    pace: Pace,
    per_second: f64,
    is_shared: bool,
    /// How many seconds before it should have been there: it makes up for unused time.
    late: f64,
}

impl Slot {
    /// Whether it is one of a burst: that it was throttled says nothing of the pace.
    fn makes_up(&self) -> bool {
        self.late > SLACK && !self.pace.is_past_burst()
    }
}

/// The limiter of one target. It lives as long as the environment.
#[derive(Debug)]
pub struct Limiter {
    alone: Alone,
    together: Option<Together>,
    latency: Option<Duration>,
    /// Whether a call was answered since one lowered the pace.
    is_answered: bool,
}

/// What is known of a track that is shared.
#[derive(Debug)]
struct Together {
    slots: VecDeque<Slot>,
    track: Option<(Track, Instant)>,
    first: Pace,
    /// The pace that is to be, for a throttled call.
    lowered: Option<Pace>,
    /// Whether a call of this environment was answered since it learnt that anybody has lowered the pace.
    is_answered: bool,
    /// Until when nobody is to call, as the others are not told yet.
    hold: Option<Instant>,
    seen: Option<u64>,
    sharers: f64,
    /// Slots that it could have had last.
    window: usize,
    /// When the track was asked for, if that is not answered yet.
    asked: Option<Instant>,
    /// How long it took to answer last.
    way: Duration,
    not_before: Option<Instant>,
    /// Until when the track is not asked for, as it could not be had. Until it is had again, the environment goes on alone.
    left_until: Option<Instant>,
}

impl Limiter {
    /// A limiter of a target that takes `per_second`, if that is known.
    pub fn new(per_second: Option<f64>, is_shared: bool, seed: u64) -> Self {
        let first = per_second.map_or_else(Pace::unknown, Pace::of);
        let together = is_shared.then(|| Together {
            slots: VecDeque::new(),
            track: None,
            first,
            lowered: None,
            is_answered: false,
            hold: None,
            seen: None,
            sharers: f64::INFINITY,
            window: 0,
            asked: None,
            way: Duration::ZERO,
            not_before: None,
            left_until: None,
        });
        Self { alone: Alone::new(first, seed), together, latency: None, is_answered: false }
    }

    /// Asks to start a call, one of those that end too late below `floor` a second. Where there is a journal, a batch goes on that has not
    /// ended in time.
    pub fn try_start(&mut self, now: Instant, floor: f64) -> Start {
        match &mut self.together {
            Some(together) if together.left_until.is_none() => together.try_start(now),
            Some(_) => self.alone.try_start(now, self.latency, 0.0),
            None => self.alone.try_start(now, self.latency, floor),
        }
    }

    /// What to do about slots for as many calls.
    pub fn order(&mut self, now: Instant, calls: usize) -> Order {
        let (latency, chance) = (self.latency, self.alone.random.f64());
        self.together.as_mut().map_or(Order::Nothing, |together| together.order(now, calls, latency, chance))
    }

    /// What came of an order; nothing when it was dropped.
    pub fn got(&mut self, now: Instant, got: Option<Result<Got, TracksError>>) {
        let Some(together) = &mut self.together else {
            return;
        };
        let asked = together.asked.take();
        match got {
            Some(Ok(got)) => {
                together.left_until = None;
                together.way = asked.map_or(Duration::ZERO, |asked| now - asked);
                together.got(now, got, &mut self.alone.random);
            }
            Some(Err(error)) => {
                tracing::warn!("{error}");
                // What it has found out alone since then holds.
                let was_alone = together.left_until.replace(now + LEFT_ALONE).is_some();
                together.slots.clear();
                if let Some((track, _)) = together.track.filter(|_| !was_alone) {
                    let (per_second, sharers) = (track.pace.per_second(), together.sharers);
                    // Among how many it is shared may not be known for the moment: then it is as with a quota that nobody knows.
                    let share = if sharers.is_finite() { per_second / sharers.max(1.0) } else { per_second.min(FIRST) };
                    self.alone.take_over(share);
                }
            }
            None => {}
        }
    }

    /// Nobody is to call before that time: the service has asked for it, or does nothing but fail.
    pub fn hold(&mut self, until: Instant) {
        if let Some(together) = &mut self.together {
            together.slots.retain(|slot| slot.at >= until);
            together.hold = together.hold.max(Some(until));
        }
    }

    /// A call has got its answer, after `latency`.
    pub fn succeeded(&mut self, latency: Duration) {
        self.latency = Some(latency);
        self.is_answered = true;
        if let Some(together) = &mut self.together {
            together.is_answered = true;
        }
    }

    /// A call that was started in this slot was refused because of a quota.
    pub fn throttled(&mut self, now: Instant, slot: Slot) {
        let slow = if self.latency.is_none() { UNPROVEN } else { SLOW };
        if !self.is_answered && !slot.makes_up() && slot.per_second <= slow {
            return;
        }
        self.is_answered &= slot.makes_up();
        match &mut self.together {
            Some(together) if slot.is_shared => together.throttled(slot),
            _ => self.alone.throttled(now, slot),
        }
    }
}

impl Together {
    fn try_start(&mut self, now: Instant) -> Start {
        while let Some(slot) = self.slots.front().copied() {
            if slot.at > now {
                return Start::At(slot.at);
            }
            self.slots.pop_front();
            if now - slot.at <= LATE {
                return Start::Now(slot);
            }
        }
        Start::WhenTaken
    }

    fn order(&mut self, now: Instant, calls: usize, latency: Option<Duration>, chance: f64) -> Order {
        if self.asked.is_some() || self.left_until.is_some_and(|until| until > now) {
            return Order::Nothing;
        }
        let mut most = calls.saturating_sub(self.slots.len());
        let lead = self.slots.back().and_then(|last| last.at.checked_sub(LEAD));
        let at = lead.max(self.not_before).filter(|at| *at > now);
        let held = self.hold.filter(|until| *until > now).map(|until| (until - now).as_secs_f64());
        if self.lowered.is_none() && held.is_none() {
            match at {
                _ if most == 0 => return Order::Nothing,
                Some(at) => return Order::At(at),
                None => {}
            }
        } else if at.is_some() {
            most = 0;
        }
        self.asked = Some(now);
        let since =
            |(track, seen): (Track, Instant)| Track { ahead: track.ahead - (now - seen).as_secs_f64(), ..track };
        Order::Ask(Ask {
            most,
            known: self.track.map(since),
            first: self.first,
            lowered: self.lowered,
            held,
            seen: self.seen,
            sharers: self.sharers,
            window: self.window,
            round: latency.map(|latency| latency + self.way),
            chance,
        })
    }

    fn got(&mut self, now: Instant, got: Got, random: &mut fastrand::Rng) {
        // What has come meanwhile is still to be told.
        self.lowered =
            self.lowered.filter(|lowered| got.track.is_some_and(|track| track.pace.version + 1 == lowered.version));
        self.hold = self.hold.filter(|until| got.track.is_some_and(|track| later(now, track.ahead) + LEAD < *until));
        self.sharers = got.sharers;
        self.window = got.window;
        let version = |track: Track| track.pace.version;
        self.is_answered &= self.track.map(|(track, _)| version(track)) == got.track.map(version);
        self.track = got.track.map(|track| (track, now));
        if let (Some((slots, first)), Some(pace), Some(track)) = (got.slots, got.pace, got.track) {
            self.seen = Some(track.takes);
            let per_second = pace.per_second();
            let slots = (0..slots).map(|slot| {
                let seconds = first + track::count(slot) / per_second;
                let at = later(now, seconds);
                Slot { at, pace, per_second, is_shared: true, late: -seconds }
            });
            self.slots.extend(slots);
        }
        // Who has had slots, and has not met others since, asks again at once, and so counts them.
        let is_one_of_many = got.slots.is_none() || (got.sharers.is_finite() && got.sharers > 1.0);
        if let Some(track) = got.track.filter(|track| is_one_of_many && track.is_searched()) {
            // Everyone comes back at another time of the turn in which all of them can have a slot: who had one has no better chance of the next.
            let turn = track.turn();
            let round = (got.sharers / track.pace.per_second()).clamp(turn, TURN);
            self.not_before = Some(later(now, (track.ahead - turn).max(0.0) + round * random.f64()));
        }
    }

    fn throttled(&mut self, slot: Slot) {
        if !slot.makes_up() && slot.pace.is_tried() {
            // The rest of what was taken at a pace that is far too high is left.
            self.slots.retain(|other| other.pace.version != slot.pace.version);
        }
        let known = self.track.map(|(track, _)| track.pace);
        if let Some(pace) = known.filter(|pace| pace.version == slot.pace.version) {
            self.lowered.get_or_insert(if slot.makes_up() {
                pace.steadied(slot.late)
            } else {
                slot.pace.lowered(self.is_answered)
            });
        }
    }
}

/// So many seconds after `now`, and not before it; a time that is as good as never must not overflow.
fn later(now: Instant, seconds: f64) -> Instant {
    now + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST).min(LONGEST)
}

const LONGEST: Duration = Duration::from_secs(600);
