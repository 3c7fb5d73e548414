//! Runs the distinct rows of a batch: fan-out, and the deadline.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::lane::Lane;
use super::row::Row;
use super::targets::{Later, Permit, lock};
use super::{Account, Known, Plan, Targets, index};
use crate::function::{Answered, Call, Code, Failed, Job, Outcome, PackFault, Paid, Refusal, Told, Whose};

/// Where the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Every distinct row has its outcome, or the call is refused as a whole.
    Done,
    /// It may go on later, or now: the time that was given is over.
    Paused,
    /// Nothing is in flight, and nothing can start that would end before the deadline.
    OutOfTime,
}

/// What becomes of a row for which the statement is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementFaults {
    /// The call is refused as a whole, where NULL would be silent.
    Refuse,
    /// The row's own error, for callers that get errors as data.
    AreData,
}

/// A batch at work. Dropping it ends every call that is in flight.
pub struct Work<'w, 'a> {
    pub(super) plan: &'w Plan<'a>,
    pub(super) statement_faults: StatementFaults,
    targets: &'w Targets,
    pub(super) begin: Instant,
    pub(super) deadline: Instant,
    /// Before the lanes: what is in flight gives its places back before they go.
    pub(super) in_flight: FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + Send + 'w>>>,
    /// Slots that are being taken.
    taking: FuturesUnordered<BoxFuture<'w, ()>>,
    pub(super) lanes: Vec<Lane>,
    /// The lane that is asked first for the next call, so that each comes first in its turn.
    turn: usize,
    pub(super) rows: Vec<Row>,
    /// Rows without an outcome, and those that had theirs at the beginning.
    pub(super) left: usize,
    pub(super) known: usize,
    /// When the first call began that has given an outcome.
    pub(super) first_asked: Option<Instant>,
    pub(super) lane_of: Vec<usize>,
    /// Rows that other batches are asking for.
    pub(super) others: usize,
    /// Rows with an outcome of this work that is not kept yet, neither by what was asked nor with the batch.
    pub(super) unsaved: Vec<u32>,
    /// Rows with an outcome of this work that were not given to be kept by what was asked, and those that were given last.
    pub(super) unshared: Vec<u32>,
    pub(super) offered: Vec<u32>,
    /// Rows whose tries it does not know yet.
    pub(super) tried: BTreeSet<u32>,
    /// Why the call is refused as a whole, whatever becomes of the other rows.
    pub(super) refusal: Option<Refusal>,
    pub(super) is_refusal_saved: bool,
    is_held: bool,
    has_begun: bool,
    /// Calls that were cut off after half of this invocation.
    pub(super) cut: usize,
    /// Whether other invocations take it up where this one ends.
    pub(super) goes_on: bool,
    pub(super) account: Account,
}

pub(super) struct Ended {
    /// One row, or all of a pack.
    pub rows: Vec<u32>,
    pub lane: usize,
    pub permit: Permit,
    pub result: Result<Vec<Answered>, PackFault>,
    /// What a call has cost that gave no value, and what the service told of it.
    pub lost: (Paid, Told),
}

impl<'w, 'a> Work<'w, 'a> {
    /// Prepares the work: what is `known` is not asked again.
    pub fn new(
        plan: &'w Plan<'a>,
        statement_faults: StatementFaults,
        targets: &'w Targets,
        mut known: Known,
        deadline: Instant,
    ) -> Self {
        let mut work = Self {
            plan,
            statement_faults: plan.statement_faults(statement_faults),
            targets,
            begin: Instant::now(),
            deadline,
            in_flight: FuturesUnordered::new(),
            taking: FuturesUnordered::new(),
            lanes: Vec::new(),
            turn: 0,
            rows: plan.distinct().iter().map(|_| Row::default()).collect(),
            left: plan.distinct().len(),
            known: 0,
            first_asked: None,
            lane_of: vec![usize::MAX; plan.distinct().len()],
            others: 0,
            unsaved: Vec::new(),
            unshared: Vec::new(),
            offered: Vec::new(),
            tried: BTreeSet::new(),
            refusal: known.refusal,
            is_refusal_saved: true,
            is_held: false,
            has_begun: false,
            cut: 0,
            goes_on: false,
            account: Account { last: known.reason, ..Account::default() },
        };
        let mut lanes: HashMap<(&str, &str), usize> = HashMap::new();
        for (number, row) in (0..).zip(plan.distinct()) {
            let job = match row {
                Ok(job) => job,
                Err(refusal) => {
                    work.put(number, Outcome::judged(refusal.clone()));
                    continue;
                }
            };
            let lane = *lanes.entry((&job.target.name, &job.options)).or_insert_with(|| work.add_lane(job));
            work.lane_of[index(number)] = lane;
            let first = plan.first(number);
            work.rows[index(number)].tries = known.tries.get(&first).copied().unwrap_or_default();
            match known.outcomes.remove(&first) {
                Some(outcome) => work.knew(number, lane, outcome),
                None => work.lanes[lane].push(number),
            }
        }
        work.known = work.rows.len() - work.left;
        for lane in &work.lanes {
            lane.share.set_left(lane.left());
            if let Some(wait) = known.holds.get(&lane.target) {
                lock(&lane.state).hold(*wait);
            }
        }
        work
    }

