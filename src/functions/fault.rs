//! The three kinds of failure, each with one treatment.

use std::borrow::Cow;
use std::time::Duration;

/// Why a row has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The row is at fault: it becomes NULL, and costs the other rows nothing.
    Row(Refusal),
    /// The statement is at fault: no other row that names the same model or place index can succeed either.
    Statement(Refusal),
    /// The moment is at fault: the same call may succeed later.
    Moment(Moment),
}

/// A failure that trying again does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// One sentence for the SQL user. It holds no row data and no text of the service.
    pub message: Cow<'static, str>,
    /// The service's own error code, for the log.
    pub service_code: Option<String>,
}

impl Refusal {
    /// A refusal that needed no service call.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), service_code: None }
    }
}

/// A failure of the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Whether the service refused the call because of a quota, which is a sign to slow down.
    pub throttled: bool,
    /// How long the service asked to be left alone.
    pub retry_after: Option<Duration>,
}

impl Moment {
    /// The service refused the call because of a quota.
    pub fn throttled(retry_after: Option<Duration>) -> Self {
        Self { throttled: true, retry_after }
    }

    /// The service failed, or the connection did.
    pub fn failed(retry_after: Option<Duration>) -> Self {
        Self { throttled: false, retry_after }
    }
}

/// The stable codes of errors as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// An argument cannot be used.
    InvalidArgument,
    /// A guardrail or a content filter stopped the question or the answer.
    ContentBlocked,
    /// `ALLOWED_MODEL_IDS` does not name the model.
    ModelNotAllowed,
    /// The model does not exist, is past its end of life, or cannot be called by this id.
    ModelNotFound,
    /// The execution role may not make the call.
    AccessDenied,
    /// The answer takes longer than two whole invocations last.
    Timeout,
    /// The service gave an answer that cannot be used.
    ServiceError,
    /// An argument is longer than the service takes.
    TooLarge,
}

impl Code {
    /// The code as it is written in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::ContentBlocked => "content_blocked",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::ModelNotFound => "model_not_found",
            Self::AccessDenied => "access_denied",
            Self::Timeout => "timeout",
            Self::ServiceError => "service_error",
            Self::TooLarge => "too_large",
        }
    }
}
