//! Environments that share a quota and do not know of each other, simulated.
//!
//! `cargo test limiter -- --ignored --nocapture` prints the table by which the constants were chosen. What it says:
//!
//! - With a quota that lets some 0.8 s of it come at once, goodput is 0.97 and more, and 2 to 6 % of the calls are wasted.
//! - 64 environments at less than one call a second each waste one call in five, at 5 a second one in two: that few calls
//!   teach too little. The quota is used all the same.
//! - A latency of 8 s takes tens of seconds to learn; the goodput of the first minute is 0.75 to 0.95.
//! - A limiter without any burst, which refuses two calls that come closer than its interval, keeps environments that do
//!   not march in step from using the quota: to waste few calls there means to make few.
#![expect(clippy::cast_possible_truncation, reason = "simulated times are minutes, in nanoseconds")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::{Limiter, Start};

/// One setting of the simulation.
#[derive(Debug, Clone, Copy)]
struct Setting {
    environments: usize,
    /// Calls a second.
    quota: f64,
    /// Seconds' worth of the quota that may come at once; at least one call.
    burst: f64,
    /// Seconds.
    latency: f64,
    ceiling: usize,
    seed: u64,
}

#[derive(Debug, Default)]
struct Result {
    /// Answered calls a second over the quota.
    goodput: f64,
    /// Throttled calls over answered ones.
    wasted: f64,
    /// The smallest share of an environment over the largest.
    fairness: f64,
}

/// The second number is when the call was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Ask(usize),
    Answer(usize, u64),
    Refusal(usize, u64),
}

/// Runs for `seconds`, and counts after the first `skip` of them.
fn simulate(setting: Setting, seconds: f64, skip: f64) -> Result {
    let begin = Instant::now();
    let at = |nanoseconds: u64| begin + Duration::from_nanos(nanoseconds);
    let nanoseconds = |seconds: f64| Duration::from_secs_f64(seconds).as_nanos() as u64;
    let mut random = fastrand::Rng::with_seed(setting.seed);
    let mut limiters: Vec<Limiter> =
        (0..setting.environments).map(|_| Limiter::adaptive(setting.ceiling, random.u64(..))).collect();
    let mut asked = vec![u64::MAX; setting.environments];
    let burst = (setting.quota * setting.burst).max(1.0);
    let (mut tokens, mut filled) = (burst, 0_u64);
    let mut heap: BinaryHeap<Reverse<(u64, Happening)>> = BinaryHeap::new();
    for environment in 0..setting.environments {
        heap.push(Reverse((nanoseconds(random.f64() * 0.2), Happening::Ask(environment))));
    }
    let mut answered = vec![0_u64; setting.environments];
    let mut throttled = 0_u64;
    while let Some(Reverse((time, happening))) = heap.pop() {
        if time > nanoseconds(seconds) {
            break;
        }
        let counts = time >= nanoseconds(skip);
        let environment = match happening {
            Happening::Ask(environment) => {
                if asked[environment] == time {
                    asked[environment] = u64::MAX;
                }
                environment
            }
            Happening::Answer(environment, started) => {
                limiters[environment].succeeded(Duration::from_nanos(time - started));
                answered[environment] += u64::from(counts);
                environment
            }
            Happening::Refusal(environment, started) => {
                limiters[environment].throttled(at(time), at(started));
                throttled += u64::from(counts);
                environment
            }
        };
        loop {
            match limiters[environment].try_start(at(time)) {
                Start::Now => {
                    tokens = (tokens + (time - filled) as f64 / 1e9 * setting.quota).min(burst);
                    filled = time;
                    if tokens >= 1.0 {
                        tokens -= 1.0;
                        let latency = setting.latency * (0.8 + 0.4 * random.f64());
                        heap.push(Reverse((time + nanoseconds(latency), Happening::Answer(environment, time))));
                    } else {
                        let latency = 0.005 + 0.02 * random.f64();
                        heap.push(Reverse((time + nanoseconds(latency), Happening::Refusal(environment, time))));
                    }
                }
                Start::At(later) => {
                    let later = later.duration_since(begin).as_nanos() as u64;
                    if asked[environment] > later || asked[environment] <= time {
                        asked[environment] = later;
                        heap.push(Reverse((later, Happening::Ask(environment))));
                    }
                    break;
                }
                Start::WhenOneEnds => break,
            }
        }
    }
    let all: u64 = answered.iter().sum();
    Result {
        goodput: all as f64 / (seconds - skip) / setting.quota,
        wasted: throttled as f64 / (all as f64).max(1.0),
        fairness: *answered.iter().min().unwrap() as f64 / (*answered.iter().max().unwrap() as f64).max(1.0),
    }
}

#[test]
#[ignore = "prints the table by which the constants were chosen; takes a minute"]
fn print_the_table() {
    println!("quota latency environments burst: goodput wasted fairness");
    for quota in [5.0, 20.0, 50.0, 200.0, 500.0] {
        for latency in [0.1, 1.0, 8.0] {
            for environments in [1, 8, 64] {
                for burst in [0.0, 0.8, 1.0] {
                    let setting = Setting { environments, quota, burst, latency, ceiling: 512, seed: 1 };
                    let Result { goodput, wasted, fairness } = simulate(setting, 60.0, 5.0);
                    println!(
                        "{quota:>5} {latency:>5} {environments:>3} {burst:>4}: {goodput:.3} {wasted:.3} {fairness:.2}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_quota_is_used_and_few_calls_are_wasted() {
    for quota in [20.0, 50.0, 200.0, 500.0] {
        for latency in [0.1, 1.0] {
            for (environments, floor) in [(1, 0.98), (8, 0.97)] {
                for (burst, seed) in [(0.8, 1), (1.0, 2), (1.0, 3)] {
                    let setting = Setting { environments, quota, burst, latency, ceiling: 1024, seed };
                    let result = simulate(setting, 60.0, 5.0);
                    assert!(result.goodput >= floor, "{setting:?}: {result:?}");
                    assert!(result.wasted <= 0.08, "{setting:?}: {result:?}");
                }
            }
        }
    }
}

#[test]
fn sixty_four_environments_share_a_small_quota() {
    let setting = Setting { environments: 64, quota: 20.0, burst: 1.0, latency: 1.0, ceiling: 128, seed: 1 };
    let result = simulate(setting, 120.0, 15.0);
    assert!(result.goodput >= 0.95 && result.wasted <= 0.25, "{result:?}");
}

#[test]
fn without_a_throttled_call_the_ceiling_is_reached_and_nothing_is_paced() {
    let now = Instant::now();
    let mut limiter = Limiter::adaptive(128, 1);
    for round in 0..10 {
        let mut started = 0;
        while limiter.try_start(now) == Start::Now {
            started += 1;
        }
        assert_eq!(started, (8 << round).min(128));
        (0..started).for_each(|_| limiter.succeeded(Duration::from_millis(200)));
    }
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
