//! JSON in the text of a model: alone, in a fence, or behind a preface.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The JSON that a text holds, in its order: the whole text, or each object or array in it that can be read to its end. Behind what
/// begins as JSON and is cut off there is none: a part of it is not what was meant.
pub fn find(text: &str) -> Vec<&str> {
    let text = text.trim();
    if let Ok(json) = first(text)
        && json.len() == text.len()
    {
        return vec![json];
    }
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(begin) = text[at..].find(['{', '[']) {
        at += begin;
        match first(&text[at..]) {
            Ok(json) => {
                at += json.len();
                found.push(json);
            }
            Err(error) if error.is_eof() => break,
            Err(_) => at += 1,
        }
    }
    found
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
            (" {\"a\": 1}\n", &["{\"a\": 1}"][..]),
            ("true", &["true"]),
            ("\"a\"", &["\"a\""]),
            ("```json\n{\"a\": [1, 2]}\n```", &["{\"a\": [1, 2]}"]),
            ("Here is the answer: {\"a\": \"}\"} Anything else?", &["{\"a\": \"}\"}"]),
            ("<thinking>{ no json</thinking> [1]", &["[1]"]),
            ("<thinking>As in [1]: {\"a\": 0}.</thinking>{\"a\": 1}", &["[1]", "{\"a\": 0}", "{\"a\": 1}"]),
            ("{ \"kind\": 1", &[]),
            ("{\"{ \"kind\": 1}", &["{ \"kind\": 1}"]),
            ("[{\"a\": 1}, {\"a\": 2", &[]),
            ("[1] and {\"a\": [2], \"b\"", &["[1]"]),
            ("I cannot answer.", &[]),
            ("", &[]),
        ] {
            assert_eq!(find(text), expected, "{text}");
        }
    }
}
