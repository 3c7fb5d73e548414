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
use tokio::time::{Instant, sleep, timeout};

use self::service::{Memory, Service};
use super::limiter::Tracks;
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
    /// Whether another query has just found the pace.
    #[serde(default)]
    known: bool,
    /// Whether the environments share what they learn.
    together: bool,
    /// When the quota changes, in seconds, and to how many times itself.
    step: Option<(f64, f64)>,
    /// Most seconds that a call comes late, and a third of it each way to the track, as on a machine that is too small for its environments.
    #[serde(default)]
    late: f64,
    /// Seconds at the beginning within which the track's changes are made, each at a time by chance: a table that meets many environments at once.
    #[serde(default)]
    late_at_first: f64,
    /// From when on the service refuses whatever it is asked, in seconds, and for how many.
    #[serde(default)]
    outage: Option<(f64, f64)>,
    /// When the service asks one call to wait, in seconds, and for how many.
    #[serde(default)]
    retry_after: Option<(f64, f64)>,
}

impl Query {
    fn late(&self) -> Duration {
        Duration::from_secs_f64(self.late * fastrand::f64())
    }
}

fn one() -> f64 {
    1.0
}

/// Longer than this no query is waited for.
const GIVEN_UP: Duration = Duration::from_secs(600);

/// How many batches are under way at once: half as many after a 429, one more after each that has ended.
struct Open {
    most: usize,
    limit_and_taken: Mutex<(usize, usize)>,
}

impl Open {
    async fn take(&self) {
        let is_taken = || {
            let (limit, taken) = &mut *self.limit_and_taken.lock().unwrap();
            let is_free = *taken < *limit;
            *taken += usize::from(is_free);
            is_free
        };
        while !is_taken() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn narrow(&self) {
        let (limit, taken) = &mut *self.limit_and_taken.lock().unwrap();
        (*limit, *taken) = ((*limit / 2).max(1), *taken - 1);
    }

    fn widen(&self) {
        let (limit, taken) = &mut *self.limit_and_taken.lock().unwrap();
        (*limit, *taken) = ((*limit + 1).min(self.most), *taken - 1);
    }
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
    /// Answers beyond one for each row, over rows: those of batches that did not end in time, where nothing is kept.
    twice: f64,
    /// Calls that came although the service had asked one of them to wait.
    disturbed: f64,
}

async fn play(query: Query, seed: u64) -> Outcome {
    let memory = Arc::new(Memory::new(query.late / 3.0, query.late_at_first));
    fastrand::seed(seed);
    let tracks = query.together.then(|| Arc::clone(&memory) as Arc<dyn Tracks>);
    if query.known {
        play_on(Query { step: None, outage: None, retry_after: None, ..query }, seed, tracks.clone()).await;
    }
    let before = memory.writes();
    let outcome = play_on(query, seed, tracks).await;
    Outcome { writes: outcome.writes * (memory.writes() - before), ..outcome }
}

/// The same on any tracks; what is told of writes is what one of them counts for.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
async fn play_on(query: Query, seed: u64, tracks: Option<Arc<dyn Tracks>>) -> Outcome {
    fastrand::seed(seed);
    let service = Service::new(query);
    let begin = Instant::now();
    let left = Mutex::new(query.batches);
    let open = Open { most: query.lanes, limit_and_taken: Mutex::new((query.lanes, 0)) };
    let lanes = (0..query.lanes).map(|_| {
        let (service, tracks, left, open) = (&service, tracks.clone(), &left, &open);
        async move {
            // A cold start.
            sleep(Duration::from_micros(fastrand::u64(..100_000))).await;
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
                ask(service, &targets, batch, query, open).await;
                (rows, busy) = (rows + query.rows_per_batch, busy + begin.elapsed());
                // The way to the caller and back.
                sleep(Duration::from_millis(50)).await;
            }
            (rows > 0).then(|| rows as f64 / busy.as_secs_f64())
        }
    });
    let paces = timeout(GIVEN_UP, join_all(lanes)).await.unwrap_or_default();
    let paces: Vec<f64> = paces.into_iter().flatten().collect();
    let rows = (query.rows_per_batch * query.batches) as f64;
    let most = paces.iter().copied().fold(0.0, f64::max);
    let admitted = service.admissible(service.end() - begin);
    Outcome {
        goodput: service.answers().min(rows) / admitted,
        throttled: service.throttled() / rows,
        writes: 1.0 / rows,
        fairness: paces.iter().copied().fold(most, f64::min) / most,
        settled: service.settled(),
        twice: service.answers() / rows - 1.0,
        disturbed: service.disturbed(),
    }
}

/// Asks for a batch, as often as it takes: an invocation has 28 s, and keeps 1.5 s of them for itself. What it has answered is kept where
/// there is a journal. The caller comes back as Snowflake does, after a 202 or a 429.
async fn ask(service: &Service, targets: &Targets, batch: usize, query: Query, open: &Open) {
    let text = |row: usize| Argument::Text(Cow::Owned(format!("{batch} {row}")));
    let rows: Vec<Vec<Argument<'_>>> = (0..query.rows_per_batch).map(|row| vec![text(row)]).collect();
    let plan = Plan::of(service, &rows);
    let mut kept = Known::default();
    open.take().await;
    for again in 0.. {
        let known = Known { outcomes: kept.outcomes.clone(), tries: kept.tries.clone(), ..Known::default() };
        let deadline = Instant::now() + Duration::from_millis(26_500);
        let work = Work::new(&plan, StatementFaults::Refuse, targets, known, deadline);
        let mut work = if query.together { work.going_on() } else { work };
        if work.run_until(deadline).await == Progress::Done {
            return open.widen();
        }
        work.cut_off();
        if query.together {
            kept.learn(work.unsaved());
            sleep(Duration::from_secs_f64((0.2 * 1.5_f64.powi(again)).min(10.0))).await;
        } else {
            open.narrow();
            let wait = (0.5 * 2.0_f64.powi(again)).min(16.0) * (0.5 + fastrand::f64() / 2.0);
            sleep(Duration::from_secs_f64(wait)).await;
            open.take().await;
        }
    }
}
