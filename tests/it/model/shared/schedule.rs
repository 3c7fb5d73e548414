//! One schedule of batches that share: invocations of the real code, and everything that can happen to them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde_json::{Value, json};
use snowflake_aws_functions::calls::{House, Times};
use snowflake_aws_functions::doors::{self, Event};
use snowflake_aws_functions::function::{Answered, Function};
use snowflake_aws_functions::functions::Functions;
use snowflake_aws_functions::journal::{Answers, Journal, Memory};
use tokio::sync::Notify;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::super::explorer::Choices;
use super::rules::{Rules, Time, Verdict};
use super::wire::{FUNCTION, Operation, ROWS, Request, Wire, Wires};
use crate::support::event;

/// Calls in flight at once.
const CEILING: usize = 2;

/// When an invocation stops its work, counted from its beginning: two looks at what others do come before that.
const DEADLINE: Time = 1200;
const LAST_WRITE: Time = 1700;

/// How long an invocation waits for an operation.
pub const PATIENCE: Time = DEADLINE / 8;

/// The beginning of all time.
pub fn epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

/// The batches: three of one statement with a common row, one of another statement with that row, and one that has every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    First,
    Second,
    Third,
    OfAnother,
    All,
}

impl Kind {
    pub fn rows(self) -> &'static [&'static str] {
        match self {
            Self::First => &["a", "b"],
            Self::Second | Self::Third | Self::OfAnother => &["b"],
            Self::All => &ROWS,
        }
    }

    pub fn statement(self) -> &'static str {
        if self == Self::OfAnother { "r" } else { "q" }
    }

    fn event(self) -> &'static str {
        static EVENTS: LazyLock<BTreeMap<Kind, String>> = LazyLock::new(|| {
            let all = [Kind::First, Kind::Second, Kind::Third, Kind::OfAnother, Kind::All];
            all.into_iter().map(|kind| (kind, kind.post())).collect()
        });
        &EVENTS[&self]
    }

    fn post(self) -> String {
        let rows: Vec<Value> = self.rows().iter().enumerate().map(|(place, row)| json!([place, row])).collect();
        let id = format!("{self:?}");
        let headers = [
            ("sf-external-function-query-batch-id", id.as_str()),
            ("sf-external-function-current-query-id", self.statement()),
        ];
        event("POST", FUNCTION, &headers, &json!({"data": rows}).to_string()).to_string()
    }
}

/// How much may happen in one schedule before every batch is only repeated and nothing else goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub kinds: &'static [Kind],
    /// Requests, two of which may be at work at once.
    pub requests: usize,
    pub kills: usize,
    /// Operations that are lost, or whose answers are.
    pub faults: usize,
    /// Whether time may pass while a claim or an answer to keep is on its way and somebody waits for that. A look takes no time.
    pub slow: bool,
    /// When an invocation ends; no claim of it holds for longer.
    pub end: Time,
}

/// What a schedule has broken, and how it came to that.
pub struct Violation {
    pub what: String,
    account: Vec<String>,
}

impl std::fmt::Debug for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}\n  {}", self.what, self.account.join("\n  "))
    }
}

/// The most that was seen in any schedule.
#[derive(Debug, Default)]
pub struct Seen {
    /// Schedules that ended with an answer to every row of every batch.
    pub complete: usize,
    /// Calls for rows that had been asked for before.
    pub asked_again: usize,
}

enum Step {
    Arrive(usize),
    Answer(usize),
    Pass(Time),
    Begin(Kind),
    Kill(usize),
    Lose(usize),
    LoseAnswer(usize),
    Rest,
}

struct Invocation {
    id: usize,
    woken: Arc<Flag>,
    future: Pin<Box<dyn Future<Output = (u64, String)>>>,
}

struct Flag {
    is_up: AtomicBool,
    told: Arc<Notify>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_up.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }
}

pub struct Schedule {
    left: Bounds,
    /// The batches' own journal.
    journal: Arc<Memory>,
    answers: Arc<dyn Answers>,
    wires: Wires,
    rules: Rules,
    living: Vec<Invocation>,
    begin: Instant,
    /// Told when somebody may go on.
    told: Arc<Notify>,
    last: Option<(u64, String)>,
    account: Option<Vec<String>>,
}

impl Schedule {
    pub fn new(bounds: Bounds, answers: Arc<dyn Answers>) -> Self {
        // Jitter comes out the same whenever a schedule is repeated.
        fastrand::seed(1);
        Self {
            left: bounds,
            journal: Arc::new(Memory::new(Duration::from_hours(12))),
            answers,
            wires: Wires::default(),
            rules: Rules::default(),
            living: Vec::new(),
            begin: Instant::now(),
            told: Arc::default(),
            last: None,
            account: None,
        }
    }

