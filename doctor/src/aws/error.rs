//! What becomes of a request that has no answer to read.

/// Why a service did not tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// The service said no.
    #[error("{code}: {message}")]
    Refused {
        /// HTTP's status.
        status: u16,
        /// The service's own code, such as `AccessDenied`.
        code: String,
        /// Its text.
        message: String,
    },
    /// Nobody answered.
    #[error("no answer from {host}: {reason}")]
    NoAnswer {
        /// Who was asked.
        host: String,
        /// The connection's words.
        reason: String,
    },
    /// The answer has another form than the service's documentation says.
    #[error("an answer that cannot be read: {0}")]
    Unreadable(String),
    /// It could not even be asked.
    #[error("the request cannot be made: {0}")]
    Request(String),
}

impl AwsError {
    /// The service's code; empty where it did not answer.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::NoAnswer { .. } | Self::Unreadable(_) | Self::Request(_) => "",
        }
    }

    /// Does this say that what was asked for does not exist?
    pub fn is_missing(&self) -> bool {
        matches!(self.code(), "ResourceNotFoundException" | "NotFoundException" | "NoSuchEntity")
    }
}

/// An error with its causes, as the outermost alone often says nothing.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let inner = error.to_string();
        if !text.contains(&inner) {
            text = format!("{text}: {inner}");
        }
        source = error.source();
    }
    text
}
