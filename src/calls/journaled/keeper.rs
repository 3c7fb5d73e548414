//! Journals what the work finds out, while it goes on.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

use super::super::{Times, fits};
use crate::batch::{Entry, Progress, Work};
use crate::journal::{Journal, JournalError, Kept, Lease, Then, encode};

/// How often answers are journaled: what the death of a process can lose.
const INTERVAL: Duration = Duration::from_secs(2);

type Written = (Lease, Entry, Result<Kept, JournalError>);
type Write<'a> = Pin<Box<dyn Future<Output = Written> + Send + 'a>>;

/// The holder of a batch's lease.
pub struct Keeper<'a> {
    journal: &'a dyn Journal,
    times: Times,
    /// Away while a write is under way.
    lease: Option<Lease>,
    writing: Option<Write<'a>>,
}

impl<'a> Keeper<'a> {
    pub fn new(journal: &'a dyn Journal, lease: Lease, times: Times) -> Self {
        Self { journal, times, lease: Some(lease), writing: None }
    }

    /// Runs the work to its end or the deadline; `false` when the lease is lost.
    ///
    /// Nothing new is bought while a checkpoint is overdue or has failed: what would be lost stays within one interval.
    pub async fn run(&mut self, work: &mut Work<'_, '_>) -> bool {
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
            if self.writing.is_some() {
                work.hold(true);
            } else {
                let entry = work.unsaved();
                self.writing = self.write(entry, Then::GoOn);
            }
        }
    }

    /// Ends the work, journals what is left, and gives the lease back; whether the batch is complete, or refused for good.
    pub async fn close(mut self, work: &mut Work<'_, '_>, created: SystemTime) -> bool {
        // Before anything is waited for: no call outlives the deadline.
        work.cut_off();
        if !work.is_done() {
            let (clock, reason) = (self.times.clock(), work.account().last);
            if let Some(refusal) = fits::too_slow(work.rows(), work.progress(), created, clock, reason.as_deref()) {
                work.refuse(refusal);
            }
        }
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

    fn write(&mut self, entry: Entry, then: Then) -> Option<Write<'a>> {
        if entry.is_empty() && then == Then::GoOn {
            return None;
        }
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
                true
            }
        }
    }
}
