//! What becomes of a job.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, Paid, Refusal};

/// A function's value for one row, as JSON text.
pub type Value = Box<str>;

/// What a service call has given for one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The value.
    pub value: Value,
    /// What it has cost.
    pub paid: Paid,
    /// What the service told beside it.
    pub told: Told,
}

/// An answer of which nothing but the value is known.
impl From<Value> for Answered {
    fn from(value: Value) -> Self {
        Self { value, ..Self::default() }
    }
}

/// What a service call has given that has no value. It may have been paid for all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Why there is no value.
    pub fault: Fault,
    /// What it has cost.
    pub paid: Box<Paid>,
    /// What the service told beside it.
    pub told: Box<Told>,
}

/// A failure that has cost nothing.
impl<F: Into<Fault>> From<F> for Failed {
    fn from(fault: F) -> Self {
        Self { fault: fault.into(), paid: Box::default(), told: Box::default() }
    }
}

/// What a service tells of a call, in its own words where it has words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The model that was asked, as the caller named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<Box<str>>,
    /// Why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Box<str>>,
    /// The service tier that served the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Box<str>>,
    /// By what Amazon Location charges the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing_bucket: Option<Box<str>>,
}

impl Told {
    /// Whether the answer ends before its end; not known where the service does not say why it ends.
    pub fn is_cut(&self) -> Option<bool> {
        let reason = self.stop_reason.as_deref()?;
        Some(matches!(reason, "max_tokens" | "model_context_window_exceeded"))
    }
}

/// What is known of one distinct row, for good: a value or a refusal, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The value, or why there is none.
    pub result: Result<Value, Refusal>,
    /// What all the calls for it have cost, over all invocations.
    pub paid: Paid,
    /// What the service told of the last of them.
    pub told: Told,
    /// Service calls that were made for it, over all invocations; none for a row that was judged without one.
    pub attempts: u32,
    /// How long the call took that gave it.
    pub latency: Duration,
    /// Whether another batch has paid for it.
    pub shared: Option<Shared>,
}

/// Where the equal row was that paid for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A value, and nothing else that is known of it.
    pub fn of(value: Value) -> Self {
        Self {
            result: Ok(value),
            paid: Paid::default(),
            told: Told::default(),
            attempts: 0,
            latency: Duration::ZERO,
            shared: None,
        }
    }

    /// A refusal that needed no service call.
    pub fn judged(refusal: Refusal) -> Self {
        Self { result: Err(refusal), ..Self::of("null".into()) }
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.result.as_deref().ok()
    }

    /// Why there is no value.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.result.as_ref().err()
    }
}
