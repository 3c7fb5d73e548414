//! Amazon Redshift's Lambda UDFs.
//!
//! `{"external_function": "schema.name", "arguments": [[…], …], "num_records": n, …}` answers
//! `{"success": true, "num_records": n, "results": […]}` or `{"success": false, "error_msg": "…"}`.
//!
//! Source: "Creating a scalar Lambda UDF", in Redshift's documentation.

use serde_json::value::RawValue;
use tokio::time::Instant;

use super::arguments;
use super::event::{Members, text};
use crate::batch::Plan;
use crate::calls::{CallError, House, LARGEST_ANSWER};
use crate::function::{Argument, Caller};

/// Whether the event is Redshift's.
pub fn recognises(event: &Members) -> bool {
    event.external_function.is_some()
}

/// Answers the rows. What goes wrong is told in the answer, the moment's faults included.
pub async fn answer(house: &House, event: &Members, deadline: Instant) -> String {
    let answer = rows(house, event, deadline).await.map(|results| {
        format!(r#"{{"success":true,"num_records":{},"results":[{}]}}"#, results.len(), results.join(","))
    });
    match answer {
        Ok(answer) if answer.len() <= LARGEST_ANSWER => answer,
        Ok(answer) => {
            let length = answer.len();
            let what = format!(
                "the answers are {length} bytes, more than the {LARGEST_ANSWER} that Lambda takes: lower MAX_BATCH_ROWS"
            );
            serde_json::json!({"success": false, "error_msg": what}).to_string()
        }
        Err(error) => serde_json::json!({"success": false, "error_msg": error.to_string()}).to_string(),
    }
}

async fn rows(house: &House, event: &Members, deadline: Instant) -> Result<Vec<String>, CallError> {
    let reject = |what: &str| CallError::Rejected(what.to_owned());
    let name = text(event.external_function.as_deref()).ok_or_else(|| reject("external_function must be a name"))?;
    // Redshift gives the name as schema.function.
    let function = house.function(name.rsplit('.').next().unwrap_or(&name))?;
    let rows: Vec<Option<&RawValue>> = event
        .arguments
        .as_deref()
        .and_then(|rows| serde_json::from_str(rows.get()).ok())
        .ok_or_else(|| reject("arguments must be an array of rows"))?;
    if let Some(announced) = event.num_records.as_deref()
        && announced.get() != rows.len().to_string()
    {
        return Err(reject("num_records is not the number of rows in arguments"));
    }
    let parameters = function.parameters();
    let rows: Vec<Vec<Argument<'_>>> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| match row {
            // The documentation says that a row is an array "if the number of arguments is larger than 1".
            Some(row) => arguments::read_or_single(row, parameters)
                .map_err(|what| CallError::Rejected(format!("arguments[{index}]: {what}"))),
            // A row that is NULL has NULL in every place.
            None => Ok(vec![Argument::Null; parameters.len()]),
        })
        .collect::<Result<_, _>>()?;
    let (query_id, user) = (number_or_text(event.query_id.as_deref()), text(event.user.as_deref()));
    let caller = Caller { query_id: query_id.as_deref(), user: user.as_deref(), role: None };
    let answers = house.answer(function, &Plan::asked_by(caller, function, &rows), deadline).await?;
    Ok(answers.json().map(|json| as_varchar(&json)).collect())
}

/// The id of a query: the documentation shows a number.
fn number_or_text(member: Option<&RawValue>) -> Option<String> {
    text(member).or_else(|| Some(member?.get().to_owned()).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Redshift takes no objects from a Lambda UDF: they go as their JSON text.
fn as_varchar(json: &str) -> String {
    match json.as_bytes() {
        [b'{' | b'[', ..] => serde_json::Value::from(json).to_string(),
        _ => json.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_become_their_json_text() {
        assert_eq!(as_varchar(r#"{"latitude":1.5}"#), r#""{\"latitude\":1.5}""#);
        assert_eq!(as_varchar("{}"), "\"{}\"");
        assert_eq!(as_varchar("null"), "null");
        assert_eq!(as_varchar("\"text\""), "\"text\"");
    }
}
