//! The headers of a request.

use base64::prelude::{BASE64_STANDARD, Engine};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::QueryError;
use super::options::{Compression, QueryOptions};

/// The headers of every request of a batch, POST and GET alike.
pub(super) fn headers(options: &QueryOptions, query_id: &str, batch_id: &str) -> Result<HeaderMap, QueryError> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| {
        let name = HeaderName::try_from(name).map_err(|_| QueryError::Request(format!("header name {name:?}")))?;
        let value = HeaderValue::try_from(value).map_err(|_| QueryError::Request(format!("value of header {name}")))?;
        headers.append(name, value);
        Ok(())
    };
    add("accept", "*/*")?;
    add("content-type", "application/json")?;
    add("user-agent", "snowflake/1.0")?;
    if let Some(coding) = coding(options.compression) {
        add("accept-encoding", coding)?;
        add("content-encoding", coding)?;
    }
    add("sf-external-function-format", "json")?;
    add("sf-external-function-format-version", "1.0")?;
    add("sf-external-function-current-query-id", query_id)?;
    add("sf-external-function-query-batch-id", batch_id)?;
    for (name, value) in [
        ("name", options.function.to_uppercase().as_str()),
        ("signature", &options.signature),
        ("return-type", &options.return_type),
    ] {
        add(&format!("sf-external-function-{name}"), &each_blank(value))?;
        add(&format!("sf-external-function-{name}-base64"), &BASE64_STANDARD.encode(value))?;
    }
    for (name, value) in &options.context {
        let name = format!("sf-context-{}", name.to_ascii_lowercase().replace('_', "-"));
        add(&name, &runs_blank(value))?;
        add(&format!("{name}-base64"), &BASE64_STANDARD.encode(value))?;
    }
    for (name, value) in &options.headers {
        add(name, value)?;
    }
    Ok(headers)
}

pub(super) fn coding(compression: Compression) -> Option<&'static str> {
    match compression {
        Compression::None => None,
        Compression::Gzip => Some("gzip"),
        Compression::Deflate => Some("deflate"),
    }
}

fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~')
}

/// A blank for each character that a header cannot hold: name, signature and return type.
fn each_blank(text: &str) -> String {
    text.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).collect()
}

/// A blank for each run of them: context headers.
fn runs_blank(text: &str) -> String {
    let mut plain = String::new();
    let mut in_run = false;
    for letter in text.chars() {
        if is_plain(letter) {
            plain.push(letter);
        } else if !in_run {
            plain.push(' ');
        }
        in_run = !is_plain(letter);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_true_twins() {
        let mut options = QueryOptions::new("ext_func");
        options.signature = "(N NUMBER)".to_owned();
        options.return_type = "VARCHAR(134217728)".to_owned();
        options.context = vec![("CURRENT_USER".to_owned(), "J\u{c4}\u{df}\nK".to_owned())];
        options.headers = vec![("sf-custom-a".to_owned(), "b".to_owned())];
        let headers = headers(&options, "q", "q:1:1:0:0").unwrap();
        for (name, value) in [
            ("sf-external-function-name", "EXT_FUNC"),
            ("sf-external-function-name-base64", "RVhUX0ZVTkM="),
            ("sf-external-function-signature", "(N NUMBER)"),
            ("sf-external-function-signature-base64", "KE4gTlVNQkVSKQ=="),
            ("sf-external-function-return-type-base64", "VkFSQ0hBUigxMzQyMTc3Mjgp"),
            ("sf-external-function-query-batch-id", "q:1:1:0:0"),
            ("sf-context-current-user", "J K"),
            ("sf-context-current-user-base64", "SsOEw58KSw=="),
            ("sf-custom-a", "b"),
            ("user-agent", "snowflake/1.0"),
            ("content-encoding", "gzip"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
    }

    #[test]
    fn what_a_header_cannot_hold_becomes_blank() {
        assert_eq!(each_blank("(\u{c4}\u{df} A)"), "(   A)");
        let mut options = QueryOptions::new("f");
        options.headers = vec![("a b".to_owned(), String::new())];
        assert!(headers(&options, "q", "b").is_err());
    }
}
