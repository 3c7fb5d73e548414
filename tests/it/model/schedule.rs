//! One schedule: invocations of the real code, and everything that can happen to them, one thing after another.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use snowflake_aws_functions::calls::{House, Times};
use snowflake_aws_functions::doors::{self, Event};
use snowflake_aws_functions::function::{Answered, Function, Moment};
use snowflake_aws_functions::functions::Functions;
use snowflake_aws_functions::journal::Journal;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::explorer::Choices;
use super::rules::{INTERVAL, Rules, Time, Verdict};
use super::wire::{FUNCTION, Operation, What, Wire, Wires};
use crate::support::event;

/// The rows of the batch, and of the other body that comes under its id.
pub const ROWS: [[&str; 3]; 2] = [["a", "b", "c"], ["x", "y", "z"]];
const BODIES: [&str; 2] = [r#"{"data":[[0,"a"],[1,"b"],[2,"c"]]}"#, r#"{"data":[[0,"x"],[1,"y"],[2,"z"]]}"#];

/// Calls in flight at once: fewer than rows, so that a row may be answered, in flight, or not begun.
const CEILING: usize = 2;

/// When an invocation stops its work, counted from its beginning: one checkpoint comes before that.
const DEADLINE: Time = 3000;
const LAST_WRITE: Time = 4000;
pub const END: Time = 5000;

/// How far a clock that is wrong runs ahead: further than any lease.
const AHEAD: Time = 10_000;

/// What a caller can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Post,
    Get,
    /// A POST of other rows under the same batch id.
    Other,
    /// A POST that meets an environment whose clock runs ahead.
    Ahead,
}

impl Kind {
    pub fn body(self) -> Option<&'static str> {
        match self {
            Self::Post | Self::Ahead => Some(BODIES[0]),
            Self::Other => Some(BODIES[1]),
            Self::Get => None,
        }
    }

    fn event(self) -> &'static str {
        static EVENTS: LazyLock<[String; 3]> = LazyLock::new(|| {
            let event = |method, body| {
                event(method, FUNCTION, &[("sf-external-function-query-batch-id", "batch")], body).to_string()
            };
            [event("POST", BODIES[0]), event("POST", BODIES[1]), event("GET", "")]
        });
        match self {
            Self::Post | Self::Ahead => &EVENTS[0],
            Self::Other => &EVENTS[1],
            Self::Get => &EVENTS[2],
        }
    }

    pub fn ahead(self) -> Time {
        if self == Self::Ahead { AHEAD } else { 0 }
    }
}

/// How much may happen in one schedule before the caller only repeats its POST and nothing else goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub kinds: &'static [Kind],
    /// Requests, two of which may be at work at once.
    pub requests: usize,
    pub kills: usize,
    /// Journal operations that are lost, whose answers are lost, or that are too slow.
    pub faults: usize,
    /// Answers of the service that cannot be read.
    pub garbled: usize,
}

/// What a schedule has broken, and how it came to that.
pub struct Violation {
    pub what: String,
    pub account: Vec<String>,
}

/// What has happened, told only of a schedule that is known to break a rule.
#[derive(Default)]
struct Account {
    is_kept: bool,
    lines: Vec<String>,
}

impl Account {
    fn note(&mut self, now: Time, what: impl FnOnce() -> String) {
        if self.is_kept {
            self.lines.push(format!("{now:>5} ms: {}", what()));
        }
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n  {}", self.what, self.account.join("\n  "))
    }
}

/// The most that was seen in any schedule.
#[derive(Debug, Default)]
pub struct Seen {
    /// Schedules that ended with an answer to every row.
    pub complete: usize,
    /// Calls for rows that had been asked for before.
    pub asked_again: usize,
    /// Virtual time until the answer.
    pub longest: Duration,
}

enum Step {
    Arrive(usize),
    Answer(usize),
    Garble(usize),
    Pass(Time),
    Lose(usize),
    LoseAnswer(usize),
    Begin(Kind),
    Kill(usize),
    Rest,
}

struct Invocation {
    id: usize,
    woken: Arc<Flag>,
    future: Pin<Box<dyn Future<Output = (u64, String)>>>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub struct Schedule {
    left: Bounds,
    journal: Arc<dyn Journal>,
    wires: Wires,
    rules: Rules,
    living: Vec<Invocation>,
    begin: Instant,
    last: Option<(u64, String)>,
    account: Account,
}

impl Schedule {
    pub fn new(bounds: Bounds, journal: Arc<dyn Journal>) -> Self {
        // Tokens and jitter come out the same whenever a schedule is repeated.
        fastrand::seed(1);
        Self {
            left: bounds,
            journal,
            wires: Wires::default(),
            rules: Rules::default(),
            living: Vec::new(),
            begin: Instant::now(),
            last: None,
            account: Account::default(),
        }
    }

