//! One batch among others that ask the same things: answers that are known are taken, and what others are asking for is waited for.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::super::Times;
use crate::batch::{Plan, Work};
use crate::function::{Job, Outcome, Refusal, Shared};
use crate::journal::{Answer, AnswerKey, Answers, Asking, JournalError, Key, Look, Recalled, Scope};

/// How often answers are published, and those of others looked up.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// How long a claim holds that is not renewed: what the death of its batch makes others wait.
const CLAIM: Duration = Duration::from_secs(6);

/// For how much longer a claim holds for others than its own batch relies on it, and names rows that the batch has answered. So whoever looks
/// rows up and claims them within this time is told of everyone who can have answered one of them in between, and need not look again.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// How long an operation on the table may take, and what part of an invocation. Beyond that the batch goes on alone.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENT_PART: u32 = 8;

/// Rows of one look at first, where others may be answered though it fails; how often it is halved when it has failed; and how many there are at once.
const PART: usize = 100;
const HALVINGS: usize = 2;
const LOOKS: usize = 64;

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
    /// Rows whose outcomes are kept now.
    kept: Vec<u32>,
    /// Outcomes that others have paid for.
    learnt: Vec<(u32, Outcome)>,
    /// Outcomes that others have kept before this batch came to keep its own.
    first: Vec<(u32, Outcome)>,
    /// Rows that this batch may ask for now.
    free: Vec<u32>,
    /// How many rows others are asking for.
    others: usize,
}

/// How a batch is known to others.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    pub key: &'a Key,
    /// The token of its lease; an ended batch claims nothing and needs none.
    pub lease: &'a str,
    /// Until when the answers that it uses must be kept.
    pub until: SystemTime,
}

/// A batch among others.
pub struct Sharing<'a> {
    answers: &'a dyn Answers,
    scope: Scope,
    shared: Shared,
    batch: Batch<'a>,
    times: Times,
    /// By distinct row.
    keys: Vec<Option<AnswerKey>>,
    /// Rows that this batch has claimed, and until when it may rely on that.
    own: HashSet<u32>,
    until: SystemTime,
    /// Rows that were its own, and since when they are not: the claim goes on to name them for a while.
    past: Vec<(u32, Instant)>,
    /// Rows that others asked for when this batch looked or claimed last; nothing before the first look.
    others: Option<HashSet<u32>>,
    /// Whether the table could not be had: everything is asked, and nobody is waited for.
    is_alone: bool,
    patience: Duration,
}

