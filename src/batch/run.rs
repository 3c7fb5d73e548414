//! Runs the distinct rows of a batch: fan-out, retries, and the deadline.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::lane::Lane;
use super::targets::Permit;
use super::{Answer, Answers, Entry, Known, Plan, Targets, backoff};
use crate::functions::{Code, Fault, Function, Refusal, Target, Value};

/// Invocations at whose deadline a row's call is cut off, before the row is at fault.
const CUTS: u32 = 2;

/// Where the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Every distinct row has its answer.
    Done,
    /// It may go on later, or now: the time that was given is over.
    Paused,
    /// Nothing is in flight, and nothing can start that would end before the deadline.
    OutOfTime,
}

/// Some rows have no answer, and the time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Whether throttling is the reason.
    pub throttled: bool,
}

/// A batch at work. Dropping it ends every call that is in flight.
pub struct Work<'a> {
    function: &'a dyn Function,
    plan: &'a Plan<'a>,
    ceiling: usize,
    begin: Instant,
    deadline: Instant,
    lanes: Vec<Lane>,
    in_flight: FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + Send + 'a>>>,
    answers: Vec<Option<Answer>>,
    attempts: Vec<u32>,
    /// Rows whose call is in flight.
    running: BTreeSet<u32>,
    /// Rows that were answered by a service and are not in the journal yet.
    unsaved: Vec<u32>,
    /// How often the call of a row was cut off at the deadline.
    cuts: HashMap<u32, u32>,
    calls: usize,
    /// Rows that a target judged by themselves, so that the statement is not at fault for all.
    judged: usize,
    last_failure_was_throttling: bool,
}

struct Ended {
    row: u32,
    lane: usize,
    permit: Permit,
    result: Result<Value, Fault>,
}

impl<'a> Work<'a> {
    /// Prepares the work: what is `known` is not asked again, and rows that can be judged without a service call are
    /// judged now.
    pub fn new(
        function: &'a dyn Function,
        plan: &'a Plan<'a>,
        targets: &Targets,
        mut known: Known,
        deadline: Instant,
    ) -> Self {
        let rows = plan.distinct().len();
        let mut work = Self {
            function,
            plan,
            ceiling: targets.ceiling(),
            begin: Instant::now(),
            deadline,
            lanes: Vec::new(),
            in_flight: FuturesUnordered::new(),
            answers: vec![None; rows],
            attempts: vec![0; rows],
            running: BTreeSet::new(),
            unsaved: Vec::new(),
            cuts: known.cuts,
            calls: 0,
            judged: 0,
            last_failure_was_throttling: false,
        };
        let mut lanes: HashMap<Target, usize> = HashMap::new();
        for (row, arguments) in (0..).zip(plan.distinct()) {
            if let Some(answer) = known.answers.remove(&row) {
                work.judged += usize::from(!matches!(answer, Answer::Statement(_)));
                work.answers[index(row)] = Some(answer);
                continue;
            }
            match function.target(arguments) {
                Ok(target) => {
                    let lane = lanes.entry(target).or_insert_with_key(|target| {
                        work.lanes.push(Lane::new(targets.get(target)));
                        work.lanes.len() - 1
                    });
                    work.lanes[*lane].push(row);
                }
                Err(Fault::Row(refusal)) => work.answer(row, Answer::Row(refusal)),
                Err(Fault::Statement(refusal)) => work.answer(row, Answer::Statement(refusal)),
                Err(Fault::Moment(_)) => {
                    let message = "the function could not say what to call for this row";
                    work.answer(row, Answer::Row(Refusal::new(Code::ServiceError, message)));
                }
            }
        }
        work
    }

    /// Works until every row has its answer, `pause` has come, or the deadline leaves nothing to do.
    ///
    /// Calls in flight stay in flight when it pauses, and go on with the next call of this function.
    pub async fn run_until(&mut self, pause: Instant) -> Progress {
        let pause = pause.min(self.deadline);
        loop {
            let now = Instant::now();
            let wake = self.start(now);
            if self.lanes.iter().all(Lane::is_done) {
                return Progress::Done;
            }
            let idle = self.in_flight.is_empty();
            if now >= self.deadline || (idle && wake.is_none_or(|at| at >= self.deadline)) {
                return Progress::OutOfTime;
            }
            if now >= pause {
                return Progress::Paused;
            }
            tokio::select! {
                biased;
                Some(ended) = self.in_flight.next(), if !idle => {
                    self.end(ended);
                    // What has ended meanwhile is taken together, before anything new is started.
                    while let Some(Some(ended)) = self.in_flight.next().now_or_never() {
                        self.end(ended);
                    }
                }
                () = sleep_until(wake.map_or(pause, |at| at.min(pause))) => {}
            }
        }
    }

