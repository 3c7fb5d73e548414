//! One limiter, told the time.

use std::time::{Duration, Instant};

use super::{Ask, Got, LEFT_ALONE, Limiter, Order, Pace, Start, Track, TracksError};

fn starts(limiter: &mut Limiter, now: Instant) -> usize {
    starts_at(limiter, now, 0.0)
}

fn starts_at(limiter: &mut Limiter, now: Instant, floor: f64) -> usize {
    (0..100).filter(|_| matches!(limiter.try_start(now, floor), Start::Now(_))).count()
}

#[test]
fn a_few_calls_start_at_once_as_long_as_no_quota_has_shown_itself() {
    let mut limiter = Limiter::new(None, false, 1);
    let started = starts(&mut limiter, Instant::now());
    assert!((8..=11).contains(&started), "{started}");
}

#[test]
fn without_a_throttled_call_short_calls_are_soon_as_many_as_anybody_can_make() {
    let (mut now, mut limiter) = (Instant::now(), Limiter::new(None, false, 1));
    let begin = now;
    limiter.succeeded(Duration::from_millis(20));
    while starts(&mut limiter, now) < 10 {
        now += Duration::from_millis(5);
    }
    assert!(now - begin < Duration::from_secs(1), "{:?}", now - begin);
}

#[test]
fn a_call_starts_at_the_time_that_was_named() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Some(10.0), false, 1);
    starts(&mut limiter, now);
    let Start::At(at) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
    assert!(matches!(limiter.try_start(at, 0.0), Start::Now(_)), "{limiter:?}");
}

#[test]
fn a_throttled_call_keeps_the_next_one_back() {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, false, 1);
    for is_kept_back in [false, true] {
        let Start::Now(slot) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
        limiter.throttled(now, slot);
        // The very first one may be refused for a reason that has nothing to do with the pace.
        assert_eq!(matches!(limiter.try_start(now, 0.0), Start::At(at) if at > now), is_kept_back, "{limiter:?}");
    }
}

#[test]
fn ten_calls_of_one_pace_lower_it_once() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Some(100.0), false, 1);
    let slots: Vec<_> = (0..8)
        .filter_map(|_| match limiter.try_start(now, 0.0) {
            Start::Now(slot) => Some(slot),
            _ => None,
        })
        .collect();
    assert!(slots.len() > 5);
    slots.iter().for_each(|slot| limiter.throttled(now, *slot));
    let later = now + Duration::from_secs(1);
    assert_eq!(starts(&mut limiter, later), 1);
    let Start::At(at) = limiter.try_start(later, 0.0) else { panic!("{limiter:?}") };
    assert!(at - later < Duration::from_millis(25), "{:?}", at - later);
}

/// A limiter whose first call was throttled, and the calls that start within four seconds after that.
fn after_a_throttled_call(is_shared: bool, floor: f64) -> (Limiter, usize) {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, is_shared, 1);
    if is_shared {
        limiter.got(now, Some(Err(TracksError("no".to_owned()))));
    }
    let Start::Now(slot) = limiter.try_start(now, floor) else { panic!("{limiter:?}") };
    limiter.succeeded(Duration::from_secs(1));
    limiter.throttled(now, slot);
    let started = (0..4000).map(|millis| starts_at(&mut limiter, now + Duration::from_millis(millis), floor)).sum();
    (limiter, started)
}

#[test]
fn a_lowered_pace_is_not_below_the_one_at_which_a_batch_ends_in_time() {
    let lowered = after_a_throttled_call(false, 0.0).1;
    let in_time = after_a_throttled_call(false, 12.0).1;
    assert!(lowered < 30 && (45..=50).contains(&in_time), "{lowered}, {in_time}");
    // Where there is a journal, it goes on later.
    let with_a_journal = after_a_throttled_call(true, 12.0).1;
    assert!(with_a_journal < 30, "{with_a_journal}");
}

