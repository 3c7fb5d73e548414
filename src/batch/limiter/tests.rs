//! One limiter, told the time.

use std::time::{Duration, Instant};

use super::{Limiter, Start};

#[test]
fn without_a_throttled_call_the_ceiling_is_reached_and_then_nothing_is_paced() {
    let mut now = Instant::now();
    let mut limiter = Limiter::adaptive(128, 1);
    for round in 0..10 {
        let mut started = 0;
        loop {
            match limiter.try_start(now) {
                Start::Now => started += 1,
                // Within the time of a call, as long as the window grows.
                Start::At(at) => {
                    assert!(round > 0 && round < 5 && at - now < Duration::from_millis(15), "{round}: {:?}", at - now);
                    now = at;
                }
                Start::WhenOneEnds => break,
            }
        }
        assert_eq!(started, (8 << round).min(128));
        (0..started).for_each(|_| limiter.succeeded(Duration::from_millis(200)));
    }
}

#[test]
fn a_throttled_call_keeps_the_next_one_back() {
    let now = Instant::now();
    let mut limiter = Limiter::adaptive(128, 1);
    assert_eq!(limiter.try_start(now), Start::Now);
    limiter.throttled(now, now);
    assert!(matches!(limiter.try_start(now), Start::At(at) if at > now), "{limiter:?}");
}

#[test]
fn a_frozen_environment_does_not_make_up_for_the_time() {
    let begin = Instant::now();
    let mut limiter = Limiter::paced(128, 80.0, 1);
    let mut starts = |now: Instant| (0..100).filter(|_| limiter.try_start(now) == Start::Now).count();
    assert_eq!(starts(begin), 1);
    let thawed = starts(begin + Duration::from_secs(3600));
    assert!((1..10).contains(&thawed), "{thawed}");
}