    /// Starts every call that may start now, and gives the time at which the next one may without another one's end.
    fn start(&mut self, now: Instant) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        let mut earlier = |at: Instant| next = Some(next.map_or(at, |next: Instant| next.min(at)));
        for index in 0..self.lanes.len() {
            if let Some(at) = self.lanes[index].wake(now) {
                earlier(at);
            }
            if !self.lanes[index].fits(now, self.begin, self.deadline) {
                continue;
            }
            while self.in_flight.len() < self.ceiling && self.lanes[index].wants_to_start() {
                let lane = &mut self.lanes[index];
                match Permit::ask(&lane.state) {
                    Ok(permit) => {
                        if let Some(row) = lane.take() {
                            self.call(row, index, permit);
                        }
                    }
                    Err(super::limiter::Start::At(at)) => {
                        earlier(Instant::from_std(at));
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
        next
    }

    fn call(&mut self, row: u32, lane: usize, permit: Permit) {
        self.calls += 1;
        self.running.insert(row);
        let (function, arguments) = (self.function, &self.plan.distinct()[index(row)]);
        self.in_flight.push(Box::pin(async move {
            let call = AssertUnwindSafe(async { function.call(arguments).await });
            let result = call.catch_unwind().await.unwrap_or_else(|_| {
                let message = "the function failed on this row: its log says where";
                Err(Fault::Row(Refusal::new(Code::ServiceError, message)))
            });
            Ended { row, lane, permit, result }
        }));
    }

    fn end(&mut self, ended: Ended) {
        let Ended { row, lane, permit, result } = ended;
        self.lanes[lane].ended();
        self.running.remove(&row);
        match result {
            Ok(value) => {
                permit.succeeded();
                self.judge(row, lane, Answer::Value(value));
            }
            Err(Fault::Row(refusal)) => {
                drop(permit);
                self.judge(row, lane, Answer::Row(refusal));
            }
            Err(Fault::Statement(refusal)) => {
                drop(permit);
                self.lanes[lane].refused(&refusal);
                self.answer(row, Answer::Statement(refusal));
                self.unsaved.push(row);
            }
            Err(Fault::Moment(moment)) => {
                if moment.throttled {
                    permit.throttled();
                }
                self.last_failure_was_throttling = moment.throttled;
                let attempts = &mut self.attempts[index(row)];
                *attempts += 1;
                let wait = backoff::wait(*attempts, &moment);
                self.lanes[lane].try_again(row, Instant::now() + wait);
            }
        }
        if let Some((refusal, rows)) = self.lanes[lane].give_up() {
            for row in rows {
                self.answer(row, Answer::Statement(refusal.clone()));
                self.unsaved.push(row);
            }
        }
    }

    fn judge(&mut self, row: u32, lane: usize, answer: Answer) {
        self.judged += 1;
        self.lanes[lane].answered();
        self.answer(row, answer);
        self.unsaved.push(row);
    }

    fn answer(&mut self, row: u32, answer: Answer) {
        self.answers[index(row)] = Some(answer);
    }

    /// Ends the calls that are in flight at the deadline, and gives what is to be kept of that: a row whose call was cut
    /// off for the second time is at fault itself, so that one endless answer is not paid for for ever.
    pub fn cut_off(&mut self) -> Entry {
        self.in_flight.clear();
        let mut cut = Vec::new();
        for row in std::mem::take(&mut self.running) {
            let cuts = self.cuts.entry(row).or_default();
            *cuts += 1;
            if *cuts < CUTS {
                cut.push(row);
                continue;
            }
            let message = "the answer takes longer than two whole invocations";
            self.judged += 1;
            self.answer(row, Answer::Row(Refusal::new(Code::Timeout, message)));
            self.unsaved.push(row);
        }
        Entry { cut, ..self.unsaved() }
    }

    /// The answers that were not given to be kept before.
    pub fn unsaved(&mut self) -> Entry {
        let rows = std::mem::take(&mut self.unsaved);
        let answer = |row: u32| Some((row, self.answers[index(row)].clone()?));
        Entry { answers: rows.into_iter().filter_map(answer).collect(), cut: Vec::new() }
    }

    /// Takes back what could not be kept.
    pub fn not_saved(&mut self, entry: &Entry) {
        self.unsaved.extend(entry.answers.iter().map(|(row, _)| *row));
    }

    /// Whether every row has its answer.
    pub fn is_complete(&self) -> bool {
        self.answers.iter().all(Option::is_some)
    }

    /// Service calls that were started.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Ends the work, and every call that is still in flight.
    ///
    /// # Errors
    ///
    /// When some row has no answer.
    pub fn finish(self) -> Result<Answers, Unfinished> {
        let unfinished = Unfinished { throttled: self.last_failure_was_throttling };
        let distinct: Vec<Answer> = self.answers.into_iter().collect::<Option<_>>().ok_or(unfinished)?;
        let refusal = distinct.iter().find_map(|answer| match answer {
            Answer::Statement(refusal) if self.judged == 0 => Some(refusal.clone()),
            _ => None,
        });
        Ok(Answers::new(self.plan.rows().to_vec(), distinct, refusal))
    }
}

/// A `u32` fits wherever this function runs.
fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}
