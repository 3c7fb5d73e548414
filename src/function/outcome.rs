//! What becomes of a job.

use std::time::Duration;

use super::Refusal;

/// A function's value for one row, as JSON text.
pub type Value = Box<str>;

/// What a service call has given for one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The value.
    pub value: Value,
    /// What the service counted, where it counts.
    pub usage: Usage,
    /// Why the model stopped, in the service's words, where the service says so.
    pub stop_reason: Option<Box<str>>,
    /// By what Amazon Location charges the call, in its words, where it says so.
    pub pricing_bucket: Option<Box<str>>,
}

/// An answer of which nothing but the value is known.
impl From<Value> for Answered {
    fn from(value: Value) -> Self {
        Self { value, ..Self::default() }
    }
}

/// Tokens, as the service counted them. What it did not say is unknown, and not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Tokens of the question, those of a cache apart.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Tokens that were read from a prompt cache.
    pub cache_read_tokens: Option<u64>,
    /// Tokens that were written to a prompt cache.
    pub cache_write_tokens: Option<u64>,
}

impl Usage {
    /// What a row has used for which another has paid: nothing of what is known.
    pub fn paid_by_another(self) -> Self {
        let nothing = |count: Option<u64>| count.map(|_| 0);
        Self {
            input_tokens: nothing(self.input_tokens),
            output_tokens: nothing(self.output_tokens),
            cache_read_tokens: nothing(self.cache_read_tokens),
            cache_write_tokens: nothing(self.cache_write_tokens),
        }
    }
}

/// What is known of one distinct row, for good: a value or a refusal, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The value, or why there is none.
    pub result: Result<Answered, Refusal>,
    /// Service calls that were made for it, over all invocations; none for a row that was judged without one.
    pub attempts: u32,
    /// How long the call took that gave it.
    pub latency: Duration,
    /// Whether another batch has paid for it.
    pub shared: Option<Shared>,
}

/// Where the equal row was that paid for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// In the same batch.
    Batch,
    /// In another batch of the same statement.
    Statement,
    /// In a batch of any statement of the account, within the hours for which answers are shared.
    Earlier,
}

impl Outcome {
    /// A refusal that needed no service call.
    pub fn judged(refusal: Refusal) -> Self {
        Self { result: Err(refusal), attempts: 0, latency: Duration::ZERO, shared: None }
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.result.as_ref().ok().map(|answered| &*answered.value)
    }

    /// Why there is no value.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.result.as_ref().err()
    }
}
