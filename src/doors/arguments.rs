//! The arguments of one call, by position or by name, as Pipes, direct invocations and Redshift give them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::function::{Argument, Kind, Parameter};
use crate::snowflake::request::expected_count;

/// Reads `["a", null]` or `{"name": "a"}` for these parameters.
///
/// # Errors
///
/// A sentence that says what is wrong, without the argument itself.
pub fn read<'a>(json: &'a RawValue, parameters: &[Parameter]) -> Result<Vec<Argument<'a>>, String> {
    let least = parameters.iter().take_while(|parameter| !parameter.optional).count();
    if let Ok(positions) = serde_json::from_str::<Vec<&RawValue>>(json.get()) {
        if !(least..=parameters.len()).contains(&positions.len()) {
            return Err(format!("expected {}, found {}", expected_count(parameters), positions.len()));
        }
        return parameters.iter().zip(positions).map(|(parameter, value)| argument(parameter, value)).collect();
    }
    let Ok(mut names) = serde_json::from_str::<HashMap<Cow<'a, str>, &RawValue>>(json.get()) else {
        return Err("expected the arguments as an array, or as an object by name".to_owned());
    };
    let arguments = parameters
        .iter()
        .map(|parameter| match names.remove(parameter.name) {
            Some(value) => argument(parameter, value),
            None if parameter.optional => Ok(Argument::Null),
            None => Err(format!("the argument {:?} is missing", parameter.name)),
        })
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(arguments);
    }
    let known: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    Err(format!("there are more arguments than {}", known.join(", ")))
}

/// The same for a caller that gives a single argument without an array around it.
///
/// # Errors
///
/// As [`read`].
pub fn read_or_single<'a>(json: &'a RawValue, parameters: &[Parameter]) -> Result<Vec<Argument<'a>>, String> {
    match parameters {
        [parameter, more @ ..] if json.get().starts_with('"') && more.iter().all(|parameter| parameter.optional) => {
            Ok(vec![argument(parameter, json)?])
        }
        _ => read(json, parameters),
    }
}

/// An argument; an object may come as the string of its JSON text, from callers that have no objects.
fn argument<'a>(parameter: &Parameter, value: &'a RawValue) -> Result<Argument<'a>, String> {
    let Parameter { name, kind, .. } = parameter;
    let json = value.get();
    let wrong = || format!("the argument {name:?} must be {} or null", kind.noun());
    match (kind, json.as_bytes().first()) {
        (_, Some(b'n')) => Ok(Argument::Null),
        (Kind::Text, Some(b'"')) => text(json).map(Argument::Text).ok_or_else(wrong),
        (Kind::Number, Some(b'-' | b'0'..=b'9')) => Ok(Argument::Number(json.into())),
        (Kind::Object | Kind::Json, Some(b'{' | b'[' | b'"')) => {
            let text = if json.starts_with('"') { text(json).ok_or_else(wrong)? } else { json.into() };
            let read = if *kind == Kind::Json { Argument::json } else { Argument::object };
            read(&text).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

/// A string; one with escapes cannot be borrowed.
fn text(json: &str) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str(json).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [Parameter; 2] = [Parameter::text("a"), Parameter::text("b")];
    const OPTIONAL: [Parameter; 2] = [Parameter::text("a"), Parameter::options("options")];

    fn read_as(json: &str, parameters: &[Parameter]) -> Result<Vec<Option<String>>, String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        let arguments = read(&raw, parameters)?;
        Ok(arguments.iter().map(|argument| argument.as_str().map(str::to_owned)).collect())
    }

    fn read_text(json: &str) -> Result<Vec<Option<String>>, String> {
        read_as(json, &TEXTS)
    }

    #[test]
    fn both_forms_are_read() {
        let expected = Ok(vec![Some("x\n".to_owned()), None]);
        assert_eq!(read_text(r#"["x\n",null]"#), expected);
        assert_eq!(read_text(r#"{"b":null,"a":"x\n"}"#), expected);
    }

    #[test]
    fn every_kind_is_read_and_objects_also_as_their_text() {
        const KINDS: [Parameter; 2] = [Parameter::number("n"), Parameter::options("options")];
        let expected = Ok(vec![Some("1.50".to_owned()), Some(r#"{"a":1,"b":2}"#.to_owned())]);
        for json in
            [r#"[1.50,{"b":2,"a":1}]"#, r#"[1.50,"{\"b\":2,\"a\":1}"]"#, r#"{"n":1.50,"options":"{\"a\":1,\"b\":2}"}"#]
        {
            assert_eq!(read_as(json, &KINDS), expected, "{json}");
        }
        let json = [Parameter::json("json")];
        for text in [r#"[["x", 1]]"#, r#"["[\"x\",1]"]"#] {
            assert_eq!(read_as(text, &json), Ok(vec![Some(r#"["x",1]"#.to_owned())]), "{text}");
        }
        assert!(read_as("[5]", &json).unwrap_err().contains("must be an array or an object or null"));
        assert_eq!(read_as("[1]", &KINDS), Ok(vec![Some("1".to_owned())]));
        assert_eq!(read_as(r#"{"n":1}"#, &KINDS), Ok(vec![Some("1".to_owned()), None]));
        for (json, expected) in [
            (r#"["1"]"#, "the argument \"n\" must be a number or null"),
            (r#"[1,"x"]"#, "the argument \"options\" must be an object or null"),
            (r#"[1,[]]"#, "the argument \"options\" must be an object or null"),
            ("[1,{},2]", "expected 1 or 2 arguments (n, options), found 3"),
            ("[]", "expected 1 or 2 arguments (n, options), found 0"),
        ] {
            assert_eq!(read_as(json, &KINDS), Err(expected.to_owned()), "{json}");
        }
    }

    #[test]
    fn a_single_argument_needs_no_array_around_it() {
        let read = |json: &str, parameters| {
            let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
            read_or_single(&raw, parameters).map(|arguments| arguments.len())
        };
        assert_eq!(read(r#""x""#, &TEXTS[..1]), Ok(1));
        assert_eq!(read(r#"["x"]"#, &TEXTS[..1]), Ok(1));
        assert_eq!(read(r#""x""#, &OPTIONAL), Ok(1));
        assert!(read(r#""x""#, &TEXTS).is_err());
        assert!(read("5", &TEXTS[..1]).is_err());
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
