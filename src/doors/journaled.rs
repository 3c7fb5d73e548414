//! A batch that the journal knows: claimed, worked on until the deadline, and answered when it is complete.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{CallError, House, Summary};
use crate::batch::{Entry, Plan, Progress, Work};
use crate::deadline::Times;
use crate::functions::Function;
use crate::journal::{
    self, Batch, Claim, Claimed, Journal, JournalError, Kept, Key, Lease, NewRows, Then, decode, encode,
};
use crate::snowflake::{request, response};

/// How often answers are journaled: what the death of a process can lose.
const INTERVAL: Duration = Duration::from_secs(2);

/// What a request about a batch is answered with.
#[derive(Debug)]
pub enum Stand {
    /// 200: the response's body.
    Complete(String),
    /// 202: ask again.
    Unfinished,
}

/// Answers a POST, which brings the batch's `body`, or a GET, which does not.
pub async fn answer(
    house: &House,
    journal: &dyn Journal,
    function: &dyn Function,
    batch_id: &str,
    body: Option<&str>,
    times: Times,
) -> Result<Stand, CallError> {
    let key = Key::of(function.name(), batch_id);
    let rows = match body {
        Some(body) => {
            let rows = request::parse(body, function.parameters())?;
            Some(NewRows { body, digest: journal::digest(&rows.numbers, &rows.arguments) })
        }
        None => None,
    };
    let claim = Claim { key: &key, rows, now: times.now, lease_until: times.end };
    match journal.claim(&claim).await.map_err(unreachable)? {
        Claimed::Ours(lease, batch) => work(house, journal, function, Some(lease), &batch, times).await,
        Claimed::Ended(batch) => work(house, journal, function, None, &batch, times).await,
        Claimed::Busy => Ok(Stand::Unfinished),
        Claimed::Unknown => Err(CallError::UnknownBatch),
        Claimed::OtherRows => Err(CallError::Rejected(
            "another body came under the same batch id: send every batch under an id of its own".to_owned(),
        )),
        Claimed::GivenUp => Err(CallError::Rejected(format!(
            "the batch is unfinished after {} s, when Snowflake gives it up: lower MAX_BATCH_ROWS and run the query again",
            journal::GIVEN_UP.as_secs()
        ))),
    }
}

fn unreachable(error: JournalError) -> CallError {
    tracing::error!("{error}");
    CallError::NoJournal
}

/// Works on a batch with a lease; one that has ended is answered from what is known.
async fn work(
    house: &House,
    journal: &dyn Journal,
    function: &dyn Function,
    lease: Option<Lease>,
    batch: &Batch,
    times: Times,
) -> Result<Stand, CallError> {
    let rows = request::parse(&batch.body, function.parameters())?;
    let plan = Plan::of(&rows.arguments);
    let known = decode(&batch.entries).map_err(unreachable)?;
    let mut work = Work::new(function, &plan, &house.targets, known, times.deadline);
    let summary = Summary::begin(function, rows.numbers.len(), &plan);
    if let Some(lease) = lease {
        let mut keeper = Keeper { journal, lease: Some(lease), writing: None };
        let kept = keeper.run(&mut work).await;
        if !kept || !keeper.close(&mut work, times).await {
            summary.end(work.calls(), "unfinished");
            return Ok(Stand::Unfinished);
        }
    }
    let calls = work.calls();
    let answers = work.finish().map_err(CallError::from);
    summary.end(calls, summary.outcome(&answers));
    let answers = answers?;
    match answers.refusal() {
        Some(refusal) => Err(refusal.clone().into()),
        None => Ok(Stand::Complete(response::write(&rows.numbers, &answers))),
    }
}

type Write<'a> = Pin<Box<dyn Future<Output = (Lease, Entry, Result<Kept, JournalError>)> + Send + 'a>>;

/// Journals answers while the work goes on.
struct Keeper<'a> {
    journal: &'a dyn Journal,
    /// Away while a write is under way.
    lease: Option<Lease>,
    writing: Option<Write<'a>>,
}

impl<'a> Keeper<'a> {
    /// Runs the work to its end or the deadline; `false` when the lease is lost.
    async fn run(&mut self, work: &mut Work<'_>) -> bool {
        let mut tick = Instant::now() + INTERVAL;
        loop {
            let progress = match &mut self.writing {
                Some(write) => tokio::select! {
                    biased;
                    written = write => {
                        if !self.written(work, written) {
                            return false;
                        }
                        continue;
                    }
                    progress = work.run_until(tick) => progress,
                },
                None => work.run_until(tick).await,
            };
            if progress != Progress::Paused {
                return true;
            }
            tick = Instant::now() + INTERVAL;
            if self.writing.is_none() {
                let entry = work.unsaved();
                self.writing = self.write(entry, Then::GoOn);
            }
        }
    }

    /// Ends the work, journals what is left, and gives the lease back; whether the batch is complete.
    async fn close(mut self, work: &mut Work<'_>, times: Times) -> bool {
        // Before anything is waited for: no call outlives the deadline.
        let mut entry = work.cut_off();
        if let Some(write) = self.writing.take() {
            match timeout_at(times.last_write, write).await {
                Ok(written) => {
                    if !self.written(work, written) {
                        return false;
                    }
                }
                Err(_) => tracing::error!("a checkpoint did not end in time: the answers since the last one are lost"),
            }
        }
        // What the write that has just ended could not keep.
        entry.answers.extend(work.unsaved().answers);
        let complete = work.is_complete();
        let then = if complete { Then::End } else { Then::Release };
        let Some(write) = self.write(entry, then) else {
            return complete;
        };
        match timeout_at(times.last_write, write).await {
            Ok((_, _, Ok(Kept::Yes))) => complete,
            Ok((_, _, Ok(Kept::LeaseLost))) => false,
            Ok((_, entry, Err(error))) => {
                tracing::error!(answers = entry.answers.len(), "the last checkpoint is lost: {error}");
                complete
            }
            Err(_) => {
                tracing::error!("the last checkpoint did not end in time");
                complete
            }
        }
    }

    fn write(&mut self, entry: Entry, then: Then) -> Option<Write<'a>> {
        if entry.is_empty() && then == Then::GoOn {
            return None;
        }
        let (journal, mut lease) = (self.journal, self.lease.take()?);
        Some(Box::pin(async move {
            let result = journal.checkpoint(&mut lease, &encode(&entry), then).await;
            (lease, entry, result)
        }))
    }

    /// Takes the lease back from a write that has ended; `false` when it is lost.
    fn written(&mut self, work: &mut Work<'_>, written: (Lease, Entry, Result<Kept, JournalError>)) -> bool {
        let (lease, entry, result) = written;
        self.writing = None;
        self.lease = Some(lease);
        match result {
            Ok(Kept::Yes) => true,
            Ok(Kept::LeaseLost) => {
                tracing::warn!("another invocation has taken the batch: this one stops");
                false
            }
            Err(error) => {
                tracing::error!(answers = entry.answers.len(), "answers are not journaled yet: {error}");
                work.not_saved(&entry);
                true
            }
        }
    }
}
