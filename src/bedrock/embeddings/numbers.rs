//! The numbers of a vector, as they are written.

use std::fmt::Write;

use serde_json::value::RawValue;

/// Digits of a number that cannot be made shorter by knowing it for a 32-bit float.
const SHORT: usize = 12;

/// Writes a vector as a JSON array, with the service's own digits. Only those that do nothing but spell out a 32-bit float, as
/// `0.04361272603273392` does `0.043612726`, are written with as few as tell it: that is what models reckon with and what Snowflake's
/// VECTOR holds, and it is nearly half of an answer's size.
///
/// `None` when something in it is no number.
pub fn write(numbers: &[&RawValue]) -> Option<Box<str>> {
    let mut json = String::with_capacity(numbers.len() * 13 + 2);
    json.push('[');
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let digits = number.get();
        match digits.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => write_number(&mut json, digits),
            _ => return None,
        }
    }
    json.push(']');
    Some(json.into())
}

fn write_number(json: &mut String, digits: &str) {
    #[expect(clippy::cast_possible_truncation, reason = "it is looked at whether anything was lost")]
    let float = digits.parse::<f64>().ok().map(|number| (number, number as f32));
    match float.filter(|(number, short)| digits.len() > SHORT && f64::from(*short) == *number) {
        // Writing into memory cannot fail.
        Some((_, short)) => drop(write!(json, "{short:?}")),
        None => json.push_str(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Option<String> {
        write(&serde_json::from_str::<Vec<&RawValue>>(json).unwrap()).map(Into::into)
    }

    #[test]
    fn numbers_stay_the_numbers_that_they_are() {
        for (json, expected) in [
            ("[]", "[]"),
            ("[0.1, -2, 1e-7]", "[0.1,-2,1e-7]"),
            ("[0.04361272603273392,-0.0123291015625]", "[0.043612726,-0.012329102]"),
            ("[0.1234567890123456,1.0000000000000002]", "[0.1234567890123456,1.0000000000000002]"),
            ("[0.0000012345678896963364]", "[1.2345679e-6]"),
        ] {
            assert_eq!(written(json).as_deref(), Some(expected));
        }
        for json in ["[null]", "[\"1\"]", "[[1]]", "[true]"] {
            assert_eq!(written(json), None, "{json}");
        }
    }
}