    /// Plays the schedule that `choices` say to its end, or to a state from where everything is known already.
    pub async fn play(mut self, choices: &mut Choices, seen: &mut Seen) -> Result<(), Violation> {
        self.account.is_kept = choices.is_repeated();
        match self.run(choices, seen).await {
            Ok(()) => Ok(()),
            Err(what) => Err(Violation { what, account: self.account.lines }),
        }
    }

    async fn run(&mut self, choices: &mut Choices, seen: &mut Seen) -> Verdict {
        loop {
            self.settle()?;
            let mut steps = self.steps();
            // Where there is one way only, there is nothing to come back to.
            let is_forced = steps.len() == 1 && !self.living.is_empty();
            let chosen = if is_forced { Some(0) } else { choices.choose(steps.len(), || self.state()) };
            let Some(chosen) = chosen else {
                return Ok(());
            };
            match steps.swap_remove(chosen) {
                Step::Rest => break,
                step => self.take(step).await?,
            }
        }
        self.note(|| "from now on the POST is repeated, and nothing goes wrong".to_owned());
        self.finish().await?;
        seen.complete += 1;
        seen.asked_again = seen.asked_again.max(self.rules.asked_again());
        seen.longest = seen.longest.max(self.begin.elapsed());
        Ok(())
    }

    /// The ways in which the schedule can go on. The first ones are those in which nothing goes wrong.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let sent = self.wires.lock().unwrap();
        steps.extend((0..sent.operations.len()).map(Step::Arrive));
        // Calls that began at the same moment are for rows that nothing tells apart: the first one is answered first.
        let is_first = |index: usize| {
            let call = &sent.calls[index];
            !sent.calls[..index].iter().any(|other| (other.by, other.begin) == (call.by, call.begin))
        };
        steps.extend((0..sent.calls.len()).filter(|index| is_first(*index)).map(Step::Answer));
        if self.left.garbled > 0 {
            steps.extend((0..sent.calls.len()).filter(|index| is_first(*index)).map(Step::Garble));
        }
        if let Some((to, faults)) = self.next_moment(&sent.operations)
            && faults <= self.left.faults
        {
            steps.push(Step::Pass(to));
        }
        if self.left.requests > 0 && self.living.len() < 2 {
            steps.extend(self.left.kinds.iter().copied().map(Step::Begin));
        }
        if self.left.kills > 0 {
            steps.extend((0..self.living.len()).map(Step::Kill));
        }
        if self.left.faults > 0 {
            for (index, operation) in sent.operations.iter().enumerate().filter(|(_, sent)| !sent.is_orphan()) {
                steps.push(Step::LoseAnswer(index));
                if !operation.has_begun() {
                    steps.push(Step::Lose(index));
                }
            }
        }
        if self.living.is_empty() {
            steps.push(Step::Rest);
        }
        steps
    }

    /// The next time at which something is due, and how many operations are too slow if it comes before they arrive.
    fn next_moment(&self, operations: &[Operation]) -> Option<(Time, usize)> {
        let now = self.now();
        let mut due = BTreeSet::new();
        for Invocation { id, .. } in &self.living {
            let facts = &self.rules.facts[*id];
            if now >= facts.end() {
                // Lambda kills it, which is one of the kills.
                return None;
            }
            let is_claiming = |sent: &Operation| sent.by == *id && matches!(sent.what, What::Claim { .. });
            let moments: &[Time] = match operations.iter().any(is_claiming) {
                true => &[DEADLINE, END],
                false => &[INTERVAL, DEADLINE, LAST_WRITE, END],
            };
            due.extend(moments.iter().map(|after| facts.begin + after));
        }
        if self.left.requests > 0 {
            due.extend(self.rules.lease_until);
        }
        let next = due.into_iter().find(|at| *at > now)?;
        Some((next, self.too_slow(operations, next).len()))
    }

    /// Whose claim or checkpoint is given up when `next` comes.
    fn too_slow(&self, operations: &[Operation], next: Time) -> Vec<usize> {
        let patience = |what: &What| if matches!(what, What::Claim { .. }) { DEADLINE } else { LAST_WRITE };
        let is_late = |sent: &&Operation| next >= self.rules.facts[sent.by].begin + patience(&sent.what);
        operations.iter().filter(|sent| !sent.is_orphan()).filter(is_late).map(|sent| sent.by).collect()
    }

