//! Answers by what was asked, in DynamoDB.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, ReturnValue, WriteRequest};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};

use super::super::answers::{Answer, AnswerKey, Answers, Asking, Look, Recalled, Scope, Tag};
use super::super::entry::{decode_outcome, encode_outcome};
use super::super::{JournalError, Key};
use super::item::{Item, journal_error, number, text};
use super::{DynamoDb, milliseconds, seconds};
use crate::function::Outcome;

/// Keys of one read, and items of one write.
///
/// Source: the limits of BatchGetItem and BatchWriteItem.
const READ: usize = 100;
const WRITTEN: usize = 25;

/// An outcome that is larger than that is not kept: an item holds 400 KB.
const LARGEST: usize = 300_000;

/// How many claims that are over are removed at once.
const REMOVED: RangeInclusive<usize> = 16..=64;

/// By how much the clocks of environments may differ for one of them to remove a claim of another.
const CLOCKS: Duration = Duration::from_secs(5);

/// How often what a throttled table leaves undone of a read or a write is asked for, and the first pause in between. Each pause is twice as
/// long as the one before, and a part of each is left out by chance, so that not all come back at once.
const TIMES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

impl DynamoDb {
    /// Reads items of any keys; those that are not there are left out.
    async fn read(&self, keys: Vec<String>) -> Result<Vec<Item>, JournalError> {
        let mut left: Vec<_> = keys.into_iter().map(|key| HashMap::from([("pk".to_owned(), text(key))])).collect();
        let mut items = Vec::new();
        for time in 0..TIMES {
            pause(time).await;
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let keys = keys.map_err(|_| JournalError("a read of no keys".to_owned()))?;
            let read = self.client().batch_get_item().request_items(&self.table, keys).send().await;
            let mut read = read.map_err(|error| journal_error(&error))?;
            items.extend(read.responses.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default());
            let undone = read.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&self.table));
            match undone.map(|keys| keys.keys).filter(|keys| !keys.is_empty()) {
                Some(keys) => left = keys,
                None => return Ok(items),
            }
        }
        Err(JournalError("DynamoDB leaves a read undone".to_owned()))
    }

    async fn recall_now(&self, look: Look<'_>) -> Result<Recalled, JournalError> {
        let Look { scope, batch, keys, for_others, now, until } = look;
        let names: HashMap<String, AnswerKey> = keys.iter().map(|key| (key.item(), *key)).collect();
        let board = for_others.then(|| scope.board());
        let all: Vec<String> = names.keys().chain(&board).cloned().collect();
        let read = try_join_all(all.chunks(READ).map(|keys| self.read(keys.to_vec()))).await?;
        let mut recalled = Recalled::default();
        for item in read.iter().flatten() {
            let Some(name) = item.get("pk").and_then(|pk| pk.as_s().ok()) else {
                continue;
            };
            if board.as_ref() == Some(name) {
                recalled.asked = asked(item, batch, now);
            } else if let Some((key, answer)) = names.get(name).zip(answer(item, batch, until)) {
                recalled.answers.insert(*key, answer);
            }
        }
        Ok(recalled)
    }

    async fn ask_now(&self, asking: &Asking<'_>) -> Result<HashSet<Tag>, JournalError> {
        let Asking { scope, batch, lease, tags, now, until } = *asking;
        let mut claim = milliseconds(until).to_le_bytes().to_vec();
        claim.extend(tags.iter().flat_map(|tag| tag.to_le_bytes()));
        let written = self
            .client()
            .update_item()
            .table_name(&self.table)
            .key("pk", text(scope.board()))
            .update_expression("SET #claim = :claim, expires_at = :expires")
            .expression_attribute_names("#claim", attribute(batch, lease))
            .expression_attribute_values(":claim", AttributeValue::B(Blob::new(claim)))
            .expression_attribute_values(":expires", number(seconds(scope.expires)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| journal_error(&error))?;
        let before = written.attributes.unwrap_or_default();
        self.remove_what_is_over(scope, &before, now).await;
        let others = asked(&before, batch, now);
        Ok(tags.iter().copied().filter(|tag| others.contains(tag)).collect())
    }

    /// Removes claims that are over, once there are some: every write of the item is charged by its size. One that is renewed meanwhile stays,
    /// and so do the others then, until the next claim.
    async fn remove_what_is_over(&self, scope: &Scope, board: &Item, now: SystemTime) {
        let is_over = |value: &AttributeValue| claim(value).is_some_and(|(until, _)| until + CLOCKS < now);
        let over: Vec<_> = board.iter().filter(|(_, value)| is_over(value)).take(*REMOVED.end()).collect();
        if !REMOVED.contains(&over.len()) {
            return;
        }
        let all = |each: fn(usize) -> String, between| (0..over.len()).map(each).collect::<Vec<_>>().join(between);
        let mut update = self
            .client()
            .update_item()
            .table_name(&self.table)
            .key("pk", text(scope.board()))
            .update_expression(format!("REMOVE {}", all(|place| format!("#over{place}"), ", ")))
            .condition_expression(all(|place| format!("#over{place} = :over{place}"), " AND "));
        for (place, (name, value)) in over.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#over{place}"), name);
            update = update.expression_attribute_values(format!(":over{place}"), value.clone());
        }
        if let Err(error) = update.send().await {
            tracing::debug!("claims that are over stay: {}", journal_error(&error));
        }
    }

    async fn keep_now(
        &self,
        scope: &Scope,
        batch: &Key,
        answers: &[(AnswerKey, Outcome)],
    ) -> Result<Vec<AnswerKey>, JournalError> {
        let mut too_large = Vec::new();
        let mut requests = Vec::with_capacity(answers.len());
        for (key, outcome) in answers {
            match item(scope, batch, key, outcome).map(|item| PutRequest::builder().set_item(Some(item)).build()) {
                Some(Ok(put)) => requests.push(WriteRequest::builder().put_request(put).build()),
                _ => too_large.push(*key),
            }
        }
        let mut requests = requests.into_iter();
        let writes = std::iter::from_fn(|| {
            let some: Vec<WriteRequest> = requests.by_ref().take(WRITTEN).collect();
            (!some.is_empty()).then(|| self.write(some))
        });
        try_join_all(writes).await.map(|_| too_large)
    }

    async fn write(&self, mut left: Vec<WriteRequest>) -> Result<(), JournalError> {
        for time in 0..TIMES {
            pause(time).await;
            let written = self.client().batch_write_item().request_items(&self.table, left).send().await;
            let mut undone = written.map_err(|error| journal_error(&error))?.unprocessed_items.unwrap_or_default();
            match undone.remove(&self.table).filter(|undone| !undone.is_empty()) {
                Some(undone) => left = undone,
                None => return Ok(()),
            }
        }
        Err(JournalError(format!("DynamoDB leaves {} answers unwritten", left.len())))
    }
}

