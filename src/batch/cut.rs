//! The end of an invocation, and what is to be kept of it.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::row::Row;
use super::targets::lock;
use super::{CUTS, Entry, Work, index};
use crate::function::{Code, Refusal};

impl Work<'_, '_> {
    /// Ends the calls that are in flight at the deadline.
    ///
    /// A row whose call was cut off in two invocations is at fault itself, so that one endless answer is not paid for for ever. It
    /// counts if the call had at least half of the invocation, and its target answered another row meanwhile; after that also if there was no
    /// other row left to answer but such ones: then the last one is at fault as soon, and several, which the target may let hang alike, after twice as
    /// many. A target that answers nobody is slow itself.
    pub fn cut_off(&mut self) {
        self.in_flight.clear();
        let now = Instant::now();
        let half = self.deadline.saturating_duration_since(self.begin) / 2;
        let mut has_others = vec![false; self.lanes.len()];
        let mut left = vec![0; self.lanes.len()];
        for (row, lane) in self.rows.iter().zip(&self.lane_of).filter(|(row, _)| row.outcome.is_none()) {
            has_others[*lane] |= row.tries.cut == 0;
            left[*lane] += 1;
        }
        let mut is_silent = vec![false; self.lanes.len()];
        let mut cut = 0;
        for number in (0..).take(self.rows.len()) {
            let (row, lane) = (&mut self.rows[index(number)], self.lane_of[index(number)]);
            let Some(started) = row.running else {
                continue;
            };
            cut += 1;
            let is_long = now.saturating_duration_since(started) >= half;
            let is_alone = row.tries.cut > 0 && !has_others[lane];
            let are_others_answered = self.lanes[lane].heard.has_answered_since(started);
            let counts = is_long && (is_alone || are_others_answered);
            row.tries.cut += u32::from(counts);
            row.tries.silent += u32::from(is_long && !are_others_answered);
            is_silent[lane] |= is_long && !are_others_answered;
            self.cut += usize::from(is_long);
            let most = if are_others_answered || left[lane] == 1 { CUTS } else { 2 * CUTS };
            let is_at_fault = counts && row.tries.cut >= most;
            self.tried(number);
            if is_at_fault {
                let message = "the answer takes longer than two whole invocations";
                self.settle(number, Err(Refusal::row(Code::Timeout, message)), Duration::ZERO);
            } else {
                self.lanes[lane].push(number);
            }
        }
        self.forget_silence(&is_silent);
        match self.refusal {
            None => self.account.cut(cut),
            // That is the reason why the batch ends.
            Some(_) => self.account.cut += cut,
        }
        if !self.goes_on {
            self.give_up_lanes(true);
        }
    }

    /// Where the target has answered in this invocation and not fallen silent after that, its silence in earlier ones is over: the next
    /// invocation may ask all at once from the beginning, without which a slow target would answer no more than the first calls in each.
    fn forget_silence(&mut self, is_silent: &[bool]) {
        for number in (0..).take(self.rows.len()) {
            let (row, lane) = (&mut self.rows[index(number)], self.lane_of[index(number)]);
            if row.outcome.is_none() && row.tries.silent > 0 && !is_silent[lane] && self.lanes[lane].heard.is_answered()
            {
                row.tries.silent = 0;
                self.tried.insert(number);
            }
        }
    }

    /// What is not kept yet.
    pub fn unsaved(&mut self) -> Entry {
        let rows = std::mem::take(&mut self.unsaved);
        self.entry(rows)
    }

    /// The same, at the end of an invocation.
    pub fn rest(&mut self) -> Entry {
        let has_value = |row: &&Row| row.outcome.as_ref().is_some_and(|outcome| outcome.result.is_ok());
        let answered = if self.is_done() { 0 } else { self.rows.iter().filter(has_value).count() };
        Entry { answered, ..self.unsaved() }
    }

    /// The same, but for outcomes that are about to be kept by what was asked.
    pub fn unsaved_beside(&mut self) -> Entry {
        let unshared = self.unshared.iter().copied().filter(|row| self.serves_others(*row));
        let shared: HashSet<u32> = unshared.chain(self.offered.iter().copied()).collect();
        let (later, rows) = std::mem::take(&mut self.unsaved).into_iter().partition(|row| shared.contains(row));
        self.unsaved = later;
        self.entry(rows)
    }

    fn entry(&mut self, rows: Vec<u32>) -> Entry {
        let plan = self.plan;
        let outcome = |row: u32| Some((plan.first(row), self.rows[index(row)].outcome.clone()?));
        let tries = |row: u32| (plan.first(row), self.rows[index(row)].tries);
        let outcomes = rows.into_iter().filter_map(outcome).collect();
        let tries = std::mem::take(&mut self.tried).into_iter().map(tries).collect();
        let hold = |lane: &super::lane::Lane| Some((lane.target.clone(), lock(&lane.state).held()?));
        let holds = self.lanes.iter().filter_map(hold).collect();
        let refusal = if self.is_refusal_saved { None } else { self.refusal.clone() };
        self.is_refusal_saved = true;
        Entry { outcomes, tries, holds, reason: self.account.last.clone(), refusal, answered: 0 }
    }

    /// Takes back what could not be kept.
    pub fn not_saved(&mut self, entry: &Entry) {
        let plan = self.plan;
        self.unsaved.extend(entry.outcomes.iter().filter_map(|(first, _)| plan.at(*first)));
        let tried = entry.tries.iter().filter_map(|(first, _)| plan.at(*first));
        self.tried.extend(tried.filter(|row| self.rows[index(*row)].outcome.is_none()));
        self.is_refusal_saved &= entry.refusal.is_none();
    }
}
