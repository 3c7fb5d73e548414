//! How fast the rows of a batch have to be asked that is lost if it does not end in time.
//!
//! Without a journal, what a batch has paid for is paid again when it ends too late. Its share of a quota may suffice for it, and a pace that
//! was lowered still be too slow. So the pace has a floor: the one at which the batch ends in time. A batch that has fallen behind
//! so far that it would have to call much faster than at its beginning is most likely lost: the quota is left to others then.

/// What part of its time a batch is to leave free, for calls that are throttled and those that take longer than others.
const SPARE: f64 = 0.125;

/// How much faster than at its beginning a batch may have to be asked before it is given up.
const MOST: f64 = 1.5;

/// Calls, and the time that there is for them.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    pub calls: f64,
    pub seconds: f64,
}

impl Schedule {
    fn per_second(self) -> f64 {
        self.calls / self.seconds.max(f64::MIN_POSITIVE)
    }
}

/// Calls a second below which a batch does not end in time, with something to spare; none where it most likely will not anyway.
pub fn floor(all: Schedule, left: Schedule) -> f64 {
    let most = MOST * all.per_second();
    if left.per_second() > most {
        return 0.0;
    }
    let sooner = Schedule { seconds: left.seconds - SPARE * all.seconds, ..left };
    sooner.per_second().min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_asked_so_that_it_ends_before_its_time_until_it_has_fallen_behind() {
        let of = |calls, seconds| Schedule { calls, seconds };
        let floor = |calls, seconds| floor(of(80.0, 16.0), of(calls, seconds));
        // As many calls in 14 s, the same halfway, and faster as it falls behind.
        for (calls, seconds, per_second) in [(80.0, 16.0, 80.0 / 14.0), (40.0, 9.0, 40.0 / 7.0), (42.0, 8.0, 7.0)] {
            assert!((floor(calls, seconds) - per_second).abs() < 1e-9, "{calls} {seconds}: {}", floor(calls, seconds));
        }
        assert_eq!([floor(60.0, 8.0), floor(61.0, 8.0)], [7.5, 0.0]);
        // What is left at the end of that time is asked as fast as it may.
        assert_eq!([floor(3.0, 2.0), floor(3.0, 1.0), floor(3.0, 0.0), floor(0.0, 0.0)], [7.5, 7.5, 0.0, 0.0]);
    }
}
