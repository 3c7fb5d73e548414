//! What a batch gives to other batches and takes from them.

use std::collections::HashSet;

use super::{Work, index};
use crate::function::{Code, Outcome, Whose};

impl Work<'_, '_> {
    /// Distinct rows that have no outcome, and that other batches may ask for as well.
    pub fn unsettled(&self) -> impl Iterator<Item = u32> {
        let numbered = (0..).zip(&self.rows);
        numbered.filter(|(number, row)| row.outcome.is_none() && self.is_shared(*number)).map(|(number, _)| number)
    }

    /// Whether a row's question is one that equal rows share.
    fn is_shared(&self, row: u32) -> bool {
        self.plan.distinct()[index(row)].as_ref().is_ok_and(|job| job.question.is_some())
    }

    /// Asks for none of these rows until they are taken back, because others ask for them.
    pub fn set_aside(&mut self, rows: &HashSet<u32>) {
        self.lanes.iter_mut().for_each(|lane| lane.set_aside(rows));
    }

    /// Notes how many rows others are asking for: what this batch makes of its own says nothing of when those are answered.
    pub fn wait_for(&mut self, others: usize) {
        self.others = others;
    }

    /// Asks for rows that were set aside.
    pub fn take_back(&mut self, rows: impl IntoIterator<Item = u32>) {
        rows.into_iter().for_each(|row| self.lanes[self.lane_of[index(row)]].take_back(row));
    }

    /// Takes an outcome that is kept by what was asked: another batch has paid for it or, where it is not shared, an earlier invocation of this one.
    pub fn learn(&mut self, row: u32, outcome: Outcome) {
        let lane = self.lane_of[index(row)];
        if self.rows[index(row)].outcome.is_some() || !self.lanes[lane].forget(row) {
            return;
        }
        self.lanes[lane].heard.was_answered();
        self.account.taken += usize::from(outcome.shared.is_some());
        self.put(row, outcome);
    }

    /// Takes outcomes that were kept before this invocation began.
    pub fn find(&mut self, found: Vec<(u32, Outcome)>) {
        found.into_iter().for_each(|(row, outcome)| self.learn(row, outcome));
        self.known = self.rows.len() - self.left;
    }

    /// Takes, in place of an outcome of its own, the one that another batch has kept before for the same question.
    pub fn replace(&mut self, row: u32, outcome: Outcome) {
        self.check(row, &outcome);
        if self.rows[index(row)].outcome.replace(outcome).is_some() && !self.unsaved.contains(&row) {
            self.unsaved.push(row);
        }
    }

    /// Outcomes that this work has paid for and that serve other batches as well: not those of the moment, nor of the statement. Each is
    /// given once.
    pub fn to_share(&mut self) -> Vec<(u32, Outcome)> {
        let unshared = std::mem::take(&mut self.unshared);
        self.offered = unshared.into_iter().filter(|row| self.serves_others(*row)).collect();
        let outcome = |row: &u32| Some((*row, self.rows[index(*row)].outcome.clone()?));
        self.offered.iter().filter_map(outcome).collect()
    }

    /// Whether a row has an outcome that serves other batches as well.
    pub(super) fn serves_others(&self, row: u32) -> bool {
        let serves_others = |outcome: &Outcome| match outcome.refusal() {
            None => true,
            Some(refusal) => refusal.whose == Whose::Row && !matches!(refusal.code, Code::Timeout | Code::ServiceError),
        };
        self.is_shared(row) && self.rows[index(row)].outcome.as_ref().is_some_and(serves_others)
    }

    /// Notes which of the outcomes that were given last are kept by what was asked. The others are to be kept with the batch.
    pub fn were_kept(&mut self, kept: &[u32]) {
        self.offered.clear();
        let kept: HashSet<&u32> = kept.iter().collect();
        self.unsaved.retain(|row| !kept.contains(row));
    }
}
