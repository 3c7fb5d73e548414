//! The one rule that raises and lowers a pace.
//!
//! A throttled call lowers the pace at once, by little. Then the pace comes back to where it was throttled, slower and slower,
//! and goes on from there faster and faster, until a call is throttled again: a cubic in time, as TCP CUBIC has one for its
//! window (RFC 9438, section 4.1). Around the quota it is flat, and a quota that has grown is found soon all the same. A pace
//! of which nothing is known yet is one for which no call was throttled for long.
//!
//! One that grew fast is too high by what it has grown since the quota was passed. One that is throttled again at once, or before any call was
//! answered, is lowered by more and more, and comes back to the same place: a service that refuses everything says nothing of its quota.
//!
//! Time is what slots of this pace have filled: who does not use a pace does not raise it. What was left unused is made up for at once,
//! as most quotas allow; a call that is throttled among those shortens such bursts, and says nothing of the pace. Who never catches up in a
//! search makes up for time in all of its calls: what is throttled beyond a burst is throttled for the pace.

use std::time::Duration;

/// Calls a second with which an unknown quota is tried at first. A second of a pace that is slower even at its best counts for less: it would be
/// throttled too often for its calls.
pub const FIRST: f64 = 8.0;

/// More calls a second than any environment can make.
const MOST: f64 = 10_000.0;

/// Seconds after which a pace that was lowered by [`LOWER`] is back.
const BACK: f64 = 6.0;

/// How far off a tried pace may be before it is known what came of it, as a logarithm.
const UNSEEN: f64 = 0.2;

/// By how much a throttled call lowers a pace, as a logarithm: it is too high, by little. One that grows faster in a second is tried, and not known.
const LOWER: f64 = 0.08;

/// Seconds in which a throttled call says that the pace was not lowered enough.
const AGAIN: f64 = 0.25;

/// Rounds in which a pace that is searched for doubles, where that is less than a second.
const ROUNDS: f64 = 2.5;

/// Seconds in which it doubles at the soonest.
const SOONEST: f64 = 0.25;

/// Seconds that are left free for a pace that is below its top by one, as a logarithm.
const PAUSE: f64 = 0.4;

/// Seconds of use after which a burst of a second is tried afresh.
const AFRESH: f64 = 600.0;

/// The most that a pace changes at once, as a logarithm: by two. So much it grows in each second of a search, and so much at most is lowered what
/// was not lowered enough: each time by twice of what it was below its top.
const TWO: f64 = std::f64::consts::LN_2;

/// A pace: calls a second as a function of the time in which it was used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Calls a second to which it comes back after it was lowered: about what the quota was then.
    pub top: f64,
    /// How far below it is right after it was lowered, as a logarithm.
    pub depth: f64,
    /// Seconds that its slots have filled since.
    pub used: f64,
    /// Seconds left unused that may be made up for at once: most quotas allow a second's calls in a burst, as far as none is throttled.
    pub burst: f64,
    /// How often it was lowered.
    pub version: u64,
}

impl Pace {
    /// A pace of which nothing is known.
    pub fn unknown() -> Self {
        let used = knee();
        Self { top: FIRST / curve(used).exp(), depth: 0.0, used, burst: 1.0, version: 0 }
    }

    /// A pace that is known to be about right.
    pub fn of(per_second: f64) -> Self {
        Self { top: per_second, depth: LOWER, used: back(LOWER), burst: FIRST / per_second, version: 0 }
    }

    /// Calls a second.
    pub fn per_second(&self) -> f64 {
        (self.top * curve(self.time()).exp()).min(MOST)
    }

    /// How fast it grows: so much in a second, as a logarithm.
    fn growth(&self) -> f64 {
        (3.0 * steepness() * self.time().powi(2)).min(TWO)
    }

    /// Seconds since the pace was back where it was throttled.
    fn time(&self) -> f64 {
        self.used - back(self.depth)
    }

    /// How fast what is known of it may turn out to be wrong: it grows, or was lowered a moment ago.
    fn doubt(&self) -> f64 {
        self.growth().max(if self.is_again() { self.depth } else { 0.0 })
    }

    /// Whether nobody knows yet what comes of it.
    pub fn is_tried(&self) -> bool {
        self.doubt() > LOWER
    }

    /// Whether more was used of it than a burst, while nobody knows what comes of it.
    pub fn is_past_burst(&self) -> bool {
        let begun = if self.version == 0 { knee() } else { 0.0 };
        self.is_tried() && self.used - begun > self.burst
    }

    /// Whether it has just been lowered.
    fn is_again(&self) -> bool {
        self.version > 0 && self.used < AGAIN
    }

    /// Seconds for which slots may be taken ahead: what is far ahead has not been tried.
    pub fn horizon(&self) -> f64 {
        if self.is_tried() { UNSEEN / self.doubt() } else { f64::INFINITY }
    }

