//! When an invocation must have its answer ready.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Kept back for writing and compressing an answer of several megabytes on a small Lambda.
const MARGIN: Duration = Duration::from_secs(1);

/// The time at which work ends, of an invocation that Lambda ends at `end`: the margin earlier, or a fifth of what is
/// left where that is less.
pub fn of(end: SystemTime) -> Instant {
    let left = end.duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + left - MARGIN.min(left / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_margin_shrinks_with_the_time_that_is_left() {
        for (left, least, most) in [(28.0, 26.9, 27.0), (2.0, 1.5, 1.6), (0.0, 0.0, 0.0)] {
            let end = SystemTime::now() + Duration::from_secs_f64(left);
            let work = (of(end) - Instant::now()).as_secs_f64();
            assert!((least..=most).contains(&work), "{left}: {work}");
        }
        let past = SystemTime::now() - Duration::from_secs(5);
        assert_eq!(of(past), Instant::now());
    }
}
