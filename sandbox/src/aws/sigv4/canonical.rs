//! The canonical form of a request, over which a signature is made.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The parts of a request that a signature covers, as they are on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path, percent-encoded as it is sent. It is encoded once more for the signature, as every service but S3 does.
    pub path: &'a str,
    /// What follows the question mark, or nothing.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

pub(super) fn canonical_request(request: &Signable<'_>, names: &[&str]) -> String {
    let mut lines = vec![request.method.to_owned(), path(request.path), query(request.query)];
    lines.extend(names.iter().map(|name| format!("{name}:{}", values(request.headers, name))));
    lines.push(String::new());
    lines.push(names.join(";"));
    lines.push(sha256_hex(request.body));
    lines.join("\n")
}

/// Without `.`, `..` and double slashes, then encoded.
fn path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    let plain = format!("/{}{end}", kept.join("/"));
    utf8_percent_encode(&plain, IN_PATH).to_string()
}

fn query(query: &str) -> String {
    let encode = |part: &str| {
        let plain = percent_decode_str(part).decode_utf8_lossy();
        utf8_percent_encode(&plain, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort_unstable();
    let joined: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

/// All values of a header, each trimmed, with single spaces inside.
fn values(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            value.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

pub(super) fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
