//! A journal in memory, for one process: it says in a few lines what the promises mean, and the tests stand on it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::answers::{Answer, AnswerKey, Answers, Asking, Look, Recalled, Scope, Tag};
use super::{Batch, Claim, Claimed, GIVEN_UP, Journal, JournalError, Kept, Key, Lease, Then, new_token};
use crate::function::Outcome;

/// Batches in memory.
#[derive(Debug)]
pub struct Memory {
    retention: Duration,
    records: Mutex<HashMap<Key, Record>>,
    /// Answers, who has paid for them, and when they expire.
    answers: Mutex<HashMap<AnswerKey, (Outcome, Key, SystemTime)>>,
    /// What each batch asks for, by scope.
    asking: Mutex<HashMap<String, Claims>>,
}

/// What each batch asks for under each lease, and until when.
type Claims = HashMap<(Key, String), (SystemTime, Vec<Tag>)>;

#[derive(Debug)]
struct Record {
    batch: Batch,
    digest: String,
    token: String,
    /// `None` when the lease was given back.
    lease_until: Option<SystemTime>,
    ended: bool,
}

impl Memory {
    /// An empty journal, whose batches expire after `retention`.
    pub fn new(retention: Duration) -> Self {
        Self { retention, records: Mutex::default(), answers: Mutex::default(), asking: Mutex::default() }
    }

    fn claim_now(&self, claim: &Claim<'_>) -> Result<Claimed, JournalError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.retain(|_, record| claim.now < record.batch.created + self.retention);
        let token = new_token()?;
        let lease = |is_first, token| Lease {
            key: claim.key.clone(),
            token,
            is_first,
            until: claim.lease_until,
            entries: 0,
            bytes: 0,
            expires: 0,
        };
        let Some(record) = records.get_mut(claim.key) else {
            let Some(rows) = &claim.rows else {
                return Ok(Claimed::Unknown);
            };
            let batch = Batch { created: claim.now, body: rows.body.to_owned(), entries: Vec::new() };
            let record = Record {
                batch: batch.clone(),
                digest: rows.digest.clone(),
                token: token.clone(),
                lease_until: Some(claim.lease_until),
                ended: false,
            };
            records.insert(claim.key.clone(), record);
            return Ok(Claimed::Ours(lease(true, token), batch));
        };
        Ok(if claim.rows.as_ref().is_some_and(|rows| rows.digest != record.digest) {
            Claimed::OtherRows
        } else if record.ended {
            Claimed::Ended(record.batch.clone())
        } else if claim.now >= record.batch.created + GIVEN_UP {
            Claimed::GivenUp(record.batch.clone())
        } else if record.lease_until.is_some_and(|until| claim.now < until) {
            Claimed::Busy
        } else {
            record.token.clone_from(&token);
            record.lease_until = Some(claim.lease_until);
            Claimed::Ours(lease(false, token), record.batch.clone())
        })
    }

    fn checkpoint_now(&self, lease: &Lease, entry: &[u8], then: Then) -> Kept {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(record) = records.get_mut(&lease.key).filter(|record| record.token == lease.token) else {
            return Kept::LeaseLost;
        };
        if !entry.is_empty() {
            record.batch.entries.push(entry.to_vec());
        }
        match then {
            Then::GoOn(until) => record.lease_until = Some(until),
            Then::Release => record.lease_until = None,
            Then::End => record.ended = true,
        }
        Kept::Yes
    }
}

impl Journal for Memory {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async move { self.claim_now(claim) }.boxed()
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        async move { Ok(self.checkpoint_now(lease, entry, then)) }.boxed()
    }

    fn answers(&self) -> Option<&dyn Answers> {
        Some(self)
    }
}

impl Memory {
    /// What others than `batch` are asking for.
    fn asked(&self, scope: &Scope, batch: &Key, now: SystemTime) -> HashSet<Tag> {
        let asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = asking.get(&scope.board()).into_iter().flatten();
        claims
            .filter(|((other, _), (until, _))| other != batch && now < *until)
            .flat_map(|(_, (_, tags))| tags)
            .copied()
            .collect()
    }

    fn known(&self, key: &AnswerKey, batch: &Key, until: SystemTime) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, by, _) = answers.get(key).filter(|(_, _, expires)| until < *expires)?;
        Some(Answer { outcome: outcome.clone(), is_own: by == batch })
    }
}

impl Answers for Memory {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        async move {
            let Look { scope, batch, keys, for_others, now, until } = look;
            let answers = keys.iter().filter_map(|key| Some((*key, self.known(key, batch, until)?))).collect();
            let asked = if for_others { self.asked(scope, batch, now) } else { HashSet::new() };
            Ok(Recalled { answers, asked })
        }
        .boxed()
    }

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async move {
            let Asking { scope, batch, lease, tags, now, until } = *asking;
            let others = self.asked(scope, batch, now);
            let mut boards = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            let claims = boards.entry(scope.board()).or_default();
            claims.insert((batch.clone(), lease.to_owned()), (until, tags.to_vec()));
            Ok(tags.iter().copied().filter(|tag| others.contains(tag)).collect())
        }
        .boxed()
    }

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        async move {
            let kept = answers.iter().map(|(key, outcome)| (*key, (outcome.clone(), batch.clone(), scope.expires)));
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
            Ok(Vec::new())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{NewRows, Within};

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn a_batch_and_an_answer_are_there_until_they_expire_and_not_at_that_moment() {
        let (journal, begin) = (Memory::new(HOUR), SystemTime::UNIX_EPOCH + HOUR);
        let key = Key::of("f", "batch");
        let claim = |rows, now| Claim { key: &key, rows, now, lease_until: now };
        let rows = Some(NewRows { body: "{}", digest: String::new() });
        assert!(matches!(journal.claim(&claim(rows, begin)).await, Ok(Claimed::Ours(..))));
        let scope = Scope::of("f", Within::Account(HOUR), begin + HOUR);
        let answer = scope.key("t", &vec!["a".into()].into_boxed_slice());
        let value: Box<str> = Box::from("1");
        let outcome = Outcome { attempts: 1, ..Outcome::of(value) };
        journal.keep(&scope, &key, &[(answer, outcome)]).await.unwrap();
        for (now, expected) in [(begin + HOUR - Duration::from_millis(1), (1, false)), (begin + HOUR, (0, true))] {
            let look = Look { scope: &scope, batch: &key, keys: &[answer], for_others: false, now, until: now };
            let recalled = journal.recall(look).await.unwrap();
            let is_unknown = journal.claim(&claim(None, now)).await.unwrap() == Claimed::Unknown;
            assert_eq!((recalled.answers.len(), is_unknown), expected);
        }
    }
}
