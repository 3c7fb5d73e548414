//! Journals what the work finds out, while it goes on.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::super::{Times, fits};
use super::sharing::{self, Found, Sharing};
use crate::batch::{Entry, Progress, Work};
use crate::function::Outcome;
use crate::journal::{Journal, JournalError, Kept, Lease, Then, encode};

/// How often what is new is journaled: what the death of a process can lose of that, and half a second more where answers that could not be kept by what
/// was asked come with it.
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
    /// Whether answers are kept by what was asked, and with the batch only what cannot be.
    shares: bool,
    /// Away while a step of it is under way.
    sharing: Option<Sharing<'a>>,
    stepping: Option<Step<'a>>,
}

impl<'a> Keeper<'a> {
    pub fn new(journal: &'a dyn Journal, lease: Lease, sharing: Option<Sharing<'a>>, times: Times) -> Self {
        let (until, shares) = (lease.until(), sharing.is_some());
        Self { journal, times, lease: Some(lease), until, writing: None, shares, sharing, stepping: None }
    }

    /// Runs the work to its end or the deadline; `false` when the lease is lost, or given back because nothing may be asked.
    ///
    /// Nothing new is bought while a checkpoint is overdue or has failed.
    pub async fn run(&mut self, work: &mut Work<'_, '_>) -> bool {
        let (mut tick, mut share) = (Instant::now() + INTERVAL, Instant::now() + sharing::INTERVAL);
        if let Err(error) = self.begin(work).await {
            tracing::error!("nothing is asked before it is known what was answered: {error}");
            // It is looked up again by the next one.
            if let Some(write) = self.write(Entry::default(), Then::Release) {
                _ = timeout_at(self.times.last_write, write).await;
            }
            return false;
        }
        loop {
            // What the step that is under way keeps need not be in the checkpoint, which waits for it a moment.
            let due = if self.stepping.is_some() { tick + sharing::INTERVAL } else { tick };
            let pause = if self.sharing.is_some() { due.min(share) } else { due };
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
            let is_late = now >= tick + sharing::INTERVAL;
            if now >= tick && (self.stepping.is_none() || is_late) {
                tick = now + INTERVAL;
                self.checkpoint(work, is_late);
            }
            if now >= share && self.stepping.is_none() {
                share = now + sharing::INTERVAL;
                self.stepping = self.step(work);
            }
        }
    }

    /// Journals what is new, and renews the lease; when the last step of sharing takes long, also what that may keep.
    fn checkpoint(&mut self, work: &mut Work<'_, '_>, is_late: bool) {
        if self.writing.is_some() {
            work.hold(true);
            return;
        }
        let entry = if self.shares && !is_late { work.unsaved_beside() } else { work.unsaved() };
        let is_due = self.until <= self.times.clock() + LEASE / 2 && self.until < self.times.end;
        if !entry.is_empty() || is_due {
            self.until = lease_until(self.times);
            self.writing = self.write(entry, Then::GoOn(self.until));
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
        let (last_write, writing) = (self.times.last_write, self.writing.take());
        let (late, written) = tokio::join!(self.share_rest(work), in_time(writing, last_write));
        // What others may be waiting for, beside the last checkpoint and never in its way.
        let stepping = self.stepping.take();
        let publishing = timeout_at(last_write, async move { Some(stepping?.await.0.publish(late).await) });
        let (is_done, _) = tokio::join!(self.keep_rest(work, written), publishing);
        is_done
    }

    /// Takes what is known, before anything is asked: a batch that was taken up before may have been answered then.
    async fn begin(&mut self, work: &mut Work<'_, '_>) -> Result<(), JournalError> {
        let is_first = self.lease.as_ref().is_some_and(Lease::is_first);
        if let Some(sharing) = &mut self.sharing {
            // Before that has taken half of the lease.
            let until = Instant::now() + self.until.duration_since(self.times.clock()).unwrap_or_default() / 2;
            let found = if is_first { None } else { Some(sharing.find(work, until).await?) };
            sharing.begin(work, found).await;
        }
        Ok(())
    }

    /// Keeps what is left by what was asked, after the step that is under way. What takes too long goes on beside the last checkpoint, which keeps with
    /// the batch whatever may not be kept otherwise; what is to follow it then is given.
    async fn share_rest(&mut self, work: &mut Work<'_, '_>) -> Vec<(u32, Outcome)> {
        let now = Instant::now();
        let until = (now + sharing::INTERVAL).min(now + self.times.last_write.saturating_duration_since(now) / 2);
        loop {
            if let Some(step) = &mut self.stepping {
                let Ok((sharing, found)) = timeout_at(until, step).await else {
                    tracing::warn!("answers are kept with their batch: it is not known in time what others have kept");
                    return work.to_share();
                };
                (self.stepping, self.sharing) = (None, Some(sharing));
                found.tell(work);
            }
            let answers = work.to_share();
            let Some(sharing) = self.sharing.take_if(|_| !answers.is_empty()) else {
                return Vec::new();
            };
            self.stepping = Some(Box::pin(sharing.publish(answers)));
        }
    }

    /// Journals what is left, when the checkpoint that was under way is `written` or too late, and gives the lease back.
    async fn keep_rest(mut self, work: &mut Work<'_, '_>, written: Option<Result<Written, Elapsed>>) -> bool {
        if let Some(Err(_)) = written {
            tracing::error!("a checkpoint did not end in time: the answers since the last one are lost");
        }
        let is_ours = written.and_then(Result::ok).is_none_or(|written| self.written(work, written));
        if !is_ours {
            return false;
        }
        let entry = work.rest();
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

/// Until when a lease holds that is taken or renewed now: never longer than the invocation.
pub fn lease_until(times: Times) -> SystemTime {
    times.end.min(times.clock() + LEASE)
}

/// What is under way, if it ends in time.
async fn in_time<T>(
    task: Option<Pin<Box<dyn Future<Output = T> + Send + '_>>>,
    until: Instant,
) -> Option<Result<T, Elapsed>> {
    Some(timeout_at(until, task?).await)
}

/// What is under way, when it is done; for ever nothing where nothing is.
async fn done<T>(task: &mut Option<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> T {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}
