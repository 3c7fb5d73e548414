//! The answer to an HTTP request, in the form that API Gateway takes from a Lambda function.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::calls::{CallError, LARGEST_ANSWER};
use crate::snowflake::response;

/// From this many bytes on, an answer is compressed for a caller that takes it so.
const LARGE: usize = 1024 * 1024;

/// Room for everything around the body: status, headers, braces.
const ENVELOPE: usize = 256;

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    body: String,
    is_gzip: bool,
}

impl Response {
    /// A 200 with that JSON, gzipped when it is large and `takes_gzip`; a 400 when it fits neither Lambda nor Snowflake.
    pub fn answered(json: String, takes_gzip: bool) -> Self {
        let plain = escaped_length(&json) + ENVELOPE;
        if json.len() > response::LARGEST {
            return too_large(json.len(), response::LARGEST, "Snowflake");
        }
        if takes_gzip && plain > LARGE {
            let body = STANDARD.encode(gzip(json.as_bytes()));
            if body.len() + ENVELOPE <= LARGEST_ANSWER {
                return Self { status: 200, body, is_gzip: true };
            }
            return too_large(body.len(), LARGEST_ANSWER, "Lambda");
        }
        if plain > LARGEST_ANSWER {
            return too_large(plain, LARGEST_ANSWER, "Lambda");
        }
        Self { status: 200, body: json, is_gzip: false }
    }

    /// A 202: the batch is in the journal, and a GET goes on with it.
    pub fn unfinished() -> Self {
        Self { status: 202, body: "{}".to_owned(), is_gzip: false }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl From<&CallError> for Response {
    fn from(error: &CallError) -> Self {
        let body = serde_json::json!({"error": error.to_string()}).to_string();
        Self { status: status(error), body, is_gzip: false }
    }
}

/// The status that says it.
fn status(error: &CallError) -> u16 {
    match error {
        CallError::Rejected(_) => 400,
        CallError::UnknownBatch => 404,
        CallError::Throttled(_) => 429,
        CallError::Failing(_) | CallError::TooSlow | CallError::NoJournal => 503,
    }
}

fn too_large(length: usize, limit: usize, whose: &str) -> Response {
    Response::from(&CallError::Rejected(format!(
        "the answers of this batch are {length} bytes, more than the {limit} that {whose} takes: lower MAX_BATCH_ROWS"
    )))
}

/// The length that a JSON text has as a JSON string: it holds no control character that would be escaped longer.
fn escaped_length(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("statusCode", &self.status)?;
        if self.is_gzip {
            let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
            map.serialize_entry("headers", &std::collections::BTreeMap::from(headers))?;
        } else {
            map.serialize_entry("headers", &std::collections::BTreeMap::from([("Content-Type", "application/json")]))?;
        }
        map.serialize_entry("body", &self.body)?;
        map.serialize_entry("isBase64Encoded", &self.is_gzip)?;
        map.end()
    }
}

/// Whether a caller with that `Accept-Encoding` takes gzip.
pub fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    accept_encoding.unwrap_or_default().split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = parameters.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        matches!(name.trim().to_ascii_lowercase().as_str(), "gzip" | "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Text that no compression makes smaller than three quarters.
    fn noise(length: usize) -> String {
        let mut random = fastrand::Rng::with_seed(7);
        let text: String = (0..length).map(|_| random.alphanumeric()).collect();
        format!("\"{text}\"")
    }

    #[test]
    fn a_small_answer_is_plain() {
        let response = Response::answered("{\"data\":[]}".to_owned(), true);
        assert_eq!(
            serde_json::to_value(&response).unwrap(),
            serde_json::json!({
                "statusCode": 200,
                "headers": {"Content-Type": "application/json"},
                "body": "{\"data\":[]}",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn a_large_answer_is_gzipped_only_for_who_takes_it() {
        let json = format!("\"{}\"", "a".repeat(2 * LARGE));
        let response = serde_json::to_value(Response::answered(json.clone(), true)).unwrap();
        assert_eq!(response["headers"]["Content-Encoding"], "gzip");
        let body = STANDARD.decode(response["body"].as_str().unwrap()).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, json);
        assert_eq!(serde_json::to_value(Response::answered(json.clone(), false)).unwrap()["body"], json);
    }

    #[test]
    fn the_limits_are_met_exactly() {
        let quotes = |count| format!("\"{}\"", "\\\"".repeat(count));
        for json in [noise(LARGEST_ANSWER - 1000), quotes(1_572_000)] {
            let response = Response::answered(json, false);
            assert_eq!(response.status, 200);
            let length = serde_json::to_vec(&response).unwrap().len();
            assert!((LARGEST_ANSWER - 10_000..=LARGEST_ANSWER).contains(&length), "{length}");
        }
        for (json, takes_gzip, whose) in [
            (noise(LARGEST_ANSWER), false, "Lambda"),
            (noise(9_000_000), true, "Lambda"),
            (format!("\"{}\"", "a".repeat(10_000_000)), true, "Snowflake"),
        ] {
            let response = Response::answered(json, takes_gzip);
            assert_eq!(response.status, 400);
            assert!(response.body.contains("MAX_BATCH_ROWS") && response.body.contains(whose), "{}", response.body);
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
            assert_eq!(takes_gzip(Some(value)), expected, "{value}");
        }
        assert!(!takes_gzip(None));
    }
}