    /// What `calls` slots count for, in seconds of use, one for each at most; `round` is how long it takes until it is known what came of
    /// a slot. Where a quota is searched for, short ones tell sooner.
    pub fn use_of(&self, calls: f64, round: Option<Duration>) -> f64 {
        let per_second = self.per_second();
        let scale = (per_second.max(self.top) / FIRST).min(1.0);
        let seconds = calls * scale / per_second;
        let doubles = match round {
            Some(round) if self.growth() > 0.9 * TWO => (ROUNDS * round.as_secs_f64()).clamp(SOONEST, 1.0),
            _ => 1.0,
        };
        (seconds / doubles).min(calls)
    }

    /// The pace after a call was throttled that had started in a slot of it; `is_answered` says whether one was answered since it was lowered last.
    /// As long as it comes back to a top of two or more, that takes it to no less than one a second.
    pub fn lowered(&self, is_answered: bool) -> Self {
        if self.is_again() || (!is_answered && self.time() < 0.0) {
            let depth = (2.0 * self.depth).min(TWO) - curve(self.time());
            return self.back_to(self.top, depth.min(self.top.ln().max(TWO)));
        }
        // For as long as it allows a burst, a quota lets pass what comes too fast; it was passed within a second before that.
        let growth = self.growth();
        self.back_to(self.per_second() * (-growth * self.burst).exp(), (growth / 2.0).max(LOWER))
    }

    /// The pace after it was half of so many calls a second: it is tried carefully.
    pub fn halved(&self, per_second: f64) -> Self {
        self.back_to(per_second, TWO)
    }

    /// The pace after a call was throttled that had started in one burst with those before it, with so many seconds of unused time left
    /// to be made up for: bursts end before it, and nothing is said of the pace.
    pub fn steadied(&self, left: f64) -> Self {
        let burst = (self.burst - left - 1.0 / self.per_second()).max(0.0);
        Self { burst, version: self.version + 1, ..*self }
    }

    /// Seconds that are left free after it was lowered, the longer the further it is below its top: what was started before is still on its way, and says nothing of the new pace.
    pub fn pause(&self) -> f64 {
        PAUSE * self.depth
    }

    fn back_to(&self, top: f64, depth: f64) -> Self {
        let burst = (self.burst + self.used / AFRESH).min(1.0);
        Self { top, depth, used: 0.0, burst, version: self.version + 1 }
    }
}

/// How steep the cubic is, so that it leads from the lowered pace back to the one before within [`BACK`].
fn steepness() -> f64 {
    LOWER / BACK.powi(3)
}

/// Seconds after which a pace is back that was lowered by so much.
fn back(depth: f64) -> f64 {
    (depth / steepness()).cbrt()
}

/// Seconds from which a pace grows as fast as any.
fn knee() -> f64 {
    (TWO / (3.0 * steepness())).sqrt()
}

