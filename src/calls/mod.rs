//! The life of a call behind every door: answered at once, or under the journal's lease; and its line in the log.

mod error;
mod fits;
mod journaled;
mod summary;
mod times;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use error::CallError;
pub use journaled::{Brought, Ids, Stand};
pub use times::Times;

use self::summary::Summary;
use crate::batch::{Answers, Known, Plan, Progress, StatementFaults, Targets, Tracks, Work};
use crate::function::Function;
use crate::functions::Functions;
use crate::journal::Journal;

/// Lambda's own limit of an answer, in bytes of the whole JSON.
///
/// Source: 6 MB for synchronous invocations, in Lambda's quotas; the exact number is the one that the service reports.
pub const LARGEST_ANSWER: usize = 6_291_556;

/// What lies behind the doors, and outlives an invocation.
pub struct House {
    functions: Functions,
    targets: Targets,
    journal: Option<Box<dyn Journal>>,
    retention: Retention,
}

/// For how long answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those of a batch, and those that serve other batches of its statement.
    pub journal: Duration,
    /// Those that serve every statement of the account; zero if none does.
    pub shared_answers: Duration,
}

impl House {
    /// A house with these functions, that has called nothing yet and will have at most `max_concurrency` service calls
    /// in flight. Without a journal, a batch has to be answered within one invocation.
    pub fn new(functions: Functions, max_concurrency: usize, journal: Option<Box<dyn Journal>>) -> Self {
        let retention = Retention { journal: Duration::from_hours(12), shared_answers: Duration::ZERO };
        Self { functions, targets: Targets::new(max_concurrency), journal, retention }
    }

    /// The same house, whose journal keeps answers for so long.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// The same house, that has called nothing yet; houses with these tracks share the pace of each target.
    #[must_use]
    pub fn sharing(self, tracks: Option<Arc<dyn Tracks>>) -> Self {
        Self { targets: self.targets.sharing(tracks), ..self }
    }

    /// The function of that name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn function(&self, name: &str) -> Result<&dyn Function, CallError> {
        self.functions.find(name).map_err(CallError::Rejected)
    }

    /// Answers what is planned at once.
    ///
    /// # Errors
    ///
    /// When the moment does not let them be answered before the deadline, and when the statement is at fault.
    pub async fn answer(
        &self,
        function: &dyn Function,
        plan: &Plan<'_>,
        deadline: Instant,
    ) -> Result<Answers, CallError> {
        let answers = self.begin(function, plan, StatementFaults::Refuse, deadline)?.end().await?;
        match answers.refusal() {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(answers),
        }
    }

    /// Begins to work on a plan, before anything is called. Whoever answers several plans at once begins all of them first, so that
    /// each has its share of the calls in flight.
    ///
    /// # Errors
    ///
    /// When it is known beforehand that the answer comes too late or is too large.
    pub fn begin<'w, 'a>(
        &'w self,
        function: &dyn Function,
        plan: &'w Plan<'a>,
        statement_faults: StatementFaults,
        deadline: Instant,
    ) -> Result<AtOnce<'w, 'a>, CallError> {
        fits::check(plan, statement_faults)?;
        fits::check_time(plan, deadline.saturating_duration_since(Instant::now()))?;
        let summary = Summary::begin(function.name(), plan);
        let work = Work::new(plan, statement_faults, &self.targets, Known::default(), deadline);
        Ok(AtOnce { work, summary, deadline })
    }
}

/// A call that is answered within this invocation or not at all.
pub struct AtOnce<'w, 'a> {
    work: Work<'w, 'a>,
    summary: Summary,
    deadline: Instant,
}

impl AtOnce<'_, '_> {
    /// Works until each row has an answer.
    ///
    /// # Errors
    ///
    /// When the moment does not let them be answered before the deadline.
    pub async fn end(self) -> Result<Answers, CallError> {
        let Self { mut work, summary, deadline } = self;
        while work.run_until(deadline).await == Progress::Paused {}
        work.cut_off();
        let account = work.account();
        match work.finish() {
            Ok(answers) => {
                summary.answered(&account, &answers);
                Ok(answers)
            }
            Err(unfinished) => {
                summary.unanswered(&account, if unfinished.throttled { "throttled" } else { "failed" });
                Err(unfinished.into())
            }
        }
    }
}
