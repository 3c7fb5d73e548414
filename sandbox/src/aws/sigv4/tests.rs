//! AWS's published test suite (in part), and tampering.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use super::*;
use http::{HeaderName, HeaderValue};

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
    }
}

fn now() -> SystemTime {
    date::parse("20150830T123600Z").unwrap()
}

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
        .collect()
}

fn signature(method: &str, path: &str, query: &str, extra: &[(&str, &str)], body: &str) -> String {
    let credentials = credentials();
    let mut all = vec![("host", "example.amazonaws.com")];
    all.extend(extra);
    let headers = headers(&all);
    let request = Signable { method, path, query, headers: &headers, body: body.as_bytes() };
    let scope = Scope { region: "us-east-1", service: "service", credentials: &credentials };
    let added = sign(&request, &scope, now());
    added.last().unwrap().1.rsplit_once("Signature=").unwrap().1.to_owned()
}

#[test]
fn published_vectors() {
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    assert_eq!(signature("GET", "/", "", &[], ""), vanilla);
    assert_eq!(signature("GET", "/example/..", "", &[], ""), vanilla);
    assert_eq!(signature("GET", "//", "", &[], ""), vanilla);
    assert_eq!(
        signature("GET", "/", "Param2=value2&Param1=value1", &[], ""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    );
    assert_eq!(signature("GET", "/ሴ", "", &[], ""), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
    assert_eq!(
        signature("GET", "/", "", &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")], ""),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
    );
    assert_eq!(signature("POST", "/", "", &[], ""), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    assert_eq!(
        signature("POST", "/", "", &[("content-type", "application/x-www-form-urlencoded")], "Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    );
}

#[test]
fn the_example_of_the_iam_guide() {
    let credentials =
        Credentials { secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(), ..credentials() };
    let headers =
        headers(&[("host", "iam.amazonaws.com"), ("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
    let request = Signable {
        method: "GET",
        path: "/",
        query: "Action=ListUsers&Version=2010-05-08",
        headers: &headers,
        body: b"",
    };
    let scope = Scope { region: "us-east-1", service: "iam", credentials: &credentials };
    let added = sign(&request, &scope, now());
    assert!(added.last().unwrap().1.ends_with("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

#[test]
fn an_encoded_path_is_encoded_again() {
    let headers = headers(&[("host", "h")]);
    let request =
        Signable { method: "POST", path: "/model/a-v1%3A0/converse", query: "", headers: &headers, body: b"" };
    let canonical = canonical_request(&request, &["host"]);
    assert_eq!(canonical.lines().nth(1), Some("/model/a-v1%253A0/converse"));
}

/// A request that was signed, then changed.
fn verified(
    change: impl FnOnce(&mut HeaderMap, &mut String, &mut Vec<u8>, &mut SystemTime),
) -> Result<(), SignatureError> {
    let credentials = Credentials { session_token: Some("token".into()), ..credentials() };
    let scope = Scope { region: "us-west-2", service: "bedrock", credentials: &credentials };
    let mut headers = headers(&[("host", "127.0.0.1:9"), ("content-type", "application/json")]);
    let (mut path, mut body, mut time) = ("/model/m%3A0/converse".to_owned(), b"{}".to_vec(), now());
    let request = Signable { method: "POST", path: &path, query: "", headers: &headers, body: &body };
    for (name, value) in sign(&request, &scope, now()) {
        headers.insert(name, value.parse().unwrap());
    }
    change(&mut headers, &mut path, &mut body, &mut time);
    let request = Signable { method: "POST", path: &path, query: "", headers: &headers, body: &body };
    verify(&request, &scope, time)
}

fn code(result: Result<(), SignatureError>) -> &'static str {
    result.map_or_else(|error| error.code(), |()| "accepted")
}

fn replaced(headers: &mut HeaderMap, from: &str, to: &str) {
    let authorization = headers["authorization"].to_str().unwrap().replace(from, to);
    headers.insert("authorization", authorization.parse().unwrap());
}

#[test]
fn what_is_signed_is_accepted() {
    assert_eq!(verified(|_, _, _, _| ()), Ok(()));
    // A proxy may add headers that are not signed.
    assert_eq!(verified(|headers, _, _, _| drop(headers.insert("x-more", "1".parse().unwrap()))), Ok(()));
    assert_eq!(verified(|_, _, _, time| *time += Duration::from_secs(899)), Ok(()));
}

#[test]
fn what_is_tampered_with_is_refused() {
    const INVALID: &str = "InvalidSignatureException";
    const INCOMPLETE: &str = "IncompleteSignatureException";
    const UNRECOGNIZED: &str = "UnrecognizedClientException";
    assert_eq!(code(verified(|_, _, body, _| body.push(b' '))), INVALID);
    assert_eq!(code(verified(|_, path, _, _| path.push('x'))), INVALID);
    assert_eq!(code(verified(|headers, _, _, _| drop(headers.insert("host", "other".parse().unwrap())))), INVALID);
    assert_eq!(code(verified(|_, _, _, time| *time += Duration::from_secs(901))), INVALID);
    assert_eq!(code(verified(|_, _, _, time| *time -= Duration::from_secs(901))), INVALID);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "us-west-2", "us-east-1"))), INVALID);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "/bedrock/", "/bedrock-runtime/"))), INVALID);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "Signature=", "Signature=0"))), INVALID);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "host;", ""))), INCOMPLETE);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, ";x-amz-security-token", ""))), INCOMPLETE);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "AWS4-HMAC-SHA256", "Bearer"))), INCOMPLETE);
    assert_eq!(code(verified(|headers, _, _, _| drop(headers.remove("x-amz-date")))), INCOMPLETE);
    assert_eq!(code(verified(|headers, _, _, _| replaced(headers, "AKIDEXAMPLE", "AKIDOTHER"))), UNRECOGNIZED);
    assert_eq!(code(verified(|headers, _, _, _| drop(headers.remove("x-amz-security-token")))), UNRECOGNIZED);
    assert_eq!(
        code(verified(|headers, _, _, _| drop(headers.remove("authorization")))),
        "MissingAuthenticationTokenException"
    );
}
