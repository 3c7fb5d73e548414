//! A call that cannot be answered.

use lambda_runtime::Diagnostic;

use crate::batch::Unfinished;
use crate::functions::Refusal;
use crate::snowflake::request::Malformed;

/// Why a whole call has no answer. The text is one sentence that says what to do; it holds no row data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The caller must change something; the same call will fail again.
    #[error("{0}")]
    Rejected(String),
    /// A GET for a batch that nobody knows.
    #[error("this batch is not known here: send its rows with POST")]
    UnknownBatch,
    /// The quota does not let the batch finish in time.
    #[error(
        "the service throttles this account, so that the batch cannot finish in time: lower MAX_BATCH_ROWS, \
         or ask for a higher quota"
    )]
    Throttled,
    /// The services do not let the batch finish in time.
    #[error(
        "the service is too slow or fails, so that the batch cannot finish in time: try again, or lower MAX_BATCH_ROWS"
    )]
    Unavailable,
    /// The journal cannot be reached, and no service was called.
    #[error("the journal of batches cannot be reached, so nothing was started: try again")]
    NoJournal,
}

impl CallError {
    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Rejected(_) => 400,
            Self::UnknownBatch => 404,
            Self::Throttled => 429,
            Self::Unavailable | Self::NoJournal => 503,
        }
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Rejected(format!("the rows cannot be read: {malformed}"))
    }
}

impl From<Unfinished> for CallError {
    fn from(unfinished: Unfinished) -> Self {
        if unfinished.throttled { Self::Throttled } else { Self::Unavailable }
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Rejected(refusal.message.into_owned())
    }
}

/// As a Lambda error, the type tells a caller such as Step Functions what to catch.
impl From<CallError> for Diagnostic {
    fn from(error: CallError) -> Self {
        let error_type = match &error {
            CallError::Rejected(_) => "Rejected",
            CallError::UnknownBatch => "UnknownBatch",
            CallError::Throttled => "Throttled",
            CallError::Unavailable | CallError::NoJournal => "Unavailable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
