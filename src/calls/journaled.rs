//! A batch that the journal knows: claimed, worked on until the deadline, and answered when it is complete.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{CallError, House, Retention, Summary, Times, fits};
use crate::batch::{Plan, StatementFaults, Work};
use crate::function::{Argument, Caller, Function, Shared};
use crate::journal::{self, Batch, Claim, Claimed, Journal, JournalError, Key, Lease, NewRows, Scope, Within, decode};
use crate::snowflake::{request, response};

mod keeper;
mod sharing;

use keeper::Keeper;
use sharing::Sharing;

/// For how much longer than it serves new batches an answer is kept: those that have used it are to be answered again.
const AGAIN: Duration = Duration::from_hours(1);

/// The rows that a POST brings.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a, 'p> {
    /// The request's body.
    pub body: &'a str,
    /// The number of each row.
    pub numbers: &'a [&'a str],
    /// The arguments of each row.
    pub arguments: &'a [Vec<Argument<'a>>],
    /// What they ask for.
    pub plan: &'a Plan<'p>,
}

/// By what a batch is known.
#[derive(Debug, Clone, Copy)]
pub struct Ids<'a> {
    /// The batch's own id.
    pub batch: &'a str,
    /// Who asks; batches of one statement have its id.
    pub caller: Caller<'a>,
}

/// What a request about a batch is answered with.
#[derive(Debug)]
pub enum Stand {
    /// 200: the response's body.
    Complete(String),
    /// 202: ask again.
    Unfinished,
}

impl House {
    /// Answers a POST, which brings rows, or a GET, which does not; `None` without a journal, and where answers may not be kept.
    ///
    /// # Errors
    ///
    /// When the call is refused or the batch is not known; to a POST also when the journal cannot be reached.
    pub async fn answer_journaled(
        &self,
        function: &dyn Function,
        ids: Ids<'_>,
        brought: Option<Brought<'_, '_>>,
        times: Times,
    ) -> Option<Result<Stand, CallError>> {
        let journal = self.journal.as_deref().filter(|_| function.may_be_kept())?;
        Some(Journaled { house: self, journal, function, ids, times }.answer(brought).await)
    }
}

struct Journaled<'a> {
    house: &'a House,
    journal: &'a dyn Journal,
    function: &'a dyn Function,
    ids: Ids<'a>,
    times: Times,
}

