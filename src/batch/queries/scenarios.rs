//! The scenario files, and a table of more of them.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Outcome, Query, play, play_on};
use crate::batch::{Change, Changed, Tracks, TracksError};

/// Seeds with which each is played.
const SEEDS: u64 = 5;

/// What a file says.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// Why it is there.
    #[serde(rename = "why")]
    _why: String,
    query: Query,
    /// Least and most of each figure, as the median of the seeds.
    goodput: Option<(f64, f64)>,
    throttled: Option<(f64, f64)>,
    writes: Option<(f64, f64)>,
    fairness: Option<(f64, f64)>,
    settled: Option<(f64, f64)>,
    disturbed: Option<(f64, f64)>,
    twice: Option<(f64, f64)>,
}

/// The median of each figure.
async fn median(query: Query, seeds: u64) -> Outcome {
    let mut outcomes = Vec::new();
    for seed in 0..seeds {
        outcomes.push(play(query, seed).await);
    }
    let of = |figure: fn(&Outcome) -> f64| {
        let mut figures: Vec<f64> = outcomes.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Outcome {
        goodput: of(|outcome| outcome.goodput),
        throttled: of(|outcome| outcome.throttled),
        writes: of(|outcome| outcome.writes),
        fairness: of(|outcome| outcome.fairness),
        settled: of(|outcome| outcome.settled),
        twice: of(|outcome| outcome.twice),
        disturbed: of(|outcome| outcome.disturbed),
    }
}

#[tokio::test(start_paused = true)]
async fn every_scenario_ends_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pace");
    let mut failed = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let outcome = median(scenario.query, SEEDS).await;
        let figures = [
            (outcome.goodput, scenario.goodput),
            (outcome.throttled, scenario.throttled),
            (outcome.writes, scenario.writes),
            (outcome.fairness, scenario.fairness),
            (outcome.settled, scenario.settled),
            (outcome.disturbed, scenario.disturbed),
            (outcome.twice, scenario.twice),
        ];
        let is_within = |(figure, range): &(f64, Option<(f64, f64)>)| {
            range.is_none_or(|(least, most)| RangeInclusive::new(least, most).contains(figure))
        };
        if !figures.iter().all(is_within) {
            failed.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(start_paused = true)]
#[ignore = "prints a table and asserts nothing: ci/journal prints it"]
async fn print_the_table() {
    let wanted = std::env::var("ROWS").unwrap_or_default();
    let query = |lanes, quota, burst, rows_per_batch, batches| Query {
        lanes,
        quota,
        burst,
        rows_per_batch,
        batches,
        latency: 1.0,
        known: false,
        together: true,
        step: None,
        late: 0.0,
        late_at_first: 0.0,
        outage: None,
        retry_after: None,
    };
    let rows = [
        query(4, 40.0, 40.0, 100, 24),
        query(8, 20.0, 20.0, 50, 24),
        query(8, 8.3, 8.3, 100, 16),
        query(4, 40.0, 1.0, 100, 24),
        query(64, 50.0, 50.0, 54, 64),
        query(1, 20.0, 20.0, 100, 12),
        query(8, 200.0, 200.0, 500, 24),
        Query { latency: 0.3, ..query(8, 20.0, 20.0, 50, 24) },
        Query { latency: 4.0, ..query(8, 20.0, 20.0, 50, 24) },
        Query { step: Some((30.0, 0.5)), ..query(4, 40.0, 40.0, 100, 24) },
        Query { step: Some((30.0, 2.0)), ..query(4, 40.0, 40.0, 100, 40) },
        Query { step: Some((30.0, 2.0)), ..query(8, 20.0, 20.0, 50, 40) },
        Query { late_at_first: 1.5, ..query(64, 50.0, 50.0, 54, 64) },
        Query { outage: Some((20.0, 5.0)), ..query(4, 40.0, 40.0, 100, 24) },
        Query { outage: Some((20.0, 5.0)), ..query(64, 50.0, 50.0, 54, 64) },
        Query { outage: Some((20.0, 5.0)), ..query(8, 8.3, 8.3, 100, 16) },
        Query { outage: Some((20.0, 60.0)), ..query(4, 40.0, 40.0, 100, 40) },
    ];
    println!(
        "lanes quota burst  rows batches latency step             goodput throttled writes fairness settled  twice"
    );
    for (number, row) in (0..).zip(rows) {
        if !wanted.is_empty() && !wanted.split(',').any(|wanted| wanted.parse() == Ok(number)) {
            continue;
        }
        let ways = [("cold", true, false), ("known", true, true), ("alone", false, false)];
        for (way, together, known) in ways {
            let Outcome { goodput, throttled, writes, fairness, settled, twice, .. } =
                median(Query { together, known, ..row }, SEEDS).await;
            let Query { lanes, quota, burst, rows_per_batch, batches, latency, step, outage, late_at_first, .. } = row;
            let step = match (step, outage) {
                (Some((at, factor)), _) => format!("{factor} at {at} s"),
                (None, Some((at, seconds))) => format!("0 {at} to {} s", at + seconds),
                (None, None) if late_at_first > 0.0 => "late at first".to_owned(),
                (None, None) => String::new(),
            };
            println!(
                "{lanes:>5} {quota:>5} {burst:>5} {rows_per_batch:>5} {batches:>7} {latency:>7} {step:<13} {way:<5} \
                 {goodput:>6.3} {throttled:>9.3} {writes:>6.2} {fairness:>8.2} {settled:>7} {twice:>6.3}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn environments_that_cannot_have_the_track_go_on_alone() {
    for tracks in [Broken::Silent, Broken::Refuses] {
        let query = Query {
            lanes: 1,
            quota: 20.0,
            burst: 20.0,
            rows_per_batch: 100,
            batches: 4,
            latency: 1.0,
            known: false,
            together: false,
            step: None,
            late: 0.0,
            late_at_first: 0.0,
            outage: None,
            retry_after: None,
        };
        let outcome = play_on(query, 0, Some(Arc::new(tracks))).await;
        assert!(outcome.goodput > 0.75 && outcome.throttled < 0.02, "{tracks:?}: {outcome:?}");
    }
}

/// Tracks that are of no use.
#[derive(Debug, Clone, Copy)]
enum Broken {
    Silent,
    Refuses,
}

impl Tracks for Broken {
    fn change<'a>(&'a self, _: &'a str, _: Change) -> BoxFuture<'a, Result<Changed, TracksError>> {
        match self {
            Self::Silent => std::future::pending().boxed(),
            Self::Refuses => async { Err(TracksError("no".to_owned())) }.boxed(),
        }
    }
}
