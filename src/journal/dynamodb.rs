//! The journal in a DynamoDB table. Nothing outside this folder names DynamoDB.
//!
//! A batch is one item, the claim, which holds rows and entries as long as they fit; what does not fit is written before
//! it into items of its own, each under another partition key, and the claim holds their keys. Every change of a claim is
//! one conditional write, so that a batch which ends within half of a lease costs two writes, and no read;
//! those of the answers and of the shared [`pace`] come on top.
//!
//! | attribute | type | holds |
//! | --- | --- | --- |
//! | `pk` | S | the key of the batch, or of a part |
//! | `expires_at` | N | seconds since 1970, after which the item is as if it had never been |
//! | `created_at`, `lease_until` | N | milliseconds since 1970 |
//! | `token` | S | whose the lease is |
//! | `ended` | BOOL | whether everything is known |
//! | `digest` | S | the hash of the rows |
//! | `rows` | B, or L of S | the request's body, gzipped, or the keys of its parts |
//! | `entries` | L of B, or of L of S | the entries, or the keys of their parts |
//! | `data` | B | what a part holds |
//!
//! Beside the batches, answers by what was asked (`answer/…`), each with its `outcome` and the batch that has paid (`by`), and for each scope one item (`asking/…`) that tells
//! which batches are asking for what: an attribute for each lease of a batch, of the time until when and four bytes for each question.

mod answers;
mod item;
mod pace;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};

use self::item::{Item, Record, inline_bytes, number, text};
use super::entry::{gunzip, gzip};
use super::{Answers, Batch, Claim, Claimed, GIVEN_UP, Journal, JournalError, Kept, Lease, NewRows, Then};
use super::{milliseconds, new_token};
use crate::sdk;

/// A table of batches. Its copies have one client.
#[derive(Clone)]
pub struct DynamoDb {
    config: SdkConfig,
    client: Arc<OnceLock<Client>>,
    table: String,
    retention: Duration,
}

impl DynamoDb {
    /// The table of that name; its client is built at the first claim.
    pub fn new(table: String, retention: Duration, config: SdkConfig) -> Self {
        Self { config, client: Arc::default(), table, retention }
    }

