//! What becomes of a row when its call ends.

use std::time::Duration;

use tokio::time::Instant;

use super::lane::Place;
use super::row::Row;
use super::run::Ended;
use super::targets::{Permit, lock};
use super::{StatementFaults, TRIES, UNREADABLE, Work, backoff, index};
use crate::function::{Answered, Code, Fault, Moment, MomentKind, Outcome, PackFault, Refusal, Whose};

/// How long a row has to go on failing for another failure to count where nobody is answered meanwhile, so that the service may be what fails: with
/// the first failure of each invocation six of them take about a minute. Where no other invocation takes the batch up, there is no time for that.
const QUIET: Duration = Duration::from_secs(15);

/// The longest wait of a row of a working model that was refused: all its tries have to fit one short invocation.
const LONGEST_DOUBT: Duration = Duration::from_secs(1);

impl Work<'_, '_> {
    pub(super) fn end(&mut self, ended: Ended) {
        let Ended { rows, lane, permit, result, lost: (paid, told) } = ended;
        self.lanes[lane].ended(rows.len());
        for row in &rows {
            self.tried(*row);
        }
        if let ([row], Err(_)) = (&*rows, &result) {
            let row = &mut self.rows[index(*row)];
            row.tries.paid = row.tries.paid.and(paid);
            row.told = told;
        }
        match result {
            Ok(answered) if answered.len() == rows.len() => {
                let latency = permit.answered();
                for (row, answered) in rows.into_iter().zip(answered) {
                    self.lanes[lane].answered();
                    self.settle(row, Ok(answered), latency);
                }
            }
            Ok(_) => self.moment(&rows, lane, permit, &Moment::unreadable("another number of values than of texts")),
            Err(PackFault::Member(place, refusal)) if place < rows.len() => {
                let now = Instant::now();
                let row = rows[place];
                rows.into_iter()
                    .filter(|other| *other != row)
                    .for_each(|other| self.lanes[lane].try_again(other, now, Place::First));
                self.refused(&[row], lane, permit, &refusal);
            }
            Err(PackFault::Member(_, refusal) | PackFault::Whole(Fault::Refused(refusal))) => {
                self.refused(&rows, lane, permit, &refusal);
            }
            Err(PackFault::Whole(Fault::Moment(moment))) => self.moment(&rows, lane, permit, &moment),
        }
    }

    fn refused(&mut self, rows: &[u32], lane: usize, permit: Permit, refusal: &Refusal) {
        match (refusal.whose, rows) {
            (Whose::Statement, _) => {
                drop(permit);
                self.lanes[lane].refused(refusal);
                self.account.refused(refusal);
                rows.iter().for_each(|row| self.refused_statement(*row, lane, refusal));
            }
            (whose, [row]) => {
                let latency = permit.answered();
                match whose {
                    Whose::Unknown => self.lanes[lane].heard.spoke(),
                    _ => self.lanes[lane].answered(),
                }
                self.settle(*row, Err(refusal.clone()), latency);
            }
            // Some row of the pack is to blame, and the service does not say which.
            (_, rows) => {
                permit.answered();
                self.split(rows);
                rows.iter().for_each(|row| self.lanes[lane].try_again(*row, Instant::now(), Place::First));
            }
        }
    }

    /// A model that works may refuse a call and take the next: its row is tried again, a few times. What is then still refused can
    /// neither be answered nor be NULL.
    fn refused_statement(&mut self, row: u32, lane: usize, refusal: &Refusal) {
        let tries = &mut self.rows[index(row)].tries;
        tries.refused += 1;
        let again = Instant::now() + backoff::wait(tries.refused, MomentKind::Failed).min(LONGEST_DOUBT);
        if !self.lanes[lane].has_answered() {
            // Another row may tell that the target works after all. How soon it is asked is the lane's to say.
            self.lanes[lane].try_again(row, Instant::now(), Place::Last);
            return;
        }
        // What the function says of an answer by itself stays so, and each answer is paid for.
        if tries.refused < TRIES && refusal.service_code.is_some() {
            self.lanes[lane].try_again(row, again, Place::First);
            return;
        }
        self.settle(row, Err(refusal.clone()), Duration::ZERO);
        if self.statement_faults == StatementFaults::Refuse {
            self.refuse(refusal.clone());
        }
    }

