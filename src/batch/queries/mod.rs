//! Whole queries in paused time: lanes that each take the next batch when the last one is answered, each in an environment of its
//! own, at a quota that all of them share.
//!
//! What is to be reached stands in scenario files, `tests/pace/*.json`; each is played with several seeds.
//! `cargo test --lib queries -- --ignored --nocapture` prints a table of more of them.

mod scenarios;
mod service;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use self::service::{Memory, Service};
use super::limiter::{Change, Pace, Tracks};
use super::{Known, Plan, Progress, StatementFaults, Targets, Work};
use crate::function::Argument;

/// One query.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Batches side by side.
    lanes: usize,
    /// Calls a second.
    quota: f64,
    /// Calls at once after a pause.
    burst: f64,
    rows_per_batch: usize,
    batches: usize,
    /// Seconds of a call.
    #[serde(default = "one")]
    latency: f64,
    /// The pace that was known before, over the quota; nothing was, if there is none.
    known: Option<f64>,
    /// Whether the environments share what they learn.
    together: bool,
    /// When the quota changes, in seconds, and to how many times itself.
    step: Option<(f64, f64)>,
}

fn one() -> f64 {
    1.0
}

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
struct Outcome {
    /// Rows over what the quota would have let through in the time of the query.
    goodput: f64,
    /// Throttled calls over answered ones.
    throttled: f64,
    /// Changes of the shared track over answered calls.
    writes: f64,
    /// The slowest lane's rows a second over the fastest one's.
    fairness: f64,
    /// Seconds after the quota's step until as much of it is used as before.
    settled: f64,
}

async fn play(query: Query, seed: u64) -> Outcome {
    let memory = Arc::new(Memory::default());
    fastrand::seed(seed);
    if let Some(known) = query.known {
        let pace = Pace { version: 1, ..Pace::of(known * query.quota) };
        memory.change("model", Change::Begin(pace, 1.0)).await.unwrap();
    }
    let tracks = query.together.then(|| Arc::clone(&memory) as Arc<dyn Tracks>);
    let outcome = play_on(query, seed, tracks).await;
    Outcome { writes: outcome.writes * memory.writes(), ..outcome }
}

/// The same on any tracks; what is told of writes is what one of them counts for.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
async fn play_on(query: Query, seed: u64, tracks: Option<Arc<dyn Tracks>>) -> Outcome {
    fastrand::seed(seed);
    let service = Service::new(query);
    let begin = Instant::now();
    let left = Mutex::new(query.batches);
    let lanes = (0..query.lanes).map(|lane| {
        let (service, tracks, left) = (&service, tracks.clone(), &left);
        async move {
            sleep(Duration::from_millis(10 * lane as u64)).await;
            let targets = Targets::new(512).sharing(tracks);
            let (mut rows, mut busy) = (0, Duration::ZERO);
            loop {
                let batch = {
                    let mut left = left.lock().unwrap();
                    let Some(next) = left.checked_sub(1) else { break };
                    *left = next;
                    next
                };
                let begin = Instant::now();
                ask(service, &targets, batch, query).await;
                (rows, busy) = (rows + query.rows_per_batch, busy + begin.elapsed());
                // The way to the caller and back.
                sleep(Duration::from_millis(50)).await;
            }
            (rows > 0).then(|| rows as f64 / busy.as_secs_f64())
        }
    });
    let paces: Vec<f64> = join_all(lanes).await.into_iter().flatten().collect();
    let rows = (query.rows_per_batch * query.batches) as f64;
    let most = paces.iter().copied().fold(0.0, f64::max);
    let admitted = service.admissible(service.end() - begin);
    Outcome {
        goodput: rows / admitted,
        throttled: service.throttled() / rows,
        writes: 1.0 / rows,
        fairness: paces.iter().copied().fold(most, f64::min) / most,
        settled: service.settled(),
    }
}

async fn ask(service: &Service, targets: &Targets, batch: usize, query: Query) {
    let text = |row: usize| Argument::Text(Cow::Owned(format!("{batch} {row}")));
    let rows: Vec<Vec<Argument<'_>>> = (0..query.rows_per_batch).map(|row| vec![text(row)]).collect();
    let plan = Plan::of(service, &rows);
    let deadline = Instant::now() + Duration::from_secs(3600);
    let mut work = Work::new(&plan, StatementFaults::Refuse, targets, Known::default(), deadline);
    assert_eq!(work.run_until(deadline).await, Progress::Done, "{query:?}");
}
