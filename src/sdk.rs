//! What every AWS client of this function shares: Region, credentials, HTTP, and no retries.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::functions::{Fault, Moment};

mod retry_after;

pub use retry_after::retry_after;

/// Loads the configuration from the environment variables that Lambda sets, and from nothing else.
///
/// No profile file, no metadata service: Lambda has neither, and looking for them costs a cold start. Retries are off,
/// because the batch engine retries: two layers would multiply, and the SDK's retry budget outlives an invocation.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        // An empty file, because an empty set of files is not to be had.
        .profile_files(EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build())
        .retry_config(RetryConfig::disabled())
        // What a call can do without costs a tenth of its CPU time: the deadline ends a call that hangs, the credentials of an
        // environment do not change, and Lambda's clock is right.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(IdentityCache::no_cache())
        .disable_clock_skew_correction(true)
        .disable_request_compression(true)
        .load()
        .await
}

/// What a service said when it refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRefusal<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The error code, empty if the service gave none.
    pub code: &'a str,
    /// The message, empty if the service gave none. It may name accounts and roles: never show or log it.
    pub message: &'a str,
}

/// Sorts a failed call: `judge` decides what a refusal of the service means, all else is the moment's fault.
pub fn fault<E>(error: &SdkError<E, Response>, judge: impl Fn(&ServiceRefusal<'_>) -> Option<Fault>) -> Fault
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(context) = error else {
        // A timeout, a connection that was refused, reset or dead since the environment was frozen, a broken answer.
        return Fault::Moment(Moment::failed(None));
    };
    let refusal = ServiceRefusal {
        status: context.raw().status().as_u16(),
        code: context.err().code().unwrap_or_default(),
        message: context.err().message().unwrap_or_default(),
    };
    let wait = retry_after(context.raw().headers());
    if is_throttling(&refusal) {
        return Fault::Moment(Moment::throttled(wait));
    }
    if is_transient(&refusal) {
        return Fault::Moment(Moment::failed(wait));
    }
    judge(&refusal).unwrap_or(Fault::Moment(Moment::failed(wait)))
}

/// Throttling by status, or by a code that AWS services give with another status.
///
/// Source: the throttling codes of the SDK's own retry classifier; a 429 without a code is one as well.
fn is_throttling(refusal: &ServiceRefusal<'_>) -> bool {
    refusal.status == 429
        || matches!(
            refusal.code,
            "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottledException"
                | "RequestThrottled"
                | "TooManyRequestsException"
                | "RequestLimitExceeded"
                | "BandwidthLimitExceeded"
                | "LimitExceededException"
                | "ServiceQuotaExceededException"
                | "SlowDown"
                | "PriorRequestNotComplete"
        )
}

/// Failures that pass: 408 is the model's own timeout, 424 a failure of the model behind the service, 529 its overload.
///
/// Source: the error tables of Bedrock and Location, and the transient codes of the SDK's own retry classifier.
fn is_transient(refusal: &ServiceRefusal<'_>) -> bool {
    refusal.status >= 500
        || matches!(refusal.status, 408 | 409 | 424)
        || matches!(refusal.code, "RequestTimeout" | "RequestTimeoutException")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<'a>(status: u16, code: &'a str) -> ServiceRefusal<'a> {
        ServiceRefusal { status, code, message: "" }
    }

    #[test]
    fn throttling_is_told_by_status_or_code() {
        for (status, code) in [
            (429, ""),
            (429, "ModelNotReadyException"),
            (400, "ThrottlingException"),
            (400, "ServiceQuotaExceededException"),
            (402, "ServiceQuotaExceededException"),
        ] {
            assert!(is_throttling(&refusal(status, code)), "{status} {code}");
        }
        assert!(!is_throttling(&refusal(503, "ServiceUnavailableException")));
    }

    #[test]
    fn every_documented_transient_status_is_tried_again() {
        for status in [408, 409, 424, 500, 502, 503, 504, 529] {
            assert!(is_transient(&refusal(status, "")), "{status}");
        }
        for status in [400, 401, 402, 403, 404, 413] {
            assert!(!is_transient(&refusal(status, "")), "{status}");
        }
    }
}
