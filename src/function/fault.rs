//! The kinds of failure, each with one treatment.

use std::borrow::Cow;
use std::time::Duration;

/// Why a call has given no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Trying again changes nothing.
    Refused(Refusal),
    /// The moment is at fault: the same call may succeed later.
    Moment(Moment),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Moment> for Fault {
    fn from(moment: Moment) -> Self {
        Self::Moment(moment)
    }
}

/// A failure that trying again does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whose fault it is.
    pub whose: Whose,
    /// The stable code.
    pub code: Code,
    /// One sentence for the SQL user. It holds no row data and no text of the service.
    pub message: Cow<'static, str>,
    /// The service's own error code, for the log.
    pub service_code: Option<Box<str>>,
}

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The row's: it becomes NULL, and costs the other rows nothing.
    Row,
    /// The statement's: no other row that names the same model, options or place index can succeed either.
    Statement,
    /// The statement's, for an option that is unknown or cannot be: it is known before anything is asked, so nothing is.
    Options,
    /// Nobody knows this refusal: it is taken for the row's as long as other rows are answered.
    Unknown,
}

impl Refusal {
    /// The row's refusal, without a service call.
    pub fn row(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { whose: Whose::Row, code, message: message.into(), service_code: None }
    }

    /// The statement's refusal, without a service call.
    pub fn statement(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { whose: Whose::Statement, ..Self::row(code, message) }
    }
}

/// A failure of the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// What has happened.
    pub kind: MomentKind,
    /// How long the service asked to be left alone.
    pub retry_after: Option<Duration>,
    /// The service's own error code, or a word for what has happened on the way; for the log and for the reason of a call that is
    /// given up.
    pub reason: Cow<'static, str>,
    /// What is told of the row when it stays so; nothing where only the kind of failure can be told.
    pub refusal: Option<Box<Refusal>>,
}

/// What kind of failure passes with the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentKind {
    /// The service refused the call because of a quota, which is a sign to slow down.
    Throttled,
    /// The service failed, or the connection did.
    Failed,
    /// There was an answer, which is paid for, and it could not be read, or is not what was asked for.
    Unreadable,
}

impl Moment {
    /// The service refused the call because of a quota.
    pub fn throttled(reason: impl Into<Cow<'static, str>>, retry_after: Option<Duration>) -> Self {
        Self { kind: MomentKind::Throttled, retry_after, reason: reason.into(), refusal: None }
    }

    /// The service failed, or the connection did.
    pub fn failed(reason: impl Into<Cow<'static, str>>, retry_after: Option<Duration>) -> Self {
        Self { kind: MomentKind::Failed, retry_after, reason: reason.into(), refusal: None }
    }

    /// There was an answer, and it could not be read.
    pub fn unreadable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: MomentKind::Unreadable, retry_after: None, reason: reason.into(), refusal: None }
    }

    /// There was an answer, and it is not what was asked for.
    pub fn unfit(refusal: Refusal) -> Self {
        Self { refusal: Some(Box::new(refusal)), ..Self::unreadable("an answer that is not what was asked for") }
    }
}

/// The stable codes of errors as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// An argument or an option cannot be used.
    InvalidArgument,
    /// A guardrail or a content filter stopped the question or the answer.
    ContentBlocked,
    /// `ALLOWED_MODEL_IDS` does not name the model.
    ModelNotAllowed,
    /// The model does not exist, is past its end of life, or cannot be called by this id.
    ModelNotFound,
    /// The execution role or the account may not make the call.
    AccessDenied,
    /// A quota that does not refill within a statement's life is used up.
    QuotaExhausted,
    /// The service refused the call because of a quota that refills.
    Throttled,
    /// The answer takes longer than two whole invocations last.
    Timeout,
    /// The service failed on this row again and again, or gave an answer that cannot be used.
    ServiceError,
    /// An argument is longer than the service takes.
    TooLarge,
    /// The model's answer is not of the form that was asked for.
    InvalidOutput,
}

impl Code {
    /// Every code with its name in an answer, and whether the same row may be answered at another time, by nothing but asking again.
    const ALL: [(Self, &'static str, bool); 11] = [
        (Self::InvalidArgument, "invalid_argument", false),
        (Self::ContentBlocked, "content_blocked", false),
        (Self::ModelNotAllowed, "model_not_allowed", false),
        (Self::ModelNotFound, "model_not_found", false),
        (Self::AccessDenied, "access_denied", false),
        (Self::QuotaExhausted, "quota_exhausted", true),
        (Self::Throttled, "throttled", true),
        (Self::Timeout, "timeout", true),
        (Self::ServiceError, "service_error", true),
        (Self::TooLarge, "too_large", false),
        (Self::InvalidOutput, "invalid_output", false),
    ];

    fn entry(self) -> (&'static str, bool) {
        let entry = Self::ALL.iter().find(|(code, ..)| *code == self);
        entry.map_or(("service_error", true), |(_, name, retryable)| (name, *retryable))
    }

    /// The code as it is written in an answer.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// Whether the same row may be answered at another time, by nothing but asking again.
    pub fn is_retryable(self) -> bool {
        self.entry().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_name_that_it_is_journaled_by_and_says_whether_to_try_again() {
        for (code, name, retryable) in Code::ALL {
            assert_eq!((code.as_str(), code.is_retryable()), (name, retryable));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{name}\""));
        }
        let names: std::collections::HashSet<_> = Code::ALL.iter().map(|(_, name, _)| name).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
