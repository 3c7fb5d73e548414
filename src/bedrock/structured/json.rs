//! JSON in the text of a model: alone, in a fence, or behind a preface.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The JSON that a text holds: the whole text, or the first object or array in it that can be read to its end. What begins as JSON and
/// is cut off holds none: a part of it is not what was meant.
pub fn find(text: &str) -> Option<&str> {
    let text = text.trim();
    if let Ok(json) = first(text)
        && json.len() == text.len()
    {
        return Some(json);
    }
    for (at, _) in text.match_indices(['{', '[']) {
        match first(&text[at..]) {
            Ok(json) => return Some(json),
            Err(error) if error.is_eof() => return None,
            Err(_) => {}
        }
    }
    None
}

/// The JSON at the beginning of a text.
fn first(text: &str) -> Result<&str, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    Ok(<&RawValue>::deserialize(&mut json)?.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_what_is_around_it() {
        for (text, expected) in [
            (" {\"a\": 1}\n", Some("{\"a\": 1}")),
            ("true", Some("true")),
            ("\"a\"", Some("\"a\"")),
            ("```json\n{\"a\": [1, 2]}\n```", Some("{\"a\": [1, 2]}")),
            ("Here is the answer: {\"a\": \"}\"} Anything else?", Some("{\"a\": \"}\"}")),
            ("<thinking>{ no json</thinking> [1]", Some("[1]")),
            ("{ \"kind\": 1", None),
            ("{\"{ \"kind\": 1}", Some("{ \"kind\": 1}")),
            ("[{\"a\": 1}, {\"a\": 2", None),
            ("I cannot answer.", None),
            ("", None),
        ] {
            assert_eq!(find(text), expected, "{text}");
        }
    }
}