#[test]
fn a_call_that_is_throttled_at_the_floor_does_not_lower_the_pace_but_keeps_it_from_growing() {
    let now = Instant::now() + Duration::from_secs(60);
    let (mut limiter, _) = after_a_throttled_call(false, 12.0);
    let Start::Now(slot) = limiter.try_start(now, 100.0) else { panic!("{limiter:?}") };
    let pace = limiter.alone.pace;
    assert!(pace.used > 2.0, "{pace:?}");
    for _ in 0..2 {
        limiter.throttled(now, slot);
        assert_eq!(limiter.alone.pace, Pace { used: 0.0, version: pace.version + 1, ..pace });
    }
    // The next one has a slot as the floor asks for.
    let Start::At(at) = limiter.try_start(now, 100.0) else { panic!("{limiter:?}") };
    assert!(at - now <= Duration::from_millis(15), "{:?}", at - now);
}

#[test]
fn a_frozen_environment_does_not_make_up_for_the_time() {
    let begin = Instant::now();
    let mut limiter = Limiter::new(Some(80.0), false, 1);
    assert!(starts(&mut limiter, begin) < 12);
    let thawed = starts(&mut limiter, begin + Duration::from_secs(3600));
    assert!((1..12).contains(&thawed), "{thawed}");
}

/// Slots of a track with that pace; the next free one is `ahead` seconds away, and the first of these was to be used `late` seconds ago.
fn slots(pace: Pace, ahead: f64, slots: usize, late: f64) -> Got {
    let track = Some(Track { pace, takes: 1, ahead });
    Got { track, slots: (slots > 0).then_some((slots, -late)), pace: Some(pace), sharers: 1.0, window: slots }
}

fn got(ahead: f64, count: usize) -> Got {
    slots(Pace::of(10.0), ahead, count, 0.0)
}

/// What one throttled call makes of the pace, and how many slots are left to be used at once.
fn throttled(pace: Pace, late: f64) -> (Pace, usize) {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, true, 1);
    limiter.succeeded(Duration::from_secs(1));
    limiter.got(now, Some(Ok(slots(pace, 0.0, 4, late))));
    let Start::Now(slot) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
    limiter.throttled(now, slot);
    let left = starts(&mut limiter, now + Duration::from_millis(200));
    match limiter.order(now, 3) {
        Order::Ask(ask) => (ask.lowered.unwrap(), left),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_that_is_throttled_in_a_burst_shortens_bursts_and_another_one_lowers_the_pace() {
    let known = Pace { burst: 1.0, version: 1, ..Pace::of(40.0) };
    let (pace, left) = throttled(known, 0.5);
    assert!(pace.burst < 0.5 && (pace.top, pace.depth, pace.version) == (known.top, known.depth, 2), "{pace:?}");
    assert_eq!(left, 3, "the others may still be used");
    let (pace, left) = throttled(known, 0.04);
    assert!(pace.burst > 0.9 && pace.depth > 0.0 && pace.used == 0.0 && pace.version == 2, "{pace:?}");
    assert_eq!(left, 3);
}

#[test]
fn what_was_taken_at_a_pace_that_is_far_too_high_is_left() {
    let (pace, left) = throttled(Pace::unknown(), 0.0);
    assert!(pace.per_second() < Pace::unknown().per_second() / 2.0, "{pace:?}");
    assert_eq!(left, 0);
    // Also among calls that make up for unused time, once there were more of them than in a burst.
    let behind = Pace { used: Pace::unknown().used + 2.0, ..Pace::unknown() };
    let (pace, left) = throttled(behind, 0.5);
    assert!(pace.per_second() < behind.per_second() / 2.0, "{pace:?}");
    assert_eq!(left, 0);
}

#[test]
fn what_comes_of_a_slot_is_known_after_the_way_to_the_track_and_the_call() {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, true, 1);
    assert!(matches!(limiter.order(now, 9), Order::Ask(Ask { round: None, .. })));
    let later = now + Duration::from_millis(30);
    limiter.got(later, Some(Ok(got(0.0, 1))));
    limiter.succeeded(Duration::from_millis(100));
    starts(&mut limiter, later);
    let Order::Ask(ask) = limiter.order(later, 9) else { panic!("{limiter:?}") };
    assert_eq!(ask.round, Some(Duration::from_millis(130)));
}

