//! How long a service asks to be left alone.

use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::date_time::{DateTime, Format};

/// The wait that a refused call asks for: `x-amz-retry-after` in milliseconds, or `Retry-After` in seconds or as a date.
///
/// Source: AWS's retry specification, and RFC 9110, section 10.2.3. A value of another form counts as absent.
pub fn retry_after(headers: &Headers) -> Option<Duration> {
    if let Some(milliseconds) = headers.get("x-amz-retry-after").and_then(|value| value.trim().parse().ok()) {
        return Some(Duration::from_millis(milliseconds));
    }
    let value = headers.get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::try_from(DateTime::from_str(value, Format::HttpDate).ok()?).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = Headers::new();
        headers.insert(name, value.to_owned());
        retry_after(&headers)
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(wait("x-amz-retry-after", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(wait("Retry-After", "2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let later = wait("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT").unwrap();
        assert!(later > Duration::from_secs(365 * 24 * 3600));
        assert_eq!(wait("Retry-After", "soon"), None);
        assert_eq!(retry_after(&Headers::new()), None);
    }
}
