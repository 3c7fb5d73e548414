//! The function behind the API is this test binary.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::io::Read;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use flate2::read::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::*;
use crate::aws::{Credentials, Quota};
use crate::lambda::fake;

async fn start(change: impl FnOnce(&mut ApiGatewayOptions)) -> ApiGateway {
    let mut options = fake::options();
    options.environments = 1;
    let lambda = Arc::new(Lambda::start(options).await.unwrap());
    let mut options = ApiGatewayOptions::default();
    change(&mut options);
    ApiGateway::start(lambda, options).await.unwrap()
}

fn post(body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post("/prod/f")
        .header("host", "api.test")
        .header("user-agent", "snowflake/1.0")
        .header("sf-external-function-format", "json")
        .body(body.into())
        .unwrap()
}

/// Has the function answer with this.
fn answering(answer: &Value) -> Request<Bytes> {
    post(json!({"do": "answer", "with": answer}).to_string())
}

/// The event that a request becomes, by way of a function that answers with what it gets.
fn event_of(gateway: &ApiGateway, request: Request<Bytes>) -> Value {
    let (parts, body) = request.into_parts();
    let (path, function) = gateway.api.route(&parts).unwrap();
    let options = &gateway.api.options;
    let coding = parts.headers.get("content-encoding").map(|coding| coding.to_str().unwrap());
    let body = if options.decompress { body::decompress(coding, body).unwrap() } else { body };
    let request = Incoming { parts: &parts, stage: &options.stage, path, function, body };
    match options.version {
        EventVersion::V1 => event::v1(&request, options.binary_media_types, options.header_case),
        EventVersion::V2 => event::v2(&request),
    }
}

async fn status(gateway: &ApiGateway, request: Request<Bytes>) -> (u16, String) {
    let response = gateway.handle(request).await;
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

#[tokio::test]
async fn the_event_has_the_captured_form() {
    let gateway = start(|options| options.binary_media_types = false).await;
    let mut request = post("{\n\"data\":[\n[0,\"a\"]\n]\n}");
    let headers = request.headers_mut();
    headers.insert("authorization", HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=..."));
    headers.insert("x-amz-date", HeaderValue::from_static("20231107T142353Z"));
    headers.append("accept", HeaderValue::from_static("*/*"));
    headers.append("x-twice", HeaderValue::from_static("1"));
    headers.append("x-twice", HeaderValue::from_static("2"));
    let event = event_of(&gateway, request);
    assert_eq!(event["path"], "/f");
    assert_eq!(event["resource"], "/{function}");
    assert_eq!(event["pathParameters"]["function"], "f");
    assert_eq!(event["queryStringParameters"], Value::Null);
    assert_eq!(event["requestContext"]["path"], "/prod/f");
    assert_eq!(event["requestContext"]["domainName"], "api.test");
    assert_eq!(event["requestContext"]["identity"]["userAgent"], "snowflake/1.0");
    assert_eq!(event["body"], "{\n\"data\":[\n[0,\"a\"]\n]\n}");
    assert_eq!(event["isBase64Encoded"], false);
    let names: Vec<&String> = event["headers"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "Accept",
            "Host",
            "User-Agent",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "X-Forwarded-Port",
            "X-Forwarded-Proto",
            "X-Twice",
            "sf-external-function-format",
            "x-amz-date"
        ]
    );
    assert_eq!(event["headers"]["X-Twice"], "2");
    assert_eq!(event["multiValueHeaders"]["X-Twice"], json!(["1", "2"]));
    let members = ["body", "headers", "httpMethod", "isBase64Encoded", "multiValueHeaders"];
    let more = ["multiValueQueryStringParameters", "path", "pathParameters", "queryStringParameters"];
    let last = ["requestContext", "resource", "stageVariables"];
    let all: Vec<&str> = members.into_iter().chain(more).chain(last).collect();
    assert_eq!(event.as_object().unwrap().keys().collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn a_compressed_body_is_plain_in_the_event_unless_told_otherwise() {
    let mut gzip = Vec::new();
    GzEncoder::new(&b"{}"[..], flate2::Compression::fast()).read_to_end(&mut gzip).unwrap();
    let request = || {
        let mut request = post(gzip.clone());
        request.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
        request
    };
    let event = event_of(&start(|_| {}).await, request());
    assert_eq!((event["body"].as_str(), event["isBase64Encoded"].as_bool()), (Some("e30="), Some(true)));
    assert_eq!(event["headers"]["Content-Encoding"], "gzip");
    let event = event_of(&start(|options| options.decompress = false).await, request());
    assert_eq!(event["body"], BASE64_STANDARD.encode(&gzip));
    let http_api = start(|options| {
        options.version = EventVersion::V2;
        options.decompress = false;
    });
    let event = event_of(&http_api.await, request());
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(BASE64_STANDARD.encode(&gzip)), &json!(true)));
}

#[tokio::test]
async fn an_http_api_has_its_own_event() {
    let gateway = start(|options| {
        options.version = EventVersion::V2;
        options.decompress = false;
    })
    .await;
    let mut request = post("{}");
    *request.uri_mut() = "/prod/f?a=%20b".parse().unwrap();
    let event = event_of(&gateway, request);
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/prod/f");
    assert_eq!(event["queryStringParameters"], json!({"a": " b"}));
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["headers"]["user-agent"], "snowflake/1.0");
    assert_eq!((event["body"].as_str(), event["isBase64Encoded"].as_bool()), (Some("{}"), Some(false)));
    assert_eq!(status(&gateway, Request::put("/prod/f").body(Bytes::new()).unwrap()).await.0, 404);
}