impl Answers for DynamoDb {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        self.recall_now(look).boxed()
    }

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        self.ask_now(asking).boxed()
    }

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        self.keep_now(scope, batch, answers).boxed()
    }
}

/// Waits before a table is asked again, which tells by what it leaves undone that it is throttled.
async fn pause(time: u32) {
    if let Some(doublings) = time.checked_sub(1) {
        tokio::time::sleep((PAUSE * 2_u32.pow(doublings)).mul_f64(1.0 - fastrand::f64() / 2.0)).await;
    }
}

/// How a batch is named beside others.
fn name(batch: &Key) -> String {
    format!("{batch:.16}")
}

/// How the attributes begin in which a batch says what it asks for.
fn of_batch(batch: &Key) -> String {
    format!("by_{}_", name(batch))
}

/// The attribute in which it does so under a lease.
fn attribute(batch: &Key, lease: &str) -> String {
    format!("{}{lease:.8}", of_batch(batch))
}

/// Until when a claim holds, and for what.
fn claim(value: &AttributeValue) -> Option<(SystemTime, impl Iterator<Item = Tag>)> {
    let (until, tags) = value.as_b().ok()?.as_ref().split_first_chunk()?;
    let tags = tags.as_chunks().0.iter().map(|tag| Tag::from_le_bytes(*tag));
    Some((SystemTime::UNIX_EPOCH + Duration::from_millis(u64::from_le_bytes(*until)), tags))
}

