//! Which rows make which batch.

use std::ops::Range;

use fastrand::Rng;

use super::options::{MAX_BATCH_ROWS, QueryOptions};

/// The batches, in the order in which they are sent: not that of the rows.
pub(super) fn split(rows: usize, options: &QueryOptions, rng: &mut Rng) -> Vec<Range<usize>> {
    let most = options.max_batch_rows.clamp(1, MAX_BATCH_ROWS);
    let mut batches = Vec::new();
    let mut start = 0;
    while start < rows {
        let size = if options.random_batches { rng.usize(1..=most) } else { most };
        let end = rows.min(start + size);
        batches.push(start..end);
        start = end;
    }
    rng.shuffle(&mut batches);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_batch() {
        let mut options = QueryOptions::new("f");
        options.max_batch_rows = 7;
        for random in [false, true] {
            options.random_batches = random;
            let mut batches = split(100, &options, &mut Rng::with_seed(3));
            assert_eq!(batches, split(100, &options, &mut Rng::with_seed(3)));
            assert!(batches.iter().all(|batch| (1..=7).contains(&batch.len())));
            batches.sort_by_key(|batch| batch.start);
            assert_eq!(batches.into_iter().flatten().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        }
        options.max_batch_rows = usize::MAX;
        options.random_batches = false;
        assert_eq!(split(MAX_BATCH_ROWS + 1, &options, &mut Rng::with_seed(1)).len(), 2);
        assert_eq!(split(0, &options, &mut Rng::with_seed(1)), []);
    }
}
