//! Both services over real connections.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::sigv4::{Scope, Signable, sign};
use super::*;

const CONVERSE: &str = "/model/us.amazon.nova-lite-v1%3A0/converse";
const SEARCH: &str = "/places/v0/indexes/sandbox-places/search/text";

struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    service: &'static str,
    credentials: Credentials,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Client {
    async fn new(service: &Service, name: &'static str) -> Self {
        let host = service.url().replace("http://", "");
        let stream = TcpStream::connect(&host).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, host, service: name, credentials: Credentials::default() }
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, hyper::Error> {
        let body = body.to_string();
        let mut headers = HeaderMap::new();
        headers.insert("host", self.host.parse().unwrap());
        let request = Signable { method: "POST", path, query: "", headers: &headers, body: body.as_bytes() };
        let scope = Scope { region: "us-west-2", service: self.service, credentials: &self.credentials };
        let signed = sign(&request, &scope, SystemTime::now());
        let mut request = Request::post(path).header("host", &self.host);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = self.sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    async fn ask(&mut self, text: &str) -> Result<Answer, hyper::Error> {
        let body = json!({"messages": [{"role": "user", "content": [{"text": text}]}]});
        self.post(CONVERSE, &body).await
    }
}

async fn start() -> Aws {
    Aws::start(AwsOptions::default()).await.unwrap()
}

async fn client(aws: &Aws) -> Client {
    Client::new(aws.bedrock(), "bedrock").await
}

#[tokio::test]
async fn both_services_answer_and_remember() {
    let aws = start().await;
    let mut bedrock = client(&aws).await;
    let answer = bedrock.ask("Hello").await.unwrap();
    assert_eq!(answer.status, 200);
    let text = reply("us.amazon.nova-lite-v1:0", "", "Hello");
    assert_eq!(answer.body["output"]["message"]["content"][0]["text"], json!(text));
    assert!(answer.headers.contains_key("x-amzn-requestid"));
    assert_eq!(bedrock.ask(" ").await.unwrap().status, 400);

    let mut location = Client::new(aws.location(), "geo").await;
    let found = location.post(SEARCH, &json!({"Text": "Tokyo Tower"})).await.unwrap();
    assert_eq!(found.body["Results"][0]["Place"]["Geometry"]["Point"][0], 139.74543);
    let other = SEARCH.replace("sandbox-places", "other");
    let gone = location.post(&other, &json!({"Text": "a"})).await.unwrap();
    assert_eq!((gone.status, &gone.headers["x-amzn-errortype"]), (404, &"ResourceNotFoundException".parse().unwrap()));

    let calls = aws.bedrock().calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.operation, call.text.as_str(), call.status)).collect();
    assert_eq!(seen, [("converse", "Hello", Some(200)), ("converse", " ", Some(400))]);
    assert_eq!(calls[0].target, "us.amazon.nova-lite-v1:0");
    assert_eq!(calls[0].body["messages"][0]["content"], json!([{"text": "Hello"}]));
    let stats = aws.bedrock().stats();
    assert_eq!((stats.requests, stats.answered, stats.failed, stats.connections), (2, 1, 1, 1));
    assert!(stats.bytes_in > 0 && stats.bytes_out > 0 && stats.in_flight == 0 && stats.peak_in_flight == 1);
    aws.bedrock().reset();
    aws.bedrock().keep_calls(false);
    bedrock.ask("Hello").await.unwrap();
    assert_eq!((aws.bedrock().calls().len(), aws.bedrock().stats().requests), (0, 1));
}

