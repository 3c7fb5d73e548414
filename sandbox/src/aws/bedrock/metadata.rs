//! `requestMetadata`, and what is passed through to the model and back: checked, and otherwise without effect.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::fields::{Fields, list, malformed};
use super::invalid;

const HEADER: &str = "x-amzn-bedrock-request-metadata";
/// As many characters as the header may have.
const HEADER_LIMIT: usize = 8500;

/// Refuses what is not in order among these members of a Converse request.
pub(super) fn check(body: &Map<String, Value>) -> Result<(), Reply> {
    if let Some(metadata) = body.get("requestMetadata") {
        pairs(metadata)?;
    }
    if let Some(more) = body.get("additionalModelRequestFields") {
        Fields::of("additionalModelRequestFields", more)?;
    }
    let paths = list("additionalModelResponseFieldPaths", body.get("additionalModelResponseFieldPaths"))?;
    let right = |path: &Value| path.as_str().is_some_and(|path| (1..=256).contains(&path.chars().count()));
    if let Some(at) = paths.iter().position(|path| !right(path)) {
        return Err(malformed(
            &format!("additionalModelResponseFieldPaths.{at}"),
            "expected a text of 1 to 256 characters",
        ));
    }
    if paths.len() > 10 {
        return Err(length("additionalModelResponseFieldPaths", "less than or equal to 10"));
    }
    Ok(())
}

/// The same of an InvokeModel request, which has the metadata in a header.
pub(super) fn check_header(headers: &HeaderMap) -> Result<(), Reply> {
    let Some(header) = headers.get(HEADER) else {
        return Ok(());
    };
    if header.len() > HEADER_LIMIT {
        return Err(length("requestMetadata", &format!("less than or equal to {HEADER_LIMIT}")));
    }
    match serde_json::from_slice(header.as_bytes()) {
        Ok(metadata) => pairs(&metadata),
        Err(_) => Err(invalid("The request metadata is not a JSON object.")),
    }
}

fn pairs(metadata: &Value) -> Result<(), Reply> {
    let pairs = metadata.as_object().ok_or_else(|| malformed("requestMetadata", "expected type: JSONObject"))?;
    if pairs.is_empty() {
        return Err(length("requestMetadata", "greater than or equal to 1"));
    }
    if pairs.len() > 16 {
        return Err(length("requestMetadata", "less than or equal to 16"));
    }
    for (key, value) in pairs {
        let value =
            value.as_str().ok_or_else(|| malformed(&format!("requestMetadata.{key}"), "expected type: String"))?;
        if key.is_empty() || !fits(key) {
            return Err(pattern("keys", 1));
        }
        if !fits(value) {
            return Err(pattern("values", 0));
        }
    }
    Ok(())
}

fn fits(text: &str) -> bool {
    let right =
        |letter: char| letter.is_ascii_alphanumeric() || letter.is_ascii_whitespace() || ":_@$#=/+,-.".contains(letter);
    text.chars().count() <= 256 && text.chars().all(right)
}

fn pattern(which: &str, least: u8) -> Reply {
    invalid(&format!(
        "1 validation error detected: Value at 'requestMetadata' failed to satisfy constraint: Map {which} must satisfy \
         constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal \
         to {least}, Member must satisfy regular expression pattern: [a-zA-Z0-9\\s:_@$#=/+,-.]{{{least},256}}]"
    ))
}

fn length(name: &str, constraint: &str) -> Reply {
    invalid(&format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length {constraint}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(name: &str, value: Value) -> Option<String> {
        let body: Map<String, Value> = [(name.to_owned(), value)].into_iter().collect();
        check(&body).err().map(|reply| String::from_utf8_lossy(&reply.body).into_owned())
    }

    #[test]
    fn request_metadata() {
        let refusal = |value| refusal("requestMetadata", value);
        assert_eq!(refusal(json!({"query_id": "01b1-2c:3 @$#=/+,.", "empty": ""})), None);
        let many: Map<String, Value> = (0..17).map(|n| (format!("k{n}"), json!("v"))).collect();
        for (value, part) in [
            (json!({}), "greater than or equal to 1"),
            (json!(many), "less than or equal to 16"),
            (json!({"": "a"}), "Map keys"),
            (json!({"naïve": "a"}), "Map keys"),
            (json!({"a": "O'Brien"}), "Map values"),
            (json!({"a": "x".repeat(257)}), "Map values"),
            (json!({"a": 1}), "expected type: String"),
            (json!([]), "expected type: JSONObject"),
        ] {
            let message = refusal(value).unwrap_or_default();
            assert!(message.contains(part), "{message} for {part}");
        }
    }

    #[test]
    fn what_is_passed_through() {
        assert_eq!(refusal("additionalModelRequestFields", json!({"inferenceConfig": {"topK": 1}})), None);
        assert!(refusal("additionalModelRequestFields", json!("topK")).is_some());
        assert_eq!(refusal("additionalModelResponseFieldPaths", json!(["/stop_sequence"])), None);
        for value in [json!("/a"), json!([""]), json!(vec!["/a"; 11])] {
            assert!(refusal("additionalModelResponseFieldPaths", value).is_some());
        }
    }

    #[test]
    fn the_header() {
        let with = |value: &str| {
            let headers: HeaderMap = [(HEADER, value)]
                .into_iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            check_header(&headers).is_ok()
        };
        assert!(check_header(&HeaderMap::new()).is_ok() && with("{\"a\": \"b\"}"));
        assert!(!with("a=b") && !with("{\"a\": \"!\"}") && !with(&"a".repeat(8501)));
    }
}
