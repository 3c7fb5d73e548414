//! Journals what the work finds out, while it goes on.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

use super::super::{Times, fits};
use super::sharing::{self, Found, Sharing};
use crate::batch::{Entry, Progress, Work};
use crate::function::Outcome;
use crate::journal::{Journal, JournalError, Kept, Lease, Then, encode};

/// How often answers are journaled: what the death of a process can lose.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long a lease holds that is not renewed: what the death of a process keeps its batch from being taken up.
pub const LEASE: Duration = Duration::from_secs(8);

type Written = (Lease, Entry, Result<Kept, JournalError>);
type Write<'a> = Pin<Box<dyn Future<Output = Written> + Send + 'a>>;
type Step<'a> = Pin<Box<dyn Future<Output = (Sharing<'a>, Found)> + Send + 'a>>;

/// The holder of a batch's lease.
pub struct Keeper<'a> {
    journal: &'a dyn Journal,
    times: Times,
    /// Away while a write is under way.
    lease: Option<Lease>,
    /// Until when it holds.
    until: SystemTime,
    writing: Option<Write<'a>>,
    /// Away while a step of it is under way.
    sharing: Option<Sharing<'a>>,
    stepping: Option<Step<'a>>,
}

impl<'a> Keeper<'a> {
    pub fn new(journal: &'a dyn Journal, lease: Lease, sharing: Option<Sharing<'a>>, times: Times) -> Self {
        Self { journal, times, lease: Some(lease), until: lease_until(times), writing: None, sharing, stepping: None }
    }

    /// Runs the work to its end or the deadline; `false` when the lease is lost.
    ///
    /// Nothing new is bought while a checkpoint is overdue or has failed: what would be lost stays within one interval.
    pub async fn run(&mut self, work: &mut Work<'_, '_>) -> bool {
        if let Some(sharing) = self.sharing.take() {
            self.sharing = Some(sharing.begin(work).await);
        }
        let (mut tick, mut share) = (Instant::now() + INTERVAL, Instant::now() + sharing::INTERVAL);
        loop {
            let pause = if self.sharing.is_some() { tick.min(share) } else { tick };
            let progress = tokio::select! {
                biased;
                written = done(&mut self.writing) => {
                    if !self.written(work, written) {
                        return false;
                    }
                    continue;
                }
                (sharing, found) = done(&mut self.stepping) => {
                    self.stepping = None;
                    self.sharing = Some(sharing);
                    found.tell(work);
                    continue;
                }
                progress = work.run_until(pause) => progress,
            };
            if progress != Progress::Paused {
                return true;
            }
            let now = Instant::now();
            if now >= share && self.stepping.is_none() {
                share = now + sharing::INTERVAL;
                self.stepping = self.step(work);
            }
            if now < tick {
                continue;
            }
            tick = now + INTERVAL;
            if self.writing.is_some() {
                work.hold(true);
                continue;
            }
            let entry = work.unsaved();
            let is_due = self.until <= self.times.clock() + LEASE / 2 && self.until < self.times.end;
            if !entry.is_empty() || is_due {
                self.until = lease_until(self.times);
                self.writing = self.write(entry, Then::GoOn(self.until));
            }
        }
    }

    /// Ends the work, journals what is left, and gives the lease back; whether the batch is complete, or refused for good.
    pub async fn close(mut self, work: &mut Work<'_, '_>, created: SystemTime) -> bool {
        // Before anything is waited for: no call outlives the deadline.
        work.cut_off();
        if !work.is_done() {
            let passed = self.times.clock().duration_since(created).unwrap_or_default();
            let reason = work.account().last;
            if let Some(refusal) = fits::too_slow(work.rows(), work.reached(), passed, reason.as_deref()) {
                work.refuse(refusal);
            }
        }
        let to_keep = self.settle(work).await;
        let publishing = timeout_at(self.times.last_write, publish(self.stepping.take(), self.sharing.take(), to_keep));
        // Beside the last checkpoint, and never in its way.
        let (is_done, _) = tokio::join!(self.keep_rest(work), publishing);
        is_done
    }

