//! The answers of a batch.

use crate::function::{Outcome, Refusal};

/// An answer for every row of a batch, or why no row has one.
#[derive(Debug, PartialEq)]
pub struct Answers {
    rows: Vec<Option<u32>>,
    outcomes: Vec<Outcome>,
    refusal: Option<Refusal>,
}

impl Answers {
    pub(super) fn new(rows: Vec<Option<u32>>, outcomes: Vec<Outcome>, refusal: Option<Refusal>) -> Self {
        Self { rows, outcomes, refusal }
    }

    /// Why the call as a whole is refused, if it is: then rows may be without an outcome.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// The service's code, if it judged rows and refused every one of them.
    pub fn refused_by_service(&self) -> Option<&str> {
        if self.outcomes.iter().any(|outcome| outcome.result.is_ok()) {
            return None;
        }
        self.outcomes.iter().find_map(|outcome| outcome.refusal()?.service_code.as_deref())
    }

    /// What is known of each row, in order; `None` for a row that is NULL.
    pub fn rows(&self) -> impl Iterator<Item = Option<&Outcome>> {
        self.rows.iter().map(|distinct| self.outcomes.get(super::index((*distinct)?)))
    }

    /// Each row's value as JSON text, in order: `null` where there is none.
    pub fn json(&self) -> impl Iterator<Item = &str> {
        self.rows().map(|outcome| outcome.and_then(Outcome::value).unwrap_or("null"))
    }
}
