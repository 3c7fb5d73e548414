//! Bytes in the claim as long as they fit, and in items of their own where they do not.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;

use super::super::{JournalError, Key};
use super::DynamoDb;
use super::item::{Conditional, Item, journal_error, malformed, number, text};

/// DynamoDB takes items of 400 KB, names and numbers included. Emulators count the base64 of bytes, which is a third more.
///
/// Source: its quotas for items.
const LARGEST: usize = 290_000;

/// Bytes of rows and entries in the claim itself. A write is billed by the whole item that it changes, so that a large one would be paid for
/// with each checkpoint.
const INLINE: usize = 16_000;

impl DynamoDb {
    /// The value that stands in the claim for `bytes`, when it holds `beside` bytes already, and whether they are in it.
    ///
    /// Parts are named by the token of who writes them, so that nobody writes over another one's.
    pub(super) async fn store(
        &self,
        token: &str,
        name: &str,
        bytes: Vec<u8>,
        beside: usize,
        expires: u64,
    ) -> Result<(AttributeValue, bool), JournalError> {
        if beside + bytes.len() <= INLINE {
            return Ok((AttributeValue::B(Blob::new(bytes)), true));
        }
        let keys = try_join_all(bytes.chunks(LARGEST).enumerate().map(|(index, part)| async move {
            let key = format!("{token}/{name}/{index}");
            self.client()
                .put_item()
                .table_name(&self.table)
                .item("pk", text(&key))
                .item("data", AttributeValue::B(Blob::new(part)))
                // Later than its claim: a claim that can be read has all its parts.
                .item("expires_at", number(expires + 3600))
                .send()
                .await
                .map_err(|error| journal_error(&error))?;
            Ok(text(key))
        }))
        .await?;
        Ok((AttributeValue::L(keys), false))
    }

    /// The bytes that a value in the claim stands for.
    pub(super) async fn load(&self, value: &AttributeValue) -> Result<Vec<u8>, JournalError> {
        if let AttributeValue::B(bytes) = value {
            return Ok(bytes.as_ref().to_vec());
        }
        let keys = value.as_l().map_err(|_| malformed("rows or entries"))?;
        let parts = try_join_all(keys.iter().map(|key| async {
            let mut item = self.get(key.clone()).await?.ok_or_else(|| malformed("part"))?;
            match item.remove("data") {
                Some(AttributeValue::B(data)) => Ok(data.into_inner()),
                _ => Err(malformed("data")),
            }
        }))
        .await?;
        Ok(parts.concat())
    }

    /// The item that did not meet a condition, if it is there.
    pub(super) async fn unmet<E: Conditional>(
        &self,
        error: SdkError<E>,
        key: &Key,
    ) -> Result<Option<Item>, JournalError> {
        let failed = journal_error(&error);
        match error {
            SdkError::ServiceError(context) => match context.into_err().unmet() {
                Some(Some(item)) => Ok(Some(item)),
                // Not every table that speaks DynamoDB's language shows the item.
                Some(None) => self.get(text(key)).await,
                None => Err(failed),
            },
            _ => Err(failed),
        }
    }

    async fn get(&self, key: AttributeValue) -> Result<Option<Item>, JournalError> {
        let got = self.client().get_item().table_name(&self.table).key("pk", key).consistent_read(true).send().await;
        Ok(got.map_err(|error| journal_error(&error))?.item)
    }
}