    async fn take(&mut self, step: Step) -> Verdict {
        match step {
            Step::Arrive(index) => self.arrive(index, false),
            Step::LoseAnswer(index) => {
                self.left.faults -= 1;
                self.arrive(index, true)
            }
            Step::Lose(index) => {
                self.left.faults -= 1;
                let operation = self.wires.lock().unwrap().operations.remove(index);
                self.note(|| format!("{}'s {} is lost", operation.by, operation.what));
                self.rules.told(operation.by, None, self.now());
                operation.lose();
                Ok(())
            }
            Step::Answer(index) => {
                self.answer(index);
                Ok(())
            }
            Step::Garble(index) => {
                self.left.garbled -= 1;
                let call = self.wires.lock().unwrap().calls.remove(index);
                self.rules.garbled(call.by, &call.row, self.now());
                self.note(|| format!("{} gets an answer to {} that it cannot read", call.by, call.row));
                let _ = call.answer.send(Err(Moment::unreadable("garbled").into()));
                Ok(())
            }
            Step::Begin(kind) => {
                self.left.requests -= 1;
                self.start(kind);
                Ok(())
            }
            Step::Kill(index) => {
                self.left.kills -= 1;
                let Invocation { id, .. } = self.living.remove(index);
                self.note(|| format!("{id} is killed"));
                self.rules.killed(id);
                Ok(())
            }
            Step::Pass(to) => {
                let slow = self.too_slow(&self.wires.lock().unwrap().operations, to);
                self.left.faults -= slow.len();
                slow.into_iter().for_each(|by| self.rules.was_too_slow(by));
                self.pass(to).await;
                Ok(())
            }
            Step::Rest => Ok(()),
        }
    }

    /// Lets the journal take one step of an operation.
    fn arrive(&mut self, index: usize, is_lost: bool) -> Verdict {
        let mut operation = self.wires.lock().unwrap().operations.remove(index);
        let (by, what, now) = (operation.by, operation.what.clone(), self.now());
        let fate = if operation.is_orphan() { ", late" } else { "" };
        let Some(reply) = operation.step(&self.journal) else {
            self.note(|| format!("{by}'s {what} goes on{fate}"));
            self.wires.lock().unwrap().operations.insert(index, operation);
            return Ok(());
        };
        self.note(|| format!("{by}'s {what} arrives{fate}{}", if is_lost { ", and the answer is lost" } else { "" }));
        self.rules.arrived(by, &what, operation.carries.take().unwrap_or_default(), &reply)?;
        if !operation.is_orphan() {
            self.rules.told(by, (!is_lost).then_some(&reply), now);
        }
        operation.answer(reply, is_lost);
        Ok(())
    }

    fn answer(&mut self, index: usize) {
        let call = self.wires.lock().unwrap().calls.remove(index);
        let value = self.rules.answered(call.by, &call.row, self.now());
        self.note(|| format!("{} gets {value}", call.by));
        let _ = call.answer.send(Ok(Answered::from(Value::from(value).to_string().into_boxed_str())));
    }

    async fn pass(&mut self, to: Time) {
        tokio::time::advance(Duration::from_millis(to - self.now())).await;
        self.note(|| "time passes".to_owned());
    }

    /// Begins an invocation, in an environment of its own.
    fn start(&mut self, kind: Kind) {
        let id = self.rules.begun(kind, self.now());
        self.note(|| format!("{id} begins: {kind:?}"));
        let wire = Wire { by: id, wires: Arc::clone(&self.wires) };
        let function: Arc<dyn Function> = Arc::new(wire.clone());
        let house = House::new(Functions::from_iter([function]), CEILING, Some(Box::new(wire)));
        let event: Event = serde_json::from_str(kind.event()).unwrap();
        let (now, after) = (Instant::now(), Duration::from_millis);
        let clock = SystemTime::UNIX_EPOCH + after(1_000_000_000 + self.now() + kind.ahead());
        let times = Times {
            now: clock,
            begin: now,
            end: clock + after(END),
            deadline: now + after(DEADLINE),
            last_write: now + after(LAST_WRITE),
        };
        let future = async move {
            let reply = serde_json::to_value(doors::open(&house, event, times).await.unwrap()).unwrap();
            (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap().to_owned())
        };
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        // Without tokio's budget for cooperation: here it is the schedule that says whose turn it is.
        self.living.push(Invocation { id, woken, future: Box::pin(unconstrained(future)) });
    }

    /// Lets everybody go on until nothing moves by itself, and holds the rules to what came of it.
    fn settle(&mut self) -> Verdict {
        while let Some(index) = self.living.iter().position(|one| one.woken.0.swap(false, Ordering::Relaxed)) {
            let Invocation { id, woken, future } = &mut self.living[index];
            let (id, waker) = (*id, Waker::from(Arc::clone(woken)));
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            self.look()?;
            if let Poll::Ready((status, body)) = polled {
                self.living.remove(index);
                self.note(|| format!("{id} answers {status} {body}"));
                // The calls that it had in flight at the end went with it.
                self.look()?;
                self.rules.ended(id, status, &body)?;
                self.last = Some((status, body));
            }
        }
        self.look()?;
        let sent = self.wires.lock().unwrap();
        self.rules.at_rest(self.now(), |by| sent.operations.iter().any(|sent| sent.by == by && !sent.is_orphan()))
    }

