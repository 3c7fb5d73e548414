//! The signature of a request, by the SDK's own code.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use http::Request;

use super::{AwsError, Service};

/// Adds the headers that say who asks.
pub fn sign(
    request: &mut Request<String>,
    service: Service,
    region: &str,
    credentials: &Credentials,
) -> Result<(), AwsError> {
    let identity = credentials.clone().into();
    let failed = |error: &dyn std::error::Error| AwsError::Request(format!("no signature: {error}"));
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service.signed_as)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let uri = request.uri().to_string();
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable =
        SignableRequest::new(request.method().as_str(), uri, headers, body).map_err(|error| failed(&error))?;
    let (instructions, _) = http_request::sign(signable, &params).map_err(|error| failed(&error))?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
