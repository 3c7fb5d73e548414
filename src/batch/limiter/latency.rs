//! How long a target's answers take.

use std::time::Duration;

/// Learns the latency of successful calls, by mean and mean deviation, as TCP learns a connection's round trip.
///
/// Source: RFC 6298, section 2.
#[derive(Debug, Default)]
pub struct Latency {
    learnt: Option<(f64, f64)>,
}

impl Latency {
    /// A call has taken that long.
    pub fn observe(&mut self, latency: Duration) {
        let seconds = latency.as_secs_f64();
        self.learnt = Some(match self.learnt {
            None => (seconds, seconds / 2.0),
            Some((mean, deviation)) => {
                let off = (seconds - mean).abs();
                (mean + (seconds - mean) / 8.0, deviation + (off - deviation) / 4.0)
            }
        });
    }

    /// The time that a call takes on average; nothing before the first one has ended.
    pub fn mean(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.learnt?.0).ok()
    }

    /// The time in which a call that starts now will most likely have ended; nothing before the first one has.
    pub fn expected(&self) -> Option<Duration> {
        let (mean, deviation) = self.learnt?;
        Duration::try_from_secs_f64(mean + 4.0 * deviation).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_latency_is_expected_and_a_growing_one_followed() {
        let mut latency = Latency::default();
        assert_eq!(latency.expected(), None);
        latency.observe(Duration::from_secs(1));
        assert_eq!(
            latency.expected(),
            Some(Duration::from_secs(3)),
            "of one call: its time, and half of that for deviation"
        );
        for _ in 0..40 {
            latency.observe(Duration::from_secs(1));
        }
        let steady = latency.expected().unwrap().as_secs_f64();
        assert!((1.0..1.01).contains(&steady), "{steady}");
        for _ in 0..40 {
            latency.observe(Duration::from_secs(4));
        }
        let grown = latency.expected().unwrap().as_secs_f64();
        assert!((3.9..6.0).contains(&grown), "{grown}");
    }

    #[test]
    fn nearly_every_call_of_a_jittering_target_ends_within_what_is_expected() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut latency = Latency::default();
        let mut late = 0;
        for call in 0..1000 {
            let seconds = Duration::from_secs_f64(0.5 + random.f64());
            late += u32::from(call > 10 && latency.expected().is_some_and(|expected| seconds > expected));
            latency.observe(seconds);
        }
        assert!(late < 20, "{late}");
    }
}