#[tokio::test]
async fn signatures_are_checked() {
    let aws = start().await;
    let mut client = client(&aws).await;
    client.service = "bedrock-runtime";
    let answer = client.ask("Hello").await.unwrap();
    assert_eq!(answer.status, 403);
    assert_eq!(answer.headers["x-amzn-errortype"], "InvalidSignatureException");
    client.service = "bedrock";
    client.credentials.session_token = None;
    let answer = client.ask("Hello").await.unwrap();
    assert_eq!(answer.headers["x-amzn-errortype"], "UnrecognizedClientException");
    client.credentials = Credentials { secret_access_key: "wrong".into(), ..Credentials::default() };
    assert_eq!(client.ask("Hello").await.unwrap().status, 403);
    let bare = Request::post(CONVERSE).header("host", "h").body(Full::default()).unwrap();
    let answer = client.sender.send_request(bare).await.unwrap();
    assert_eq!(answer.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    let stats = aws.bedrock().stats();
    assert_eq!((stats.bad_signatures, stats.failed), (4, 4));
}

#[tokio::test]
async fn each_fault() {
    let aws = start().await;
    let mut open = client(&aws).await;
    let once = |fault| aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault).times(1)]);

    once(Fault::Throttle);
    let answer = open.ask("a").await.unwrap();
    assert_eq!((answer.status, &answer.headers["x-amzn-errortype"]), (429, &"ThrottlingException".parse().unwrap()));
    assert_eq!(aws.bedrock().calls()[0].fault, Some(Fault::Throttle));
    assert_eq!(open.ask("a").await.unwrap().status, 200);

    once(Fault::Error {
        status: 529,
        code: None,
        message: "Overloaded".into(),
        retry_after: Some("2".into()),
        headers: vec![("x-more".into(), "1".into())],
    });
    let answer = open.ask("a").await.unwrap();
    assert_eq!((answer.status, &answer.body["message"]), (529, &json!("Overloaded")));
    assert!(!answer.headers.contains_key("x-amzn-errortype"));
    assert_eq!(
        (&answer.headers["retry-after"], &answer.headers["x-more"]),
        (&"2".parse().unwrap(), &"1".parse().unwrap())
    );

    once(Fault::Malformed("{".into()));
    let answer = open.ask("a").await.unwrap();
    assert_eq!((answer.status, answer.body), (200, Value::Null));

    once(Fault::Answer("Paris".into()));
    assert_eq!(open.ask("a").await.unwrap().body["output"]["message"]["content"], json!([{"text": "Paris"}]));

    let before = Instant::now();
    once(Fault::Latency(Duration::from_millis(30)));
    assert_eq!(open.ask("a").await.unwrap().status, 200);
    assert!(before.elapsed() >= Duration::from_millis(30));

    once(Fault::Drop);
    assert!(open.ask("a").await.is_err());
    let mut open = client(&aws).await;
    once(Fault::Truncate);
    assert!(open.ask("a").await.is_err());
}

#[tokio::test]
async fn a_hanging_request_ends_with_its_client() {
    let aws = start().await;
    let mut open = client(&aws).await;
    aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::Hang)]);
    tokio::select! {
        _ = open.ask("a") => panic!("it was answered"),
        () = async { while aws.bedrock().stats().in_flight == 0 { tokio::task::yield_now().await } } => {}
    }
    drop(open);
    while aws.bedrock().stats().in_flight > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(aws.bedrock().stats().abandoned, 1);
    assert_eq!(aws.bedrock().calls()[0].status, None);
}

#[tokio::test]
async fn the_first_attempts_of_each_row_fail() {
    let aws = start().await;
    let mut open = client(&aws).await;
    aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::Throttle).per_text(1)]);
    let mut statuses = Vec::new();
    for text in ["a", "b", "a", "b"] {
        statuses.push(open.ask(text).await.unwrap().status);
    }
    assert_eq!(statuses, [429, 429, 200, 200]);
    assert_eq!(aws.bedrock().stats().throttled, 2);
}

#[tokio::test]
async fn over_the_quota() {
    let aws = start().await;
    let mut open = client(&aws).await;
    aws.bedrock().set_quota(Some(Quota { per_second: 0.001, burst: 2.0 }));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(open.ask("a").await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    aws.bedrock().set_quota(None);
    assert_eq!(open.ask("a").await.unwrap().status, 200);
}

#[tokio::test]
async fn dropping_it_closes_its_connections() {
    let aws = start().await;
    let mut open = client(&aws).await;
    open.ask("a").await.unwrap();
    drop(aws);
    assert!(open.ask("a").await.is_err());
    assert!(TcpStream::connect(&open.host).await.is_err());
}