#[test]
fn who_could_not_have_the_track_goes_on_alone_until_it_has_it() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Some(100.0), true, 1);
    limiter.got(now, Some(Err(TracksError("no".to_owned()))));
    assert!(matches!(limiter.order(now, 9), Order::Nothing));
    // It asks again after a while, and waits no second time for what may not be answered.
    let later = now + LEFT_ALONE;
    assert!(matches!(limiter.order(later, 9), Order::Ask(_)));
    assert!(starts(&mut limiter, later) > 0);
    limiter.got(later, Some(Ok(slots(Pace::of(10.0), 2.0, 9, -1.0))));
    assert_eq!(starts(&mut limiter, later + Duration::from_millis(900)), 0, "its slots begin in a second");
    assert!(starts(&mut limiter, later + Duration::from_millis(1100)) > 0);
}

#[test]
fn who_cannot_have_the_track_goes_on_at_its_share_of_the_pace_without_a_burst() {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, true, 1);
    limiter.got(now, Some(Ok(Got { sharers: 4.0, ..got(0.0, 0) })));
    limiter.got(now, Some(Err(TracksError("no".to_owned()))));
    assert_eq!(starts(&mut limiter, now), 1);
    let at = |tenth: u64| now + Duration::from_millis(100 * tenth);
    let started: usize = (1..=40).map(|tenth| starts(&mut limiter, at(tenth))).sum();
    // Two and a half a second, a little less at first and a little more as nobody is throttled.
    assert!((8..=12).contains(&started), "{started}");
}

#[test]
fn who_cannot_have_the_track_and_does_not_know_among_how_many_it_is_shared_goes_on_as_with_an_unknown_quota() {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, true, 1);
    limiter.got(now, Some(Ok(Got { sharers: f64::INFINITY, ..slots(Pace::of(200.0), 0.0, 0, 0.0) })));
    limiter.got(now, Some(Err(TracksError("no".to_owned()))));
    let started: usize = (0..=200).map(|step| starts(&mut limiter, now + Duration::from_millis(10 * step))).sum();
    assert!((13..=18).contains(&started), "{started}");
}

