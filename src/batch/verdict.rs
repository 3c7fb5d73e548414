//! What a batch comes to: an answer for every row, a refusal of the whole call, or neither yet.

use std::collections::BTreeMap;

use super::{Account, Answers, MANY, StatementFaults, Unfinished, Work, index};
use crate::function::{Outcome, Refusal, Whose};

/// How far a batch has come, in distinct rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// How many there are.
    pub all: usize,
    /// Those that have an outcome.
    pub done: usize,
    /// Those without one that other batches are asking for.
    pub others: usize,
    /// Those that have got theirs in this invocation.
    pub now: usize,
    /// How long ago the first call of those began, or this invocation where none of them was asked in it.
    pub seconds: f64,
    /// Calls of this invocation that were cut off after half of it, and may be charged.
    pub cut: usize,
    /// Whether a target that has answered in it was asked by few calls until then, because it had been silent or had refused.
    pub was_probed: bool,
}

impl Work<'_, '_> {
    /// Whether every row has its outcome, or the call is refused as a whole.
    pub fn is_done(&self) -> bool {
        self.refusal.is_some() || self.left == 0
    }

    /// How far it has come.
    pub fn reached(&self) -> Reached {
        let done = self.rows.len() - self.left;
        Reached {
            all: self.rows.len(),
            done,
            others: self.others.min(self.left),
            now: done - self.known,
            seconds: self.first_asked.unwrap_or(self.begin).elapsed().as_secs_f64(),
            cut: self.cut,
            was_probed: self.lanes.iter().any(|lane| lane.heard.was_probed()),
        }
    }

    /// Rows of the batch, those that are NULL among them.
    pub fn rows(&self) -> usize {
        self.plan.rows().len()
    }

    /// What went wrong so far.
    pub fn account(&self) -> Account {
        let mut refused = BTreeMap::new();
        for row in self.plan.rows().iter().flatten() {
            let outcome = self.rows[index(*row)].outcome.as_ref();
            if let Some(refusal) = outcome.and_then(Outcome::refusal) {
                *refused.entry(refusal.code.as_str()).or_default() += 1;
            }
        }
        Account { refused, ..self.account.clone() }
    }

    /// Ends the work, and every call that is still in flight.
    ///
    /// # Errors
    ///
    /// When some row has no outcome, and the call is not refused as a whole.
    pub fn finish(self) -> Result<Answers, Unfinished> {
        let (rows, rendering) = (self.plan.rows().to_vec(), self.plan.rendering());
        if let Some(refusal) = self.refusal {
            return Ok(Answers::new(rows, Vec::new(), Some(refusal), rendering));
        }
        let unfinished = self.account.unfinished();
        let outcomes: Vec<Outcome> =
            self.rows.into_iter().map(|row| row.outcome).collect::<Option<_>>().ok_or(unfinished)?;
        let refusal = match self.statement_faults {
            StatementFaults::Refuse => refusal_of_all(&outcomes),
            StatementFaults::AreData => None,
        };
        Ok(Answers::new(rows, outcomes, refusal, rendering))
    }
}

/// Why no row could be answered, if the statement is at fault for all of them: a target that exists has judged none by itself, and
/// the statement was refused, or many rows were, and all in the same unknown way.
fn refusal_of_all(outcomes: &[Outcome]) -> Option<Refusal> {
    let is_judged = |outcome: &Outcome| match outcome.refusal() {
        None => true,
        Some(refusal) => refusal.whose == Whose::Row && outcome.attempts > 0,
    };
    if outcomes.iter().any(is_judged) {
        return None;
    }
    let of = |whose| outcomes.iter().filter_map(Outcome::refusal).filter(move |refusal| refusal.whose == whose);
    if let Some(refusal) = of(Whose::Statement).next() {
        return Some(refusal.clone());
    }
    let first = of(Whose::Unknown).next()?;
    let is_same = of(Whose::Unknown).all(|refusal| refusal.service_code == first.service_code);
    let count = of(Whose::Unknown).count();
    (is_same && count >= MANY).then(|| {
        let code = first.service_code.as_deref().unwrap_or("no code");
        let message = format!(
            "{} ({code}), as it did all {count} different rows of the batch: check the arguments",
            first.message
        );
        Refusal { whose: Whose::Statement, message: message.into(), ..first.clone() }
    })
}
