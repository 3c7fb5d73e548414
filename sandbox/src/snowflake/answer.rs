//! The checks of a 200.

use serde_json::{Map, Value};

use super::error::ResponseProblem;
use super::options::QueryOptions;

/// The largest answer of a batch.
pub(super) const RESPONSE_LIMIT: usize = 10 * 1024 * 1024;

/// The values of a batch's rows, in their order.
pub(super) fn values(body: &[u8], rows: usize, options: &QueryOptions) -> Result<Vec<Value>, ResponseProblem> {
    if body.len() > RESPONSE_LIMIT {
        return Err(ResponseProblem::TooLarge(body.len()));
    }
    let top: Value = serde_json::from_slice(body).map_err(|_| ResponseProblem::NotJson)?;
    let Value::Object(mut top) = top else { return Err(ResponseProblem::NoData) };
    let data = data(&mut top)?;
    if data.len() != rows {
        return Err(ResponseProblem::Count { expected: rows, found: data.len() });
    }
    let variant = options.return_type.eq_ignore_ascii_case("VARIANT");
    let mut values = Vec::with_capacity(rows);
    for (index, row) in data.into_iter().enumerate() {
        let (number, value) = match row {
            Value::Array(row) => match <[Value; 2]>::try_from(row) {
                Ok([number, value]) => (number, value),
                Err(row) => return Err(ResponseProblem::NoPair { index, elements: row.len() }),
            },
            _ => return Err(ResponseProblem::NoPair { index, elements: 0 }),
        };
        if number.as_u64() != u64::try_from(index).ok() {
            return Err(ResponseProblem::Order(index));
        }
        if value.is_null() && options.not_null {
            return Err(ResponseProblem::Null(index));
        }
        if variant && value.as_str().is_some_and(is_quoted) {
            return Err(ResponseProblem::DoubleEncoded(index));
        }
        if !is_of(&options.return_type, &value) {
            return Err(ResponseProblem::Type { index, declared: options.return_type.clone() });
        }
        values.push(value);
    }
    Ok(values)
}

/// Whether a value is what a function of this type is to return; anything is a VARIANT.
fn is_of(declared: &str, value: &Value) -> bool {
    let name = declared.split('(').next().unwrap_or_default().trim().to_ascii_uppercase();
    value.is_null()
        || match name.as_str() {
            "VARCHAR" => value.is_string(),
            "OBJECT" => value.is_object(),
            "ARRAY" => value.is_array(),
            "BOOLEAN" => value.is_boolean(),
            "NUMBER" | "FLOAT" => value.is_number(),
            _ => true,
        }
}

fn data(top: &mut Map<String, Value>) -> Result<Vec<Value>, ResponseProblem> {
    match top.remove("data") {
        Some(Value::Array(data)) if top.is_empty() => Ok(data),
        Some(Value::Array(_)) => Err(ResponseProblem::MoreThanData),
        _ => Err(ResponseProblem::NoData),
    }
}

/// The mark of a string that was encoded twice.
fn is_quoted(text: &str) -> bool {
    text.len() > 1 && text.starts_with('"') && text.ends_with('"')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: &str, rows: usize) -> Result<Vec<Value>, ResponseProblem> {
        let mut options = QueryOptions::new("f");
        options.not_null = body.contains("null");
        values(body.as_bytes(), rows, &options)
    }

    #[test]
    fn a_proper_answer_passes() {
        let expected = vec![json!({"a": 1}), json!("x")];
        assert_eq!(check(r#"{"data": [[0, {"a": 1}], [1, "x"]]}"#, 2), Ok(expected));
        assert_eq!(check(r#"{"data": []}"#, 0), Ok(Vec::new()));
    }

    #[test]
    fn every_fault_is_named() {
        use ResponseProblem as Problem;
        for (body, problem) in [
            ("{", Problem::NotJson),
            ("[]", Problem::NoData),
            (r#"{"rows": []}"#, Problem::NoData),
            (r#"{"data": {}}"#, Problem::NoData),
            (r#"{"data": [[0, 1]], "more": 1}"#, Problem::MoreThanData),
            (r#"{"data": []}"#, Problem::Count { expected: 1, found: 0 }),
            (r#"{"data": [[0, 1], [1, 1]]}"#, Problem::Count { expected: 1, found: 2 }),
            (r#"{"data": [[0]]}"#, Problem::NoPair { index: 0, elements: 1 }),
            (r#"{"data": ["x"]}"#, Problem::NoPair { index: 0, elements: 0 }),
            (r#"{"data": [[1, 1]]}"#, Problem::Order(0)),
            (r#"{"data": [["0", 1]]}"#, Problem::Order(0)),
            (r#"{"data": [[0.0, 1]]}"#, Problem::Order(0)),
            (r#"{"data": [[0, "\"x\""]]}"#, Problem::DoubleEncoded(0)),
            (r#"{"data": [[0, null]]}"#, Problem::Null(0)),
        ] {
            assert_eq!(check(body, 1), Err(problem), "{body}");
        }
        let large = " ".repeat(RESPONSE_LIMIT + 1);
        assert_eq!(check(&large, 0), Err(Problem::TooLarge(RESPONSE_LIMIT + 1)));
    }

    #[test]
    fn a_value_is_of_the_declared_type() {
        for (declared, good, bad) in [
            ("VARCHAR(16)", r#""x""#, "1"),
            ("object", "{}", "[]"),
            ("ARRAY", "[]", r#""[]""#),
            ("BOOLEAN", "true", r#""true""#),
            ("FLOAT", "1.5", r#""1.5""#),
        ] {
            let options = QueryOptions { return_type: declared.to_owned(), ..QueryOptions::new("f") };
            let check = |value: &str| values(format!(r#"{{"data": [[0, {value}]]}}"#).as_bytes(), 1, &options);
            assert!(check(good).is_ok() && check("null").is_ok(), "{declared}");
            let problem = ResponseProblem::Type { index: 0, declared: declared.to_owned() };
            assert_eq!(check(bad), Err(problem), "{declared}");
        }
    }

    #[test]
    fn the_texts_are_snowflakes() {
        let problem = ResponseProblem::NoPair { index: 0, elements: 1 };
        assert_eq!(problem.to_string(), "index 0 contains 1 elements, but 2 elements are expected");
        let error = super::super::QueryError::Response {
            function: "F".to_owned(),
            batch_id: "B".to_owned(),
            problem: ResponseProblem::NoData,
        };
        assert_eq!(
            error.to_string(),
            "Error parsing JSON response for external function F with request batch id: B. Error: top-level JSON \
             object must contain \"data\" JSON array element"
        );
    }
}
