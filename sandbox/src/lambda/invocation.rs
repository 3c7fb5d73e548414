//! What an invocation is asked for and comes to.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;

/// The largest payload of a synchronous invocation.
pub const REQUEST_LIMIT: usize = 6_291_456;
/// The largest answer of one; Lambda leaves a hundred bytes more than for the request.
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// What one invocation may change.
#[derive(Debug, Clone, Default)]
pub struct InvokeOptions {
    /// Another timeout than the function's.
    pub timeout: Option<Duration>,
    /// The client context, as JSON.
    pub client_context: Option<String>,
}

/// An invocation that is over.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What came of it.
    pub outcome: Outcome,
    /// Its id.
    pub request_id: String,
    /// Whether an environment was started for it.
    pub cold: bool,
    /// How long that took, until the environment asked for its first invocation.
    pub init: Duration,
    /// How long the function took.
    pub duration: Duration,
    /// The environment that ran it; none when none did.
    pub environment: Option<usize>,
    /// The process id of that environment.
    pub pid: Option<u32>,
}

impl Invocation {
    /// One that no environment has seen.
    pub(super) fn refused(outcome: Outcome, request_id: String) -> Self {
        Self {
            outcome,
            request_id,
            cold: false,
            init: Duration::ZERO,
            duration: Duration::ZERO,
            environment: None,
            pid: None,
        }
    }

    /// The answer, when there is one.
    #[must_use]
    pub fn answer(&self) -> Option<&Bytes> {
        match &self.outcome {
            Outcome::Answer(body) => Some(body),
            _ => None,
        }
    }
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Answer(Bytes),
    /// The function reported an error, or its answer was too large.
    FunctionError {
        /// `errorType`
        error_type: String,
        /// `errorMessage`
        error_message: String,
        /// The whole report.
        body: Bytes,
    },
    /// The function did not answer in time; its environment was killed.
    TimedOut,
    /// The process ended before it answered.
    Exited(ExitStatus),
    /// Every environment was busy, or the function has been stopped.
    Throttled,
    /// The payload is larger than [`REQUEST_LIMIT`].
    TooLarge,
    /// The environment ended, reported an error or took too long before it asked for an invocation.
    InitFailed {
        /// What went wrong, in Lambda's words.
        error_type: String,
        /// The last lines that it wrote, when they are kept.
        log_tail: String,
    },
}
