//! How the API is configured.

use std::time::Duration;

use crate::aws::{Credentials, Quota};

/// The API and its one stage.
#[derive(Debug, Clone)]
pub struct ApiGatewayOptions {
    /// The first segment of every path.
    pub stage: String,
    /// The kind of API, and with it the form of the event.
    pub version: EventVersion,
    /// Whether the API's `binaryMediaTypes` are `*/*`: bodies are base64 in the event, and base64 answers are decoded.
    /// For version 1 only.
    pub binary_media_types: bool,
    /// Whether compressed bodies are decompressed before the function sees them, and with `binary_media_types` too.
    /// That a real API does so is not confirmed. For version 1 only.
    pub decompress: bool,
    /// After which a request is answered 504 although the function is still at work.
    pub integration_timeout: Duration,
    /// Requests over this rate are answered 429.
    pub throttle: Option<Quota>,
    /// Who may call.
    pub authorization: Authorization,
    /// How header names are written in the event. For version 1 only: version 2 has lower case.
    pub header_case: HeaderCase,
}

impl Default for ApiGatewayOptions {
    fn default() -> Self {
        Self {
            stage: "prod".to_owned(),
            version: EventVersion::V1,
            binary_media_types: true,
            decompress: true,
            integration_timeout: Duration::from_secs(29),
            throttle: None,
            authorization: Authorization::None,
            header_case: HeaderCase::Captured,
        }
    }
}

/// The kind of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventVersion {
    /// A REST API.
    V1,
    /// An HTTP API.
    V2,
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Authorization {
    /// Everyone.
    None,
    /// Who signs for `execute-api`: `AWS_IAM`.
    SigV4 {
        /// The one identity there is.
        credentials: Credentials,
        /// The region of the API.
        region: String,
    },
}

/// How header names are written in an event of version 1. HTTP does not care, and the library that serves here forgets
/// how they came: a function must not care either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderCase {
    /// As in a captured event: `sf-*` and `x-amz-*` in lower case, `User-Agent` and all others in title case.
    Captured,
    /// `user-agent`
    Lower,
    /// `USER-AGENT`
    Upper,
}

impl HeaderCase {
    pub(super) fn write(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_owned(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Captured if name.starts_with("sf-") || name.starts_with("x-amz-") => name.to_owned(),
            Self::Captured => name.split('-').map(title).collect::<Vec<_>>().join("-"),
        }
    }
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
