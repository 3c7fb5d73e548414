//! The answer to an HTTP request: its status, its size, and gzip for a large one.

use std::future::{Future, ready};
use std::io::Write;
use std::pin::Pin;

use flate2::Compression;
use flate2::write::GzEncoder;
use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, Response, StatusCode};
use lambda_http::{Body, IntoResponse};

use crate::calls::{CallError, LARGEST_ANSWER};
use crate::snowflake::response;

/// From this many bytes on, an answer is compressed for a caller that takes it so.
const LARGE: usize = 1024 * 1024;

/// Room for everything around the body: status, headers, braces.
const ENVELOPE: usize = 256;

/// An answer. Its body is text, or bytes when it is gzipped.
#[derive(Debug)]
pub struct Answer(Response<Body>);

impl Answer {
    fn new(status: StatusCode, body: impl Into<Body>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(response.body(), Body::Binary(_)) {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Self(response)
    }

    /// A 200 with that JSON, gzipped when it is large and `takes_gzip`; a 400 when it fits neither Lambda nor Snowflake.
    pub fn complete(json: String, takes_gzip: bool) -> Self {
        let plain = escaped_length(&json) + ENVELOPE;
        if json.len() > response::LARGEST {
            return too_large(json.len(), response::LARGEST, "Snowflake");
        }
        if takes_gzip && plain > LARGE {
            let gzipped = gzip(json.as_bytes());
            let base64 = gzipped.len().div_ceil(3) * 4;
            if base64 + ENVELOPE <= LARGEST_ANSWER {
                return Self::new(StatusCode::OK, gzipped);
            }
            return too_large(base64, LARGEST_ANSWER, "Lambda");
        }
        if plain > LARGEST_ANSWER {
            return too_large(plain, LARGEST_ANSWER, "Lambda");
        }
        Self::new(StatusCode::OK, json)
    }

    /// A 202: the batch is in the journal, and a GET goes on with it.
    pub fn unfinished() -> Self {
        Self::new(StatusCode::ACCEPTED, "{}")
    }
}

/// The answer as it is. For a bare response `lambda_http` would first collect the body and decode it, which copies it twice.
impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

impl From<&CallError> for Answer {
    fn from(error: &CallError) -> Self {
        Self::new(status(error), serde_json::json!({"error": error.to_string()}).to_string())
    }
}

/// The status that says it.
fn status(error: &CallError) -> StatusCode {
    match error {
        CallError::Rejected(_) => StatusCode::BAD_REQUEST,
        CallError::UnknownBatch => StatusCode::NOT_FOUND,
        CallError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
        CallError::Failing(_) | CallError::TooSlow | CallError::NoJournal => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn too_large(length: usize, limit: usize, whose: &str) -> Answer {
    Answer::from(&CallError::Rejected(format!(
        "the answers of this batch are {length} bytes, more than the {limit} that {whose} takes: lower MAX_BATCH_ROWS"
    )))
}

/// The length that a JSON text has as a JSON string: it holds no control character but blanks between its parts.
fn escaped_length(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')).count()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Whether a caller with that `Accept-Encoding` takes gzip.
pub fn takes_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = parameters.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        matches!(name.trim().to_ascii_lowercase().as_str(), "gzip" | "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Read;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use futures_util::FutureExt;
    use lambda_http::request::LambdaRequest;
    use lambda_http::{Adapter, Context, LambdaEvent, Request, Service, service_fn};

    use super::*;
    use crate::doors::api_gateway::Version;

    /// What Lambda is handed.
    fn handed_over(answer: Answer, version: Version) -> String {
        let mut answer = Some(answer);
        let service = service_fn(move |_: Request| ready(Ok::<_, Infallible>(answer.take().unwrap())));
        let event = LambdaEvent::<LambdaRequest>::new(version.empty(), Context::default());
        let response = Adapter::from(service).call(event).now_or_never().unwrap().unwrap();
        serde_json::to_string(&response).unwrap()
    }

    fn v1(answer: Answer) -> serde_json::Value {
        serde_json::from_str(&handed_over(answer, Version::V1)).unwrap()
    }

    #[test]
    fn the_length_of_an_answer_is_what_it_has_as_a_string() {
        let json = "{\n\t\"a\": \"\\\"é\",\r\n \"b\": 1}";
        let string = serde_json::to_string(json).unwrap();
        assert_eq!(escaped_length(json), string.len() - 2);
    }

    /// Text that no compression makes smaller than three quarters.
    fn noise(length: usize) -> String {
        let mut random = fastrand::Rng::with_seed(7);
        let text: String = (0..length).map(|_| random.alphanumeric()).collect();
        format!("\"{text}\"")
    }

    #[test]
    fn a_small_answer_is_plain() {
        let answer = || Answer::complete("{\"data\":[]}".to_owned(), true);
        let json = serde_json::json!({
            "statusCode": 200,
            "headers": {},
            "multiValueHeaders": {"content-type": ["application/json"]},
            "body": "{\"data\":[]}",
            "isBase64Encoded": false,
        });
        assert_eq!(v1(answer()), json);
        let v2: serde_json::Value = serde_json::from_str(&handed_over(answer(), Version::V2)).unwrap();
        assert_eq!(v2["headers"], serde_json::json!({"content-type": "application/json"}));
        assert_eq!((&v2["statusCode"], &v2["body"]), (&json["statusCode"], &json["body"]));
    }

    #[test]
    fn a_large_answer_is_gzipped_only_for_who_takes_it() {
        let json = format!("\"{}\"", "a".repeat(2 * LARGE));
        let response = v1(Answer::complete(json.clone(), true));
        assert_eq!(response["multiValueHeaders"]["content-encoding"], serde_json::json!(["gzip"]));
        assert_eq!(response["isBase64Encoded"], true);
        let body = STANDARD.decode(response["body"].as_str().unwrap()).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, json);
        assert_eq!(v1(Answer::complete(json.clone(), false))["body"], json);
    }

    #[test]
    fn the_limits_are_met_exactly() {
        let quotes = |count| format!("\"{}\"", "\\\"".repeat(count));
        for json in [noise(LARGEST_ANSWER - 1000), quotes(1_572_000)] {
            let answer = Answer::complete(json, false);
            assert_eq!(answer.0.status(), 200);
            let length = handed_over(answer, Version::V2).len();
            assert!((LARGEST_ANSWER - 10_000..=LARGEST_ANSWER).contains(&length), "{length}");
        }
        for (json, takes_gzip, whose) in [
            (noise(LARGEST_ANSWER), false, "Lambda"),
            // In base64 it is 48 bytes less than Lambda takes, which leaves no room for what is around it.
            (noise(6_296_528), true, "Lambda"),
            (format!("\"{}\"", "a".repeat(10_000_000)), true, "Snowflake"),
        ] {
            let answer = Answer::complete(json, takes_gzip).0;
            assert_eq!(answer.status(), 400);
            let body = String::from_utf8(answer.body().to_vec()).unwrap();
            assert!(body.contains("MAX_BATCH_ROWS") && body.contains(whose), "{body}");
        }
    }

    #[test]
    fn accept_encoding_is_read_as_http_says() {
        for (value, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(value), expected, "{value}");
        }
    }
}