    /// The same, of a batch that other invocations take up where this one ends.
    #[must_use]
    pub fn going_on(self) -> Self {
        Self { goes_on: true, ..self }
    }

    fn add_lane(&mut self, job: &Job<'_>) -> usize {
        let per_call = if let Call::Packed { most, .. } = job.call { most.max(1) } else { 1 };
        let (target, options) = (job.target.name.clone().into_owned(), job.options.clone().into_owned());
        let (state, share) = (self.targets.get(&job.target), self.targets.ceiling().share());
        self.lanes.push(Lane::new(state, share, target, options, per_call));
        self.lanes.len() - 1
    }

    /// Takes over what an earlier invocation has found out.
    fn knew(&mut self, row: u32, lane: usize, outcome: Outcome) {
        match outcome.refusal() {
            // Its target may have been given up, or not.
            Some(refusal) if refusal.whose == Whose::Statement => {}
            Some(refusal) if refusal.whose == Whose::Unknown => self.lanes[lane].heard.spoke(),
            _ => self.lanes[lane].heard.was_answered(),
        }
        self.put(row, outcome);
    }

    /// Gives a row its outcome, once.
    pub(super) fn put(&mut self, row: u32, outcome: Outcome) {
        self.check(row, &outcome);
        self.rows[index(row)].outcome = Some(outcome);
        self.tried.remove(&row);
        self.left -= 1;
    }

    /// A row that must be answered takes the call with it when it is not.
    pub(super) fn check(&mut self, row: u32, outcome: &Outcome) {
        if let (Ok(Job { must_be_answered: true, .. }), Some(refusal), StatementFaults::Refuse) =
            (&self.plan.distinct()[index(row)], outcome.refusal(), self.statement_faults)
        {
            let message = format!("a row has no answer, and each must have one: {}", refusal.message);
            self.refuse(Refusal { whose: Whose::Statement, message: message.into(), ..refusal.clone() });
        }
    }

