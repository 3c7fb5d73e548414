//! One batch among others that ask the same things: answers that are known are taken, and what others are asking for is waited for.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::super::Times;
use crate::batch::{Plan, Work};
use crate::function::{Job, Outcome, Refusal, Shared};
use crate::journal::{AnswerKey, Answers, Asking, JournalError, Key, Recalled, Scope};

/// How often answers are published, and those of others looked up.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// How long a claim holds that is not renewed: what the death of its batch makes others wait.
const CLAIM: Duration = Duration::from_secs(6);

/// How long an operation on the table may take, and what part of an invocation. Beyond that the batch goes on alone.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENT_PART: u32 = 8;

/// Most questions in one claim: the claims of all batches of a statement share an item of 400 KB.
const MOST: usize = 1024;

/// What there is to do.
pub struct Next {
    /// Outcomes that others do not know yet.
    to_share: Vec<(u32, Outcome)>,
    /// Rows without an outcome.
    unsettled: Vec<u32>,
}

/// What one step has found out.
#[derive(Debug, Default)]
pub struct Found {
    /// Outcomes that others have paid for.
    learnt: Vec<(u32, Outcome)>,
    /// Rows that this batch may ask for now.
    free: Vec<u32>,
}

/// A batch among others.
pub struct Sharing<'a> {
    answers: &'a dyn Answers,
    scope: Scope,
    shared: Shared,
    batch: Key,
    times: Times,
    /// By distinct row.
    keys: Vec<Option<AnswerKey>>,
    /// Rows that this batch has claimed, and until when.
    own: HashSet<u32>,
    until: SystemTime,
    /// Whether the table could not be had: everything is asked, and nobody is waited for.
    is_alone: bool,
    patience: Duration,
}

impl<'a> Sharing<'a> {
    pub fn new(
        answers: &'a dyn Answers,
        scope: Scope,
        shared: Shared,
        batch: Key,
        plan: &Plan<'_>,
        times: Times,
    ) -> Self {
        let key = |row: &Result<Job<'_>, Refusal>| Some(scope.key(row.as_ref().ok()?.question.as_ref()?));
        let keys = plan.distinct().iter().map(key).collect();
        let until = times.now;
        let patience = PATIENCE.min(times.deadline.saturating_duration_since(times.begin) / PATIENT_PART);
        Self { answers, scope, shared, batch, times, keys, own: HashSet::new(), until, is_alone: false, patience }
    }

    /// Before anything is asked: takes what is known, and claims what nobody is asking for.
    pub async fn begin(self, work: &mut Work<'_, '_>) -> Self {
        work.set_aside(&work.unsettled().collect());
        let (sharing, found) = self.step(Next { to_share: Vec::new(), unsettled: work.unsettled().collect() }).await;
        found.tell(work);
        sharing
    }

    /// Whether there is something to do: something to publish, somebody to wait for, or a claim to renew.
    pub fn next(&self, work: &mut Work<'_, '_>) -> Option<Next> {
        let next = Next { to_share: work.to_share(), unsettled: work.unsettled().collect() };
        let waits = !self.is_alone && next.unsettled.iter().any(|row| !self.own.contains(row));
        (!next.to_share.is_empty() || waits || self.is_due(&next.unsettled)).then_some(next)
    }

    fn is_due(&self, unsettled: &[u32]) -> bool {
        !self.is_alone && !unsettled.is_empty() && self.until < self.times.clock() + CLAIM / 2
    }

    /// Publishes answers, looks up those of others, and claims what has become free.
    pub async fn step(mut self, next: Next) -> (Self, Found) {
        let Next { to_share, unsettled } = next;
        self.publish(&to_share).await;
        if self.is_alone {
            return (self, Found::default());
        }
        match self.look_around(&unsettled).await {
            Ok(found) => (self, found),
            Err(error) => {
                tracing::warn!("this batch asks for all of its rows by itself: {error}");
                self.is_alone = true;
                let free = unsettled.into_iter().filter(|row| !self.own.contains(row)).collect();
                self.own.clear();
                (self, Found { free, ..Found::default() })
            }
        }
    }

