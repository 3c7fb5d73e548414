//! A call that cannot be answered.

use crate::batch::Unfinished;
use crate::function::Refusal;
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
    /// The quota does not let the batch finish in time; the service's code.
    #[error(
        "the service throttles this account ({0}), so that the batch cannot finish in time: lower MAX_BATCH_ROWS, \
         or ask for a higher quota"
    )]
    Throttled(String),
    /// The services fail, so that the batch does not finish in time; the service's code, or what happened on the way.
    #[error("the service fails ({0}), so that the batch cannot finish in time: try again when it has recovered")]
    Failing(String),
    /// The services are too slow for the batch to finish in time.
    #[error("the service is too slow for the batch to finish in time: lower MAX_BATCH_ROWS")]
    TooSlow,
    /// The journal cannot be reached, and no service was called.
    #[error("the journal of batches cannot be reached, so nothing was started: try again")]
    NoJournal,
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Rejected(format!("the rows cannot be read: {malformed}"))
    }
}

impl From<Unfinished> for CallError {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished.reason {
            Some(reason) if unfinished.throttled => Self::Throttled(reason),
            Some(reason) => Self::Failing(reason),
            None => Self::TooSlow,
        }
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Rejected(refusal.message.into_owned())
    }
}
