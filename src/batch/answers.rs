//! The answers of a batch.

use crate::functions::{Refusal, Value};

/// What is known of one distinct row, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The function's value.
    Value(Value),
    /// No value: the row is at fault.
    Row(Refusal),
    /// No value: the statement is at fault.
    Statement(Refusal),
}

/// An answer for every row of a batch.
#[derive(Debug, PartialEq)]
pub struct Answers {
    rows: Vec<Option<u32>>,
    distinct: Vec<Answer>,
}

impl Answers {
    pub(super) fn new(rows: Vec<Option<u32>>, distinct: Vec<Answer>) -> Self {
        Self { rows, distinct }
    }

    /// What is known of each row, in order; `None` for a row with a NULL argument.
    pub fn rows(&self) -> impl Iterator<Item = Option<&Answer>> {
        self.rows.iter().map(|distinct| self.distinct.get(usize::try_from((*distinct)?).ok()?))
    }

    /// Each row's value as JSON text, in order: `null` where there is none.
    pub fn json(&self) -> impl Iterator<Item = &str> {
        self.rows().map(|answer| match answer {
            Some(Answer::Value(value)) => value,
            _ => "null",
        })
    }
}