#[test]
fn a_call_that_is_throttled_while_slots_are_taken_is_still_told() {
    let now = Instant::now();
    let mut limiter = Limiter::new(None, true, 1);
    limiter.succeeded(Duration::from_secs(1));
    let pace = Pace { version: 1, ..Pace::of(40.0) };
    limiter.got(now, Some(Ok(slots(pace, 0.0, 2, 0.0))));
    let Start::Now(slot) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
    let later = now + Duration::from_secs(1);
    let Order::Ask(ask) = limiter.order(later, 3) else { panic!("{limiter:?}") };
    assert_eq!(ask.lowered, None);
    limiter.throttled(later, slot);
    let mut lowered = |got: Got| {
        limiter.got(later, Some(Ok(got)));
        match limiter.order(later + Duration::from_secs(2), 10) {
            Order::Ask(ask) => ask.lowered.map(|pace| pace.version),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(lowered(slots(pace, 0.1, 2, 0.0)), Some(2));
    assert_eq!(lowered(slots(Pace { version: 2, ..pace }, 0.1, 2, 0.0)), None);
}

#[test]
fn in_a_search_who_had_a_slot_waits_for_the_next_as_long_as_who_had_none() {
    let now = Instant::now();
    let waits = |taken: usize, sharers: f64| {
        let wait = |seed: u64| {
            let mut limiter = Limiter::new(None, true, seed);
            let got = slots(Pace::unknown(), 0.0, taken, 0.0);
            limiter.got(now, Some(Ok(Got { sharers, slots: got.slots.filter(|_| taken > 0), ..got })));
            match limiter.order(now, 9) {
                Order::At(at) => (at - now).as_secs_f64(),
                Order::Ask(_) => 0.0,
                Order::Nothing => panic!("{limiter:?}"),
            }
        };
        (0..200).map(wait).sum::<f64>() / 200.0
    };
    let (with, without) = (waits(1, 64.0), waits(0, 64.0));
    assert!((0.5..0.8).contains(&with) && (with - without).abs() < 0.01, "{with}, {without}");
    // Four have half a second together for a slot each, at eight a second.
    let few = waits(1, 4.0);
    assert!((0.2..0.3).contains(&few), "{few}");
    // Nobody has been met, or nobody is there: a batch of a few rows is not to wait.
    assert_eq!([waits(1, f64::INFINITY), waits(1, 1.0)], [0.0, 0.0]);
}

#[test]
fn slots_follow_each_other_at_the_pace_and_more_are_asked_for_before_the_last_one() {
    let (now, milliseconds) = (Instant::now(), Duration::from_millis);
    let mut limiter = Limiter::new(None, true, 1);
    assert!(matches!(limiter.order(now, 0), Order::Nothing), "nobody has rows left");
    limiter.got(now, Some(Ok(got(0.5, 5))));
    assert_eq!(starts(&mut limiter, now), 1);
    assert_eq!(limiter.try_start(now, 0.0), Start::At(now + milliseconds(100)));
    assert!(matches!(limiter.order(now, 4), Order::Nothing), "there are four slots");
    assert!(matches!(limiter.order(now, 9), Order::At(at) if at == now + milliseconds(300)), "{limiter:?}");
    let later = now + milliseconds(300);
    let Order::Ask(ask) = limiter.order(later, 9) else { panic!("{limiter:?}") };
    assert!((ask.known.unwrap().ahead - 0.2).abs() < 1e-9 && ask.most == 5, "{ask:?}");
}

#[test]
fn a_slow_pace_that_was_lowered_is_not_lowered_again_before_a_call_is_answered() {
    let (mut now, mut limiter) = (Instant::now(), Limiter::new(Some(2.0), false, 1));
    limiter.succeeded(Duration::from_secs(1));
    let mut versions = Vec::new();
    for is_answered in [false, false, true] {
        now += Duration::from_secs(10);
        let Start::Now(slot) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
        if is_answered {
            limiter.succeeded(Duration::from_secs(1));
        }
        limiter.throttled(now, slot);
        versions.push(limiter.alone.pace.version);
    }
    assert_eq!(versions, [1, 1, 2]);
}

fn held(limiter: &mut Limiter, now: Instant) -> Option<f64> {
    match limiter.order(now, 3) {
        Order::Ask(ask) => ask.held,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wait_is_told_once_and_slots_before_its_end_are_left() {
    let (now, seconds) = (Instant::now(), Duration::from_secs);
    let mut limiter = Limiter::new(None, true, 1);
    assert_eq!(held(&mut limiter, now), None);
    limiter.got(now, Some(Ok(got(0.5, 5))));
    assert!(matches!(limiter.try_start(now, 0.0), Start::Now(_)));
    limiter.hold(now + seconds(7));
    limiter.hold(now + seconds(2));
    assert_eq!(limiter.try_start(now + Duration::from_millis(200), 0.0), Start::WhenTaken);
    assert_eq!(held(&mut limiter, now), Some(7.0));
    // While that is told, the service asks for more.
    limiter.hold(now + seconds(20));
    for ahead in [7.0, -0.5] {
        limiter.got(now, Some(Ok(got(ahead, 0))));
        assert_eq!(held(&mut limiter, now), Some(20.0));
    }
    limiter.got(now, Some(Ok(got(20.0, 0))));
    assert_eq!(held(&mut limiter, now), None);
}

#[test]
fn a_pace_under_which_this_environment_was_not_answered_comes_back_to_where_it_was() {
    let now = Instant::now();
    let below = |version| Pace { depth: 3.0, used: 5.0, version, ..Pace::of(100.0) };
    for (is_answered, version) in [(true, 1), (false, 1), (true, 2)] {
        let mut limiter = Limiter::new(None, true, 1);
        limiter.got(now, Some(Ok(slots(below(1), 0.0, 0, 0.0))));
        if is_answered {
            limiter.succeeded(Duration::from_secs(1));
        }
        // Somebody else may have lowered it since.
        limiter.got(now, Some(Ok(slots(below(version), 0.0, 1, 0.0))));
        let Start::Now(slot) = limiter.try_start(now, 0.0) else { panic!("{limiter:?}") };
        limiter.throttled(now, slot);
        let Order::Ask(ask) = limiter.order(now, 1) else { panic!("{limiter:?}") };
        let is_kept = ask.lowered.unwrap().top == 100.0;
        assert_eq!(is_kept, !is_answered || version > 1, "{is_answered} {version} {ask:?}");
    }
}
