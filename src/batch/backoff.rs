//! How long to wait before trying again.

use std::time::Duration;

use crate::function::MomentKind;

/// The longest wait of a row that is our own choice.
const LONGEST: Duration = Duration::from_secs(5);

/// The longest pause of a target: what it takes to notice that it has recovered.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The longest wait that a service may ask for: beyond it, one odd header would stop a target for every batch.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// The wait of a row after its `attempts`-th call: exponential, with jitter. It is full where many rows were throttled together, and
/// half where a row must not use up its tries within a moment that is bad for all.
///
/// A call that failed without being throttled is first tried again at once: it most likely met a connection that died
/// while the environment was frozen.
pub fn wait(attempts: u32, kind: MomentKind) -> Duration {
    match (kind, attempts) {
        (MomentKind::Throttled, _) => doubled(250, attempts).min(LONGEST).mul_f64(fastrand::f64()),
        (_, ..=1) => Duration::ZERO,
        _ => half_jitter(doubled(100, attempts).min(LONGEST)),
    }
}

/// The wait after the `times`-th refusal or failure in a row of a whole target: exponential, and never less than half of that.
pub fn pause(times: u32) -> Duration {
    half_jitter(doubled(100, times.saturating_sub(1)).min(LONGEST_PAUSE))
}

/// What a service asked for, as far as it can be granted.
pub fn asked(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or_default().min(LONGEST_ASKED)
}

fn doubled(milliseconds: u64, times: u32) -> Duration {
    Duration::from_millis(milliseconds << times.min(16))
}

fn half_jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        assert_eq!(wait(1, MomentKind::Failed), Duration::ZERO);
        assert_eq!(wait(1, MomentKind::Unreadable), Duration::ZERO);
        let longest = |wait: &dyn Fn() -> Duration| (0..200).map(|_| wait()).max().unwrap_or_default().as_secs_f64();
        for (attempts, throttled, failed) in [(1, 0.5, 0.0), (2, 1.0, 0.4), (4, 4.0, 1.6), (40, 5.0, 5.0)] {
            assert!((0.8 * throttled..=throttled).contains(&longest(&|| wait(attempts, MomentKind::Throttled))));
            assert!((0.8 * failed..=failed).contains(&longest(&|| wait(attempts, MomentKind::Failed))));
            assert!((0..200).all(|_| wait(attempts, MomentKind::Failed).as_secs_f64() >= failed / 2.0));
        }
    }

    #[test]
    fn a_target_pauses_for_at_least_half_of_a_growing_time() {
        for (times, most) in [(1, 0.1), (2, 0.2), (4, 0.8), (30, 1.0)] {
            for _ in 0..100 {
                assert!((most / 2.0..=most).contains(&pause(times).as_secs_f64()), "{times}");
            }
        }
    }

    #[test]
    fn a_service_is_left_alone_for_as_long_as_it_asks_within_reason() {
        assert_eq!(asked(None), Duration::ZERO);
        assert_eq!(asked(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(asked(Some(Duration::MAX)), Duration::from_secs(60));
    }
}
