//! The configuration of every AWS client. The benchmark's programs include this file, to be set up as the function is.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

/// Loads the configuration from the environment variables that Lambda sets, and from nothing else.
///
/// No profile file, no metadata service: Lambda has neither, and looking for them costs a cold start. Retries are off,
/// because the batch engine retries: two layers would multiply, and the SDK's retry budget outlives an invocation.
pub async fn load() -> SdkConfig {
    let environment = EnvironmentVariableCredentialsProvider::new();
    let credentials = match environment.provide_credentials().await {
        // They do not change: they are not read again for each call.
        Ok(credentials) => SharedCredentialsProvider::new(credentials),
        // Each call says then what is missing.
        Err(_) => SharedCredentialsProvider::new(environment),
    };
    aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(credentials)
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
