//! One line in the log for each batch.

use tokio::time::Instant;

use crate::batch::{Account, Answers, Counts, Plan};

/// What is said of a batch: counts, times and the services' codes, and nothing of its rows.
pub struct Summary {
    function: String,
    rows: usize,
    distinct: usize,
    begin: Instant,
}

impl Summary {
    /// Begins the account of a batch.
    pub fn begin(function: &str, plan: &Plan<'_>) -> Self {
        let function = function.to_owned();
        Self { function, rows: plan.rows().len(), distinct: plan.distinct().len(), begin: Instant::now() }
    }

    /// Writes the line of a batch that has its answers. One of which the service refused every row gets a warning.
    pub fn answered(&self, account: &Account, answers: &Answers) {
        if let Some(code) = answers.refused_by_service() {
            tracing::warn!(function = self.function, code, "the service refused every row of the batch");
        }
        self.write(account, if answers.refusal().is_some() { "refused" } else { "answered" });
    }

    /// Writes the line of a batch that has none, or not yet: with the reason of the last failure.
    pub fn unanswered(&self, account: &Account, outcome: &str) {
        self.write(account, outcome);
    }

    fn write(&self, account: &Account, outcome: &str) {
        let Self { function, rows, distinct, begin } = self;
        let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Account { calls, throttled, failed, cut, taken, refused, last } = account;
        // Fields that have nothing to say are left out.
        let throttled = (!throttled.is_empty()).then(|| Counts(throttled).to_string());
        let failed = (!failed.is_empty()).then(|| Counts(failed).to_string());
        let refused = (!refused.is_empty()).then(|| Counts(refused).to_string());
        let cut = (*cut > 0).then_some(cut);
        let taken = (*taken > 0).then_some(taken);
        let reason = last.as_ref().filter(|_| outcome != "answered");
        tracing::info!(
            function,
            rows,
            distinct,
            taken,
            calls,
            throttled,
            failed,
            cut,
            refused,
            reason,
            milliseconds,
            outcome,
            "batch"
        );
    }
}
