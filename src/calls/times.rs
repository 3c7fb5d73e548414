//! The times that one invocation has to keep.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Kept back for the last checkpoint, and for writing and compressing an answer of several megabytes on a small Lambda.
const MARGIN: Duration = Duration::from_millis(1500);

/// Kept back for handing over the answer when even the last checkpoint takes too long.
const LAST_MARGIN: Duration = Duration::from_millis(300);

/// The times of one invocation.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When it began, by the clock.
    pub now: SystemTime,
    /// When it began.
    pub begin: Instant,
    /// When Lambda ends it.
    pub end: SystemTime,
    /// When the work ends.
    pub deadline: Instant,
    /// When the last write to the journal ends.
    pub last_write: Instant,
}

impl Times {
    /// The times of an invocation that begins now and that Lambda ends at `end`. Of a short one the margins take a fifth
    /// at most.
    pub fn until(end: SystemTime) -> Self {
        let (now, begin) = (SystemTime::now(), Instant::now());
        let left = end.duration_since(now).unwrap_or_default();
        let margin = MARGIN.min(left / 5);
        Self {
            now,
            begin,
            end,
            deadline: begin + left - margin,
            last_write: begin + left - LAST_MARGIN.min(margin / 2),
        }
    }

    /// The time, by the clock of the invocation's beginning.
    pub fn clock(&self) -> SystemTime {
        self.now + self.begin.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_margins_shrink_with_the_time_that_is_left() {
        for (left, work, write) in [(28.0, 26.5, 27.7), (2.0, 1.6, 1.8), (0.0, 0.0, 0.0)] {
            let times = Times::until(SystemTime::now() + Duration::from_secs_f64(left));
            let from_now = |at: Instant| (at - Instant::now()).as_secs_f64();
            assert!((work - 0.1..=work).contains(&from_now(times.deadline)), "{left}: {times:?}");
            assert!((write - 0.1..=write).contains(&from_now(times.last_write)), "{left}: {times:?}");
        }
        let past = SystemTime::now() - Duration::from_secs(5);
        assert_eq!(Times::until(past).deadline, Instant::now());
    }
}
