//! The arguments of one call, by position or by name, as Pipes, direct invocations and Redshift give them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::functions::Arguments;

/// Reads `["a", null]` or `{"name": "a"}` for the parameters of those names.
///
/// # Errors
///
/// A sentence that says what is wrong, without the argument itself.
pub fn read<'a>(json: &'a RawValue, parameters: &[&str]) -> Result<Arguments<'a>, String> {
    if let Ok(positions) = serde_json::from_str::<Vec<&RawValue>>(json.get()) {
        if positions.len() != parameters.len() {
            let (found, names) = (positions.len(), parameters.join(", "));
            return Err(format!("expected {} arguments ({names}), found {found}", parameters.len()));
        }
        return parameters.iter().zip(positions).map(|(name, value)| text(name, value)).collect();
    }
    let Ok(mut names) = serde_json::from_str::<HashMap<Cow<'a, str>, &RawValue>>(json.get()) else {
        return Err("expected the arguments as an array, or as an object by name".to_owned());
    };
    let arguments = parameters
        .iter()
        .map(|name| match names.remove(*name) {
            Some(value) => text(name, value),
            None => Err(format!("the argument {name:?} is missing")),
        })
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(arguments);
    }
    Err(format!("there are more arguments than {}", parameters.join(", ")))
}

/// The same for a caller that gives a single argument without an array around it.
///
/// # Errors
///
/// As [`read`].
pub fn read_or_single<'a>(json: &'a RawValue, parameters: &[&str]) -> Result<Arguments<'a>, String> {
    match parameters {
        [name] if json.get().starts_with('"') => Ok(vec![text(name, json)?]),
        _ => read(json, parameters),
    }
}

fn text<'a>(name: &str, value: &'a RawValue) -> Result<Option<Cow<'a, str>>, String> {
    if let Ok(text) = serde_json::from_str::<Option<&str>>(value.get()) {
        return Ok(text.map(Cow::Borrowed));
    }
    // A string with escapes cannot be borrowed.
    match serde_json::from_str(value.get()) {
        Ok(text) => Ok(Some(Cow::Owned(text))),
        Err(_) => Err(format!("the argument {name:?} must be a string or null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(json: &str) -> Result<Vec<Option<String>>, String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        read(&raw, &["a", "b"]).map(|arguments| arguments.into_iter().map(|text| text.map(Cow::into_owned)).collect())
    }

    #[test]
    fn both_forms_are_read() {
        let expected = Ok(vec![Some("x\n".to_owned()), None]);
        assert_eq!(read_text(r#"["x\n",null]"#), expected);
        assert_eq!(read_text(r#"{"b":null,"a":"x\n"}"#), expected);
    }

    #[test]
    fn a_single_argument_needs_no_array_around_it() {
        let read = |json: &str, parameters| {
            let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
            read_or_single(&raw, parameters).map(|arguments| arguments.len())
        };
        assert_eq!(read(r#""x""#, &["a"]), Ok(1));
        assert_eq!(read(r#"["x"]"#, &["a"]), Ok(1));
        assert!(read(r#""x""#, &["a", "b"]).is_err());
        assert!(read("5", &["a"]).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_argument() {
        for (json, expected) in [
            (r#"["secret"]"#, "expected 2 arguments (a, b), found 1"),
            (r#"{"a":"secret"}"#, "the argument \"b\" is missing"),
            (r#"{"a":"x","b":"y","secret":1}"#, "there are more arguments than a, b"),
            (r#"["x",5]"#, "the argument \"b\" must be a string or null"),
            (r#"["x","\ud800"]"#, "the argument \"b\" must be a string or null"),
            (r#""secret""#, "expected the arguments as an array, or as an object by name"),
        ] {
            assert_eq!(read_text(json), Err(expected.to_owned()), "{json}");
        }
    }
}