/// What others than `batch` are asking for.
fn asked(board: &Item, batch: &Key, now: SystemTime) -> HashSet<Tag> {
    let own = of_batch(batch);
    let others = board.iter().filter(|(name, _)| !name.starts_with(&own)).filter_map(|(_, value)| claim(value));
    others.filter(|(until, _)| now < *until).flat_map(|(_, tags)| tags).collect()
}

/// The item of an answer that a batch has paid for, unless that is too large for one.
fn item(scope: &Scope, batch: &Key, key: &AnswerKey, outcome: &Outcome) -> Option<Item> {
    let bytes = encode_outcome(outcome);
    let value = (1..=LARGEST).contains(&bytes.len()).then(|| AttributeValue::B(Blob::new(bytes)))?;
    Some(Item::from([
        ("pk".to_owned(), text(key.item())),
        ("outcome".to_owned(), value),
        ("by".to_owned(), text(name(batch))),
        ("expires_at".to_owned(), number(seconds(scope.expires))),
    ]))
}

/// The answer of an item that has not expired by then, as the batch sees it.
fn answer(item: &Item, batch: &Key, until: SystemTime) -> Option<Answer> {
    let expires: u64 = item.get("expires_at")?.as_n().ok()?.parse().ok()?;
    let bytes = item.get("outcome")?.as_b().ok()?;
    if expires <= seconds(until) {
        return None;
    }
    let is_own = item.get("by").is_some_and(|by| *by == text(name(batch)));
    Some(Answer { outcome: decode_outcome(bytes.as_ref())?, is_own })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Within;

    const SECOND: Duration = Duration::from_secs(1);

    fn scope(expires: SystemTime) -> Scope {
        Scope::of("ask_bedrock", Within::Statement("statement"), expires)
    }

    #[test]
    fn an_answer_has_an_item_of_its_own_until_it_expires() {
        let expires = SystemTime::UNIX_EPOCH + 1000 * SECOND;
        let kept = Outcome { attempts: 1, latency: SECOND, ..Outcome::of("\"a\"".into()) };
        let (own, other) = (Key::of("f", "own"), Key::of("f", "other"));
        let of = |question: &str| {
            let key = scope(expires).key("t", &vec![question.into()].into_boxed_slice());
            item(&scope(expires), &own, &key, &kept).unwrap()
        };
        assert_ne!(of("a")["pk"], of("b")["pk"]);
        assert!(of("a")["pk"].as_s().unwrap().starts_with("answer/"));
        for (batch, is_own) in [(&own, true), (&other, false)] {
            let expected = Answer { outcome: kept.clone(), is_own };
            assert_eq!(answer(&of("a"), batch, expires - 2 * SECOND), Some(expected));
        }
        assert_eq!(answer(&of("a"), &own, expires), None);
    }

    #[test]
    fn what_others_ask_for_is_told_as_long_as_their_claims_hold() {
        let (own, other) = (Key::of("f", "own"), Key::of("f", "other"));
        let until = SystemTime::UNIX_EPOCH + 1000 * SECOND;
        let claim = |tags: &[Tag]| {
            let tags = tags.iter().flat_map(|tag| tag.to_le_bytes());
            AttributeValue::B(Blob::new(milliseconds(until).to_le_bytes().into_iter().chain(tags).collect::<Vec<u8>>()))
        };
        let board = Item::from([
            ("pk".to_owned(), text("asking/")),
            (attribute(&own, "1"), claim(&[1])),
            (attribute(&own, "2"), claim(&[4])),
            (attribute(&other, "1"), claim(&[2, 3])),
        ]);
        assert_eq!(asked(&board, &own, until - SECOND), HashSet::from([2, 3]));
        assert_eq!(asked(&board, &own, until), HashSet::new());
    }
}
