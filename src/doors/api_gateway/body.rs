//! The body of an HTTP request: what API Gateway may have done to it is undone.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use lambda_http::Body;
use serde_json::value::RawValue;

use crate::calls::CallError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Most bytes that a compressed body may hold: far more than Snowflake sends, and far less than the memory.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The body as it stands in the event, in `lambda_http`'s words: text, or bytes where the event says that it is base64.
///
/// # Errors
///
/// [`CallError::Rejected`] when there is no body or it cannot be decoded.
pub fn read(body: Option<&RawValue>, is_base64: bool) -> Result<Body, CallError> {
    let json = match body.map(RawValue::get) {
        None | Some("null") => return Err(unreadable("the request has no body")),
        Some(json) => json,
    };
    if is_base64 {
        // Base64 has nothing to escape, and so need not be copied before it is decoded.
        let text: Cow<'_, str> = match serde_json::from_str::<&str>(json) {
            Ok(text) => text.into(),
            Err(_) => string(json)?.into(),
        };
        let bytes = STANDARD.decode(text.as_bytes());
        return bytes.map(Body::Binary).map_err(|_| unreadable("the body is announced as base64, and is not"));
    }
    string(json).map(Body::Text)
}

fn string(json: &str) -> Result<String, CallError> {
    serde_json::from_str(json).map_err(|_| unreadable("the body is not valid text"))
}

/// The text of a body, inflated if it is compressed.
///
/// Gzip only by its magic bytes: API Gateway inflates a body and leaves its `Content-Encoding` header in place.
///
/// # Errors
///
/// [`CallError::Rejected`] when it cannot be inflated or is no text.
pub fn text(body: Body, content_encoding: Option<&str>) -> Result<String, CallError> {
    let inflated = if body.starts_with(&GZIP_MAGIC) {
        let inflated = inflate(GzDecoder::new(&*body));
        Some(inflated.ok_or_else(|| unreadable("the body is gzip that cannot be inflated, or is too large"))?)
    } else if content_encoding.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("deflate")) {
        // Both flavours are in use; a body that is neither was inflated on the way.
        inflate(ZlibDecoder::new(&*body)).or_else(|| inflate(DeflateDecoder::new(&*body)))
    } else {
        None
    };
    match (inflated, body) {
        (None, Body::Text(text)) => Ok(text),
        (Some(bytes), _) | (None, Body::Binary(bytes)) => {
            String::from_utf8(bytes).map_err(|_| unreadable("the body is not UTF-8"))
        }
        _ => Ok(String::new()),
    }
}

fn unreadable(what: &str) -> CallError {
    CallError::Rejected(format!("the rows cannot be read: {what}"))
}

fn inflate(decoder: impl Read) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut limited = decoder.take(LARGEST + 1);
    limited.read_to_end(&mut inflated).ok()?;
    (limited.limit() > 0).then_some(inflated)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const JSON: &str = "{\"data\":[[0,\"é\"]]}";

    fn text(body: Option<&RawValue>, is_base64: bool, content_encoding: Option<&str>) -> Result<String, CallError> {
        super::text(read(body, is_base64)?, content_encoding)
    }

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::value::to_raw_value(text).unwrap()
    }

    fn base64(bytes: &[u8]) -> Box<RawValue> {
        raw(&STANDARD.encode(bytes))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_plain_body_stays_as_it_is_whatever_the_headers_announce() {
        for coding in [None, Some("gzip"), Some("deflate")] {
            assert_eq!(text(Some(&raw(JSON)), false, coding).unwrap(), JSON);
            assert_eq!(text(Some(&base64(JSON.as_bytes())), true, coding).unwrap(), JSON);
        }
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_are_inflated() {
        assert_eq!(text(Some(&base64(&gzip(JSON.as_bytes()))), true, None).unwrap(), JSON);
        assert_eq!(text(Some(&base64(&gzip(&[b' '; 8_000_000]))), true, None).unwrap().len(), 8_000_000);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(JSON.as_bytes()).unwrap();
        assert_eq!(text(Some(&base64(&zlib.finish().unwrap())), true, Some("deflate")).unwrap(), JSON);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(JSON.as_bytes()).unwrap();
        assert_eq!(text(Some(&base64(&deflate.finish().unwrap())), true, Some("deflate")).unwrap(), JSON);
    }

    #[test]
    fn as_much_as_the_limit_is_inflated_and_not_a_byte_more() {
        let spaces = |count| inflate(std::io::repeat(b' ').take(count)).map(|inflated| inflated.len() as u64);
        assert_eq!((spaces(LARGEST), spaces(LARGEST + 1)), (Some(LARGEST), None));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        let bomb = gzip(&vec![b' '; 65 * 1024 * 1024]);
        let surrogate: Box<RawValue> = serde_json::from_str(r#""\ud800""#).unwrap();
        let number: Box<RawValue> = serde_json::from_str("5").unwrap();
        for (body, is_base64) in [
            (None, false),
            (Some(&*number), false),
            (Some(&*surrogate), false),
            (Some(&*raw("not base64!")), true),
            (Some(&*base64(&[0x1f, 0x8b, 1])), true),
            (Some(&*base64(&bomb)), true),
            (Some(&*base64(&[0xff, 0xfe])), true),
        ] {
            assert!(matches!(text(body, is_base64, None), Err(CallError::Rejected(_))));
        }
    }
}
