//! A tiny function for tests: this test binary, started again with [`run`] as its only test.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may stop; its output is its log")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::LambdaOptions;

/// The options that start it.
pub(crate) fn options() -> LambdaOptions {
    let mut options = LambdaOptions::new(std::env::current_exe().unwrap());
    options.args = ["--exact", "lambda::fake::run", "--nocapture", "--quiet"].map(str::to_owned).to_vec();
    options
}

/// What the function is told to do, as a payload.
pub(crate) fn payload(what: &Value) -> String {
    what.to_string()
}

#[test]
fn run() {
    // Among the other tests it has nothing to do.
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    if let Ok(how) = std::env::var("FAKE_INIT") {
        println!("cannot start: {how}");
        match how.as_str() {
            "exit" => std::process::exit(7),
            "error" => {
                request(&api, "POST", "/2018-06-01/runtime/init/error", br#"{"errorType":"Init.Bad"}"#);
            }
            _ => std::thread::sleep(Duration::from_secs(60)),
        }
    }
    request(&api, "POST", "/2020-01-01/extension/register", b"{}");
    let mut count = 0;
    loop {
        let (head, body) = request(&api, "GET", "/2018-06-01/runtime/invocation/next", b"");
        let id = header(&head, "lambda-runtime-aws-request-id").unwrap();
        count += 1;
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        let order = order(&event);
        let what = order["do"].as_str().unwrap_or("echo");
        println!("invocation {count}: {what}");
        let path = |end: &str| format!("/2018-06-01/runtime/invocation/{id}/{end}");
        match what {
            "answer" => {
                let answer = order["with"].to_string();
                request(&api, "POST", &path("response"), answer.as_bytes());
            }
            "exit" => std::process::exit(3),
            "hang" => std::thread::sleep(Duration::from_secs(60)),
            "error" => {
                let report = json!({"errorType": "Bad", "errorMessage": "as told"}).to_string();
                request(&api, "POST", &path("error"), report.as_bytes());
            }
            "large" => {
                let (head, _) = request(&api, "POST", &path("response"), &vec![b'1'; super::RESPONSE_LIMIT + 1]);
                assert!(head.starts_with("HTTP/1.1 413"), "{head}");
            }
            "answer and exit" => {
                request(&api, "POST", &path("response"), b"\"done\"");
                std::process::exit(0);
            }
            "wrong id" => {
                let wrong = "/2018-06-01/runtime/invocation/no-such-id/response";
                let (head, _) = request(&api, "POST", wrong, b"1");
                let status = head.split(' ').nth(1).unwrap();
                request(&api, "POST", &path("response"), status.as_bytes());
            }
            "environment" => {
                let variables: serde_json::Map<String, Value> =
                    std::env::vars().map(|(name, value)| (name, value.into())).collect();
                let answer = json!({"env": variables, "head": head}).to_string();
                request(&api, "POST", &path("response"), answer.as_bytes());
            }
            _ => {
                let answer = json!({"count": count, "event": event}).to_string();
                request(&api, "POST", &path("response"), answer.as_bytes());
            }
        }
    }
}

/// The payload itself, or the body of an API Gateway event.
fn order(event: &Value) -> Value {
    let Some(body) = event["body"].as_str() else { return event.clone() };
    let body = match event["isBase64Encoded"].as_bool() {
        Some(true) => BASE64_STANDARD.decode(body).unwrap(),
        _ => body.as_bytes().to_vec(),
    };
    serde_json::from_slice(&body).unwrap_or_default()
}

/// One request on a connection of its own: the head and the body of the answer.
fn request(api: &str, method: &str, path: &str, body: &[u8]) -> (String, Vec<u8>) {
    // The environment is ended: so does the process.
    let Ok(mut stream) = TcpStream::connect(api) else { std::process::exit(0) };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = Vec::new();
    let done = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body))
        .and_then(|()| stream.read_to_end(&mut answer));
    if done.is_err() || answer.is_empty() {
        std::process::exit(0);
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
