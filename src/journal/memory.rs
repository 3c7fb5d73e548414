//! A journal in memory, for one process: it says in a few lines what the promises mean, and the tests stand on it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Batch, Claim, Claimed, GIVEN_UP, Journal, JournalError, Kept, Key, Lease, Then, new_token};

/// Batches in memory.
#[derive(Debug)]
pub struct Memory {
    retention: Duration,
    records: Mutex<HashMap<Key, Record>>,
}

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
        Self { retention, records: Mutex::default() }
    }

    fn claim_now(&self, claim: &Claim<'_>) -> Result<Claimed, JournalError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.retain(|_, record| claim.now < record.batch.created + self.retention);
        let token = new_token()?;
        let lease = Lease { key: claim.key.clone(), token: token.clone(), entries: 0, bytes: 0, expires: 0 };
        let Some(record) = records.get_mut(claim.key) else {
            let Some(rows) = &claim.rows else {
                return Ok(Claimed::Unknown);
            };
            let batch = Batch { created: claim.now, body: rows.body.to_owned(), entries: Vec::new() };
            let record = Record {
                batch: batch.clone(),
                digest: rows.digest.clone(),
                token,
                lease_until: Some(claim.lease_until),
                ended: false,
            };
            records.insert(claim.key.clone(), record);
            return Ok(Claimed::Ours(lease, batch));
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
            record.token = token;
            record.lease_until = Some(claim.lease_until);
            Claimed::Ours(lease, record.batch.clone())
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
            Then::GoOn => {}
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
}
