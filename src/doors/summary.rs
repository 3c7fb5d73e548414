//! One line in the log for each batch.

use tokio::time::Instant;

use super::CallError;
use crate::batch::{Answers, Plan};
use crate::functions::Function;

/// What is said of a batch: counts and times, and nothing of its rows.
pub struct Summary {
    function: &'static str,
    rows: usize,
    distinct: usize,
    begin: Instant,
}

impl Summary {
    /// Begins the account of a batch.
    pub fn begin(function: &dyn Function, rows: usize, plan: &Plan<'_>) -> Self {
        Self { function: function.name(), rows, distinct: plan.distinct().len(), begin: Instant::now() }
    }

    /// A word for how the batch came out. A batch of which the service refused every row gets a warning.
    pub fn outcome(&self, answers: &Result<Answers, CallError>) -> &'static str {
        match answers {
            Ok(answers) => {
                if let Some(code) = answers.refused_by_service() {
                    tracing::warn!(function = self.function, code, "the service refused every row of the batch");
                }
                if answers.refusal().is_some() { "refused" } else { "answered" }
            }
            Err(CallError::Throttled) => "throttled",
            Err(_) => "failed",
        }
    }

    /// Writes the line.
    pub fn end(&self, calls: usize, outcome: &str) {
        let Self { function, rows, distinct, begin } = self;
        let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(function, rows, distinct, calls, milliseconds, outcome, "batch");
    }
}
