//! The whole engine in several environments that share a quota and do not know of each other, in paused time.
//!
//! `cargo test --lib shared_quota -- --ignored --nocapture` prints the table by which the constants of the limiter were
//! chosen. What it says:
//!
//! - One environment uses 0.97 and more of a quota of 20 a second and up, and wastes 1 or 2 % of its calls, whatever bursts
//!   the quota allows.
//! - Eight that share a quota of 60 or 200 a second use 0.95 and more of it and waste 1 to 4 %. Of 20 a second, where each
//!   has two or three, they use about as much and waste 8 %: so few calls teach little.
//! - 32 at 5 a second waste more calls than are answered, and use the quota all the same.
//! - A quota that allows no bursts, and refuses two calls that come closer than its interval, keeps environments that do not
//!   march in step from using it: to waste few calls there means to make few.
//! - A latency of several seconds takes several of them to fill the ceiling; goodput of the first half minute is less.

use std::borrow::Cow;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{Known, Plan, Progress, StatementFaults, Targets, Work};
use crate::function::{Answered, Argument, Call, Fault, Function, Job, Moment, Parameter, Refusal, Row, Target};

/// One setting.
#[derive(Debug, Clone, Copy)]
struct Setting {
    environments: usize,
    /// Calls a second.
    quota: f64,
    /// Seconds' worth of the quota that may come at once; at least one call.
    burst: f64,
    latency: Duration,
    seed: u64,
}

#[derive(Debug)]
struct Outcome {
    /// Answers a second over the quota, from the 5th second to the 25th.
    goodput: f64,
    /// Throttled calls over answered ones, from beginning to end.
    wasted: f64,
}

/// A model behind a token bucket.
struct Model {
    quota: f64,
    burst: f64,
    latency: Duration,
    bucket: Mutex<(f64, Instant)>,
    answers: Mutex<Vec<Instant>>,
    throttled: Mutex<u32>,
}

impl Model {
    fn admits(&self) -> bool {
        let mut bucket = self.bucket.lock().unwrap();
        let (tokens, filled) = &mut *bucket;
        let now = Instant::now();
        *tokens = (*tokens + (now - *filled).as_secs_f64() * self.quota).min(self.burst);
        *filled = now;
        let admitted = *tokens >= 1.0;
        *tokens -= f64::from(u8::from(admitted));
        admitted
    }
}

impl Function for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        Ok(Job {
            target: Target { name: "model".into(), per_second: None },
            options: "".into(),
            question: Box::new([row.text(0).into()]),
            expected_bytes: 0,
            call: Call::alone(|| self.ask()),
        })
    }
}

impl Model {
    async fn ask(&self) -> Result<Answered, Fault> {
        // The way there.
        sleep(Duration::from_millis(fastrand::u64(1..5))).await;
        if !self.admits() {
            *self.throttled.lock().unwrap() += 1;
            sleep(Duration::from_millis(fastrand::u64(1..15))).await;
            return Err(Moment::throttled("Slow", None).into());
        }
        sleep(self.latency.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        self.answers.lock().unwrap().push(Instant::now());
        Ok(Answered::from(Box::from("1")))
    }
}

/// Rows for so many seconds at the quota, so that every environment has some to the end of what is counted.
const SECONDS_OF_ROWS: f64 = 40.0;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "thousands")]
async fn run(setting: Setting) -> Outcome {
    let Setting { environments, quota, burst, latency, seed } = setting;
    fastrand::seed(seed);
    let begin = Instant::now();
    let burst = f64::max(burst * quota, 1.0);
    let model = Model {
        quota,
        burst,
        latency,
        bucket: Mutex::new((burst, begin)),
        answers: Mutex::default(),
        throttled: Mutex::default(),
    };
    let rows = (quota * SECONDS_OF_ROWS) as usize / environments;
    let batches = (0..environments).map(|_| async {
        let text = |row: usize| Argument::Text(Cow::Owned(row.to_string()));
        let rows: Vec<Vec<Argument<'_>>> = (0..rows).map(|row| vec![text(row)]).collect();
        let (plan, targets) = (Plan::of(&model, &rows), Targets::new(512));
        let deadline = begin + Duration::from_secs(3600);
        let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
        assert_eq!(work.run_until(deadline).await, Progress::Done, "{setting:?}");
    });
    join_all(batches).await;
    let answers = model.answers.into_inner().unwrap();
    let counted = begin + Duration::from_secs(5)..begin + Duration::from_secs(25);
    let in_time = answers.iter().filter(|at| counted.contains(at)).count();
    Outcome {
        goodput: in_time as f64 / 20.0 / quota,
        wasted: f64::from(model.throttled.into_inner().unwrap()) / answers.len() as f64,
    }
}

/// The mean of three seeds.
async fn mean(environments: usize, quota: f64, burst: f64, seconds: f64) -> Outcome {
    let latency = Duration::from_secs_f64(seconds);
    let mut mean = Outcome { goodput: 0.0, wasted: 0.0 };
    for seed in 0..3 {
        let outcome = run(Setting { environments, quota, burst, latency, seed }).await;
        mean.goodput += outcome.goodput / 3.0;
        mean.wasted += outcome.wasted / 3.0;
    }
    mean
}

#[tokio::test(start_paused = true)]
#[ignore = "prints the table by which the constants were chosen; takes minutes"]
async fn print_the_table() {
    println!("quota burst latency environments: goodput wasted");
    for quota in [5.0, 20.0, 60.0, 200.0, 500.0] {
        for burst in [0.1, 0.5, 1.0] {
            for latency in [0.1, 1.0, 4.0] {
                for environments in [1, 8, 32] {
                    let Outcome { goodput, wasted } = mean(environments, quota, burst, latency).await;
                    println!("{quota:>5} {burst:>5} {latency:>7} {environments:>12}: {goodput:.3} {wasted:.3}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_environment_uses_its_quota_and_wastes_little() {
    for (quota, burst, latency) in [(20.0, 0.1, 1.0), (20.0, 1.0, 0.3), (60.0, 0.5, 1.0), (200.0, 0.1, 0.3)] {
        let outcome = mean(1, quota, burst, latency).await;
        assert!(outcome.goodput >= 0.97 && outcome.wasted <= 0.04, "{quota} {burst} {latency}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn eight_environments_share_a_quota() {
    for (quota, latency, least, most) in [(20.0, 1.0, 0.92, 0.1), (60.0, 0.3, 0.94, 0.05), (60.0, 1.0, 0.94, 0.05)] {
        let outcome = mean(8, quota, 1.0, latency).await;
        assert!(outcome.goodput >= least && outcome.wasted <= most, "{quota} {latency}: {outcome:?}");
    }
}
