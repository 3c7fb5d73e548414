//! Snowflake's request body: `{"data": [[row number, argument, …], …]}`.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::function::{Argument, Kind, Parameter};

/// Most rows of one call. Snowflake sends some thousands; a body of nothing but short rows would hold millions, and end the environment.
pub const MOST_ROWS: usize = 100_000;

/// The rows of one call.
#[derive(Debug, Default, PartialEq)]
pub struct Rows<'a> {
    /// The number that each row came with, as it was written: an integer of any length.
    pub numbers: Vec<&'a str>,
    /// The arguments of each row, in the same order.
    pub arguments: Vec<Vec<Argument<'a>>>,
}

/// A body that is not what Snowflake sends. The text says where, and what was expected; it holds no row data.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Malformed(String);

/// Reads a whole body, for a function with these parameters.
///
/// # Errors
///
/// The first place at which the body is not as it should be.
pub fn parse<'a>(body: &'a str, parameters: &[Parameter]) -> Result<Rows<'a>, Malformed> {
    let place = Place::default();
    read(body, Body(Expected { parameters, place: &place }), &place)
}

/// Reads the value of `data` alone, as a direct invocation has it.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_data<'a>(data: &'a str, parameters: &[Parameter]) -> Result<Rows<'a>, Malformed> {
    let place = Place::default();
    place.set(At::Data);
    read(data, Data(Expected { parameters, place: &place }), &place)
}

fn read<'a>(
    json: &'a str,
    seed: impl DeserializeSeed<'a, Value = Rows<'a>>,
    place: &Place,
) -> Result<Rows<'a>, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let rows = seed.deserialize(&mut deserializer).map_err(|error| place.describe(&error))?;
    place.set(At::End);
    deserializer.end().map_err(|error| place.describe(&error))?;
    Ok(rows)
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Body,
    Data,
    Row(usize),
    Cell(usize, usize),
    End,
}

#[derive(Default)]
struct Place(Cell<At>);

impl Place {
    fn set(&self, at: At) {
        self.0.set(at);
    }

    fn describe(&self, error: &serde_json::Error) -> Malformed {
        let place = match self.0.get() {
            At::Body => "the body".to_owned(),
            At::Data => "data".to_owned(),
            At::Row(row) => format!("data[{row}]"),
            At::Cell(row, cell) => format!("data[{row}][{cell}]"),
            At::End => "after the body".to_owned(),
        };
        let text = error.to_string();
        let (what, position) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
        Malformed(match error.classify() {
            // Said here, below: the place says more than line and column.
            Category::Data => format!("{place}: {what}"),
            _ => format!("{place}: not valid JSON: {what} (line {position})"),
        })
    }
}

/// What the rows must hold, and where the reader is.
#[derive(Clone, Copy)]
struct Expected<'p> {
    parameters: &'p [Parameter],
    place: &'p Place,
}

/// Gives a visitor's refusals of every JSON type that it has no use for. serde's own would quote the value.
macro_rules! refuse {
    ($($method:ident($type:ty) = $found:literal),* $(,)?) => {
        $(fn $method<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(found::<_, E>(&self, $found))
        })*
    };
    (null) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Err(found::<_, E>(&self, "null"))
        }
    };
    (array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(found::<_, A::Error>(&self, "an array"))
        }
    };
    (object) => {
        fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(found::<_, A::Error>(&self, "an object"))
        }
    };
    (scalars) => {
        refuse! {
            visit_bool(bool) = "a boolean",
            visit_i64(i64) = "a number",
            visit_u64(u64) = "a number",
            visit_f64(f64) = "a number",
        }
    };
}

fn found<'de, V: Visitor<'de>, E: Error>(visitor: &V, found: &str) -> E {
    struct Expecting<'v, V>(&'v V);
    impl<'de, V: Visitor<'de>> fmt::Display for Expecting<'_, V> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(formatter)
        }
    }
    E::custom(format_args!("expected {}, found {found}", Expecting(visitor)))
}