    /// Looks at what has come onto the wires, and at the calls that nobody waits for any more.
    fn look(&mut self) -> Verdict {
        let now = self.now();
        let mut sent = self.wires.lock().unwrap();
        sent.calls.retain(|call| {
            let is_orphan = call.answer.is_closed();
            if is_orphan {
                self.rules.dropped(call.by, &call.row);
            }
            !is_orphan
        });
        for call in sent.calls.iter_mut().filter(|call| !call.checked) {
            call.checked = true;
            call.begin = now;
            self.account.note(now, || format!("{} asks for {}", call.by, call.row));
            self.rules.called(call.by, &call.row)?;
        }
        for operation in sent.operations.iter_mut().filter(|operation| operation.carries.is_none()) {
            self.account.note(now, || format!("{} sends a {}", operation.by, operation.what));
            operation.carries = Some(self.rules.sent(operation.by, &operation.what)?);
        }
        Ok(())
    }

    /// Whatever has happened, a POST that is repeated finishes when the lease is over at the latest; then every kind of
    /// request finds everything known, and other rows are refused.
    async fn finish(&mut self) -> Verdict {
        let is_other = self.rules.body.is_some() && self.rules.body.as_deref() == Kind::Other.body();
        let (own, other) = if is_other { (Kind::Other, Kind::Post) } else { (Kind::Post, Kind::Other) };
        let patience = self.rules.lease_until.unwrap_or_default().saturating_sub(self.now()) + 2 * END;
        let give_up = self.now() + patience;
        loop {
            match self.undisturbed(own).await? {
                (200, _) => break,
                (202, _) if self.now() < give_up => self.pass(self.now() + 1000).await,
                (status, body) => return Err(format!("a POST that is repeated ends with {status} {body}")),
            }
        }
        // The journal may have failed before the first 200, so that one more is due until it knows everything.
        let calls = self.rules.calls();
        for (kind, status) in [(own, 200), (Kind::Get, 200), (other, 400)] {
            let (answered, body) = self.undisturbed(kind).await?;
            if answered != status {
                return Err(format!("after the end, a {kind:?} is answered {answered} {body}"));
            }
        }
        if self.rules.calls() != calls {
            return Err("a batch that has ended is worked on".to_owned());
        }
        Ok(())
    }

    /// One invocation with nothing in its way.
    async fn undisturbed(&mut self, kind: Kind) -> Result<(u64, String), String> {
        self.start(kind);
        loop {
            self.settle()?;
            if self.living.is_empty() {
                return Ok(self.last.clone().unwrap_or_default());
            }
            let (operation, call) = {
                let sent = self.wires.lock().unwrap();
                (sent.operations.iter().position(|sent| !sent.is_orphan()), !sent.calls.is_empty())
            };
            let next = self.next_moment(&[]);
            match (operation, call, next) {
                (Some(index), ..) => self.arrive(index, false)?,
                (None, true, _) => self.answer(0),
                (None, false, Some((next, _))) => self.pass(next).await,
                (None, false, None) => return Err(format!("a {kind:?} waits for nothing")),
            }
        }
    }

    /// The state, for [`Choices`]: see [`Rules::state`].
    fn state(&self) -> String {
        let now = self.now();
        let (mut state, mut living) = self.rules.state(now);
        let sent = self.wires.lock().unwrap();
        let mut late = Vec::new();
        for operation in &sent.operations {
            let (steps, by) = (operation.steps, &self.rules.facts[operation.by]);
            match living.get_mut(&operation.by).filter(|_| !operation.is_orphan()) {
                // What it waits for follows from what it has seen, but not how far the journal has come with it.
                Some(sender) => sender.push_str(&format!(" {steps}")),
                None => {
                    let (is_holder, age) = (self.rules.is_holder(operation.by), now - by.begin);
                    let (what, carries, kind) = (&operation.what, &operation.carries, by.kind);
                    late.push(format!("{what} {steps} {kind:?} {is_holder} {age} {carries:?}"));
                }
            }
        }
        late.sort();
        let mut living: Vec<String> = living.into_values().collect();
        living.sort();
        let Bounds { requests, kills, faults, garbled, .. } = self.left;
        state.push_str(&format!("\n{requests} {kills} {faults} {garbled}\n{}\n{}", living.join("\n"), late.join("\n")));
        state
    }

    fn now(&self) -> Time {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap()
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.account.note(self.now(), what);
    }
}
