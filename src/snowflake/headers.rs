//! The headers that Snowflake sends with a batch.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Identifies a batch: the same in its POST, in every retry of that POST, and in its GETs. Opaque.
pub const BATCH_ID: &str = "sf-external-function-query-batch-id";

/// Identifies the SQL statement that sends the batch.
pub const QUERY_ID: &str = "sf-external-function-current-query-id";

/// The headers of a request. Names are matched in any case: REST APIs hand them on as they came, HTTP APIs in lower
/// case.
#[derive(Debug, Default, Deserialize)]
pub struct Headers<'a>(#[serde(borrow)] HashMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Headers<'a> {
    /// Reads the `headers` object of an event; what is no object has no headers.
    pub fn read(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The value of the header `name`, if it is text.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        serde_json::from_str(value.get()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case_and_what_is_no_text_is_absent() {
        let headers = Headers::read(r#"{"Accept-Encoding":"gzip","n":null,"o":{"x":[1]},"i":1,"x":"\u00e9"}"#);
        assert_eq!(headers.get("accept-encoding").as_deref(), Some("gzip"));
        assert_eq!(headers.get("x").as_deref(), Some("é"));
        for name in ["n", "o", "i", "missing"] {
            assert_eq!(headers.get(name), None, "{name}");
        }
    }

    #[test]
    fn headers_that_are_no_object_are_none() {
        for json in ["null", "[]", "5", "\"x\"", "[[1]]"] {
            assert_eq!(Headers::read(json).get("x"), None, "{json}");
        }
    }
}
