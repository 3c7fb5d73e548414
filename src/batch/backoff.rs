//! How long a row waits before it is tried again.

use std::time::Duration;

use crate::functions::Moment;

const LONGEST: Duration = Duration::from_secs(5);

/// The wait after the `attempts`-th failure in a row: exponential with full jitter, and never less than the service asks
/// for.
///
/// A call that failed without being throttled is first tried again at once: it most likely met a connection that died
/// while the environment was frozen.
pub fn wait(attempts: u32, moment: &Moment) -> Duration {
    let base = match (moment.throttled, attempts) {
        (false, ..=1) => Duration::ZERO,
        (false, _) => Duration::from_millis(100),
        (true, _) => Duration::from_millis(250),
    };
    let most = base.saturating_mul(1 << attempts.min(16)).min(LONGEST);
    most.mul_f64(fastrand::f64()).max(moment.retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_respect_the_service() {
        assert_eq!(wait(1, &Moment::failed(None)), Duration::ZERO);
        for attempts in 1..40 {
            assert!(wait(attempts, &Moment::throttled(None)) <= LONGEST);
        }
        let asked = Duration::from_secs(7);
        assert_eq!(wait(1, &Moment::throttled(Some(asked))), asked);
    }
}
