//! The engine, driven with paused time and functions that do as they are told.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::*;
use crate::function::{
    Answered, Argument, Call, Code, Fault, Function, Job, Moment, Outcome, PackFault, Parameter, Refusal, Row, Target,
    Whose,
};

/// Answers each row with its own text, after doing what the row's script says for each attempt.
#[derive(Default)]
struct Scripted {
    scripts: HashMap<&'static str, Vec<Step>>,
    calls: Mutex<HashMap<String, usize>>,
    asked: AtomicUsize,
    /// The texts in the order in which they were asked.
    order: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    latency: Duration,
    /// Most rows of one call; 0 is a call for each row.
    pack: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Throttle,
    ThrottleFor(Duration),
    Fail,
    Unreadable,
    RefuseRow,
    RefuseUnknown,
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

    /// Service calls that were made.
    fn calls(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Calls in which this text was.
    fn calls_of(&self, text: &str) -> usize {
        self.calls.lock().unwrap().get(text).copied().unwrap_or_default()
    }

    fn step(&self, text: &str) -> Step {
        let mut calls = self.calls.lock().unwrap();
        let attempt = calls.entry(text.to_owned()).or_default();
        *attempt += 1;
        let script = self.scripts.get(text).or_else(|| self.scripts.get("*"));
        script.and_then(|steps| steps.get(*attempt - 1).or(steps.last())).cloned().unwrap_or(Step::Answer)
    }

    async fn ask(&self, text: &str) -> Result<Answered, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.order.lock().unwrap().push(text.to_owned());
        let step = self.step(text);
        let in_flight = InFlight::begin(self);
        match step {
            Step::Throttle => return Err(Moment::throttled("Slow", None).into()),
            Step::ThrottleFor(wait) => return Err(Moment::throttled("Slow", Some(wait)).into()),
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("as told"),
            _ => sleep(self.latency).await,
        }
        drop(in_flight);
        match step {
            Step::Fail => Err(Moment::failed("Broken", None).into()),
            Step::Unreadable => Err(Moment::unreadable("Garbled").into()),
            Step::RefuseRow => Err(refusal(Whose::Row).into()),
            Step::RefuseUnknown => Err(refusal(Whose::Unknown).into()),
            Step::RefuseStatement => Err(refusal(Whose::Statement).into()),
            _ => Ok(answer(text)),
        }
    }

    /// A call for many texts is refused when one of them is; half of the time it is said which.
    async fn ask_all(&self, texts: Vec<String>) -> Result<Vec<Answered>, PackFault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let _in_flight = InFlight::begin(self);
        sleep(self.latency).await;
        let mut answers = Vec::new();
        let steps: Vec<Step> = texts.iter().map(|text| self.step(text)).collect();
        for (place, (text, step)) in texts.iter().zip(steps).enumerate() {
            match step {
                Step::RefuseRow => return Err(PackFault::Member(place, refusal(Whose::Row))),
                Step::RefuseUnknown => return Err(PackFault::Whole(refusal(Whose::Unknown).into())),
                Step::Fail => return Err(PackFault::Whole(Moment::failed("Broken", None).into())),
                Step::Unreadable => return Ok(answers),
                _ => answers.push(answer(text)),
            }
        }
        Ok(answers)
    }
}

fn answer(text: &str) -> Answered {
    Answered::from(serde_json::Value::from(text).to_string().into_boxed_str())
}

fn refusal(whose: Whose) -> Refusal {
    Refusal { whose, service_code: Some("No".into()), ..Refusal::row(Code::InvalidArgument, "no") }
}

impl Function for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::text("target"), Parameter::options("options")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (text, options) = (row.text(0), row.text(2));
        match row.text(1) {
            "forbidden" => return Err(refusal(Whose::Statement)),
            "bad" => return Err(refusal(Whose::Row)),
            _ => {}
        }
        let call = match self.pack {
            0 => Call::alone(move || self.ask(text)),
            most => Call::Packed { text: text.into(), most, ask: Box::new(|texts| Box::pin(self.ask_all(texts))) },
        };
        Ok(Job {
            target: Target { name: row.text(1).to_owned().into(), per_second: None },
            options: options.into(),
            question: Box::new([text.into(), row.text(1).into(), options.into()]),
            expected_bytes: 0,
            call,
        })
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