/// The logarithm of a pace over the one at which a call was throttled, so many seconds after it was back there.
fn curve(seconds: f64) -> f64 {
    steepness() * seconds.min(knee()).powi(3) + TWO * (seconds - knee()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace after so many seconds of use.
    fn after(pace: Pace, seconds: f64) -> f64 {
        Pace { used: pace.used + seconds, ..pace }.per_second()
    }

    #[test]
    fn an_unknown_pace_doubles_each_second() {
        let pace = Pace::unknown();
        assert!((pace.per_second() - 8.0).abs() < 0.01);
        assert!((15.0..17.0).contains(&after(pace, 1.0)), "{}", after(pace, 1.0));
        assert!(after(pace, 1e6) <= MOST);
    }

    #[test]
    fn a_throttled_call_lowers_a_known_pace_by_little_and_a_searched_one_by_what_it_has_grown_since_the_quota_was_passed()
     {
        let lowered = Pace::of(100.0).lowered(true);
        assert!((92.0..93.0).contains(&lowered.per_second()) && lowered.depth == LOWER, "{lowered:?}");
        // Half of a second's growth, and all of that of the seconds for which the quota allowed a burst.
        let searched = Pace { burst: 1.0, ..Pace::unknown() }.lowered(true);
        assert!((searched.top - 4.0).abs() < 0.01 && (searched.depth - TWO / 2.0).abs() < 1e-6, "{searched:?}");
        let searched = Pace { burst: 0.0, ..Pace::unknown() }.lowered(true);
        assert!((searched.top - 8.0).abs() < 0.01 && (searched.per_second() - 5.657).abs() < 0.01, "{searched:?}");
    }

    #[test]
    fn a_pace_that_is_throttled_again_at_once_is_lowered_further_and_further_and_comes_back_to_where_it_was() {
        let once = Pace::of(100.0).lowered(true);
        let (again, later) = (Pace { used: 0.24, ..once }.lowered(true), Pace { used: AGAIN, ..once }.lowered(true));
        assert!(again.top == once.top && (again.per_second() - 79.3).abs() < 0.1, "{again:?} {}", again.per_second());
        assert!(later.top < 94.0 && later.depth == LOWER, "{later:?}");
        // Seconds in which everything is refused.
        let mut pace = again;
        let mut paces = Vec::new();
        for _ in 0..4 {
            pace = pace.lowered(true);
            paces.push(pace.per_second());
        }
        let expected = [50.0, 25.0, 12.5, 6.3];
        assert!(paces.iter().zip(expected).all(|(pace, expected)| (pace - expected).abs() < 0.1), "{paces:?}");
        assert!(pace.top == once.top && (65.0..90.0).contains(&after(pace, 10.0)), "{}", after(pace, 10.0));
        // However long that takes, it is not left to one slot in minutes; one that was slow before is lowered all the same.
        let ended = (0..99).fold(pace, |pace, _| pace.lowered(true));
        assert!((ended.per_second() - 1.0).abs() < 1e-9 && ended.top == once.top, "{ended:?}");
        let slow = (0..3).fold(Pace { version: 1, used: 0.0, ..Pace::of(1.2) }, |pace, _| pace.lowered(true));
        assert!((slow.per_second() - 0.6).abs() < 1e-9, "{slow:?}");
    }

    #[test]
    fn a_pace_under_which_nothing_was_answered_comes_back_to_where_it_was() {
        let used = |used: f64| Pace { depth: 3.0, used, version: 1, ..Pace::of(100.0) };
        let (answered, not_answered) = (used(5.0).lowered(true), used(5.0).lowered(false));
        assert!(answered.top < used(5.0).per_second() && not_answered.top == 100.0, "{answered:?} {not_answered:?}");
        assert!((not_answered.per_second() - used(5.0).per_second() / 2.0).abs() < 1e-9, "{not_answered:?}");
        // One that is higher than ever is too high.
        let back = used(back(3.0) + 1.0);
        assert_eq!(back.lowered(false), back.lowered(true));
    }

    #[test]
    fn a_second_of_a_slow_pace_counts_for_less_and_one_of_short_calls_for_more_while_a_quota_is_searched_for() {
        let uses = |pace: Pace, latency| pace.use_of(10.0, Some(Duration::from_millis(latency)));
        assert_eq!([uses(Pace::of(40.0), 100), uses(Pace::of(8.0), 100), uses(Pace::of(2.0), 100)], [0.25, 1.25, 1.25]);
        // What is slow for a moment is none of them.
        let lowered = Pace { depth: 3.0, used: 0.0, ..Pace::of(40.0) };
        assert!((uses(lowered, 100) - 10.0 / lowered.per_second()).abs() < 1e-9 && lowered.per_second() < 2.0);
        // A slot of minutes is not known to be right for minutes.
        assert_eq!(uses(Pace { depth: 7.0, ..lowered }, 100), 10.0);
        let unknown = Pace::unknown();
        assert_eq!([uses(unknown, 2000), uses(unknown, 200), uses(unknown, 1)], [1.25, 2.5, 1.25 / SOONEST]);
        assert_eq!(unknown.use_of(10.0, None), 1.25);
    }

    #[test]
    fn a_lowered_pace_is_back_in_seconds_stays_for_some_and_then_doubles_in_twenty() {
        let lowered = Pace::of(100.0).lowered(true);
        for (seconds, least, most) in
            [(3.0, 98.0, 100.0), (6.0, 99.9, 100.1), (9.0, 100.0, 102.0), (19.0, 190.0, 240.0)]
        {
            let pace = after(lowered, seconds);
            assert!((least..=most).contains(&pace), "{seconds}: {pace}");
        }
    }

    #[test]
    fn a_burst_ends_before_the_call_that_was_throttled() {
        // A second may be made up for; eight calls, of which the fifth is throttled with half a second left.
        let steadied = Pace::unknown().steadied(0.5);
        assert!((0.37..0.38).contains(&steadied.burst), "{steadied:?}");
        assert_eq!((steadied.version, steadied.top), (1, Pace::unknown().top));
        assert_eq!(Pace::unknown().steadied(0.9).burst, 0.0);
    }

    #[test]
    fn whoever_is_late_in_a_search_is_throttled_for_its_pace_once_a_burst_is_used() {
        let (unknown, lowered) = (Pace::unknown(), Pace { burst: 0.5, ..Pace::unknown().lowered(true) });
        let past = |pace: Pace, seconds| Pace { used: pace.used + seconds, ..pace }.is_past_burst();
        assert_eq!([past(unknown, 0.9), past(unknown, 1.1)], [false, true]);
        assert_eq!([past(lowered, 0.4), past(lowered, 0.6)], [false, true]);
        assert!(!past(Pace::of(10.0), 2.0));
    }

    #[test]
    fn slots_are_taken_a_moment_ahead_only_while_a_quota_is_searched_for() {
        assert!(Pace::unknown().horizon() < 0.3);
        assert!(Pace::of(10.0).horizon().is_infinite());
        // One that was lowered by much is found out as carefully, while it comes back fast.
        let lowered = Pace::unknown().lowered(true);
        assert!(lowered.horizon() < 0.6);
        assert!(Pace { used: AGAIN, ..lowered }.horizon() < 2.0);
        assert!(Pace { used: 1.5, ..lowered }.horizon().is_infinite());
        assert!(Pace::of(10.0).lowered(true).horizon().is_infinite());
    }
}
