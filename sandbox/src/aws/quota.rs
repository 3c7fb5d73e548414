//! Throttling at a rate.

use std::time::Instant;

/// A request rate that all callers share. As on AWS, each model and each place index has a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Requests a second in the long run.
    pub per_second: f64,
    /// Requests at once after a pause.
    pub burst: f64,
}

/// A token bucket. It is told the time, so that a test needs no clock.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    quota: Quota,
    tokens: f64,
    filled_at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn new(quota: Quota, now: Instant) -> Self {
        Self { quota, tokens: quota.burst, filled_at: now }
    }

    /// Takes one token if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.tokens = (self.tokens + passed * self.quota.per_second).min(self.quota.burst);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(Quota { per_second: 10.0, burst: 3.0 }, start);
        let at_once = (0..5).filter(|_| bucket.take(start)).count();
        assert_eq!(at_once, 3);
        // A request each 25 ms for ten seconds: four times the rate.
        let admitted = (1..=400_u64).filter(|tick| bucket.take(start + Duration::from_millis(25 * tick))).count();
        assert!((99..=100).contains(&admitted), "{admitted}");
    }

    #[test]
    fn a_pause_fills_no_more_than_the_burst() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(Quota { per_second: 10.0, burst: 2.0 }, start);
        let later = start + Duration::from_secs(60);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 2);
        // A clock that seems to go back neither fills nor panics.
        assert!(!bucket.take(start));
    }
}
