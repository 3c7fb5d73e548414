//! Snowflake's response body: `{"data": [[row number, value], …]}`.

use std::borrow::Cow;

use crate::batch::Answers;

/// Snowflake's own limit of a response, counted before compression.
///
/// Source: "the maximum response size per batch is 10 MB", in its introduction to external functions.
pub const LARGEST: usize = 10_000_000;

/// Writes one pair for each row, with the numbers and in the order in which the rows came.
pub fn write(numbers: &[&str], answers: &Answers) -> String {
    let values: Vec<Cow<'_, str>> = answers.json().collect();
    let length: usize = numbers.iter().zip(&values).map(|(number, value)| number.len() + value.len() + 4).sum();
    let mut body = String::with_capacity(length + 12);
    body.push_str(r#"{"data":["#);
    for (index, (number, value)) in numbers.iter().zip(&values).enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push('[');
        body.push_str(number);
        body.push(',');
        body.push_str(value);
        body.push(']');
    }
    body.push_str("]}");
    body
}