struct Body<'p>(Expected<'p>);

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = Rows<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = Rows<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#"an object with the member "data""#)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != "data" {
                map.next_value::<IgnoredAny>()?;
            } else if rows.is_none() {
                self.0.place.set(At::Data);
                rows = Some(map.next_value_seed(Data(self.0))?);
                self.0.place.set(At::Body);
            } else {
                return Err(A::Error::custom(r#"the member "data" stands there twice"#));
            }
        }
        rows.ok_or_else(|| found::<_, A::Error>(&self, "an object without it"))
    }

    refuse!(scalars);
    refuse!(visit_str(&str) = "a string");
    refuse!(null);
    refuse!(array);
}

struct Data<'p>(Expected<'p>);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Rows<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = Rows<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut rows = Rows::default();
        self.0.place.set(At::Row(0));
        while let Some((number, arguments)) = items.next_element_seed(Row(self.0, rows.numbers.len()))? {
            if rows.numbers.len() >= MOST_ROWS {
                let message = format!("there are more than {MOST_ROWS} rows: lower MAX_BATCH_ROWS");
                return Err(A::Error::custom(message));
            }
            rows.numbers.push(number);
            rows.arguments.push(arguments);
            self.0.place.set(At::Row(rows.numbers.len()));
        }
        Ok(rows)
    }

    refuse!(scalars);
    refuse!(visit_str(&str) = "a string");
    refuse!(null);
    refuse!(object);
}

struct Row<'p>(Expected<'p>, usize);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = (&'de str, Vec<Argument<'de>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = (&'de str, Vec<Argument<'de>>);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an array of the row number and {}", expected_count(self.0.parameters))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Self::Value, A::Error> {
        let Self(Expected { parameters, place }, row) = self;
        place.set(At::Cell(row, 0));
        let Some(number) = cells.next_element::<&'de RawValue>()? else {
            place.set(At::Row(row));
            return Err(found::<_, A::Error>(&self, "an empty one"));
        };
        let number = integer(number)?;
        let mut arguments = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            place.set(At::Cell(row, index + 1));
            match cells.next_element_seed(OfKind(parameter.kind))? {
                Some(argument) => arguments.push(argument),
                None if parameter.optional => break,
                None => {
                    place.set(At::Row(row));
                    return Err(found::<_, A::Error>(&self, &format!("only {index}")));
                }
            }
        }
        place.set(At::Row(row));
        if cells.next_element::<IgnoredAny>()?.is_some() {
            return Err(found::<_, A::Error>(&self, "more"));
        }
        Ok((number, arguments))
    }

    refuse!(scalars);
    refuse!(visit_str(&str) = "a string");
    refuse!(null);
    refuse!(object);
}

/// A row number keeps its digits: it may be longer than any machine integer.
fn integer<E: Error>(number: &RawValue) -> Result<&str, E> {
    let text = number.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(E::custom("expected a row number, which is an integer"))
    }
}

/// How many arguments are expected, and their names: `3 or 4 arguments (a, b, c, options)`.
pub fn expected_count(parameters: &[Parameter]) -> String {
    let (most, least) = (parameters.len(), parameters.iter().take_while(|parameter| !parameter.optional).count());
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    let count = if least == most { most.to_string() } else { format!("{least} or {most}") };
    format!("{count} argument{} ({})", if most == 1 { "" } else { "s" }, names.join(", "))
}

/// One argument of that kind.
struct OfKind(Kind);

impl<'de> DeserializeSeed<'de> for OfKind {
    type Value = Argument<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0 == Kind::Text {
            return deserializer.deserialize_any(self);
        }
        let json = <&'de RawValue>::deserialize(deserializer)?.get();
        let what = match (self.0, json.as_bytes().first()) {
            (_, Some(b'n')) => return Ok(Argument::Null),
            (Kind::Number, Some(b'-' | b'0'..=b'9')) => return Ok(Argument::Number(json.into())),
            (Kind::Object | Kind::Json, Some(b'{')) | (Kind::Json, Some(b'[')) => match Argument::json(json) {
                Ok(json) => return Ok(json),
                Err(what) => what,
            },
            // Whether Snowflake sends an ARRAY as its JSON or as the text of it is not documented.
            (Kind::Json, Some(b'"')) => match serde_json::from_str::<String>(json).map(|text| Argument::json(&text)) {
                Ok(Ok(json)) => return Ok(json),
                _ => "a string",
            },
            (_, Some(b'{')) => "an object",
            (_, Some(b'[')) => "an array",
            (_, Some(b'"')) => "a string",
            (_, Some(b't' | b'f')) => "a boolean",
            _ => "a number",
        };
        Err(found::<_, D::Error>(&self, what))
    }
}

