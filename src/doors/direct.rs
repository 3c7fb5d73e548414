//! A direct invocation, by `sam local invoke`, `aws lambda invoke` or Step Functions.
//!
//! `{"function": "get_coordinate", "data": [[0, "…"], …]}` answers `{"data": [[0, value], …]}`. With `arguments` in the
//! place of `data` it is one call, and the answer is the value itself.

use std::borrow::Cow;

use tokio::time::Instant;

use super::arguments;
use super::event::{Members, text};
use crate::batch::Plan;
use crate::calls::{CallError, House};
use crate::snowflake::{request, response};

/// Whether the event is a direct invocation.
pub fn recognises(event: &Members) -> bool {
    event.function.is_some()
}

/// Answers the rows, or the one call.
///
/// # Errors
///
/// The same as for a request over HTTP.
pub async fn answer(house: &House, event: &Members, deadline: Instant) -> Result<String, CallError> {
    let reject = |what: &str| CallError::Rejected(what.to_owned());
    let name = text(event.function.as_deref()).ok_or_else(|| reject("\"function\" must be the name of a function"))?;
    let function = house.function(&name)?;
    let parameters = function.parameters();
    match (event.data.as_deref(), event.arguments.as_deref()) {
        (Some(data), None) => {
            let rows = request::parse_data(data.get(), parameters)?;
            let answers = house.answer(function, &Plan::of(function, &rows.arguments), deadline).await?;
            Ok(response::write(&rows.numbers, &answers))
        }
        (None, Some(given)) => {
            let rows = [arguments::read(given, parameters).map_err(CallError::Rejected)?];
            let answers = house.answer(function, &Plan::of(function, &rows), deadline).await?;
            Ok(answers.json().next().map_or_else(|| "null".to_owned(), Cow::into_owned))
        }
        _ => Err(reject(
            "give the rows as \"data\": [[0, argument, …], …], or the arguments of one call as \"arguments\": [argument, …]",
        )),
    }
}
