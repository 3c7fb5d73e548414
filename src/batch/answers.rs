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
    refusal: Option<Refusal>,
}

impl Answers {
    pub(super) fn new(rows: Vec<Option<u32>>, distinct: Vec<Answer>, refusal: Option<Refusal>) -> Self {
        Self { rows, distinct, refusal }
    }

    /// Why no row could be answered, if the statement is at fault for all of them.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// The service's code, if it judged rows and refused every one of them.
    pub fn refused_by_service(&self) -> Option<&str> {
        let mut code = None;
        for answer in &self.distinct {
            match answer {
                Answer::Value(_) => return None,
                Answer::Row(refusal) | Answer::Statement(refusal) => code = code.or(refusal.service_code.as_deref()),
            }
        }
        code
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
