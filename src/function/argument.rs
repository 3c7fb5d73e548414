//! Parameters, and the arguments of one row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::value::RawValue;

use super::Caller;

/// A parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What JSON it takes.
    pub kind: Kind,
    /// Whether it may be left out, or be NULL without the row being NULL.
    pub optional: bool,
}

/// What JSON a parameter takes, beside null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// An object. A caller that has no objects gives it as the string of its JSON text.
    Object,
    /// An object or an array, in the same way.
    Json,
}

impl Parameter {
    /// A parameter that is a string.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, optional: false }
    }

    /// A parameter that is a number.
    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number, optional: false }
    }

    /// A parameter that is an object.
    pub const fn object(name: &'static str) -> Self {
        Self { name, kind: Kind::Object, optional: false }
    }

    /// A parameter that is an object or an array.
    pub const fn json(name: &'static str) -> Self {
        Self { name, kind: Kind::Json, optional: false }
    }

    /// A parameter that is an object, and may be left out.
    pub const fn options(name: &'static str) -> Self {
        Self { name, kind: Kind::Object, optional: true }
    }
}

impl Kind {
    /// The kind in the words of an error.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Object => "an object",
            Self::Json => "an array or an object",
        }
    }
}

/// One argument of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Argument<'a> {
    /// NULL.
    Null,
    /// A string.
    Text(Cow<'a, str>),
    /// A number, with the digits that it came with.
    Number(Cow<'a, str>),
    /// An object or an array as canonical JSON text: members in the order of their names, no white space, numbers with their digits.
    Object(Cow<'a, str>),
}

/// Arrays and objects within each other, beyond which JSON is refused: what reads it calls itself.
const DEEPEST: usize = 64;

impl<'a> Argument<'a> {
    /// Reads an object into its canonical form.
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub fn object(json: &str) -> Result<Self, &'static str> {
        if json.trim_start().starts_with('{') { Self::json(json) } else { Err("something else") }
    }

    /// Reads an object or an array into its canonical form.
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub fn json(json: &str) -> Result<Self, &'static str> {
        if !json.trim_start().starts_with(['{', '[']) {
            return Err("something else");
        }
        let mut canonical = String::with_capacity(json.len());
        write_canonical(&mut canonical, json, DEEPEST)?;
        Ok(Self::Object(canonical.into()))
    }

    /// The text of the argument as it is asked for; none for NULL.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Number(text) | Self::Object(text) => Some(text),
        }
    }
}

fn write_canonical(canonical: &mut String, json: &str, depth: usize) -> Result<(), &'static str> {
    const MALFORMED: &str = "text that is not valid JSON";
    let depth = depth.checked_sub(1).ok_or("one that is nested too deep")?;
    let json = json.trim();
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
            canonical.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let _ = write!(canonical, "{comma}{}:", serde_json::Value::from(&**name));
                write_canonical(canonical, value.get(), depth)?;
            }
            canonical.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
            canonical.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    canonical.push(',');
                }
                write_canonical(canonical, item.get(), depth)?;
            }
            canonical.push(']');
        }
        Some(b'"') => {
            let text: Cow<'_, str> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
            let _ = write!(canonical, "{}", serde_json::Value::from(&*text));
        }
        _ => {
            serde_json::from_str::<&RawValue>(json).map_err(|_| MALFORMED)?;
            canonical.push_str(json);
        }
    }
    Ok(())
}

/// The arguments of one row, in the order of the parameters, and who asks. Those that were left out at the end are NULL.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    arguments: &'a [Argument<'a>],
    /// Who asks.
    pub caller: Caller<'a>,
}

impl<'a> Row<'a> {
    /// A row of these arguments.
    pub fn new(arguments: &'a [Argument<'a>], caller: Caller<'a>) -> Self {
        Self { arguments, caller }
    }

    /// Whether a parameter that is not optional is NULL.
    pub fn is_null(self, parameters: &[Parameter]) -> bool {
        let required = parameters.iter().take_while(|parameter| !parameter.optional).count();
        (0..required).any(|index| matches!(self.arguments.get(index), None | Some(Argument::Null)))
    }

    /// The text, the digits or the canonical JSON of the argument at that place; empty for NULL.
    pub fn text(self, index: usize) -> &'a str {
        self.get(index).unwrap_or_default()
    }

    /// The same; `None` for NULL.
    pub fn get(self, index: usize) -> Option<&'a str> {
        self.arguments.get(index).and_then(Argument::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_objects_have_one_form_and_numbers_keep_their_digits() {
        let canonical = |json: &str| Argument::object(json).map(|object| object.as_str().unwrap().to_owned());
        let expected = Ok(r#"{"a":[1.50,-2e3,{"x":null}],"b":"é\n"}"#.to_owned());
        assert_eq!(canonical(r#" {"b":"\u00e9\n", "a":[ 1.50,-2e3, {"x" : null}]} "#), expected);
        assert_eq!(canonical(r#"{"a":[1.50,-2e3,{"x":null}],"b":"é\n"}"#), expected);
        assert_eq!(canonical("{}"), Ok("{}".to_owned()));
        assert_eq!(canonical(r#"{"a":1,"a":2}"#), Ok(r#"{"a":2}"#.to_owned()), "the last of equal names holds");
    }

    #[test]
    fn an_array_is_json_and_no_object() {
        assert_eq!(Argument::json(r#"[ "a", {"b":1} ]"#), Ok(Argument::Object(r#"["a",{"b":1}]"#.into())));
        assert_eq!(Argument::json("\"a\""), Err("something else"));
        assert_eq!(Argument::object("[]"), Err("something else"));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for (json, expected) in [
            ("[1]", "something else"),
            ("", "something else"),
            ("{", "text that is not valid JSON"),
            (r#"{"a":tru}"#, "text that is not valid JSON"),
            (r#"{"a":"\ud800"}"#, "text that is not valid JSON"),
        ] {
            assert_eq!(Argument::object(json), Err(expected), "{json}");
        }
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Argument::object(&deep(62)).is_ok());
        assert_eq!(Argument::object(&deep(100_000)), Err("one that is nested too deep"));
    }

    #[test]
    fn null_propagates_but_for_what_is_optional() {
        const PARAMETERS: [Parameter; 3] = [Parameter::text("a"), Parameter::number("b"), Parameter::options("c")];
        let (text, number) = (Argument::Text("x".into()), Argument::Number("1".into()));
        for (row, is_null) in [
            (vec![text.clone(), number.clone()], false),
            (vec![text.clone(), number.clone(), Argument::Null], false),
            (vec![text.clone(), Argument::Null, Argument::Null], true),
            (vec![Argument::Null, number], true),
            (vec![text], true),
        ] {
            assert_eq!(Row::new(&row, Caller::default()).is_null(&PARAMETERS), is_null, "{row:?}");
        }
    }
}
