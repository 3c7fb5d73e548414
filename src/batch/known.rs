//! What is known of a batch from earlier invocations, and what one invocation adds.

use std::collections::HashMap;

use super::Answer;

/// What a checkpoint adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Answers, by the number of the distinct row.
    pub answers: Vec<(u32, Answer)>,
    /// Distinct rows whose call was cut off at the deadline.
    pub cut: Vec<u32>,
}

/// What all checkpoints of a batch say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Answers, by the number of the distinct row.
    pub answers: HashMap<u32, Answer>,
    /// How often the call of a distinct row was cut off at the deadline.
    pub cuts: HashMap<u32, u32>,
}

impl Entry {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.cut.is_empty()
    }
}