impl<'de> Visitor<'de> for OfKind {
    type Value = Argument<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.noun())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Argument::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Argument::Text(text.to_owned().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Argument::Null)
    }

    refuse!(scalars);
    refuse!(array);
    refuse!(object);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [Parameter; 2] = [Parameter::text("a"), Parameter::text("b")];

    fn error(body: &str) -> String {
        parse(body, &TEXTS).unwrap_err().to_string()
    }

    fn text(text: &str) -> Argument<'_> {
        Argument::Text(text.into())
    }

    #[test]
    fn rows_keep_numbers_of_any_length_and_nulls() {
        let body = "{\n\"data\":[\n[0,\"x\\n\",null],\n[99999999999999999999999999999999999999,\"é\",\"y\"]\n]\n,\"more\":{\"data\":1}}";
        let rows = parse(body, &TEXTS).unwrap();
        assert_eq!(rows.numbers, ["0", "99999999999999999999999999999999999999"]);
        assert_eq!(rows.arguments[0], [text("x\n"), Argument::Null]);
        assert_eq!(rows.arguments[1], [text("é"), text("y")]);
        assert_eq!(parse(r#"{"data":[]}"#, &TEXTS).unwrap(), Rows::default());
        assert_eq!(parse_data("[[-1]]", &[]).unwrap().numbers, ["-1"]);
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let rows = parse(r#"{"data":[[0,"plain",""]]}"#, &TEXTS).unwrap();
        assert!(matches!(rows.arguments[0][0], Argument::Text(Cow::Borrowed("plain"))));
    }

    const KINDS: [Parameter; 3] = [Parameter::text("a"), Parameter::number("n"), Parameter::options("options")];

    #[test]
    fn numbers_keep_their_digits_and_options_may_be_left_out() {
        let body = r#"{"data":[[0,"x",1.50],[1,"x",-0e1,null],[2,null,null,{"b":2.0,"a":"\u00e9"}]]}"#;
        let rows = parse(body, &KINDS).unwrap().arguments;
        let number = |digits: &'static str| Argument::Number(digits.into());
        assert_eq!(rows[0], [text("x"), number("1.50")]);
        assert_eq!(rows[1], [text("x"), number("-0e1"), Argument::Null]);
        assert_eq!(rows[2], [Argument::Null, Argument::Null, Argument::Object(r#"{"a":"é","b":2.0}"#.into())]);
    }

    #[test]
    fn an_array_may_come_as_its_text() {
        let parameters = [Parameter::json("labels")];
        for body in [r#"{"data":[[0,["a","b"]]]}"#, r#"{"data":[[0,"[\"a\", \"b\"]"]]}"#] {
            let rows = parse(body, &parameters).unwrap();
            assert_eq!(rows.arguments, [[Argument::Object(r#"["a","b"]"#.into())]]);
        }
        let error = parse(r#"{"data":[[0,"a"]]}"#, &parameters).unwrap_err();
        assert!(error.to_string().contains("found a string"), "{error}");
    }

    #[test]
    fn the_wrong_kind_is_named_with_its_place() {
        let row = "an array of the row number and 2 or 3 arguments (a, n, options)";
        for (cells, expected) in [
            (r#""x","5""#, "data[0][2]: expected a number, found a string".to_owned()),
            (r#""x",{}"#, "data[0][2]: expected a number, found an object".to_owned()),
            (r#""x",[1]"#, "data[0][2]: expected a number, found an array".to_owned()),
            (r#""x",true"#, "data[0][2]: expected a number, found a boolean".to_owned()),
            (r#""x",5,7"#, "data[0][3]: expected an object, found a number".to_owned()),
            (r#""x",5,"{}""#, "data[0][3]: expected an object, found a string".to_owned()),
            (r#""x",5,[]"#, "data[0][3]: expected an object, found an array".to_owned()),
            (r#"5,5,{}"#, "data[0][1]: expected a string, found a number".to_owned()),
            (r#""x""#, format!("data[0]: expected {row}, found only 1")),
            (r#""x",5,{},1"#, format!("data[0]: expected {row}, found more")),
        ] {
            let body = format!("{{\"data\":[[0,{cells}]]}}");
            assert_eq!(parse(&body, &KINDS).unwrap_err().to_string(), expected, "{cells}");
        }
    }

    #[test]
    fn more_rows_than_memory_holds_are_refused() {
        let body = |rows: usize| format!("{{\"data\":[{}[0]]}}", "[0],".repeat(rows - 1));
        assert_eq!(parse(&body(MOST_ROWS), &[]).unwrap().numbers.len(), MOST_ROWS);
        let error = parse(&body(MOST_ROWS + 1), &[]).unwrap_err().to_string();
        assert!(error.contains("more than 100000 rows: lower MAX_BATCH_ROWS"), "{error}");
    }

    #[test]
    fn an_error_names_the_place_and_what_was_expected() {
        let row = "an array of the row number and 2 arguments (a, b)";
        for (body, expected) in [
            ("[]", r#"the body: expected an object with the member "data", found an array"#.to_owned()),
            ("7", r#"the body: expected an object with the member "data", found a number"#.to_owned()),
            ("{}", r#"the body: expected an object with the member "data", found an object without it"#.to_owned()),
            (r#"{"data":null}"#, "data: expected an array of rows, found null".to_owned()),
            (r#"{"data":[],"data":[]}"#, r#"the body: the member "data" stands there twice"#.to_owned()),
            (r#"{"data":[[0,"x","y"],5]}"#, format!("data[1]: expected {row}, found a number")),
            (r#"{"data":[[]]}"#, format!("data[0]: expected {row}, found an empty one")),
            (r#"{"data":[[0,"x"]]}"#, format!("data[0]: expected {row}, found only 1")),
            (r#"{"data":[[0,"x","y","z"]]}"#, format!("data[0]: expected {row}, found more")),
            (r#"{"data":[["0","x","y"]]}"#, "data[0][0]: expected a row number, which is an integer".to_owned()),
            (r#"{"data":[[1.0,"x","y"]]}"#, "data[0][0]: expected a row number, which is an integer".to_owned()),
            (r#"{"data":[[0,"x",5]]}"#, "data[0][2]: expected a string, found a number".to_owned()),
            (r#"{"data":[[0,{"secret":1},"y"]]}"#, "data[0][1]: expected a string, found an object".to_owned()),
            (r#"{"data":[[0,["secret"],"y"]]}"#, "data[0][1]: expected a string, found an array".to_owned()),
            (r#"{"data":[[0,true,"y"]]}"#, "data[0][1]: expected a string, found a boolean".to_owned()),
        ] {
            assert_eq!(error(body), expected, "{body}");
        }
    }

    #[test]
    fn broken_json_names_the_place_too() {
        for (body, place) in [
            ("", "the body: not valid JSON: EOF"),
            (r#"{"data":[[0,"x","y"],[1,"x""#, "data[1][2]: not valid JSON: EOF"),
            (r#"{"data":[[0,"\ud800","y"]]}"#, "data[0][1]: not valid JSON: "),
            ("{\"data\":[[0,\"\u{1}\",\"y\"]]}", "data[0][1]: not valid JSON: control character"),
            (r#"{"data":[[0,"x","y"] [1]]}"#, "data[1]: not valid JSON: expected `,` or `]`"),
            (r#"{"data":[]} x"#, "after the body: not valid JSON: trailing characters"),
        ] {
            assert!(error(body).starts_with(place), "{}", error(body));
        }
        let deep = format!("{{\"other\":{}", "[".repeat(1_000_000));
        assert!(error(&deep).contains("not valid JSON: EOF"));
    }
}