impl Journaled<'_> {
    async fn answer(&self, brought: Option<Brought<'_, '_>>) -> Result<Stand, CallError> {
        let Times { now, deadline, .. } = self.times;
        let key = Key::of(self.function.name(), self.ids.batch);
        if let Some(brought) = &brought {
            fits::check(brought.plan, StatementFaults::Refuse)?;
        }
        let new_rows = |brought: Brought<'_, '_>| journal::digest(brought.numbers, brought.arguments);
        let rows = brought.map(|brought| NewRows { body: brought.body, digest: new_rows(brought) });
        let claim = Claim { key: &key, rows, now, lease_until: keeper::lease_until(self.times) };
        let claimed = timeout_at(deadline, self.journal.claim(&claim)).await;
        let claimed = claimed.unwrap_or_else(|_| Err(JournalError("a claim does not end in time".to_owned())));
        match claimed {
            Ok(Claimed::Ours(lease, batch)) => self.take_up(&key, Some(lease), &batch, brought).await,
            Ok(Claimed::Ended(batch)) => self.take_up(&key, None, &batch, brought).await,
            Ok(Claimed::Busy) => Ok(Stand::Unfinished),
            Ok(Claimed::Unknown) => Err(CallError::UnknownBatch),
            Ok(Claimed::OtherRows) => Err(CallError::Rejected(
                "another body came under the same batch id: send every batch under an id of its own".to_owned(),
            )),
            Ok(Claimed::GivenUp(batch)) => Err(given_up(&batch, self.times)),
            // The batch may be there: an error to a GET might end the query.
            Err(error) if brought.is_none() => {
                tracing::error!("{error}");
                Ok(Stand::Unfinished)
            }
            Err(error) => Err(unreachable(&error)),
        }
    }

    /// Works on a batch with a lease; one that has ended is answered from what is known.
    async fn take_up(
        &self,
        key: &Key,
        lease: Option<Lease>,
        batch: &Batch,
        brought: Option<Brought<'_, '_>>,
    ) -> Result<Stand, CallError> {
        match brought {
            // The same rows: a batch of others is not handed out.
            Some(Brought { numbers, plan, .. }) => self.work(key, lease, batch, numbers, plan).await,
            None => {
                let rows = request::parse(&batch.body, self.function.parameters())?;
                let plan = Plan::asked_by(self.ids.caller, self.function, &rows.arguments);
                self.work(key, lease, batch, &rows.numbers, &plan).await
            }
        }
    }

    async fn work(
        &self,
        key: &Key,
        lease: Option<Lease>,
        batch: &Batch,
        numbers: &[&str],
        plan: &Plan<'_>,
    ) -> Result<Stand, CallError> {
        let Self { house, journal, function, times, .. } = self;
        let known = decode(&batch.entries, times.clock()).map_err(|error| unreachable(&error))?;
        let mut work = Work::new(plan, StatementFaults::Refuse, &house.targets, known, times.deadline).going_on();
        let summary = Summary::begin(function.name(), plan);
        let token = lease.as_ref().map(|lease| lease.token().to_owned()).unwrap_or_default();
        let known_as = sharing::Batch { key, lease: &token, until: batch.created + AGAIN };
        let sharing = self.sharing(known_as, plan);
        let is_complete = match lease {
            Some(lease) => {
                let mut keeper = Keeper::new(*journal, lease, sharing, *times);
                keeper.run(&mut work).await && keeper.close(&mut work, batch.created).await
            }
            None => recall(sharing, &mut work).await?,
        };
        if !is_complete {
            summary.unanswered(&work.account(), "unfinished");
            return Ok(Stand::Unfinished);
        }
        let account = work.account();
        let answers = work.finish()?;
        summary.answered(&account, &answers);
        match answers.refusal() {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(Stand::Complete(response::write(numbers, &answers))),
        }
    }

    /// The batch among others of its statement, or of the account; none when nothing says what others there are.
    fn sharing<'b>(&'b self, batch: sharing::Batch<'b>, plan: &Plan<'_>) -> Option<Sharing<'b>> {
        let Retention { journal: kept, shared_answers } = self.house.retention;
        // A call has nothing kept for longer than the settings keep anything.
        let hours = plan.shared_answers(shared_answers).min(shared_answers.max(kept));
        let statement = self.ids.caller.query_id.map(Within::Statement);
        let (within, shared, hours) = match statement.filter(|_| hours.is_zero()) {
            Some(statement) => (statement, Shared::Statement, kept),
            None if hours.is_zero() => return None,
            None => (Within::Account(hours), Shared::Earlier, hours),
        };
        let scope = Scope::of(self.function.name(), within, self.times.now + hours + AGAIN);
        Some(Sharing::new(self.journal.answers()?, (scope, shared), batch, plan, self.times))
    }
}

/// Finds what a batch that has ended was answered; `false` when the table cannot be had.
async fn recall(sharing: Option<Sharing<'_>>, work: &mut Work<'_, '_>) -> Result<bool, CallError> {
    if let Some(sharing) = sharing.filter(|_| !work.is_done())
        && let Err(error) = sharing.find(work, Instant::now() + keeper::LEASE / 2).await
    {
        tracing::error!("{error}");
        return Ok(false);
    }
    if work.is_done() {
        return Ok(true);
    }
    Err(unreachable(&JournalError("an answer of a batch that has ended is gone".to_owned())))
}

fn unreachable(error: &JournalError) -> CallError {
    tracing::error!("{error}");
    CallError::NoJournal
}

/// The refusal of a batch that is too old, with the last reason why it was unfinished. Where none of its rows was answered, fewer of them would not
/// have been either.
fn given_up(batch: &Batch, times: Times) -> CallError {
    let known = decode(&batch.entries, times.clock()).ok();
    let is_answered = known.as_ref().is_none_or(|known| known.answered > 0);
    let reason = known.and_then(|known| known.reason).map(|reason| format!(" (last: {reason})")).unwrap_or_default();
    let seconds = journal::GIVEN_UP.as_secs();
    CallError::Rejected(if is_answered {
        format!(
            "the batch is unfinished after {seconds} s, when Snowflake gives it up{reason}: lower MAX_BATCH_ROWS and run the query again"
        )
    } else {
        format!(
            "none of the batch's rows was answered within {seconds} s, when Snowflake gives it up{reason}: the model or service has to \
             answer a row within one invocation, so take a faster model or a smaller max_tokens, or raise GatewayTimeoutSeconds"
        )
    })
}
