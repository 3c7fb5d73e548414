//! The answers of a batch.

use std::borrow::Cow;

use crate::function::{Outcome, Refusal, Rendering, Shared};

/// An answer for every row of a batch, or why no row has one.
#[derive(Debug, PartialEq)]
pub struct Answers {
    rows: Vec<Option<u32>>,
    outcomes: Vec<Outcome>,
    refusal: Option<Refusal>,
    rendering: Rendering,
}

impl Answers {
    pub(super) fn new(
        rows: Vec<Option<u32>>,
        outcomes: Vec<Outcome>,
        refusal: Option<Refusal>,
        rendering: Rendering,
    ) -> Self {
        Self { rows, outcomes, refusal, rendering }
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

    /// Each row's answer as JSON text, in order; `null` for a row that is NULL. The first of equal rows is the one that paid.
    pub fn json(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let mut has_come = vec![false; self.outcomes.len()];
        self.rows.iter().map(move |distinct| {
            let Some((number, outcome)) =
                distinct.and_then(|row| Some((super::index(row), self.outcomes.get(super::index(row))?)))
            else {
                return Cow::Borrowed("null");
            };
            let shared = has_come[number].then_some(Shared::Batch);
            has_come[number] = true;
            self.rendering.render(outcome, shared)
        })
    }
}
