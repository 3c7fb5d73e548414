//! A model behind a token bucket, and a table of tracks in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::Query;
use crate::batch::limiter::{Change, Changed, Track, Tracks, TracksError};
use crate::function::{Answered, Call, Failed, Function, Job, Moment, Parameter, Refusal, Row, Target};

/// Seconds for which slots may have been taken ahead.
const USED_UP: f64 = 2.0;

/// A model that answers after a while, and whose quota all environments share.
pub struct Service {
    query: Query,
    begin: Instant,
    bucket: Mutex<(f64, Instant)>,
    answers: Mutex<Vec<Instant>>,
    throttled: Mutex<u32>,
    /// Calls that came while the service was to be left alone, from when slots that were taken before are used up.
    disturbed: Mutex<u32>,
    /// Whether it has asked for that.
    has_asked: Mutex<bool>,
}

impl Service {
    pub fn new(query: Query) -> Self {
        let begin = Instant::now();
        let bucket = Mutex::new((query.burst, begin));
        Self {
            query,
            begin,
            bucket,
            answers: Mutex::default(),
            throttled: Mutex::default(),
            disturbed: Mutex::default(),
            has_asked: Mutex::default(),
        }
    }

    /// How many times its first self the quota is then.
    fn factor(&self, at: Instant) -> f64 {
        self.query
            .step
            .filter(|(seconds, _)| (at - self.begin).as_secs_f64() >= *seconds)
            .map_or(1.0, |(_, factor)| factor)
    }

    /// Calls that the quota lets through in that time, a full bucket not counted.
    pub fn admissible(&self, time: Duration) -> f64 {
        let down = self.query.outage.map_or(0.0, |(_, seconds)| seconds);
        let time = time.as_secs_f64() - down;
        let (before, factor) = self.query.step.map_or((time, 1.0), |(seconds, factor)| (seconds.min(time), factor));
        self.query.quota * (before + factor * (time - before))
    }

    fn admits(&self) -> bool {
        let (now, mut bucket) = (Instant::now(), self.bucket.lock().unwrap());
        let (tokens, filled) = &mut *bucket;
        let factor = self.factor(now);
        let burst = if self.query.burst > 1.0 { factor * self.query.burst } else { self.query.burst };
        *tokens = (*tokens + (now - *filled).as_secs_f64() * factor * self.query.quota).min(burst);
        *filled = now;
        let since = (now - self.begin).as_secs_f64();
        let is_out = self.query.outage.is_some_and(|(at, seconds)| (at..at + seconds).contains(&since));
        *tokens = if is_out { 0.0 } else { *tokens };
        let is_admitted = *tokens >= 1.0;
        *tokens -= if is_admitted { 1.0 } else { 0.0 };
        is_admitted
    }

    /// What it asks the first call for that comes then.
    fn asks_to_wait(&self) -> Option<Duration> {
        let (at, seconds) = self.query.retry_after?;
        let now = (Instant::now() - self.begin).as_secs_f64();
        if (at + USED_UP..at + seconds).contains(&now) {
            *self.disturbed.lock().unwrap() += 1;
        }
        let has_asked = std::mem::replace(&mut *self.has_asked.lock().unwrap(), now >= at);
        (now >= at && !has_asked).then(|| Duration::from_secs_f64(seconds))
    }

    pub fn disturbed(&self) -> f64 {
        f64::from(*self.disturbed.lock().unwrap())
    }

    async fn ask(&self) -> Result<Answered, Failed> {
        sleep(Duration::from_micros(fastrand::u64(1000..10_000)) + self.query.late()).await;
        if let Some(wait) = self.asks_to_wait() {
            return Err(Moment::throttled("Slow", Some(wait)).into());
        }
        if !self.admits() {
            *self.throttled.lock().unwrap() += 1;
            sleep(Duration::from_millis(10)).await;
            return Err(Moment::throttled("Slow", None).into());
        }
        sleep(Duration::from_secs_f64(self.query.latency * (0.8 + 0.4 * fastrand::f64()))).await;
        self.answers.lock().unwrap().push(Instant::now());
        Ok(Answered::from(Box::from("1")))
    }

    /// When the last call was answered.
    pub fn end(&self) -> Instant {
        self.answers.lock().unwrap().last().copied().unwrap_or(self.begin)
    }

    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    pub fn answers(&self) -> f64 {
        self.answers.lock().unwrap().len() as f64
    }

    pub fn throttled(&self) -> f64 {
        f64::from(*self.throttled.lock().unwrap())
    }

    /// Seconds after the step, and the time of a call, from which the answers of four seconds are within a tenth of the quota.
    pub fn settled(&self) -> f64 {
        let Some((step, factor)) = self.query.step else {
            return 0.0;
        };
        let answers = self.answers.lock().unwrap();
        let is_within = |second: &u32| {
            let from = self.begin + Duration::from_secs_f64(step + self.query.latency + f64::from(*second));
            let window = from..from + Duration::from_secs(4);
            let count = u32::try_from(answers.iter().filter(|at| window.contains(at)).count()).unwrap();
            (0.9..1.1).contains(&(f64::from(count) / 4.0 / (factor * self.query.quota)))
        };
        (0..60).find(is_within).map_or(60.0, f64::from)
    }
}

impl Function for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        Ok(Job {
            target: Target { name: "model".into(), per_second: None },
            options: "".into(),
            question: Some(Box::new([row.text(0).into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(|| self.ask()),
        })
    }
}

/// Tracks in memory, that take some milliseconds to change.
#[derive(Default)]
pub struct Memory {
    tracks: Mutex<HashMap<String, (Track, Instant)>>,
    writes: Mutex<u32>,
    /// Most seconds that a change takes longer, each way.
    late: f64,
    /// Seconds from the first change on within which changes are late.
    late_at_first: f64,
    begin: Mutex<Option<Instant>>,
}

impl Memory {
    pub fn new(late: f64, late_at_first: f64) -> Self {
        Self { late, late_at_first, ..Self::default() }
    }

    /// How long a change waits that comes within those: until a time by chance.
    fn busy(&self) -> Duration {
        let now = Instant::now();
        let begin = *self.begin.lock().unwrap().get_or_insert(now);
        Duration::from_secs_f64(self.late_at_first * fastrand::f64()).saturating_sub(now - begin)
    }

    fn late(&self) -> Duration {
        Duration::from_secs_f64(self.late * fastrand::f64())
    }

    pub fn writes(&self) -> f64 {
        f64::from(*self.writes.lock().unwrap())
    }

    fn change_now(&self, target: &str, change: Change) -> Changed {
        let (now, mut tracks) = (Instant::now(), self.tracks.lock().unwrap());
        *self.writes.lock().unwrap() += 1;
        let known =
            tracks.get(target).map(|(track, at)| Track { ahead: track.ahead - (now - *at).as_secs_f64(), ..*track });
        match Track::changed(known, change) {
            Some(track) => {
                tracks.insert(target.to_owned(), (track, now));
                Changed::Yes(track)
            }
            None => Changed::No(known),
        }
    }
}

impl Tracks for Memory {
    fn change<'a>(&'a self, target: &'a str, change: Change) -> BoxFuture<'a, Result<Changed, TracksError>> {
        async move {
            let way = || Duration::from_micros(fastrand::u64(1500..4000)) + self.late();
            sleep(self.busy() + way()).await;
            let changed = self.change_now(target, change);
            sleep(way()).await;
            Ok(changed)
        }
        .boxed()
    }
}