impl<'a> Sharing<'a> {
    pub fn new(
        answers: &'a dyn Answers,
        (scope, shared): (Scope, Shared),
        batch: Batch<'a>,
        plan: &Plan<'_>,
        times: Times,
    ) -> Self {
        let key = |row: &Result<Job<'_>, Refusal>| {
            let job = row.as_ref().ok()?;
            Some(scope.key(&job.target.name, job.question.as_ref()?))
        };
        let keys = plan.distinct().iter().map(key).collect();
        let until = times.now;
        let patience = PATIENCE.min(times.deadline.saturating_duration_since(times.begin) / PATIENT_PART);
        Self {
            answers,
            scope,
            shared,
            batch,
            times,
            keys,
            own: HashSet::new(),
            until,
            past: Vec::new(),
            others: None,
            is_alone: false,
            patience,
        }
    }

    /// Takes all that is known of rows without an outcome; when that was looked up. As nothing can be done without, the table is waited for, and what it
    /// has not given is asked for again, in smaller parts.
    ///
    /// # Errors
    ///
    /// When the table cannot be had before that time, which is no later than the deadline.
    pub async fn find(&self, work: &mut Work<'_, '_>, until: Instant) -> Result<Instant, JournalError> {
        let until = until.min(self.times.deadline);
        let mut left: Vec<u32> = work.unsettled().collect();
        let begin = Instant::now();
        for round in 0.. {
            let (looked, part) = (Instant::now(), PART >> HALVINGS.min(round));
            let (mut undone, mut failed) = (Vec::new(), None);
            for together in left.chunks(LOOKS * part) {
                let looks = together.chunks(part).map(|rows| async move {
                    let known = timeout_at(until, self.look(rows, false)).await.unwrap_or_else(|_| Err(late()));
                    known.map(|known| self.learnt(rows, &known.answers)).map_err(|error| (rows, error))
                });
                for found in join_all(looks).await {
                    match found {
                        Ok(found) => work.find(found),
                        Err((rows, error)) => {
                            undone.extend(rows);
                            failed = Some(error);
                        }
                    }
                }
            }
            match failed {
                Some(error) if Instant::now().max(looked + INTERVAL) >= until => return Err(error),
                Some(_) => sleep_until(looked + INTERVAL).await,
                None => break,
            }
            left = undone;
        }
        Ok(begin)
    }

    /// Before anything is asked: claims what nobody is asking for. Unless it was `found` before, what is known of that is taken first.
    pub async fn begin(&mut self, work: &mut Work<'_, '_>, found: Option<Instant>) {
        let unsettled: Vec<u32> = work.unsettled().collect();
        work.set_aside(&unsettled.iter().copied().collect());
        self.look_around(&unsettled, found).await.tell(work);
    }

    /// Whether there is something to do: something to publish, somebody to wait for, or a claim to renew.
    pub fn next(&self, work: &mut Work<'_, '_>) -> Option<Next> {
        let next = Next { to_share: work.to_share(), unsettled: work.unsettled().collect() };
        let waits = !self.is_alone && next.unsettled.iter().any(|row| !self.own.contains(row));
        (!next.to_share.is_empty() || waits || self.is_due(&next.unsettled)).then_some(next)
    }

    /// Whether a claim has to be renewed.
    fn is_due(&self, unsettled: &[u32]) -> bool {
        !self.is_alone && !self.own.is_empty() && !unsettled.is_empty() && self.until < self.times.clock() + CLAIM / 2
    }

    /// Publishes answers, looks up those of others, and claims what has become free.
    pub async fn step(mut self, next: Next) -> (Self, Found) {
        let Next { to_share, unsettled } = next;
        let Found { kept, first, .. } = self.share(to_share).await;
        let found = if self.is_alone { Found::default() } else { self.look_around(&unsettled, None).await };
        (self, Found { kept, first, ..found })
    }

    /// Publishes answers, and does no more.
    pub async fn publish(mut self, answers: Vec<(u32, Outcome)>) -> (Self, Found) {
        let found = self.share(answers).await;
        (self, found)
    }

    /// Keeps answers by what was asked; those that others have kept first are taken in their place.
    async fn share(&mut self, answers: Vec<(u32, Outcome)>) -> Found {
        let (to_keep, first) = self.settle(answers).await;
        Found { kept: self.keep(to_keep).await, first, ..Found::default() }
    }

    /// Whether nobody else can have kept an answer to any of these, because this batch has claimed them.
    fn owns(&self, answers: &[(u32, Outcome)]) -> bool {
        // An operation that takes all of its time has ended before the claim.
        let holds = self.times.clock() + self.patience < self.until;
        answers.is_empty() || (holds && answers.iter().all(|(row, _)| self.own.contains(row)))
    }

    /// Finds out which of these answers this batch may keep, and what others have kept in place of the rest. What was asked without a claim
    /// is claimed now, so that no answer is ever written over another one.
    async fn settle(&mut self, answers: Vec<(u32, Outcome)>) -> (Vec<(u32, Outcome)>, Vec<(u32, Outcome)>) {
        if self.owns(&answers) {
            return (answers, Vec::new());
        }
        if self.is_alone {
            // What it claimed to keep answers before, is kept.
            self.let_go(|_| true);
        }
        let rows: Vec<u32> = answers.iter().map(|(row, _)| *row).collect();
        match self.claim_and_look(&rows, None).await {
            Ok(first) => {
                let is_first = |row| first.iter().any(|(other, _)| *other == row);
                let to_keep: Vec<_> =
                    answers.into_iter().filter(|(row, _)| self.own.contains(row) && !is_first(*row)).collect();
                // A claim that ends with the invocation may be too short to write in.
                let to_keep = if self.owns(&to_keep) { to_keep } else { Vec::new() };
                // This batch has paid as well.
                (to_keep, first.into_iter().map(|(row, outcome)| (row, Outcome { shared: None, ..outcome })).collect())
            }
            Err(error) => {
                not_shared(rows.len(), &error);
                (Vec::new(), Vec::new())
            }
        }
    }

    /// Keeps answers to what is claimed, and gives the rows of those that are kept; what cannot be kept so serves this batch alone.
    async fn keep(&self, answers: Vec<(u32, Outcome)>) -> Vec<u32> {
        let rows: Vec<u32> = answers.iter().map(|(row, _)| *row).collect();
        let keyed: Vec<_> = answers.into_iter().filter_map(|(row, outcome)| Some((self.key(row)?, outcome))).collect();
        if keyed.is_empty() {
            return Vec::new();
        }
        match self.in_time(self.answers.keep(&self.scope, self.batch.key, &keyed)).await {
            Ok(too_large) => {
                let is_kept = |row: &u32| self.key(*row).is_some_and(|key| !too_large.contains(&key));
                rows.into_iter().filter(is_kept).collect()
            }
            Err(error) => {
                not_shared(keyed.len(), &error);
                Vec::new()
            }
        }
    }

    /// Looks up what this batch waits for, and claims what nobody else asks for; goes on alone where the table cannot be had.
    async fn look_around(&mut self, unsettled: &[u32], found: Option<Instant>) -> Found {
        self.try_to_look_around(unsettled, found).await.unwrap_or_else(|error| {
            tracing::warn!("this batch asks for all of its rows by itself: {error}");
            self.is_alone = true;
            let free = unsettled.iter().copied().filter(|row| !self.own.contains(row)).collect();
            self.let_go(|_| true);
            Found { free, ..Found::default() }
        })
    }

    async fn try_to_look_around(&mut self, unsettled: &[u32], found: Option<Instant>) -> Result<Found, JournalError> {
        // They are in order.
        self.let_go(|row| unsettled.binary_search(row).is_err());
        let room = MOST.saturating_sub(self.own.len());
        let (mut waiting, for_others) = self.to_look_up(unsettled, room);
        let looked = found.unwrap_or_else(Instant::now);
        let Recalled { mut answers, asked } = match found {
            Some(_) => Recalled::default(),
            None => self.recall(&waiting, for_others).await?,
        };
        if self.others.is_none() && !answers.is_empty() {
            // Where some are known, the rest may be as well; where none is, it is looked up when it can be claimed.
            let rest: Vec<u32> = unsettled.iter().copied().skip(waiting.len()).collect();
            answers.extend(self.recall(&rest, false).await?.answers);
            waiting.extend(rest);
        }
        let mut learnt = self.learnt(&waiting, &answers);
        let (mut others, mut free): (HashSet<u32>, Vec<u32>) = {
            let is_known = |row: &u32| self.key(*row).is_none_or(|key| answers.contains_key(&key));
            let is_asked = |row: &u32| self.key(*row).is_some_and(|key| asked.contains(&key.tag()));
            let (others, free): (Vec<u32>, Vec<u32>) =
                waiting.into_iter().filter(|row| !is_known(row)).partition(is_asked);
            (others.into_iter().collect(), free)
        };
        // In the order of the rows, as far as a claim reaches.
        free.truncate(room);
        if !free.is_empty() || self.is_due(unsettled) {
            learnt.extend(self.claim_and_look(&free, Some(looked)).await?);
            let lost;
            (free, lost) = free.into_iter().partition(|row| self.own.contains(row));
            others.extend::<Vec<u32>>(lost);
        }
        let count = others.len();
        self.others = Some(others);
        Ok(Found { learnt, free, others: count, ..Found::default() })
    }

    /// Gives up rows of the batch's own.
    fn let_go(&mut self, is_over: impl Fn(&u32) -> bool) {
        let now = Instant::now();
        self.past.extend(self.own.extract_if(is_over).map(|row| (row, now)));
    }

    /// What others ask for, and of the rest as many rows as can be claimed. And whether what others ask for now is worth a look: where nobody
    /// was seen to ask for a row, claiming it tells that as well.
    fn to_look_up(&self, unsettled: &[u32], room: usize) -> (Vec<u32>, bool) {
        let waiting = unsettled.iter().copied().filter(|row| !self.own.contains(row));
        let is_asked = |row: &u32| self.others.as_ref().is_some_and(|others| others.contains(row));
        let (mut rows, rest): (Vec<u32>, Vec<u32>) = waiting.partition(is_asked);
        let for_others = !rows.is_empty();
        rows.extend(rest.into_iter().take(room));
        (rows, for_others)
    }

    /// Claims rows that had no answer when they were `looked` up, or were not looked up before, and gives what is known of them by now. What is
    /// not known, and nobody has claimed before, is this batch's own.
    async fn claim_and_look(
        &mut self,
        rows: &[u32],
        looked: Option<Instant>,
    ) -> Result<Vec<(u32, Outcome)>, JournalError> {
        let asked = self.claim(rows).await?;
        let is_asked = |row: &u32| self.key(*row).is_none_or(|key| asked.contains(&key.tag()));
        let won: Vec<u32> = rows.iter().copied().filter(|row| self.own.contains(row) || !is_asked(row)).collect();
        let is_known = looked.is_some_and(|looked| looked.elapsed() < AFTERWARDS);
        if won.len() < rows.len() {
            // At once: nobody is to wait for a batch that waits itself.
            self.claim(&won).await?;
        }
        let known = if is_known {
            Vec::new()
        } else {
            // Whoever had claimed them may have answered them since.
            self.learnt(rows, &self.recall(rows, false).await?.answers)
        };
        self.own.extend(won);
        known.iter().for_each(|(row, _)| _ = self.own.remove(row));
        Ok(known)
    }

    /// Looks up rows, and what others ask for if that is wanted.
    async fn recall(&self, rows: &[u32], for_others: bool) -> Result<Recalled, JournalError> {
        self.in_time(self.look(rows, for_others)).await
    }

    async fn look(&self, rows: &[u32], for_others: bool) -> Result<Recalled, JournalError> {
        let keys: Vec<AnswerKey> = rows.iter().filter_map(|row| self.key(*row)).collect();
        if keys.is_empty() {
            return Ok(Recalled::default());
        }
        let (scope, batch, until, now) = (&self.scope, self.batch.key, self.batch.until, self.times.clock());
        self.answers.recall(Look { scope, batch, keys: &keys, for_others, now, until }).await
    }

    fn learnt(&self, rows: &[u32], answers: &HashMap<AnswerKey, Answer>) -> Vec<(u32, Outcome)> {
        let learnt = |row: &u32| {
            let Answer { outcome, is_own } = answers.get(&self.key(*row)?)?.clone();
            Some((*row, Outcome { shared: (!is_own).then_some(self.shared), ..outcome }))
        };
        rows.iter().filter_map(learnt).collect()
    }

    /// Claims what is the batch's own already, and `more`; gives what of it others ask for.
    async fn claim(&mut self, more: &[u32]) -> Result<HashSet<u32>, JournalError> {
        let now = self.times.clock();
        let until = self.times.end.min(now + CLAIM - AFTERWARDS);
        self.past.retain(|(_, since)| since.elapsed() < AFTERWARDS);
        let past = self.past.iter().map(|(row, _)| row);
        let rows: HashSet<u32> = self.own.iter().chain(more).chain(past).copied().collect();
        let tags: Vec<u32> = rows.into_iter().filter_map(|row| Some(self.key(row)?.tag())).collect();
        let asking = Asking {
            scope: &self.scope,
            batch: self.batch.key,
            lease: self.batch.lease,
            tags: &tags,
            now,
            until: until + AFTERWARDS,
        };
        let lost = self.in_time(self.answers.ask(&asking)).await?;
        if self.until <= now {
            // Meanwhile others may have claimed what this one had.
            let keys = &self.keys;
            self.own.retain(|row| key(keys, *row).is_some_and(|key| !lost.contains(&key.tag())));
        }
        self.until = until;
        Ok(lost)
    }

    async fn in_time<T>(&self, operation: impl Future<Output = Result<T, JournalError>>) -> Result<T, JournalError> {
        let until = (Instant::now() + self.patience).min(self.times.last_write);
        timeout_at(until, operation).await.unwrap_or_else(|_| Err(late()))
    }

    fn key(&self, row: u32) -> Option<AnswerKey> {
        key(&self.keys, row)
    }
}

fn key(keys: &[Option<AnswerKey>], row: u32) -> Option<AnswerKey> {
    *keys.get(usize::try_from(row).ok()?)?
}

impl Found {
    /// Tells the work.
    pub fn tell(self, work: &mut Work<'_, '_>) {
        work.were_kept(&self.kept);
        self.first.into_iter().for_each(|(row, outcome)| work.replace(row, outcome));
        self.learnt.into_iter().for_each(|(row, outcome)| work.learn(row, outcome));
        work.take_back(self.free);
        work.wait_for(self.others);
    }
}

fn late() -> JournalError {
    JournalError("an operation on answers does not end in time".to_owned())
}

fn not_shared(answers: usize, error: &JournalError) {
    tracing::warn!(answers, "answers are not shared with other batches: {error}");
}
