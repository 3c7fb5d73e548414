//! Policies, as far as they have to be read: one statement or many, one text or many, encoded or not.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A policy as a service hands it over: as JSON, with its quotes escaped once more (API Gateway), or as part of a URL (IAM).
pub fn parse(text: &str) -> Option<Value> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    let readings = [text.to_owned(), text.replace("\\\"", "\"").replace("\\/", "/"), decoded.into_owned()];
    readings.iter().find_map(|text| serde_json::from_str(text).ok())
}

/// Its statements of this effect.
pub fn statements<'a>(policy: &'a Value, effect: &'a str) -> impl Iterator<Item = &'a Value> {
    list(&policy["Statement"]).iter().filter(move |statement| statement["Effect"] == effect)
}

/// The texts of an element that may be one or many.
pub fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

/// The value of a condition, whatever the case of its key.
pub fn condition<'a>(statement: &'a Value, operator: &str, key: &str) -> Option<&'a Value> {
    let keys = statement["Condition"][operator].as_object()?;
    keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{condition, parse, statements, texts};

    #[test]
    fn the_same_policy_in_each_form() {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "a/b"}});
        let plain = policy.to_string();
        assert_eq!(parse(&plain), Some(policy.clone()));
        assert_eq!(parse(&plain.replace('"', "\\\"").replace('/', "\\/")), Some(policy.clone()));
        let encoded = percent_encoding::utf8_percent_encode(&plain, percent_encoding::NON_ALPHANUMERIC).to_string();
        assert_eq!(parse(&encoded), Some(policy.clone()));
        assert_eq!(parse("none"), None);
        assert_eq!(statements(&policy, "Allow").count(), 1);
        assert_eq!(statements(&policy, "Deny").count(), 0);
    }

    #[test]
    fn keys_of_conditions_have_any_case() {
        let statement = json!({"Condition": {"StringEquals": {"STS:externalid": ["x"]}}});
        assert_eq!(condition(&statement, "StringEquals", "sts:ExternalId").map(texts), Some(vec!["x"]));
        assert_eq!(condition(&statement, "StringEquals", "aws:SourceIp"), None);
    }
}
