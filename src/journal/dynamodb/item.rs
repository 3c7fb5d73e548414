//! The attributes of a claim.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::super::JournalError;

/// An item as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// A claim, read.
pub struct Record<'a> {
    pub token: &'a str,
    pub digest: &'a str,
    pub rows: &'a AttributeValue,
    pub entries: &'a [AttributeValue],
    pub ended: bool,
    pub created_at: u64,
    pub lease_until: u64,
    pub expires_at: u64,
}

impl<'a> Record<'a> {
    /// Reads a claim.
    pub fn of(item: &'a Item) -> Result<Self, JournalError> {
        let attribute = |name: &str| item.get(name).ok_or_else(|| malformed(name));
        let text = |name: &str| attribute(name)?.as_s().map(String::as_str).map_err(|_| malformed(name));
        let number = |name: &str| {
            attribute(name)?.as_n().ok().and_then(|digits| digits.parse().ok()).ok_or_else(|| malformed(name))
        };
        Ok(Self {
            token: text("token")?,
            digest: text("digest")?,
            rows: attribute("rows")?,
            entries: attribute("entries")?.as_l().map_err(|_| malformed("entries"))?,
            ended: *attribute("ended")?.as_bool().map_err(|_| malformed("ended"))?,
            created_at: number("created_at")?,
            lease_until: number("lease_until")?,
            expires_at: number("expires_at")?,
        })
    }

    /// Bytes of rows and entries in the claim itself.
    pub fn inline_bytes(&self) -> usize {
        inline_bytes(self.rows) + self.entries.iter().map(inline_bytes).sum::<usize>()
    }
}

/// Bytes that a value of a claim has in the claim itself.
pub fn inline_bytes(value: &AttributeValue) -> usize {
    value.as_b().map_or(0, |blob| blob.as_ref().len())
}

/// What is wrong with an item that this function has not written so.
pub fn malformed(name: &str) -> JournalError {
    JournalError(format!("an item in its table has no {name} of the right type"))
}

/// A text attribute.
pub fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An error of a conditional write.
pub trait Conditional: ProvideErrorMetadata {
    /// The item that did not meet the condition, if that is the error: `Some(None)` when the service did not show it.
    fn unmet(self) -> Option<Option<Item>>;
}

impl Conditional for PutItemError {
    fn unmet(self) -> Option<Option<Item>> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Some(failed.item),
            _ => None,
        }
    }
}

impl Conditional for UpdateItemError {
    fn unmet(self) -> Option<Option<Item>> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Some(failed.item),
            _ => None,
        }
    }
}

/// An error for the log: by its code, for the message may name accounts and roles.
pub fn journal_error<E: ProvideErrorMetadata>(error: &SdkError<E>) -> JournalError {
    JournalError(match error {
        SdkError::ServiceError(context) => {
            format!("DynamoDB answers {}", context.err().code().unwrap_or("an error without a code"))
        }
        SdkError::TimeoutError(_) => "DynamoDB does not answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "there is no connection to DynamoDB".to_owned(),
        _ => "DynamoDB's answer cannot be read".to_owned(),
    })
}