    fn moment(&mut self, rows: &[u32], lane: usize, permit: Permit, moment: &Moment) {
        self.account.moment(moment);
        let asked = backoff::asked(moment.retry_after);
        lock(&self.lanes[lane].state).hold(asked);
        match moment.kind {
            MomentKind::Throttled => permit.throttled(),
            MomentKind::Failed => permit.failed(),
            MomentKind::Unreadable => {
                permit.answered();
            }
        }
        if moment.kind != MomentKind::Throttled {
            self.split(rows);
        }
        // One wait for all of a pack, so that its halves stay together.
        let calls = rows.iter().map(|row| self.rows[index(*row)].tries.calls).max().unwrap_or_default();
        // A first failure was a dead connection, most likely: nobody has to wait for what comes of the second call.
        let place = if calls > 1 { Place::Last } else { Place::First };
        let now = Instant::now();
        let again = now + backoff::wait(calls, moment.kind).max(asked);
        let quiet = if self.goes_on { QUIET } else { Duration::ZERO };
        for row in rows {
            let state = &mut self.rows[index(*row)];
            match moment.kind {
                MomentKind::Failed if rows.len() == 1 && self.lanes[lane].heard.tells(state.failed_at, quiet) => {
                    state.failed_at = Some(now);
                    state.tries.failed += 1;
                }
                MomentKind::Unreadable if rows.len() == 1 => state.tries.unreadable += 1,
                _ => {}
            }
            let tries = state.tries;
            let refusal = match &moment.refusal {
                Some(refusal) if tries.unreadable >= UNREADABLE => (**refusal).clone(),
                None if tries.unreadable >= UNREADABLE => {
                    Refusal::row(Code::ServiceError, "the service's answer to this row could not be read, twice")
                }
                _ if tries.failed >= TRIES => Refusal::row(
                    Code::ServiceError,
                    "the service fails on this row again and again, while it answers others",
                ),
                _ => {
                    self.lanes[lane].try_again(*row, again, place);
                    continue;
                }
            };
            let service_code = Some((*moment.reason).into());
            self.settle(*row, Err(Refusal { service_code, ..refusal }), Duration::ZERO);
        }
    }

    /// What fails together is asked in halves, until it is known which row is to blame.
    fn split(&mut self, rows: &[u32]) {
        if rows.len() > 1 {
            let half = rows.len().div_ceil(2);
            rows.iter().for_each(|row| self.rows[index(*row)].pack = Some(half));
        }
    }

    /// Counts a call that has ended.
    pub(super) fn tried(&mut self, row: u32) {
        self.tried.insert(row);
        let row = &mut self.rows[index(row)];
        row.running = None;
        row.tries.calls += 1;
    }

    pub(super) fn settle(&mut self, row: u32, result: Result<Answered, Refusal>, latency: Duration) {
        if !latency.is_zero() {
            let asked = Instant::now() - latency;
            self.first_asked = Some(self.first_asked.map_or(asked, |first| first.min(asked)));
        }
        let Row { tries, told, .. } = &mut self.rows[index(row)];
        let (result, paid, told) = match result {
            Ok(Answered { value, paid, told }) => (Ok(value), tries.paid.and(paid), told),
            Err(refusal) => (Err(refusal), tries.paid, std::mem::take(told)),
        };
        let outcome = Outcome { result, paid, told, attempts: tries.calls, latency, shared: None };
        self.put(row, outcome);
        self.unsaved.push(row);
        self.unshared.push(row);
    }

    /// Refuses the call as a whole. What is in flight is not waited for.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.in_flight.clear();
        self.refusal = Some(refusal);
        self.is_refusal_saved = false;
    }

    /// Gives the rows up whose target has never answered, has refused often enough, and is not being asked. What it has said then holds for all of
    /// them, whatever it answers to others later.
    pub(super) fn give_up(&mut self) {
        self.give_up_lanes(false);
    }

    pub(super) fn give_up_lanes(&mut self, is_out_of_time: bool) {
        for lane in 0..self.lanes.len() {
            let Some(refusal) = self.lanes[lane].given_up(is_out_of_time).cloned() else {
                continue;
            };
            for row in self.lanes[lane].clear() {
                self.settle(row, Err(refusal.clone()), Duration::ZERO);
            }
        }
    }
}