    /// Keeps answers for others; what cannot be kept serves this batch alone.
    pub async fn publish(&self, to_share: &[(u32, Outcome)]) {
        if let Err(error) = self.keep(to_share).await {
            tracing::warn!(answers = to_share.len(), "answers are not shared with other batches: {error}");
        }
    }

    async fn keep(&self, to_share: &[(u32, Outcome)]) -> Result<(), JournalError> {
        let now = self.times.clock();
        // By a clock that may be wrong by a little.
        let holds = now + PATIENCE < self.until;
        let keyed = |(row, outcome): &(u32, Outcome)| Some((self.key(*row)?, outcome.clone()));
        let (own, others): (Vec<_>, Vec<_>) = to_share.iter().partition(|(row, _)| holds && self.own.contains(row));
        let own: Vec<_> = own.into_iter().filter_map(keyed).collect();
        if !own.is_empty() {
            self.in_time(self.answers.keep(&self.scope, &own)).await?;
        }
        for answer in others.into_iter().filter_map(keyed) {
            self.in_time(self.answers.keep_first(&self.scope, &answer, now)).await?;
        }
        Ok(())
    }

    async fn look_around(&mut self, unsettled: &[u32]) -> Result<Found, JournalError> {
        let now = self.times.clock();
        self.own.retain(|row| unsettled.contains(row));
        let waiting: HashMap<AnswerKey, u32> = unsettled
            .iter()
            .filter(|row| !self.own.contains(row))
            .filter_map(|row| Some((self.key(*row)?, *row)))
            .collect();
        let keys: Vec<AnswerKey> = waiting.keys().copied().collect();
        let Recalled { answers, asked } = match keys.is_empty() {
            true => Recalled::default(),
            false => self.in_time(self.answers.recall(&self.scope, &self.batch, &keys, now)).await?,
        };
        let is_free = |(key, _): &(&AnswerKey, &u32)| !answers.contains_key(*key) && !asked.contains(&key.tag());
        // In the order of the rows, as far as a claim reaches.
        let mut free: Vec<u32> = waiting.iter().filter(is_free).map(|(_, row)| *row).collect();
        free.sort_unstable();
        free.truncate(MOST.saturating_sub(self.own.len()));
        if !free.is_empty() || self.is_due(unsettled) {
            let lost = self.claim(&free).await?;
            free.retain(|row| self.key(*row).is_some_and(|key| !lost.contains(&key.tag())));
            self.own.extend(&free);
        }
        let learnt = |(key, outcome)| Some((*waiting.get(&key)?, Outcome { shared: Some(self.shared), ..outcome }));
        Ok(Found { learnt: answers.into_iter().filter_map(learnt).collect(), free })
    }

    /// Claims what is the batch's own already, and `more`; gives what of it is another one's.
    async fn claim(&mut self, more: &[u32]) -> Result<HashSet<u32>, JournalError> {
        let now = self.times.clock();
        let until = self.times.end.min(now + CLAIM);
        let tags: Vec<u32> = self.own.iter().chain(more).filter_map(|row| Some(self.key(*row)?.tag())).collect();
        let asking = Asking { scope: &self.scope, batch: &self.batch, tags: &tags, now, until };
        let lost = self.in_time(self.answers.ask(&asking)).await?;
        self.until = until;
        Ok(lost)
    }

    async fn in_time<T>(&self, operation: impl Future<Output = Result<T, JournalError>>) -> Result<T, JournalError> {
        let late = || Err(JournalError("an operation on answers does not end in time".to_owned()));
        timeout(self.patience, operation).await.unwrap_or_else(|_| late())
    }

    fn key(&self, row: u32) -> Option<AnswerKey> {
        *self.keys.get(usize::try_from(row).ok()?)?
    }
}

impl Found {
    /// Tells the work.
    pub fn tell(self, work: &mut Work<'_, '_>) {
        self.learnt.into_iter().for_each(|(row, outcome)| work.learn(row, outcome));
        work.take_back(self.free);
    }
}
