//! The engine, driven with paused time and functions that do as they are told.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::*;
use crate::functions::{Arguments, Code, Fault, Function, Moment, Refusal, Target, Texts, Value};

/// Answers each row with its own text, after doing what the row's script says for each attempt.
#[derive(Default)]
struct Scripted {
    scripts: HashMap<&'static str, Vec<Step>>,
    calls: Mutex<HashMap<String, usize>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    latency: Duration,
}

#[derive(Debug, Clone)]
enum Step {
    Throttle,
    ThrottleFor(Duration),
    Fail,
    RefuseRow,
    RefuseStatement,
    Hang,
    Panic,
    Answer,
}

impl Scripted {
    fn with(latency: Duration, scripts: &[(&'static str, &[Step])]) -> Self {
        let scripts = scripts.iter().map(|(text, steps)| (*text, steps.to_vec())).collect();
        Self { scripts, latency, ..Self::default() }
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().values().sum()
    }
}

fn refusal() -> Refusal {
    Refusal::new(Code::InvalidArgument, "no")
}

impl Function for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["text", "target"]
    }

    fn target(&self, arguments: &Texts<'_>) -> Result<Target, Fault> {
        match arguments[1] {
            "forbidden" => Err(Fault::Statement(refusal())),
            "bad" => Err(Fault::Row(refusal())),
            name => Ok(Target { name: name.to_owned(), per_second: None }),
        }
    }

    fn call<'a>(&'a self, arguments: &'a Texts<'a>) -> BoxFuture<'a, Result<Value, Fault>> {
        async move {
            let text = arguments[0];
            let attempt = {
                let mut calls = self.calls.lock().unwrap();
                let count = calls.entry(text.to_owned()).or_default();
                *count += 1;
                *count - 1
            };
            let in_flight = InFlight::begin(self);
            let script = self.scripts.get(text).or_else(|| self.scripts.get("*"));
            let step = script.and_then(|steps| steps.get(attempt).or(steps.last())).cloned().unwrap_or(Step::Answer);
            match step {
                Step::Throttle => return Err(Fault::Moment(Moment::throttled(None))),
                Step::ThrottleFor(wait) => return Err(Fault::Moment(Moment::throttled(Some(wait)))),
                Step::Hang => std::future::pending().await,
                Step::Panic => panic!("as told"),
                _ => sleep(self.latency).await,
            }
            drop(in_flight);
            match step {
                Step::Fail => Err(Fault::Moment(Moment::failed(None))),
                Step::RefuseRow => Err(Fault::Row(refusal())),
                Step::RefuseStatement => Err(Fault::Statement(refusal())),
                _ => Ok(serde_json::Value::from(text).to_string().into()),
            }
        }
        .boxed()
    }
}

struct InFlight<'a>(&'a Scripted);

