//! The engine, driven with paused time and functions that do as they are told.

mod moments;
mod packs;
mod paid;
mod properties;
mod refused;
mod silent;
mod together;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::*;
use crate::function::{
    Answered, Argument, Call, Code, Cost, Failed, Function, Job, Moment, Outcome, PackFault, Paid, Parameter, Refusal,
    Row, Target, Usage, Whose,
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
    RefuseStatementAtOnce,
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

    async fn ask(&self, text: &str) -> Result<Answered, Failed> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.order.lock().unwrap().push(text.to_owned());
        let step = self.step(text);
        let in_flight = InFlight::begin(self);
        match step {
            Step::Throttle => return Err(Moment::throttled("Slow", None).into()),
            Step::ThrottleFor(wait) => return Err(Moment::throttled("Slow", Some(wait)).into()),
            Step::RefuseStatementAtOnce => return Err(refusal(Whose::Statement).into()),
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("as told"),
            _ => sleep(self.latency).await,
        }
        drop(in_flight);
        match step {
            Step::Fail => Err(Moment::failed("Broken", None).into()),
            Step::Unreadable => {
                Err(Failed { paid: tokens(UNREADABLE_TOKENS).into(), ..Moment::unreadable("Garbled").into() })
            }
            Step::RefuseRow => Err(Failed { paid: tokens(REFUSED_TOKENS).into(), ..refusal(Whose::Row).into() }),
            Step::RefuseUnknown => Err(refusal(Whose::Unknown).into()),
            Step::RefuseStatement => Err(refusal(Whose::Statement).into()),
            _ => Ok(Answered { paid: tokens(ANSWERED_TOKENS), ..answer(text) }),
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
                Step::RefuseStatement => return Err(PackFault::Whole(refusal(Whose::Statement).into())),
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
            question: (options != "alone").then(|| [text.into(), row.text(1).into(), options.into()].into()),
            must_be_answered: options == "must",
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
    let is_given_up = |outcome: &Outcome| outcome.refusal().is_some_and(|refusal| refusal.whose == Whose::Statement);
    let is_final = |outcome: &Outcome| outcome.attempts > 0 || is_given_up(outcome);
    assert!(entry.outcomes.iter().all(|(_, outcome)| is_final(outcome)), "what was never asked is not final");
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
    end(function, Work::new(&plan, StatementFaults::Refuse, targets, known, deadline), deadline).await
}

/// Works until the deadline.
async fn end(function: &Scripted, mut work: Work<'_, '_>, deadline: Instant) -> (Result<Answers, Unfinished>, Entry) {
    while work.run_until(deadline).await == Progress::Paused {}
    work.cut_off();
    let entry = work.unsaved();
    let outcome = work.finish();
    assert_eq!(function.in_flight.load(Ordering::Relaxed), 0, "a call outlived the work");
    assert!(Instant::now() <= deadline, "the work outlived the deadline");
    (outcome, entry)
}

/// The next invocation of a batch that the journal knows, of 20 s, which adds what it finds out.
async fn go_on(
    function: &Scripted,
    rows: &[Vec<Argument<'_>>],
    targets: &Targets,
    known: &mut Known,
) -> Result<Answers, Unfinished> {
    let plan = Plan::of(function, rows);
    let deadline = Instant::now() + 20 * SECOND;
    let work = Work::new(&plan, StatementFaults::Refuse, targets, known.clone(), deadline).going_on();
    let (outcome, entry) = end(function, work, deadline).await;
    known.learn(entry);
    outcome
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

/// Tokens of an answer, of one that cannot be read, and of a refusal.
const ANSWERED_TOKENS: u64 = 1;
const UNREADABLE_TOKENS: u64 = 10;
const REFUSED_TOKENS: u64 = 100;

fn tokens(input: u64) -> Paid {
    let usage = Usage { input_tokens: Some(input), ..Usage::default() };
    Paid { usage, cost: Some(Cost(input)) }
}

const SECOND: Duration = Duration::from_secs(1);