    /// A claim that is throttled is tried again for a few seconds; the batch engine is not there to do it.
    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let retries = RetryConfig::standard()
                .with_max_attempts(8)
                .with_initial_backoff(Duration::from_millis(100))
                .with_max_backoff(Duration::from_secs(1));
            let timeouts = TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(2))
                .operation_timeout(Duration::from_secs(5))
                .build();
            let config = Builder::from(&self.config).interceptor(sdk::Headers);
            Client::from_conf(config.retry_config(retries).timeout_config(timeouts).build())
        })
    }

    async fn claim_now(&self, claim: &Claim<'_>) -> Result<Claimed, JournalError> {
        if let Some(rows) = &claim.rows {
            match self.create(claim, rows).await? {
                Created::New(lease) => {
                    let batch = Batch { created: claim.now, body: rows.body.to_owned(), entries: Vec::new() };
                    return Ok(Claimed::Ours(lease, batch));
                }
                Created::Exists(item) => {
                    if let Some(claimed) = self.refuse(claim, &item).await? {
                        return Ok(claimed);
                    }
                }
            }
        }
        self.take(claim).await
    }

    /// Puts a claim that nobody has made before.
    async fn create(&self, claim: &Claim<'_>, rows: &NewRows<'_>) -> Result<Created, JournalError> {
        let token = new_token()?;
        let expires = seconds(claim.now + self.retention);
        let packed = gzip(rows.body.as_bytes());
        let bytes = packed.len();
        let (rows_value, inline) = self.store(&token, "rows", packed, 0, expires).await?;
        let put = self
            .client()
            .put_item()
            .table_name(&self.table)
            .item("pk", text(claim.key))
            .item("token", text(&token))
            .item("digest", text(&rows.digest))
            .item("rows", rows_value)
            .item("entries", AttributeValue::L(Vec::new()))
            .item("ended", AttributeValue::Bool(false))
            .item("created_at", number(milliseconds(claim.now)))
            .item("lease_until", number(milliseconds(claim.lease_until)))
            .item("expires_at", number(expires))
            .condition_expression("attribute_not_exists(pk) OR expires_at < :now")
            .expression_attribute_values(":now", number(seconds(claim.now)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let bytes = if inline { bytes } else { 0 };
        let (key, until) = (claim.key.clone(), claim.lease_until);
        let lease = Lease { key, token, is_first: true, until, entries: 0, bytes, expires };
        match put {
            Ok(_) => Ok(Created::New(lease)),
            Err(error) => match self.unmet(error, claim.key).await? {
                // The first attempt was written, and its answer was lost.
                Some(item) if Record::of(&item)?.token == lease.token => Ok(Created::New(lease)),
                Some(item) => Ok(Created::Exists(item)),
                None => Err(JournalError("a claim was refused, and is not there".to_owned())),
            },
        }
    }

    /// Takes a batch that exists and is free.
    async fn take(&self, claim: &Claim<'_>) -> Result<Claimed, JournalError> {
        let token = new_token()?;
        let oldest = claim.now.checked_sub(GIVEN_UP).unwrap_or(SystemTime::UNIX_EPOCH);
        let taken = self
            .client()
            .update_item()
            .table_name(&self.table)
            .key("pk", text(claim.key))
            .update_expression("SET #token = :token, lease_until = :until")
            .condition_expression(
                "ended = :no AND lease_until <= :now AND created_at > :oldest AND expires_at >= :seconds",
            )
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(&token))
            .expression_attribute_values(":until", number(milliseconds(claim.lease_until)))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":now", number(milliseconds(claim.now)))
            .expression_attribute_values(":oldest", number(milliseconds(oldest)))
            .expression_attribute_values(":seconds", number(seconds(claim.now)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let item = match taken {
            Ok(taken) => taken.attributes.unwrap_or_default(),
            Err(error) => match self.unmet(error, claim.key).await? {
                None => return Ok(Claimed::Unknown),
                Some(item) if Record::of(&item)?.token == token => item,
                // Free when it was looked at, and taken since.
                Some(item) => return Ok(self.refuse(claim, &item).await?.unwrap_or(Claimed::Busy)),
            },
        };
        let record = Record::of(&item)?;
        let lease = Lease {
            key: claim.key.clone(),
            token,
            is_first: false,
            until: claim.lease_until,
            entries: record.entries.len(),
            bytes: record.inline_bytes(),
            expires: record.expires_at,
        };
        Ok(Claimed::Ours(lease, self.batch(&record).await?))
    }

    /// Why a batch that exists cannot be taken; `None` if it can.
    async fn refuse(&self, claim: &Claim<'_>, item: &Item) -> Result<Option<Claimed>, JournalError> {
        let record = Record::of(item)?;
        Ok(if record.expires_at < seconds(claim.now) {
            Some(Claimed::Unknown)
        } else if claim.rows.as_ref().is_some_and(|rows| rows.digest != record.digest) {
            Some(Claimed::OtherRows)
        } else if record.ended {
            Some(Claimed::Ended(self.batch(&record).await?))
        } else if milliseconds(claim.now) >= record.created_at.saturating_add(millis(GIVEN_UP)) {
            Some(Claimed::GivenUp(self.batch(&record).await?))
        } else if record.lease_until > milliseconds(claim.now) {
            Some(Claimed::Busy)
        } else {
            None
        })
    }

    async fn batch(&self, record: &Record<'_>) -> Result<Batch, JournalError> {
        let body = gunzip(&self.load(record.rows).await?)?;
        let body = String::from_utf8(body).map_err(|_| JournalError("the rows it holds are not text".to_owned()))?;
        let entries = try_join_all(record.entries.iter().map(|entry| self.load(entry))).await?;
        let created = SystemTime::UNIX_EPOCH + Duration::from_millis(record.created_at);
        Ok(Batch { created, body, entries })
    }

    async fn checkpoint_now(&self, lease: &mut Lease, entry: &[u8], then: Then) -> Result<Kept, JournalError> {
        if let Some(kept) = self.append(lease, entry, then).await? {
            return Ok(kept);
        }
        // Nobody but the lease's holder appends, so that the second try meets what it expects.
        let kept = self.append(lease, entry, then).await?;
        kept.ok_or_else(|| JournalError("a batch has entries that nobody wrote".to_owned()))
    }

    /// Writes a checkpoint; `None` when it did not, because an earlier one was kept although its answer was lost. The lease
    /// knows of that one then.
    async fn append(&self, lease: &mut Lease, entry: &[u8], then: Then) -> Result<Option<Kept>, JournalError> {
        let mut sets = Vec::new();
        let mut values = HashMap::from([(":token".to_owned(), text(&lease.token))]);
        let mut appended = None;
        if !entry.is_empty() {
            // Parts of a name of their own: those of an earlier write, whose answer was lost, may be in use.
            let (value, _) = self.store(&new_token()?, "entry", entry.to_vec(), lease.bytes, lease.expires).await?;
            sets.push("entries = list_append(entries, :entry)");
            values.insert(":entry".to_owned(), AttributeValue::L(vec![value.clone()]));
            appended = Some(value);
        }
        match then {
            Then::GoOn(until) => {
                sets.push("lease_until = :until");
                values.insert(":until".to_owned(), number(milliseconds(until)));
            }
            Then::Release => {
                sets.push("lease_until = :zero");
                values.insert(":zero".to_owned(), number(0));
            }
            Then::End => {
                sets.push("ended = :yes");
                values.insert(":yes".to_owned(), AttributeValue::Bool(true));
            }
        }
        // The count makes a write that is tried again after its answer was lost fail, rather than append twice.
        values.insert(":count".to_owned(), number(lease.entries as u64));
        let written = self
            .client()
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&lease.key))
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression("#token = :token AND size(entries) = :count")
            .expression_attribute_names("#token", "token")
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = written else {
            lease.entries += usize::from(appended.is_some());
            lease.bytes += appended.as_ref().map_or(0, inline_bytes);
            return Ok(Some(Kept::Yes));
        };
        let Some(item) = self.unmet(error, &lease.key).await? else {
            return Ok(Some(Kept::LeaseLost));
        };
        let record = Record::of(&item)?;
        if record.token != lease.token {
            return Ok(Some(Kept::LeaseLost));
        }
        // The first attempt of this very write, or an earlier checkpoint that said less?
        let is_this = record.entries.last() == appended.as_ref()
            && match then {
                Then::GoOn(until) => record.lease_until == milliseconds(until),
                Then::Release => record.lease_until == 0,
                Then::End => record.ended,
            };
        (lease.entries, lease.bytes) = (record.entries.len(), record.inline_bytes());
        Ok(is_this.then_some(Kept::Yes))
    }
}

enum Created {
    New(Lease),
    Exists(Item),
}

impl Journal for DynamoDb {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        self.claim_now(claim).boxed()
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        self.checkpoint_now(lease, entry, then).boxed()
    }

    fn answers(&self) -> Option<&dyn Answers> {
        Some(self)
    }
}

fn seconds(time: SystemTime) -> u64 {
    milliseconds(time) / 1000
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
