//! Hyper, a signature of `aws-sigv4`, and the answer parsed.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::json;

use super::{Failure, MODEL};

/// As much of Converse's answer as is needed.
#[derive(Deserialize)]
struct Answer {
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    text: Option<String>,
}

/// Where to, and as whom.
pub struct Bedrock {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    region: String,
    credentials: Credentials,
}

impl Bedrock {
    /// As the environment says.
    pub fn new() -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let endpoint = variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME")?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: format!("{endpoint}/model/{}/converse", MODEL.replace(':', "%3A")),
            region: variable("AWS_REGION")?,
            credentials: Credentials::new(
                variable("AWS_ACCESS_KEY_ID")?,
                variable("AWS_SECRET_ACCESS_KEY")?,
                variable("AWS_SESSION_TOKEN").ok(),
                None,
                "environment",
            ),
        })
    }

    /// One call of Converse.
    pub async fn ask(&self, text: String) -> Result<String, Failure> {
        let body = json!({
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "system": [{"text": "Repeat."}],
            "inferenceConfig": {"maxTokens": 512},
        });
        let body = Bytes::from(serde_json::to_vec(&body)?);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.url)
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))?;
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("bedrock")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let headers = [("content-type", "application/json")];
        let signable = SignableRequest::new("POST", &*self.url, headers.into_iter(), SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params.into())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);

        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let answer: Answer = serde_json::from_slice(&body)?;
        Ok(answer.output.message.content.into_iter().filter_map(|block| block.text).collect())
    }
}