fn rows<'a>(texts: impl IntoIterator<Item = &'a str>, target: &'a str) -> Vec<Vec<Argument<'a>>> {
    let text = |text: &'a str| Argument::Text(Cow::Borrowed(text));
    texts.into_iter().map(|of| vec![text(of), text(target)]).collect()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|row| row.to_string()).collect()
}

fn refs(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

async fn run(
    function: &Scripted,
    rows: &[Vec<Argument<'_>>],
    ceiling: usize,
    time: Duration,
) -> Result<Answers, Unfinished> {
    let (outcome, entry) = invoke(function, rows, &Targets::new(ceiling), Known::default(), time).await;
    assert!(entry.outcomes.iter().all(|(_, outcome)| outcome.attempts > 0), "what was never asked is not final");
    outcome
}

/// One invocation, and what it leaves to be kept.
async fn invoke(
    function: &Scripted,
    rows: &[Vec<Argument<'_>>],
    targets: &Targets,
    known: Known,
    time: Duration,
) -> (Result<Answers, Unfinished>, Entry) {
    let plan = Plan::of(function, rows);
    let deadline = Instant::now() + time;
    let mut work = Work::new(&plan, StatementFaults::Refuse, targets, known, deadline);
    while work.run_until(deadline).await == Progress::Paused {}
    work.cut_off();
    let entry = work.unsaved();
    let outcome = work.finish();
    assert_eq!(function.in_flight.load(Ordering::Relaxed), 0, "a call outlived the work");
    assert!(Instant::now() <= deadline, "the work outlived the deadline");
    (outcome, entry)
}

/// Invocations one after the other, until the batch is answered or refused.
async fn invoke_on(
    function: &Scripted,
    rows: &[Vec<Argument<'_>>],
    targets: &Targets,
    most: usize,
) -> (Result<Answers, Unfinished>, usize) {
    let mut known = Known::default();
    for invocation in 1.. {
        let (outcome, entry) = invoke(function, rows, targets, known.clone(), 20 * SECOND).await;
        known.learn(entry);
        if outcome.is_ok() || invocation == most {
            return (outcome, invocation);
        }
    }
    unreachable!("there is a last invocation")
}

fn json(outcome: &Result<Answers, Unfinished>) -> Vec<&str> {
    let answers = outcome.as_ref().unwrap();
    assert_eq!(answers.refusal(), None);
    let borrowed = |value| match value {
        Cow::Borrowed(value) => value,
        Cow::Owned(value) => panic!("a value is not copied: {value}"),
    };
    answers.json().map(borrowed).collect()
}

fn refused(outcome: &Result<Answers, Unfinished>) -> Option<&Refusal> {
    outcome.as_ref().unwrap().refusal()
}

fn unfinished(throttled: bool, reason: &str) -> Unfinished {
    Unfinished { throttled, reason: Some(reason.to_owned()) }
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
    assert_eq!(outcome, Err(unfinished(true, "Slow")));
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_service_ends_with_the_deadline() {
    let function = Scripted::with(SECOND, &[("b", &[Step::Hang])]);
    let outcome = run(&function, &rows(["a", "b"], "t"), 8, 20 * SECOND).await;
    assert_eq!(outcome, Err(Unfinished { throttled: false, reason: None }));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_made_before_the_deadline_is_not_one_that_was_cut_off() {
    let function = Scripted::with(SECOND, &[]);
    let all = rows(["a", "b"], "t");
    let known = Known { tries: HashMap::from([(0, Tries { cut: 1, ..Tries::default() })]), ..Known::default() };
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), known, Duration::ZERO).await;
    assert!(outcome.is_err());
    assert_eq!((entry, function.calls()), (Entry::default(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_costs_the_others_nothing() {
    let function = Scripted::with(SECOND, &[("b", &[Step::RefuseRow]), ("c", &[Step::Panic])]);
    let mut all = rows(["a", "b", "c", "d"], "t");
    all.push(vec![Argument::Null, Argument::Text("t".into())]);
    all.extend(rows(["e"], "bad"));
    let outcome = run(&function, &all, 8, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "null", "null", "\"d\"", "null", "null"]);
    assert_eq!(function.calls(), 4, "each row is asked once");
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_cannot_succeed_takes_a_few_calls() {
    let function = Scripted::with(SECOND, &[("*", &[Step::RefuseStatement])]);
    let texts = numbered(1000);
    assert_eq!(
        refused(&run(&function, &rows(refs(&texts), "t"), 128, 20 * SECOND).await),
        Some(&refusal(Whose::Statement))
    );
    assert_eq!(function.calls(), 5);
    assert_eq!(
        refused(&run(&function, &rows(["alone"], "t"), 128, 20 * SECOND).await),
        Some(&refusal(Whose::Statement))
    );
    assert_eq!(function.calls_of("alone"), 5);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_is_refused_and_has_no_time_left_says_so() {
    let function = Scripted::with(3 * SECOND, &[("*", &[Step::RefuseStatement])]);
    assert_eq!(refused(&run(&function, &rows(["a"], "t"), 8, 4 * SECOND).await), Some(&refusal(Whose::Statement)));
    assert_eq!(function.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_only_some_rows_name_is_null_for_them() {
    let texts = numbered(100);
    let mut all = rows(refs(&texts[..50]), "t");
    all.extend(rows(refs(&texts[50..]), "forbidden"));
    let function = Scripted::with(SECOND, &[]);
    let outcome = run(&function, &all, 8, 60 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 50);
    assert_eq!(refused(&run(&function, &rows(["a"], "forbidden"), 8, SECOND).await), Some(&refusal(Whose::Statement)));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_never_answers_is_given_up_beside_one_that_does() {
    let gone: Vec<String> = (0..50).map(|row| format!("gone {row}")).collect();
    let mut scripts: Vec<(&str, &[Step])> = vec![("a", &[Step::Answer]), ("b", &[Step::Answer])];
    scripts.push(("*", &[Step::RefuseStatement]));
    let function = Scripted::with(SECOND, &scripts);
    let mut all = rows(["a", "b"], "t");
    all.extend(rows(refs(&gone), "gone"));
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 50);
    assert_eq!(function.calls(), 2 + 5);
    // Rows that were never asked have no outcome of their own, and the next invocation comes to the same.
    assert!(entry.outcomes.len() < 10, "{}", entry.outcomes.len());
    let mut known = Known::default();
    known.learn(entry);
    let targets = Targets::new(8);
    invoke(&function, &rows(["a"], "gone"), &targets, Known::default(), 20 * SECOND).await.0.unwrap();
    let (again, _) = invoke(&function, &all, &targets, known, 20 * SECOND).await;
    assert_eq!(json(&again), json(&outcome));
    assert_eq!(function.calls(), 2 + 5 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_has_answered_is_not_given_up_for_refusals() {
    let scripts: &[(&str, &[Step])] = &[
        ("1", &[Step::RefuseStatement, Step::RefuseStatement, Step::Answer]),
        ("2", &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer]),
        ("3", &[Step::RefuseStatement, Step::Answer]),
    ];
    let function = Scripted::with(SECOND, scripts);
    let texts = numbered(100);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_working_target_is_given_time_between_its_tries() {
    let tries: &[Step] = &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer];
    let function = Scripted::with(SECOND, &[("b", tries)]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a", "b"], "t"), 8, 60 * SECOND).await);
    assert!((4500..7000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_failed_once_comes_before_the_others_and_one_that_failed_twice_behind_them() {
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Fail, Step::Fail, Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["z", "a", "b", "c"], "t"), 1, 60 * SECOND).await);
    assert_eq!(*function.order.lock().unwrap(), ["z", "a", "a", "b", "c", "a", "a"]);
    assert!(begin.elapsed() < 8 * SECOND, "{:?}", begin.elapsed());
    // A row by itself is given time, too.
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Fail, Step::Fail, Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a"], "t"), 1, 60 * SECOND).await);
    assert!((4500..6000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_stays_ends_the_call_and_no_row_of_a_working_target_is_null() {
    let function = Scripted::with(SECOND, &[("7", &[Step::RefuseStatement])]);
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let targets = Targets::new(2);
    let (outcome, entry) = invoke(&function, &all, &targets, Known::default(), 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert_eq!((function.calls_of("7"), entry.refusal.is_some()), (6, true));
    // It stays refused, without another call.
    let (mut known, calls) = (Known::default(), function.calls());
    known.learn(entry);
    let (again, _) = invoke(&function, &all, &targets, known, 60 * SECOND).await;
    assert_eq!((refused(&again), function.calls()), (Some(&refusal(Whose::Statement)), calls));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_answered_an_earlier_batch_has_answered() {
    let refuse_twice: &[Step] = &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer];
    let function = Scripted::with(SECOND, &[("a", &[Step::Answer]), ("*", refuse_twice)]);
    let targets = Targets::new(8);
    invoke(&function, &rows(["a"], "t"), &targets, Known::default(), 20 * SECOND).await.0.unwrap();
    let texts = numbered(6);
    let (outcome, _) = invoke(&function, &rows(refs(&texts), "t"), &targets, Known::default(), 20 * SECOND).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_options_does_not_touch_rows_without_them() {
    let function = Scripted::with(SECOND, &[("hot", &[Step::RefuseStatement])]);
    let mut all = rows(["a", "b"], "t");
    all.push(vec![
        Argument::Text("hot".into()),
        Argument::Text("t".into()),
        Argument::object(r#"{"temperature":1}"#).unwrap(),
    ]);
    assert_eq!(json(&run(&function, &all, 8, 20 * SECOND).await), ["\"a\"", "\"b\"", "null"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_the_rows_until_eight_rows_have_nothing_else() {
    let function = Scripted::with(SECOND, &[("*", &[Step::RefuseUnknown])]);
    let texts = numbered(8);
    assert_eq!(json(&run(&function, &rows(refs(&texts[..7]), "t"), 8, 20 * SECOND).await), ["null"; 7]);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 20 * SECOND).await;
    let message = &refused(&outcome).unwrap().message;
    assert!(message.contains("No") && message.contains("all 8"), "{message}");
    let function = Scripted::with(SECOND, &[("3", &[Step::Answer]), ("*", &[Step::RefuseUnknown])]);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 20 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_nobody_knows_does_not_show_that_a_target_works() {
    let function = Scripted::with(SECOND, &[("0", &[Step::RefuseUnknown]), ("*", &[Step::RefuseStatement])]);
    let texts = numbered(20);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert!(function.calls() <= 10, "{}", function.calls());
}

#[tokio::test(start_paused = true)]
async fn a_row_at_fault_does_not_hide_that_the_statement_is() {
    let mut all = rows(["a"], "forbidden");
    all.extend(rows(["b"], "bad"));
    let function = Scripted::default();
    assert_eq!(refused(&run(&function, &all, 8, SECOND).await), Some(&refusal(Whose::Statement)));
    assert_eq!(function.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn rows_that_always_fail_are_at_fault_while_others_are_answered() {
    let function = Scripted::with(SECOND, &[("3", &[Step::Fail]), ("50", &[Step::Fail]), ("99", &[Step::Fail])]);
    let texts = numbered(100);
    let outcome = run(&function, &rows(refs(&texts), "t"), 32, 60 * SECOND).await;
    let nulls: Vec<usize> =
        json(&outcome).iter().enumerate().filter(|(_, json)| **json == "null").map(|of| of.0).collect();
    assert_eq!(nulls, [3, 50, 99]);
    for text in ["3", "50", "99"] {
        assert!((6..=8).contains(&function.calls_of(text)), "{text}: {}", function.calls_of(text));
    }
    assert_eq!(function.calls_of("4"), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_over_the_invocations_of_a_batch() {
    let function = Scripted::with(7 * SECOND, &[("x", &[Step::Fail]), ("y", &[Step::Unreadable])]);
    let (outcome, invocations) = invoke_on(&function, &rows(["a", "b", "x", "y"], "t"), &Targets::new(2), 30).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\"", "null", "null"]);
    assert!(invocations > 2);
    assert_eq!(function.calls_of("y"), 2, "an answer that cannot be read is not bought a third time");
    assert!(function.calls_of("x") <= 7 && function.calls_of("a") == 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_for_everybody_puts_no_row_at_fault() {
    let fails: Vec<Step> = std::iter::repeat_n(Step::Fail, 9).chain([Step::Answer]).collect();
    let function = Scripted::with(SECOND, &[("*", &fails)]);
    let (outcome, _) = invoke_on(&function, &rows(["a", "b"], "t"), &Targets::new(8), 30).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\""]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_row_is_at_fault_and_a_target_that_hangs_for_everybody_is_not() {
    let function = Scripted::with(SECOND, &[("x", &[Step::Hang]), ("y", &[Step::Hang])]);
    let texts = numbered(30);
    let mut all = rows(refs(&texts), "t");
    all.extend(rows(["x", "y"], "t"));
    let (outcome, invocations) = invoke_on(&function, &all, &Targets::new(8), 9).await;
    assert_eq!((json(&outcome)[29..].to_vec(), invocations), (vec!["\"29\"", "null", "null"], 2));
    assert_eq!((function.calls_of("x"), function.calls_of("5")), (2, 1));

    // Two invocations of nothing but silence, and then it answers.
    let silent: &[Step] = &[Step::Hang, Step::Hang, Step::Answer];
    let function = Scripted::with(SECOND, &[("a", silent), ("b", silent), ("c", silent)]);
    let (outcome, invocations) = invoke_on(&function, &rows(["z", "a", "b", "c"], "t"), &Targets::new(1), 20).await;
    assert_eq!(json(&outcome), ["\"z\"", "\"a\"", "\"b\"", "\"c\""]);
    assert!(invocations > 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_had_little_time_was_not_endless() {
    let function = Scripted::with(8 * SECOND, &[("*", &[Step::Answer])]);
    let all = rows(["a", "b", "c", "d", "e", "f", "g"], "t");
    let (outcome, _) = invoke_on(&function, &all, &Targets::new(1), 20).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_leaves_another_one_its_share() {
    let hanging: Vec<String> = (0..100).map(|row| format!("h{row}")).collect();
    let fast = numbered(100);
    let mut scripts: Vec<(&str, &[Step])> = Vec::new();
    for text in &hanging {
        scripts.push((text.clone().leak(), &[Step::Hang]));
    }
    let function = Scripted::with(SECOND / 10, &scripts);
    let mut all = rows(refs(&hanging), "hangs");
    all.extend(rows(refs(&fast), "fast"));
    let (outcome, entry) = invoke(&function, &all, &Targets::new(32), Known::default(), 20 * SECOND).await;
    assert!(outcome.is_err());
    let answered: HashSet<u32> = entry.outcomes.iter().map(|(row, _)| *row).collect();
    assert_eq!(answered, (100..200).collect());
    assert!(refs(&fast).all(|text| function.calls_of(text) == 1));
}

#[tokio::test(start_paused = true)]
async fn two_works_share_the_ceiling_and_wait_for_each_other() {
    let function = Scripted::with(SECOND, &[]);
    let targets = Targets::new(2);
    let texts = numbered(20);
    let (first, second) = (rows(refs(&texts[..10]), "t"), rows(refs(&texts[10..]), "t"));
    let plans = [Plan::of(&function, &first), Plan::of(&function, &second)];
    let deadline = Instant::now() + 60 * SECOND;
    let works =
        plans.each_ref().map(|plan| Work::new(plan, StatementFaults::AreData, &targets, Known::default(), deadline));
    let runs = works.map(|mut work| async move {
        while work.run_until(deadline).await == Progress::Paused {}
        work.finish()
    });
    for outcome in futures_util::future::join_all(runs).await {
        assert_eq!(json(&outcome).len(), 10);
    }
    assert_eq!(function.peak.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_hold_the_target_back() {
    let function = Scripted::with(Duration::from_millis(10), &[("*", &[Step::Fail])]);
    let texts = numbered(200);
    assert_eq!(run(&function, &rows(refs(&texts), "t"), 128, 20 * SECOND).await, Err(unfinished(false, "Broken")));
    assert!(function.calls() < 80, "{} calls in 20 s of an outage", function.calls());
}

#[tokio::test(start_paused = true)]
async fn what_a_service_asks_for_holds_for_the_whole_target_and_for_the_next_invocation() {
    let function = Scripted::with(SECOND, &[("0", &[Step::ThrottleFor(50 * SECOND), Step::Answer])]);
    let texts = numbered(40);
    let all = rows(refs(&texts), "t");
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(outcome, Err(unfinished(true, "Slow")));
    assert!(function.calls() < 4, "{}", function.calls());
    let mut known = Known::default();
    known.learn(entry);
    let (calls, begin) = (function.calls(), Instant::now());
    // In another environment.
    let (outcome, _) = invoke(&function, &all, &Targets::new(8), known, 20 * SECOND).await;
    assert!(outcome.is_err() && begin.elapsed().is_zero() && function.calls() == calls);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_any_length_is_harmless() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(Duration::MAX), Step::Answer])]);
    let outcome = run(&function, &rows(["a"], "t"), 8, 100 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\""]);
}

#[tokio::test(start_paused = true)]
async fn refusals_teach_the_limiter_that_the_target_answers() {
    let function = Scripted::with(2 * SECOND, &[("*", &[Step::RefuseRow])]);
    let texts = numbered(100);
    let begin = Instant::now();
    assert_eq!(json(&run(&function, &rows(refs(&texts), "t"), 128, 60 * SECOND).await).len(), 100);
    assert!(begin.elapsed() < 12 * SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_slow_rows_do_not_keep_the_others_from_being_asked() {
    let function = Scripted::with(SECOND, &[("0", &[Step::Hang]), ("1", &[Step::Hang])]);
    let texts = numbered(10);
    let (_, entry) = invoke(&function, &rows(refs(&texts), "t"), &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(entry.outcomes.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn swapped_arguments_leave_no_more_targets_behind_than_are_remembered() {
    let targets = Targets::new(8);
    for number in 0..2000 {
        targets.get(&Target { name: format!("model {number}").into(), per_second: None });
    }
    assert!(targets.remembered() <= 257, "{}", targets.remembered());
}

#[tokio::test(start_paused = true)]
async fn many_rows_go_in_one_call() {
    let function = Scripted { pack: 96, ..Scripted::with(SECOND, &[]) };
    let texts = numbered(4096);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert_eq!(json(&outcome).len(), 4096);
    assert_eq!(function.calls(), 43);
    assert!(outcome.unwrap().rows().flatten().all(|row| row.attempts == 1));
}

#[tokio::test(start_paused = true)]
async fn a_bad_row_of_a_pack_costs_the_others_nothing() {
    for (bad, step, most) in [
        (vec!["0"], Step::RefuseRow, 2),
        (vec!["0", "95"], Step::RefuseRow, 3),
        (vec!["41"], Step::RefuseUnknown, 16),
        (vec!["0", "95"], Step::RefuseUnknown, 30),
        (vec!["41"], Step::Fail, 22),
        (vec!["41"], Step::Unreadable, 17),
    ] {
        let script = [step.clone()];
        let scripts: Vec<(&'static str, &[Step])> = bad.iter().map(|text| (*text, &script[..])).collect();
        let function = Scripted { pack: 96, ..Scripted::with(SECOND / 10, &scripts) };
        let texts = numbered(96);
        let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
        let nulls: Vec<String> = json(&outcome)
            .iter()
            .enumerate()
            .filter(|(_, json)| **json == "null")
            .map(|(row, _)| row.to_string())
            .collect();
        assert_eq!(nulls, bad, "{step:?}");
        assert!(function.calls() <= most, "{step:?} {bad:?}: {} calls", function.calls());
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_held_nothing_new_is_bought() {
    let function = Scripted::with(SECOND, &[]);
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(2));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    assert_eq!(work.run_until(Instant::now() + SECOND / 2).await, Progress::Paused);
    work.hold(true);
    assert_eq!(work.run_until(Instant::now() + 10 * SECOND).await, Progress::Paused);
    assert_eq!((function.calls(), work.progress()), (2, (2, 20)), "what is in flight ends, and nothing else begins");
    work.hold(false);
    assert_eq!(work.run_until(deadline).await, Progress::Done);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_kept_is_kept_with_the_next_checkpoint() {
    let function = Scripted::with(SECOND, &[("b", &[Step::Unreadable, Step::Hang])]);
    let all = rows(["a", "b"], "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 20 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.run_until(Instant::now() + 3 * SECOND).await;
    let entry = work.unsaved();
    assert_eq!((entry.outcomes.len(), entry.tries.len(), entry.reason.as_deref()), (1, 1, Some("Garbled")));
    assert_eq!(work.unsaved().outcomes, []);
    work.not_saved(&entry);
    let again = work.unsaved();
    assert_eq!((again.outcomes, again.tries), (entry.outcomes, entry.tries));
}

#[tokio::test(start_paused = true)]
async fn what_others_ask_for_is_not_asked_until_it_is_taken_back() {
    let function = Scripted::with(SECOND, &[("late", &[Step::RefuseRow]), ("odd", &[Step::Fail])]);
    let all = rows(["a", "b", "c", "late"], "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.set_aside(&work.unsettled().collect());
    assert_eq!(work.run_until(Instant::now() + 5 * SECOND).await, Progress::Paused);
    assert_eq!(function.calls(), 0);
    let of_another = Outcome {
        result: Ok(answer("from another")),
        attempts: 3,
        latency: SECOND,
        shared: Some(crate::function::Shared::Statement),
    };
    work.learn(0, of_another.clone());
    work.take_back([1, 3]);
    assert_eq!(work.run_until(Instant::now() + 5 * SECOND).await, Progress::Paused);
    // What is asked already, or has its outcome, is not learnt again.
    work.learn(1, of_another.clone());
    assert_eq!(work.unsettled().collect::<Vec<_>>(), [2]);
    let mut shared = work.to_share();
    shared.sort_by_key(|(row, _)| *row);
    assert_eq!(shared.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 3], "a row's own refusal serves others");
    assert!(work.to_share().is_empty());
    assert_eq!(work.unsaved().outcomes.len(), 3, "what is taken from another batch is this one's own");
    work.learn(2, of_another);
    assert_eq!((work.run_until(deadline).await, work.account().taken, function.calls()), (Progress::Done, 2, 2));
    assert_eq!(json(&work.finish()), ["\"from another\"", "\"b\"", "\"from another\"", "null"]);
}

#[tokio::test(start_paused = true)]
async fn the_account_tells_what_went_wrong() {
    let scripts: &[(&str, &[Step])] = &[
        ("a", &[Step::Throttle, Step::Answer]),
        ("b", &[Step::Fail, Step::Answer]),
        ("c", &[Step::RefuseRow]),
        ("d", &[Step::Hang]),
    ];
    let function = Scripted::with(SECOND, scripts);
    let mut all = rows(["a", "b", "c", "c", "d"], "t");
    all.extend(rows(["e"], "bad"));
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 20 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    while work.run_until(deadline).await == Progress::Paused {}
    work.cut_off();
    let account = work.account();
    assert_eq!((account.calls, account.cut), (6, 1));
    assert_eq!(account.throttled, [("Slow".to_owned(), 1)].into());
    assert_eq!(account.failed, [("Broken".to_owned(), 1)].into());
    assert_eq!(account.refused, [("invalid_argument", 3)].into());
}

#[tokio::test(start_paused = true)]
async fn an_outcome_tells_how_it_came_about() {
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Answer])]);
    let mut all = rows(["a"], "t");
    all.extend(rows(["b"], "bad"));
    let answers = run(&function, &all, 8, 20 * SECOND).await.unwrap();
    let [
        Some(Outcome { attempts: 2, latency: SECOND, result: Ok(_), shared: None }),
        Some(Outcome { attempts: 0, .. }),
    ] = answers.rows().collect::<Vec<_>>()[..]
    else {
        panic!("{answers:?}");
    };
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
        1 => Just(Step::Unreadable),
        1 => Just(Step::RefuseRow),
        1 => Just(Step::RefuseUnknown),
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
            let target = |null: &bool| if *null { Argument::Null } else { Argument::Text("t".into()) };
            let all: Vec<Vec<Argument<'_>>> =
                batch.iter().map(|(text, null)| vec![Argument::Text(TEXTS[*text].into()), target(null)]).collect();
            if let Ok(answers) = run(&function, &all, ceiling, 60 * SECOND).await
                && answers.refusal().is_none()
            {
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

/// What may happen to a row each time that it is asked. What a statement is refused for is not the row's.
fn own_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer),
        2 => Just(Step::Throttle),
        2 => Just(Step::Fail),
        1 => Just(Step::Unreadable),
        1 => Just(Step::RefuseRow),
        1 => Just(Step::RefuseUnknown),
        1 => Just(Step::Hang),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_is_null_only_if_it_would_have_no_answer_alone(
        scripts in proptest::collection::vec(proptest::collection::vec(own_step(), 1..4), 2..TEXTS.len()),
        others in 0..20_usize,
        gone in proptest::bool::weighted(0.3),
        ceiling in 1_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let scripted = || Scripted {
                scripts: TEXTS.iter().copied().zip(scripts.clone()).chain([("gone", vec![Step::RefuseStatement])]).collect(),
                latency: SECOND,
                ..Scripted::default()
            };
            let (function, others) = (scripted(), numbered(others));
            let mut all = rows(TEXTS[..scripts.len()].iter().copied(), "t");
            all.extend(rows(refs(&others), "t"));
            if gone {
                all.extend(rows(["gone"], "gone"));
            }
            let (outcome, _) = invoke_on(&function, &all, &Targets::new(ceiling), 20).await;
            for (text, script) in TEXTS.iter().zip(&scripts) {
                let unreadable = script.iter().filter(|step| matches!(step, Step::Unreadable)).count();
                let is_endless = matches!(script.last(), Some(Step::Unreadable));
                let bound = if unreadable < 2 && !is_endless { usize::MAX } else { script.len() + 1 };
                prop_assert!(function.calls_of(text) <= bound, "{text} {script:?}: {}", function.calls_of(text));
            }
            let Ok(answers) = outcome else { return Ok(()) };
            if answers.refusal().is_some() {
                return Ok(());
            }
            for (row, json) in answers.json().enumerate().filter(|(_, json)| *json == "null") {
                if row >= scripts.len() {
                    prop_assert!(gone && row == all.len() - 1, "row {row} is null");
                    continue;
                }
                // Endless twice while others were answered: alone it would have been waited for.
                if scripts[row].iter().filter(|step| matches!(step, Step::Hang)).count() > 1 {
                    continue;
                }
                let (alone, _) = invoke_on(&scripted(), &all[row..=row], &Targets::new(ceiling), 4).await;
                let is_answered = alone.is_ok_and(|alone| alone.refusal().is_none() && alone.json().all(|own| own != "null"));
                prop_assert!(!is_answered, "{row} {:?} is {json}, and alone it has an answer", scripts[row]);
            }
            Ok(())
        })?;
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
