//! The function's answer, turned into the client's.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

/// The answer has not the form of the proxy integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed Lambda proxy response")]
pub(super) struct Malformed;

/// Headers that come to the client under another name.
const REMAPPED: [&str; 8] =
    ["authorization", "connection", "content-md5", "date", "host", "server", "user-agent", "www-authenticate"];
/// Headers that are the connection's own matter.
const NOT_PASSED_ON: [&str; 4] = ["content-length", "te", "trailer", "transfer-encoding"];

/// The answer through a REST API: an object with an integer `statusCode`, and a `body` that is a string.
pub(super) fn v1(answer: &[u8], binary: bool) -> Result<Response<Bytes>, Malformed> {
    let Ok(Value::Object(answer)) = serde_json::from_slice(answer) else { return Err(Malformed) };
    structured(&answer, binary)
}

/// The answer through an HTTP API: as with a REST API, or else anything, which is then the body.
pub(super) fn v2(answer: &[u8]) -> Result<Response<Bytes>, Malformed> {
    match serde_json::from_slice(answer) {
        Ok(Value::Object(answer)) if answer.contains_key("statusCode") => structured(&answer, true),
        Ok(Value::String(text)) => Ok(with_type(Response::new(text.into()))),
        Ok(_) => Ok(with_type(Response::new(Bytes::copy_from_slice(answer)))),
        Err(_) => Err(Malformed),
    }
}

fn structured(answer: &Map<String, Value>, binary: bool) -> Result<Response<Bytes>, Malformed> {
    let status = answer.get("statusCode").and_then(Value::as_u64).ok_or(Malformed)?;
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status)).ok_or(Malformed)?;
    let encoded = match answer.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(encoded)) => *encoded,
        Some(_) => return Err(Malformed),
    };
    let body = match answer.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if encoded && binary => BASE64_STANDARD.decode(text).map_err(|_| Malformed)?.into(),
        Some(Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        Some(_) => return Err(Malformed),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| Malformed)?;
    let many = many(answer.get("multiValueHeaders"))?;
    let single = single(answer.get("headers"))?;
    // A pair that is in both is sent once.
    let single = single.into_iter().filter(|pair| !many.contains(pair)).collect::<Vec<_>>();
    for (name, value) in many.iter().chain(&single) {
        let name = name.to_ascii_lowercase();
        if NOT_PASSED_ON.contains(&name.as_str()) {
            continue;
        }
        let name = if REMAPPED.contains(&name.as_str()) { format!("x-amzn-remapped-{name}") } else { name };
        let name = HeaderName::try_from(name).map_err(|_| Malformed)?;
        response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| Malformed)?);
    }
    Ok(with_type(response))
}

fn with_type(mut response: Response<Bytes>) -> Response<Bytes> {
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().entry("content-type").or_insert(json);
    response
}

fn single(headers: Option<&Value>) -> Result<Vec<(String, String)>, Malformed> {
    members(headers)?.map(|(name, value)| Ok((name.clone(), scalar(value)?))).collect()
}

fn many(headers: Option<&Value>) -> Result<Vec<(String, String)>, Malformed> {
    let mut pairs = Vec::new();
    for (name, values) in members(headers)? {
        for value in values.as_array().ok_or(Malformed)? {
            pairs.push((name.clone(), scalar(value)?));
        }
    }
    Ok(pairs)
}

fn members(headers: Option<&Value>) -> Result<impl Iterator<Item = (&String, &Value)>, Malformed> {
    match headers {
        None | Some(Value::Null) => Ok(None.into_iter().flatten()),
        Some(Value::Object(members)) => Ok(Some(members).into_iter().flatten()),
        Some(_) => Err(Malformed),
    }
}

fn scalar(value: &Value) -> Result<String, Malformed> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_proxy_response_becomes_a_response() {
        let answer = json!({
            "statusCode": 202, "body": "aGk=", "isBase64Encoded": true,
            "headers": {"X-One": "1", "X-Two": "a", "Content-MD5": "abc", "Content-Length": 99},
            "multiValueHeaders": {"X-Two": ["a", "b"]},
        });
        let response = v1(answer.to_string().as_bytes(), true).unwrap();
        assert_eq!((response.status().as_u16(), response.body().as_ref()), (202, &b"hi"[..]));
        let headers = response.headers();
        assert_eq!(headers["x-one"], "1");
        assert_eq!(headers.get_all("x-two").iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers["x-amzn-remapped-content-md5"], "abc");
        assert!(!headers.contains_key("content-md5") && !headers.contains_key("content-length"));
        assert_eq!(headers["content-type"], "application/json");
        // Without binary media types base64 stays as it is.
        assert_eq!(v1(answer.to_string().as_bytes(), false).unwrap().body(), "aGk=");
        assert_eq!(v1(br#"{"statusCode":204}"#, true).unwrap().body(), "");
    }

    #[test]
    fn malformed_answers_are_known() {
        for answer in [
            json!(null),
            json!([]),
            json!("text"),
            json!({"data": []}),
            json!({"statusCode": "200", "body": ""}),
            json!({"statusCode": 200.5, "body": ""}),
            json!({"statusCode": 99, "body": ""}),
            json!({"statusCode": 200, "body": {"data": []}}),
            json!({"statusCode": 200, "body": "", "isBase64Encoded": "yes"}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
            json!({"statusCode": 200, "body": "", "headers": {"a": ["b"]}}),
            json!({"statusCode": 200, "body": "", "headers": []}),
            json!({"statusCode": 200, "body": "", "multiValueHeaders": {"a": "b"}}),
            json!({"statusCode": 200, "body": "", "headers": {"a b": "c"}}),
        ] {
            assert_eq!(v1(answer.to_string().as_bytes(), true).unwrap_err(), Malformed, "{answer}");
        }
        assert!(v1(b"{", true).is_err());
    }

    #[test]
    fn an_http_api_takes_anything_for_a_body() {
        assert_eq!(v2(br#"{"data":[]}"#).unwrap().body(), r#"{"data":[]}"#);
        assert_eq!(v2(br#""text""#).unwrap().body(), "text");
        assert_eq!(v2(br#"{"statusCode":400,"body":"no"}"#).unwrap().status(), 400);
        assert!(v2(br#"{"statusCode":"400"}"#).is_err());
    }
}