#[tokio::test]
async fn the_whole_way_over_a_connection() {
    let gateway = start(|_| {}).await;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let order = json!({"do": "answer", "with": {"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}});
    let order = order.to_string();
    let sent = order.len();
    let request = Request::post(format!("{}/f", gateway.url())).body(Full::from(order)).unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hi");
    let large = Request::post(format!("{}/f", gateway.url())).body(vec![b' '; REQUEST_LIMIT + 1].into()).unwrap();
    assert_eq!(client.request(large).await.unwrap().status(), 413);
    let stats = gateway.stats();
    assert_eq!((stats.requests, &stats.statuses), (2, &[(200, 1), (413, 1)].into()));
    assert!(usize::try_from(stats.bytes_in).unwrap() > sent + REQUEST_LIMIT);
}

#[tokio::test]
async fn what_goes_wrong_in_the_function_is_502() {
    let gateway = start(|_| {}).await;
    let expected = (502, r#"{"message":"Internal server error"}"#.to_owned());
    for what in ["error", "exit", "large"] {
        assert_eq!(status(&gateway, post(json!({"do": what}).to_string())).await, expected, "{what}");
    }
    assert_eq!(status(&gateway, answering(&json!({"data": []}))).await, expected);
    assert_eq!(status(&gateway, answering(&json!({"statusCode": 418, "body": "tea"}))).await, (418, "tea".to_owned()));
}

#[tokio::test]
async fn what_takes_too_long_is_504_and_goes_on() {
    let gateway = start(|options| options.integration_timeout = Duration::from_millis(300)).await;
    let expected = (504, r#"{"message":"Endpoint request timed out"}"#.to_owned());
    assert_eq!(status(&gateway, post(json!({"do": "hang"}).to_string())).await, expected);
    // The one environment is busy: Lambda rejects.
    let expected = (500, r#"{"message":"Internal server error"}"#.to_owned());
    assert_eq!(status(&gateway, post("{}")).await, expected);
}

#[tokio::test]
async fn sizes_have_limits() {
    let gateway = start(|_| {}).await;
    assert_eq!(status(&gateway, post(vec![b' '; REQUEST_LIMIT + 1])).await.0, 413);
    // It fits API Gateway, but not Lambda, into which it goes as base64.
    assert_eq!(status(&gateway, post(vec![b' '; 5 << 20])).await.0, 500);
    let mut request = post("{}");
    request.headers_mut().insert("sf-custom-a", HeaderValue::try_from("a".repeat(HEADER_LIMIT)).unwrap());
    assert_eq!(status(&gateway, request).await.0, 431);
    let mut request = post("no gzip");
    request.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(status(&gateway, request).await.0, 415);
}

#[tokio::test]
async fn other_methods_and_paths_are_unknown() {
    let gateway = start(|_| {}).await;
    let expected = (403, r#"{"message":"Missing Authentication Token"}"#.to_owned());
    for (method, path) in
        [("PUT", "/prod/f"), ("POST", "/prod"), ("POST", "/prod/"), ("POST", "/prod/f/g"), ("POST", "/other/f")]
    {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        assert_eq!(status(&gateway, request).await, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_stage_can_be_throttled() {
    let gateway = start(|options| options.throttle = Some(Quota { per_second: 0.001, burst: 1.0 })).await;
    let fine = json!({"statusCode": 200, "body": ""});
    assert_eq!(status(&gateway, answering(&fine)).await.0, 200);
    assert_eq!(status(&gateway, answering(&fine)).await, (429, r#"{"message":"Too Many Requests"}"#.to_owned()));
}

#[tokio::test]
async fn only_a_signed_request_is_let_in() {
    let credentials = Credentials::default();
    let region = "us-west-2".to_owned();
    let gateway = start(|options| {
        options.authorization = Authorization::SigV4 { credentials: credentials.clone(), region: region.clone() };
    })
    .await;
    let fine = json!({"statusCode": 200, "body": ""});
    assert_eq!(status(&gateway, answering(&fine)).await.0, 403);
    let mut request = answering(&fine);
    let signable =
        Signable { method: "POST", path: "/prod/f", query: "", headers: request.headers(), body: request.body() };
    let scope = Scope { region: &region, service: "execute-api", credentials: &credentials };
    for (name, value) in sigv4::sign(&signable, &scope, SystemTime::now()) {
        request.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
    }
    assert_eq!(status(&gateway, request.clone()).await.0, 200);
    *request.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(status(&gateway, request).await.0, 403);
}
