//! AWS Signature Version 4 in the `Authorization` header: signing, and verifying by signing again.

mod canonical;
mod date;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

use super::Credentials;
pub use canonical::Signable;
use canonical::{canonical_request, hex, sha256_hex};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the clocks may be apart.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// What a signature is for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The region.
    pub region: &'a str,
    /// The signing name of the service: `bedrock`, `geo`, `execute-api`.
    pub service: &'a str,
    /// Whose signature.
    pub credentials: &'a Credentials,
}

/// Why a request is refused; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `Authorization` header.
    #[error("Missing Authentication Token")]
    Missing,
    /// A header or a part of `Authorization` is absent or not signed.
    #[error("{0}")]
    Incomplete(String),
    /// Another access key, or another or no session token.
    #[error("The security token included in the request is invalid.")]
    Unrecognized,
    /// Another scope, an old date, or another signature.
    #[error("{0}")]
    Invalid(String),
}

impl SignatureError {
    /// The value of `x-amzn-ErrorType`; the status is always 403.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Unrecognized => "UnrecognizedClientException",
            Self::Invalid(_) => "InvalidSignatureException",
        }
    }
}

/// The headers to add to a request: `x-amz-date`, `x-amz-security-token` if there is a token, `authorization`.
/// Every header that the request has already is signed; `host` must be among them.
#[must_use]
pub fn sign(request: &Signable<'_>, scope: &Scope<'_>, now: SystemTime) -> Vec<(&'static str, String)> {
    let date = date::format(now);
    let mut headers = request.headers.clone();
    let mut added = vec![("x-amz-date", date.clone())];
    if let Some(token) = &scope.credentials.session_token {
        added.push(("x-amz-security-token", token.clone()));
    }
    for (name, value) in &added {
        // A token that cannot be a header cannot be sent either: the caller finds out when it tries.
        if let Ok(value) = http::HeaderValue::try_from(value) {
            headers.insert(*name, value);
        }
    }
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let request = Signable { headers: &headers, ..*request };
    let day = date.get(..8).unwrap_or_default();
    let signature = hex(&mac_of(&request, &names, scope, &date, day).finalize().into_bytes());
    let credential =
        format!("{}/{day}/{}/{}/aws4_request", scope.credentials.access_key_id, scope.region, scope.service);
    added.push((
        "authorization",
        format!("{ALGORITHM} Credential={credential}, SignedHeaders={}, Signature={signature}", names.join(";")),
    ));
    added
}

/// Checks the signature of a request by computing it again.
///
/// # Errors
///
/// When it is absent, not complete, someone else's, for another scope, too old, or wrong.
pub fn verify(request: &Signable<'_>, scope: &Scope<'_>, now: SystemTime) -> Result<(), SignatureError> {
    let header = text(request.headers, "authorization").ok_or(SignatureError::Missing)?;
    let authorization = Authorization::parse(header)?;
    let [key, day, region, service, "aws4_request"] = authorization.credential.split('/').collect::<Vec<_>>()[..]
    else {
        return Err(incomplete("Credential must have exactly 5 slash-delimited elements"));
    };
    let names: Vec<&str> = authorization.signed_headers.split(';').collect();
    if !names.contains(&"host") {
        return Err(incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let date = text(request.headers, "x-amz-date")
        .filter(|_| names.contains(&"x-amz-date"))
        .ok_or_else(|| incomplete("Authorization header requires a signed 'X-Amz-Date' header."))?;
    let signed_at = date::parse(date)
        .filter(|_| date.starts_with(day))
        .ok_or_else(|| incomplete("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date."))?;
    if key != scope.credentials.access_key_id {
        return Err(SignatureError::Unrecognized);
    }
    let token = text(request.headers, "x-amz-security-token");
    if token != scope.credentials.session_token.as_deref() {
        return Err(SignatureError::Unrecognized);
    }
    if token.is_some() && !names.contains(&"x-amz-security-token") {
        return Err(incomplete("'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."));
    }
    if region != scope.region {
        return Err(invalid(&format!("Credential should be scoped to a valid region, not '{region}'.")));
    }
    if service != scope.service {
        return Err(invalid(&format!("Credential should be scoped to correct service: '{}'.", scope.service)));
    }
    let apart = now.duration_since(signed_at).unwrap_or_else(|early| early.duration());
    if apart > TOLERANCE {
        return Err(invalid(&format!("Signature expired: {date} is not within 15 min. of {}", date::format(now))));
    }
    let expected = mac_of(request, &names, scope, date, day);
    let given = canonical::unhex(authorization.signature).unwrap_or_default();
    // `verify_slice` compares in constant time.
    expected.verify_slice(&given).map_err(|_| {
        invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    })
}

struct Authorization<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let parts = header
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| incomplete("Unsupported AWS 'algorithm' in the Authorization header."))?;
        let part = |name: &str| {
            parts
                .split(',')
                .filter_map(|part| part.trim().split_once('='))
                .find_map(|(key, value)| (key == name).then_some(value))
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
        };
        Ok(Self {
            credential: part("Credential")?,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }
}

/// The keyed hash over the string to sign, not yet finished.
fn mac_of(request: &Signable<'_>, names: &[&str], scope: &Scope<'_>, date: &str, day: &str) -> Hmac<Sha256> {
    let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let hashed = sha256_hex(canonical_request(request, names).as_bytes());
    let secret = format!("AWS4{}", scope.credentials.secret_access_key);
    let key = [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| keyed(&key, part).finalize().into_bytes().to_vec());
    keyed(&key, &format!("{ALGORITHM}\n{date}\n{credential_scope}\n{hashed}"))
}

fn keyed(key: &[u8], message: &str) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    mac
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

fn invalid(message: &str) -> SignatureError {
    SignatureError::Invalid(message.to_owned())
}