    /// Works until every row has its outcome, `pause` has come, or the deadline leaves nothing to do.
    ///
    /// Calls in flight stay in flight when it pauses, and go on with the next call of this function.
    pub async fn run_until(&mut self, pause: Instant) -> Progress {
        let pause = pause.min(self.deadline);
        if !std::mem::replace(&mut self.has_begun, true) {
            self.hear();
        }
        loop {
            if self.is_done() {
                return Progress::Done;
            }
            // Before anything is looked at: a place that becomes free meanwhile must not be missed.
            let mut freed = pin!(self.targets.ceiling().freed.notified());
            freed.as_mut().enable();
            let now = Instant::now();
            let next = self.start(now);
            let idle = self.in_flight.is_empty();
            let can_start = next.others || next.at.is_some_and(|at| at < self.deadline);
            if now >= self.deadline || (idle && !can_start) {
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
                    self.give_up();
                }
                Some(()) = self.taking.next(), if !self.taking.is_empty() => {}
                () = freed, if next.others => {}
                () = sleep_until(next.at.map_or(pause, |at| at.min(pause))) => {}
            }
        }
    }

    /// Hears what earlier invocations have met with the rows that are left, once it is known what those were answered.
    fn hear(&mut self) {
        for lane in &mut self.lanes {
            lane.met(|row| self.rows[index(row)].tries);
        }
        self.give_up();
    }

    /// Whether nothing new may start for now: answers that cannot be kept are not bought.
    pub fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Starts every call that may start now, one of each lane after the other, and says what to wait for.
    fn start(&mut self, now: Instant) -> Next {
        let mut next = Next { at: None, others: self.is_held };
        if self.is_held {
            return next;
        }
        let (begin, deadline, count) = (self.begin, self.deadline, self.lanes.len());
        let mut stopped = vec![false; count];
        for lane in &mut self.lanes {
            next.earlier(lane.wake(now));
            lane.share.set_left(lane.left());
        }
        for (lane, stopped) in self.lanes.iter().zip(&mut stopped) {
            *stopped = !lane.fits(now, begin, deadline);
            next.others |= lane.waits_for_others();
        }
        while stopped.contains(&false) {
            self.turn = (self.turn + 1) % count;
            if stopped[self.turn] {
                continue;
            }
            match self.lanes[self.turn].start(now, begin, deadline) {
                Ok((row, permit)) => self.call(row, self.turn, permit),
                Err(later) => {
                    stopped[self.turn] = true;
                    match later {
                        Some(Later::At(at)) => next.earlier(Some(at)),
                        Some(Later::WhenTold) => next.others = true,
                        None => {}
                    }
                }
            }
        }
        for lane in self.lanes.iter().filter(|lane| lane.fits(now, begin, deadline)) {
            match self.targets.take(&lane.target, &lane.state, lane.wants(now)) {
                Ok(taking) => self.taking.push(taking),
                Err(at) => next.earlier(at),
            }
        }
        next
    }

    fn call(&mut self, row: u32, lane: usize, permit: Permit) {
        let plan = self.plan;
        self.account.calls += 1;
        let rows = self.pack(row, lane);
        for row in &rows {
            self.rows[index(*row)].running = Some(permit.started);
        }
        self.in_flight.push(Box::pin(async move {
            // Within this future, so that a function that panics before its first await costs its row and no more.
            let asked = AssertUnwindSafe(async { ask(plan, &rows).await }).catch_unwind().await;
            let (result, lost) =
                asked.unwrap_or_else(|_| (Err(PackFault::Whole(panicked().into())), Default::default()));
            Ended { rows, lane, permit, result, lost }
        }));
    }

    /// The row, and those that go with it in one call.
    fn pack(&mut self, row: u32, lane: usize) -> Vec<u32> {
        let mut pack = vec![row];
        if let Ok(Job { call: Call::Packed { most, .. }, .. }) = &self.plan.distinct()[index(row)] {
            let (rows, limit) = (&self.rows, self.rows[index(row)].pack);
            let more = limit.unwrap_or(*most).saturating_sub(1);
            pack.extend(self.lanes[lane].take_more(more, |other| rows[index(other)].pack == limit));
        }
        pack
    }
}

/// Makes one service call for the rows; what it has given, and what it has cost and told without giving anything.
async fn ask(plan: &Plan<'_>, rows: &[u32]) -> (Result<Vec<Answered>, PackFault>, (Paid, Told)) {
    let job = |row: &u32| plan.distinct()[index(*row)].as_ref().ok();
    match rows.first().and_then(job).map(|job| &job.call) {
        Some(Call::Alone(call)) => match call().await {
            Ok(answered) => (Ok(vec![answered]), Default::default()),
            Err(Failed { fault, paid, told }) => (Err(PackFault::Whole(fault)), (*paid, *told)),
        },
        Some(Call::Packed { ask, .. }) => {
            let text = |job: &Job<'_>| match &job.call {
                Call::Packed { text, .. } => text.clone().into_owned(),
                Call::Alone(_) => String::new(),
            };
            (ask(rows.iter().filter_map(job).map(text).collect()).await, Default::default())
        }
        None => (Ok(Vec::new()), Default::default()),
    }
}

/// Nobody knows whose fault a panic is.
fn panicked() -> Refusal {
    let message = "the function failed on this row: its log says where";
    let service_code = Some("panic".into());
    Refusal { whose: Whose::Unknown, code: Code::ServiceError, message: message.into(), service_code }
}

/// What has to happen before another call can start.
struct Next {
    at: Option<Instant>,
    /// The end of a call, be it of another work.
    others: bool,
}

impl Next {
    fn earlier(&mut self, at: Option<Instant>) {
        self.at = self.at.into_iter().chain(at).min();
    }
}
