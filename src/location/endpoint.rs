//! Keeps a moved endpoint of Amazon Location where it was moved to.
//!
//! The service's model puts `places.` before the host, and the SDK does so before the host of an endpoint that the user
//! gave, too: `http://127.0.0.1:9000` becomes `http://places.127.0.0.1:9000`, which no resolver knows.

use aws_sdk_location::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_location::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_location::error::BoxError;

const PREFIX: &str = "places.";

/// Adds the interceptor, if the environment moves the endpoint.
pub fn keep_as_given(config: Builder) -> Builder {
    match moved_host(|name| std::env::var(name).ok()) {
        Some(host) => config.interceptor(KeepHost { host }),
        None => config,
    }
}

/// The host and port of the endpoint that the SDK's own variables give, the service's before the common one.
fn moved_host(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    if variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let url = variable("AWS_ENDPOINT_URL_LOCATION").or_else(|| variable("AWS_ENDPOINT_URL"))?;
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next().map(str::to_owned)
}

/// Takes the prefix off again, after the endpoint is resolved and before the request is signed.
#[derive(Debug)]
struct KeepHost {
    host: String,
}

impl Intercept for KeepHost {
    fn name(&self) -> &'static str {
        "KeepHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let prefixed = format!("://{PREFIX}{}", self.host);
        let uri = request.uri().replacen(&prefixed, &format!("://{}", self.host), 1);
        request.set_uri(uri)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(pairs: &[(&str, &str)]) -> Option<String> {
        moved_host(|name| {
            let (_, value) = pairs.iter().find(|(key, _)| *key == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn the_services_own_variable_comes_first() {
        let url = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let location = ("AWS_ENDPOINT_URL_LOCATION", "http://127.0.0.1:2/base");
        assert_eq!(host(&[]), None);
        assert_eq!(host(&[url]).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(host(&[url, location]).as_deref(), Some("127.0.0.1:2"));
        assert_eq!(host(&[location, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), None);
    }
}