impl<'a> InFlight<'a> {
    fn begin(function: &'a Scripted) -> Self {
        let now = function.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        function.peak.fetch_max(now, Ordering::Relaxed);
        Self(function)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn rows<'a>(texts: impl IntoIterator<Item = &'a str>, target: &'a str) -> Vec<Arguments<'a>> {
    texts.into_iter().map(|text| vec![Some(Cow::Borrowed(text)), Some(Cow::Borrowed(target))]).collect()
}

async fn run(
    function: &Scripted,
    rows: &[Arguments<'_>],
    ceiling: usize,
    time: Duration,
) -> Result<Answers, Unfinished> {
    let plan = Plan::of(rows);
    let targets = Targets::new(ceiling);
    let deadline = Instant::now() + time;
    let mut work = Work::new(function, &plan, &targets, Known::default(), deadline);
    while work.run_until(deadline).await == Progress::Paused {}
    let outcome = work.finish();
    assert_eq!(function.in_flight.load(Ordering::Relaxed), 0, "a call outlived the work");
    assert!(Instant::now() <= deadline, "the work outlived the deadline");
    outcome
}

fn json(outcome: &Result<Answers, Unfinished>) -> Vec<&str> {
    let answers = outcome.as_ref().unwrap();
    assert_eq!(answers.refusal(), None);
    answers.json().collect()
}

fn refused(outcome: &Result<Answers, Unfinished>) -> Option<&Refusal> {
    outcome.as_ref().unwrap().refusal()
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn equal_rows_share_a_call_and_every_row_has_its_answer() {
    let function = Scripted::with(SECOND, &[]);
    let texts: Vec<String> = (0..4096).map(|row| format!("text {}", row % 100)).collect();
    let outcome = run(&function, &rows(texts.iter().map(String::as_str), "t"), 64, 20 * SECOND).await;
    assert_eq!(function.calls(), 100);
    for (text, answer) in texts.iter().zip(json(&outcome)) {
        assert_eq!(answer, format!("\"{text}\""));
    }
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_holds_over_all_targets() {
    let function = Scripted::with(SECOND, &[]);
    let texts: Vec<String> = (0..200).map(|row| row.to_string()).collect();
    let mut all = rows(texts.iter().take(100).map(String::as_str), "a");
    all.extend(rows(texts.iter().skip(100).map(String::as_str), "b"));
    assert_eq!(json(&run(&function, &all, 10, 100 * SECOND).await).len(), 200);
    assert_eq!(function.peak.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_invisible() {
    let function = Scripted::with(
        SECOND,
        &[("a", &[Step::Throttle, Step::Throttle, Step::Answer]), ("b", &[Step::Fail, Step::Fail, Step::Answer])],
    );
    let outcome = run(&function, &rows(["a", "b", "c"], "t"), 8, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\"", "\"c\""]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_service_asks_for_is_kept() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(9 * SECOND), Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a"], "t"), 8, 20 * SECOND).await);
    assert_eq!(begin.elapsed(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_waited_for() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(60 * SECOND)])]);
    let begin = Instant::now();
    let outcome = run(&function, &rows(["a"], "t"), 8, 20 * SECOND).await;
    assert_eq!(outcome, Err(Unfinished { throttled: true }));
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_service_ends_with_the_deadline() {
    let function = Scripted::with(SECOND, &[("b", &[Step::Hang])]);
    let outcome = run(&function, &rows(["a", "b"], "t"), 8, 20 * SECOND).await;
    assert_eq!(outcome, Err(Unfinished { throttled: false }));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_made_before_the_deadline_is_not_one_that_was_cut_off() {
    let function = Scripted::with(SECOND, &[]);
    let all = rows(["a", "b"], "t");
    let (plan, targets) = (Plan::of(&all), Targets::new(8));
    let cuts = HashMap::from([(0, 1), (1, 1)]);
    let known = Known { cuts, ..Known::default() };
    let mut work = Work::new(&function, &plan, &targets, known, Instant::now());
    assert_eq!(work.run_until(Instant::now() + SECOND).await, Progress::OutOfTime);
    assert_eq!((work.cut_off(), work.calls(), function.calls()), (Entry::default(), 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_costs_the_others_nothing() {
    let function = Scripted::with(SECOND, &[("b", &[Step::RefuseRow]), ("c", &[Step::Panic])]);
    let mut all = rows(["a", "b", "c", "d"], "t");
    all.push(vec![None, Some("t".into())]);
    all.extend(rows(["e"], "bad"));
    let outcome = run(&function, &all, 8, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "null", "null", "\"d\"", "null", "null"]);
    assert_eq!(function.calls(), 4, "each row is asked once");
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_cannot_succeed_takes_a_few_calls() {
    let function = Scripted::with(SECOND, &[("*", &[Step::RefuseStatement])]);
    let texts: Vec<String> = (0..1000).map(|row| row.to_string()).collect();
    let all = rows(texts.iter().map(String::as_str), "t");
    assert_eq!(refused(&run(&function, &all, 128, 20 * SECOND).await), Some(&refusal()));
    assert!(function.calls() <= 5, "{}", function.calls());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_only_some_rows_name_is_null_for_them() {
    let texts: Vec<String> = (0..100).map(|row| row.to_string()).collect();
    let all: Vec<_> = texts
        .iter()
        .enumerate()
        .flat_map(|(row, text)| rows([text.as_str()], if row % 2 == 0 { "t" } else { "forbidden" }))
        .collect();
    let function = Scripted::with(SECOND, &[]);
    let outcome = run(&function, &all, 8, 60 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 50);
    assert_eq!(refused(&run(&function, &rows(["a"], "forbidden"), 8, SECOND).await), Some(&refusal()));
}

#[tokio::test(start_paused = true)]
async fn a_row_at_fault_does_not_hide_that_the_statement_is() {
    let mut all = rows(["a"], "forbidden");
    all.extend(rows(["b"], "bad"));
    let function = Scripted::default();
    assert_eq!(refused(&run(&function, &all, 8, SECOND).await), Some(&refusal()));
    assert_eq!(function.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_is_answered() {
    assert!(json(&run(&Scripted::default(), &[], 8, SECOND).await).is_empty());
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer),
        1 => Just(Step::Throttle),
        1 => Just(Step::Fail),
        1 => Just(Step::RefuseRow),
        1 => Just(Step::RefuseStatement),
        1 => Just(Step::Hang),
    ]
}

const TEXTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_answered_in_its_place_or_the_whole_batch_is_not(
        batch in proptest::collection::vec((0..TEXTS.len(), proptest::bool::weighted(0.1)), 0..40),
        scripts in proptest::collection::vec(proptest::collection::vec(step(), 1..4), TEXTS.len()),
        ceiling in 1_usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let function = Scripted {
                scripts: TEXTS.iter().copied().zip(scripts.clone()).collect(),
                latency: SECOND,
                ..Scripted::default()
            };
            let all: Vec<Arguments<'_>> = batch
                .iter()
                .map(|(text, null)| vec![Some(Cow::Borrowed(TEXTS[*text])), (!null).then_some(Cow::Borrowed("t"))])
                .collect();
            if let Ok(answers) = run(&function, &all, ceiling, 60 * SECOND).await {
                let answers: Vec<_> = answers.json().collect();
                assert_eq!(answers.len(), batch.len());
                for ((text, null), answer) in batch.iter().zip(answers) {
                    let own = format!("\"{}\"", TEXTS[*text]);
                    assert!(answer == "null" || (answer == own && !null));
                }
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_throttled_twice_each_are_answered_soon() {
    let function = Scripted::with(SECOND, &[("*", &[Step::Throttle, Step::Throttle, Step::Answer])]);
    for (count, seconds) in [(1, 5), (10, 15), (15, 25)] {
        let texts: Vec<String> = (0..count).map(|row| format!("{count} {row}")).collect();
        let all = rows(texts.iter().map(String::as_str), "t");
        assert!(run(&function, &all, 128, SECOND * seconds).await.is_ok(), "{count} rows in {seconds} s");
    }
}
