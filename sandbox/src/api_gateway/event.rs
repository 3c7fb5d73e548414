//! The event that the function is invoked with.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::options::HeaderCase;
use crate::lambda::ids::{trace_id, uuid};

/// What API Gateway keeps of a request for itself, besides a signature.
const NOT_PASSED_ON: [&str; 8] =
    ["connection", "content-length", "content-md5", "expect", "te", "trailer", "transfer-encoding", "upgrade"];

/// A request that is let through.
pub(super) struct Incoming<'a> {
    pub(super) parts: &'a Parts,
    pub(super) stage: &'a str,
    /// The path without the stage.
    pub(super) path: &'a str,
    /// The path parameter, as it is on the wire.
    pub(super) function: &'a str,
    pub(super) body: Bytes,
}

/// The event of a REST API, with the members of a captured one.
pub(super) fn v1(request: &Incoming<'_>, binary: bool, case: HeaderCase) -> Value {
    let mut headers = Map::new();
    let mut multi = Map::new();
    for (name, value) in passed_on(&request.parts.headers) {
        let name = case.write(&name);
        headers.insert(name.clone(), value.clone().into());
        if let Value::Array(values) = multi.entry(name).or_insert_with(|| json!([])) {
            values.push(value.into());
        }
    }
    let own = [("X-Amzn-Trace-Id", trace_id()), ("X-Forwarded-For", "127.0.0.1".to_owned())];
    let own =
        own.into_iter().chain([("X-Forwarded-Port", "443".to_owned()), ("X-Forwarded-Proto", "https".to_owned())]);
    for (name, value) in own {
        multi.insert(name.to_owned(), json!([value]));
        headers.insert(name.to_owned(), value.into());
    }
    let (query, multi_query) = query(request.parts.uri.query());
    // Whether an absent body counts as binary is not confirmed; a function must bear both.
    let body = match request.body.as_ref() {
        [] => Value::Null,
        bytes if binary => BASE64_STANDARD.encode(bytes).into(),
        // What is not text is spoilt, as it is by a real API without binary media types.
        bytes => String::from_utf8_lossy(bytes).into(),
    };
    let host = header(&request.parts.headers, "host");
    let method = request.parts.method.as_str();
    json!({
        "resource": "/{function}",
        "path": request.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": multi,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": multi_query,
        "pathParameters": {"function": decode(request.function)},
        "stageVariables": null,
        "requestContext": {
            "resourcePath": "/{function}",
            "httpMethod": method,
            "path": format!("/{}{}", request.stage, request.path),
            "protocol": "HTTP/1.1",
            "stage": request.stage,
            "requestTimeEpoch": epoch_millis(),
            "requestId": uuid(),
            "identity": {
                "caller": "AROAEXAMPLEEXAMPLEXX:snowflake",
                "user": "AROAEXAMPLEEXAMPLEXX:snowflake",
                "userArn": "arn:aws:sts::123456789012:assumed-role/snowflakerole/snowflake",
                "userAgent": header(&request.parts.headers, "user-agent"),
                "sourceIp": "127.0.0.1",
            },
            "domainName": host,
            "apiId": "sandbox",
        },
        "body": body,
        "isBase64Encoded": binary,
    })
}

/// The event of an HTTP API, payload format 2.0. What is absent has no member.
pub(super) fn v2(request: &Incoming<'_>) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in passed_on(&request.parts.headers) {
        let value = match headers.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        headers.insert(name, value.into());
    }
    for (name, value) in [
        ("x-amzn-trace-id", trace_id().as_str()),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        headers.insert(name.to_owned(), value.into());
    }
    let method = request.parts.method.as_str();
    let host = header(&request.parts.headers, "host").unwrap_or_default();
    let path = format!("/{}{}", request.stage, request.path);
    // Never decompressed here: what is coded is not text.
    let text = header(&request.parts.headers, "content-encoding").is_none();
    let text = text.then(|| std::str::from_utf8(&request.body).ok()).flatten();
    let mut event = json!({
        "version": "2.0",
        "routeKey": format!("{method} /{{function}}"),
        "rawPath": path,
        "rawQueryString": request.parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "pathParameters": {"function": decode(request.function)},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "sandbox",
            "domainName": host,
            "domainPrefix": "sandbox",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": header(&request.parts.headers, "user-agent").unwrap_or_default(),
            },
            "requestId": uuid(),
            "routeKey": format!("{method} /{{function}}"),
            "stage": request.stage,
            "timeEpoch": epoch_millis(),
        },
        "isBase64Encoded": text.is_none(),
    });
    if let Value::Object(members) = &mut event {
        if !request.body.is_empty() {
            let body = text.map_or_else(|| BASE64_STANDARD.encode(&request.body), str::to_owned);
            members.insert("body".to_owned(), body.into());
        }
        if let (query @ Value::Object(_), _) = query(request.parts.uri.query()) {
            members.insert("queryStringParameters".to_owned(), query);
        }
    }
    event
}

/// The headers that the function gets.
fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> + '_ {
    headers.iter().filter_map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let signature = name == "authorization" && text.starts_with("AWS4-");
        let kept = !signature && !NOT_PASSED_ON.contains(&name.as_str());
        kept.then(|| (name.as_str().to_owned(), text))
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Both members for the query string: null without one.
fn query(query: Option<&str>) -> (Value, Value) {
    let mut single = Map::new();
    let mut multi = Map::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        single.insert(name.clone(), value.clone().into());
        if let Value::Array(values) = multi.entry(name).or_insert_with(|| json!([])) {
            values.push(value.into());
        }
    }
    if single.is_empty() { (Value::Null, Value::Null) } else { (single.into(), multi.into()) }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn epoch_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