    /// Plays the schedule that `choices` say to its end, or to a state from where everything is known already.
    pub async fn play(mut self, choices: &mut Choices, seen: &mut Seen) -> Result<(), Violation> {
        self.account = choices.is_repeated().then(Vec::new);
        let verdict = self.run(choices, seen).await;
        verdict.map_err(|what| Violation { what, account: self.account.unwrap_or_default() })
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
        self.note(|| "from now on the batches are repeated, and nothing goes wrong".to_owned());
        self.finish().await?;
        seen.complete += 1;
        seen.asked_again = seen.asked_again.max(self.rules.asked_again());
        Ok(())
    }

    /// The ways in which the schedule can go on. The first ones are those in which nothing goes wrong.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let sent = self.wires.lock().unwrap();
        steps.extend((0..sent.operations.len()).map(Step::Arrive));
        steps.extend((0..sent.calls.len()).map(Step::Answer));
        steps.extend(self.next_moment(&sent.operations).map(Step::Pass));
        if self.left.requests > 0 && self.living.len() < 2 {
            steps.extend(self.left.kinds.iter().copied().map(Step::Begin));
        }
        if self.left.kills > 0 {
            steps.extend((0..self.living.len()).map(Step::Kill));
        }
        if self.left.faults > 0 {
            for index in (0..sent.operations.len()).filter(|index| !sent.operations[*index].is_orphan()) {
                steps.extend([Step::LoseAnswer(index), Step::Lose(index)]);
            }
        }
        if self.living.is_empty() {
            steps.push(Step::Rest);
        }
        steps
    }

    /// Until when time may pass, if it may: to the moment before an operation is given up that somebody waits for, and no further than to the
    /// next end of a lease or a claim. Before that it stops when an invocation wakes up.
    fn next_moment(&self, operations: &[Operation]) -> Option<Time> {
        let now = self.now();
        let takes_time = |sent: &Operation| self.left.slow && !matches!(sent.request, Request::Recall { .. });
        if operations.iter().any(|sent| !sent.is_orphan() && !takes_time(sent)) {
            return None;
        }
        let given_up = operations.iter().filter(|sent| !sent.is_orphan()).map(|sent| self.time(sent.at) + PATIENCE - 1);
        let over = if self.left.requests > 0 { self.rules.next_end(now) } else { None };
        let ends = self.living.iter().map(|one| self.rules.facts[one.id].begin + self.left.end);
        given_up.chain(over).chain(ends).min().filter(|at| *at > now)
    }

    async fn take(&mut self, step: Step) -> Verdict {
        match step {
            Step::Arrive(index) => self.arrive(index, false)?,
            Step::LoseAnswer(index) => {
                self.left.faults -= 1;
                self.arrive(index, true)?;
            }
            Step::Lose(index) => {
                self.left.faults -= 1;
                let operation = self.wires.lock().unwrap().operations.remove(index);
                self.note(|| format!("{}'s {} is lost", operation.by, operation.request));
                self.rules.told(operation.by, None, self.now());
                operation.answer(None);
            }
            Step::Answer(index) => self.answer(index),
            Step::Begin(kind) => {
                self.left.requests -= 1;
                self.start(kind);
            }
            Step::Kill(index) => {
                self.left.kills -= 1;
                let Invocation { id, .. } = self.living.remove(index);
                self.note(|| format!("{id} is killed"));
                self.rules.killed(id);
            }
            Step::Pass(to) => self.pass(to).await,
            Step::Rest => {}
        }
        Ok(())
    }

    fn arrive(&mut self, index: usize, is_lost: bool) -> Verdict {
        let operation = self.wires.lock().unwrap().operations.remove(index);
        let (by, now) = (operation.by, self.now());
        let fate = if operation.is_orphan() { ", late" } else { "" };
        let reply = operation.request.run(&*self.answers);
        self.note(|| {
            let lost = if is_lost { ", and the answer is lost" } else { "" };
            format!("{by}'s {} arrives{fate}: {reply}{lost}", operation.request)
        });
        self.rules.arrived(by, &operation.request, &reply, now)?;
        if !operation.is_orphan() {
            self.rules.told(by, (!is_lost).then_some(&reply), now);
        }
        operation.answer((!is_lost).then_some(reply));
        Ok(())
    }

    fn answer(&mut self, index: usize) {
        let call = self.wires.lock().unwrap().calls.remove(index);
        let value = self.rules.answered(call.by, &call.row, self.now());
        self.note(|| format!("{} gets {value}", call.by));
        let _ = call.answer.send(Ok(Answered::from(Value::from(value).to_string().into_boxed_str())));
    }

    /// Lets time pass until somebody wakes up, and no longer than to `to`. What nobody has waited for meanwhile is lost.
    async fn pass(&mut self, to: Time) {
        let _ = self.told.notified().now_or_never();
        let told = Arc::clone(&self.told);
        tokio::select! {
            () = told.notified() => {}
            () = sleep_until(self.begin + Duration::from_millis(to)) => {}
        }
        self.note(|| "time passes".to_owned());
        let now = Instant::now();
        self.wires
            .lock()
            .unwrap()
            .operations
            .retain(|sent| !sent.is_orphan() || now < sent.at + Duration::from_millis(PATIENCE));
    }

    /// Begins an invocation, in an environment of its own.
    fn start(&mut self, kind: Kind) {
        let (now, begin) = (self.now(), Instant::now());
        let id = self.rules.begun(kind, now, self.left.end);
        self.note(|| format!("{id} begins: {kind:?}"));
        let wire =
            Wire { by: id, wires: Arc::clone(&self.wires), journal: Arc::clone(&self.journal) as Arc<dyn Journal> };
        let function: Arc<dyn Function> = Arc::new(wire.clone());
        let house = House::new(Functions::from_iter([function]), CEILING, Some(Box::new(wire)));
        let event: Event = serde_json::from_str(kind.event()).unwrap();
        let after = Duration::from_millis;
        let clock = epoch() + after(now);
        let times = Times {
            now: clock,
            begin,
            end: clock + after(self.left.end),
            deadline: begin + after(DEADLINE),
            last_write: begin + after(LAST_WRITE),
        };
        let future = async move {
            let reply = serde_json::to_value(doors::open(&house, event, times).await.unwrap()).unwrap();
            (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap().to_owned())
        };
        let woken = Arc::new(Flag { is_up: AtomicBool::new(true), told: Arc::clone(&self.told) });
        // Without tokio's budget for cooperation: here it is the schedule that says whose turn it is.
        self.living.push(Invocation { id, woken, future: Box::pin(unconstrained(future)) });
    }

    /// Lets everybody go on until nothing moves by itself, and holds the rules to what came of it.
    fn settle(&mut self) -> Verdict {
        while let Some(index) = self.living.iter().position(|one| one.woken.is_up.swap(false, Ordering::Relaxed)) {
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
        self.look()
    }

    /// Looks at what has come onto the wires, and at the calls that nobody waits for any more.
    fn look(&mut self) -> Verdict {
        let wires = Arc::clone(&self.wires);
        let mut sent = wires.lock().unwrap();
        for (by, entry, then) in std::mem::take(&mut sent.entries) {
            self.rules.kept(by, &entry, then)?;
        }
        sent.calls.retain(|call| {
            let is_orphan = call.answer.is_closed();
            if is_orphan {
                self.rules.dropped(call.by, &call.row);
            }
            !is_orphan
        });
        for call in sent.calls.iter_mut().filter(|call| !call.checked) {
            call.checked = true;
            self.note(|| format!("{} asks for {}", call.by, call.row));
            self.rules.called(call.by, &call.row)?;
        }
        Ok(())
    }

    /// Whatever has happened, a batch that is repeated finishes when all leases and claims are over at the latest; and then every row
    /// of the statement is known to a batch that is new.
    async fn finish(&mut self) -> Verdict {
        self.wires.lock().unwrap().operations.clear();
        let kinds = self.left.kinds;
        for kind in kinds.iter().copied().chain([Kind::All]) {
            let give_up = self.now() + 2 * self.left.end;
            loop {
                match self.undisturbed(kind).await? {
                    (200, _) => break,
                    (202, _) if self.now() < give_up => self.pass(self.now() + 500).await,
                    (status, body) => return Err(format!("a POST that is repeated ends with {status} {body}")),
                }
            }
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
                (!sent.operations.is_empty(), !sent.calls.is_empty())
            };
            match (operation, call) {
                (true, _) => self.arrive(0, false)?,
                (false, true) => self.answer(0),
                (false, false) => self.pass(self.now() + self.left.end).await,
            }
        }
    }

    /// The state, for [`Choices`].
    fn state(&self) -> String {
        let (mut state, mut living) = self.rules.state(self.now());
        let sent = self.wires.lock().unwrap();
        let mut late = Vec::new();
        for operation in &sent.operations {
            let (age, request) = ((Instant::now() - operation.at).as_millis(), &operation.request);
            match living.get_mut(&operation.by).filter(|_| !operation.is_orphan()) {
                Some(sender) => sender.push_str(&format!(" {age} {request}")),
                None => late.push(format!("{age} {request} {:?}", self.rules.facts[operation.by].kind)),
            }
        }
        late.sort();
        let living: Vec<String> = living.into_values().collect();
        let Bounds { requests, kills, faults, .. } = self.left;
        state.push_str(&format!("\n{requests} {kills} {faults}\n{}\n{}", living.join("\n"), late.join("\n")));
        state
    }

    fn now(&self) -> Time {
        self.time(Instant::now())
    }

    fn time(&self, at: Instant) -> Time {
        u64::try_from((at - self.begin).as_millis()).unwrap()
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now();
        if let Some(account) = &mut self.account {
            account.push(format!("{now:>5} ms: {}", what()));
        }
    }
}
