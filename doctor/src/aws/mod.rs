//! The services of AWS, as far as the doctor asks them: three protocols, one signature, no SDK crate for each service.
//!
//! Nothing here repeats a request: who waits at a terminal asks again.

mod answer;
mod endpoint;
mod error;
mod sign;
mod xml;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_types::body::SdkBody;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;

pub use answer::Answer;
pub use endpoint::{Endpoints, Service, services};
pub use error::AwsError;

/// Asks the services of one Region with one set of credentials.
#[derive(Debug, Clone)]
pub struct Aws {
    region: String,
    credentials: Credentials,
    endpoints: Endpoints,
    connector: SharedHttpConnector,
}

impl Aws {
    /// Over HTTPS, or plain HTTP where an endpoint says so.
    pub fn new(region: String, credentials: Credentials, endpoints: Endpoints) -> Self {
        // An invocation may take as long as a cold start.
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(40))
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build();
        Self::with_connector(region, credentials, endpoints, SharedHttpConnector::new(connector))
    }

    /// Over another connector, which answers by itself in the tests.
    pub fn with_connector(
        region: String,
        credentials: Credentials,
        endpoints: Endpoints,
        connector: SharedHttpConnector,
    ) -> Self {
        Self { region, credentials, endpoints, connector }
    }

    /// The Region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where the services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The same services, asked by somebody else.
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// An action of a service that takes a form and answers in XML: the contents of its `…Result`.
    pub async fn query(&self, service: Service, action: &str, fields: &[(&str, &str)]) -> Result<Value, AwsError> {
        let mut form = format!("Action={action}&Version={}", service.version);
        for (name, value) in fields {
            form.push_str(&format!("&{name}={}", endpoint::escape(value)));
        }
        let request = self.request(service, "POST", "/", form)?;
        let request = with(request, "content-type", "application/x-www-form-urlencoded");
        self.send(service, request).await?.into_xml(action)
    }

    /// An operation of a service that takes JSON and knows it by a header.
    pub async fn json(&self, service: Service, operation: &str, body: &Value) -> Result<Value, AwsError> {
        let request = self.request(service, "POST", "/", body.to_string())?;
        let request = with(request, "content-type", &format!("application/x-amz-json-{}", service.version));
        let request = with(request, "x-amz-target", &format!("{}.{operation}", service.target));
        self.send(service, request).await?.into_json()
    }

    /// What is at a path of a service that is known by paths.
    pub async fn get(&self, service: Service, path: &str) -> Result<Value, AwsError> {
        let request = self.request(service, "GET", path, String::new())?;
        self.send(service, request).await?.into_json()
    }

    /// A JSON body for a path, and the answer whatever its status is.
    pub async fn post(&self, service: Service, path: &str, body: &Value) -> Result<Answer, AwsError> {
        let request = self.request(service, "POST", path, body.to_string())?;
        self.send(service, with(request, "content-type", "application/json")).await
    }

    /// The same for a whole URL.
    pub async fn post_to(&self, service: Service, url: &str, body: &Value) -> Result<Answer, AwsError> {
        let request = build("POST", url, body.to_string())?;
        self.send(service, with(request, "content-type", "application/json")).await
    }

    fn request(&self, service: Service, method: &str, path: &str, body: String) -> Result<Request<String>, AwsError> {
        build(method, &format!("{}{path}", self.endpoints.url(service, &self.region)), body)
    }

    async fn send(&self, service: Service, mut request: Request<String>) -> Result<Answer, AwsError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        sign::sign(&mut request, service, service.signing_region(&self.region), &self.credentials)?;
        let no_answer = |reason: String| AwsError::NoAnswer { host: host.clone(), reason };
        let request =
            request.map(SdkBody::from).try_into().map_err(|_| AwsError::Request("it is no HTTP request".to_owned()))?;
        let response = self.connector.call(request).await.map_err(|error| no_answer(error::chain(&error)))?;
        let response = response.try_into_http1x().map_err(|error| no_answer(error::chain(&error)))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| no_answer(error.to_string()))?.to_bytes();
        Ok(Answer::new(head.status.as_u16(), head.headers, String::from_utf8_lossy(&body).into_owned()))
    }
}

fn build(method: &str, url: &str, body: String) -> Result<Request<String>, AwsError> {
    Request::builder().method(method).uri(url).body(body).map_err(|error| AwsError::Request(error.to_string()))
}

fn with(mut request: Request<String>, name: &'static str, value: &str) -> Request<String> {
    // What is said here is made of letters.
    if let Ok(value) = value.parse() {
        request.headers_mut().insert(name, value);
    }
    request
}