    /// Takes the answers that others have kept first to what was asked without a claim, so that equal rows get equal answers, and gives
    /// those that others do not know yet. The batch waits for that only if there is such a row or a step is under way, and not for long.
    async fn settle(&mut self, work: &mut Work<'_, '_>) -> Vec<(u32, Outcome)> {
        let now = Instant::now();
        let until = (now + sharing::INTERVAL).min(now + self.times.last_write.saturating_duration_since(now) / 2);
        if let Some(step) = &mut self.stepping
            && let Ok((sharing, found)) = timeout_at(until, step).await
        {
            (self.stepping, self.sharing) = (None, Some(sharing));
            found.tell(work);
        }
        let answers = work.to_share();
        let Some(sharing) = self.sharing.as_mut().filter(|sharing| !sharing.owns(&answers)) else {
            return answers;
        };
        let Ok((to_keep, first)) = timeout_at(until, sharing.settle(answers)).await else {
            tracing::warn!("it is not known in time what other batches have kept");
            return Vec::new();
        };
        first.into_iter().for_each(|(row, outcome)| work.replace(row, outcome));
        to_keep
    }

    /// Journals what is left, and gives the lease back.
    async fn keep_rest(mut self, work: &mut Work<'_, '_>) -> bool {
        let mut entry = work.unsaved();
        if let Some(write) = self.writing.take() {
            match timeout_at(self.times.last_write, write).await {
                Ok(written) => {
                    if !self.written(work, written) {
                        return false;
                    }
                }
                Err(_) => tracing::error!("a checkpoint did not end in time: the answers since the last one are lost"),
            }
        }
        // What the write that has just ended could not keep.
        entry.extend(work.unsaved());
        let is_done = work.is_done();
        let then = if is_done { Then::End } else { Then::Release };
        let Some(write) = self.write(entry, then) else {
            // A checkpoint that never came back has the lease with it.
            return is_done;
        };
        match timeout_at(self.times.last_write, write).await {
            Ok((_, _, Ok(Kept::Yes))) => is_done,
            Ok((_, _, Ok(Kept::LeaseLost))) => false,
            Ok((_, entry, Err(error))) => {
                tracing::error!(answers = entry.outcomes.len(), "the last checkpoint is lost: {error}");
                is_done
            }
            Err(_) => {
                tracing::error!("the last checkpoint did not end in time");
                is_done
            }
        }
    }

    /// The next step of sharing, if there is something to do and none is under way.
    fn step(&mut self, work: &mut Work<'_, '_>) -> Option<Step<'a>> {
        let next = self.sharing.as_ref()?.next(work)?;
        Some(Box::pin(self.sharing.take()?.step(next)))
    }

    fn write(&mut self, entry: Entry, then: Then) -> Option<Write<'a>> {
        let (journal, mut lease) = (self.journal, self.lease.take()?);
        let bytes = encode(&entry, self.times.clock());
        Some(Box::pin(async move {
            let result = journal.checkpoint(&mut lease, &bytes, then).await;
            (lease, entry, result)
        }))
    }

    /// Takes the lease back from a write that has ended; `false` when it is lost.
    fn written(&mut self, work: &mut Work<'_, '_>, written: Written) -> bool {
        let (lease, entry, result) = written;
        self.writing = None;
        self.lease = Some(lease);
        work.hold(result.is_err());
        match result {
            Ok(Kept::Yes) => true,
            Ok(Kept::LeaseLost) => {
                tracing::warn!("another invocation has taken the batch: this one stops");
                false
            }
            Err(error) => {
                tracing::error!(answers = entry.outcomes.len(), "answers are not journaled yet: {error}");
                work.not_saved(&entry);
                // As far as anybody knows the lease was not renewed.
                self.until = self.times.clock();
                true
            }
        }
    }
}

/// Publishes what others may be waiting for, after the step that is under way.
async fn publish<'a>(step: Option<Step<'a>>, sharing: Option<Sharing<'a>>, to_keep: Vec<(u32, Outcome)>) {
    let sharing = match step {
        Some(step) => Some(step.await.0),
        None => sharing,
    };
    if let Some(sharing) = sharing.filter(|sharing| sharing.owns(&to_keep)) {
        sharing.keep(to_keep).await;
    }
}

/// Until when a lease holds that is taken or renewed now: never longer than the invocation.
pub fn lease_until(times: Times) -> SystemTime {
    times.end.min(times.clock() + LEASE)
}

/// What is under way, when it is done; for ever nothing where nothing is.
async fn done<T>(task: &mut Option<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> T {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}
