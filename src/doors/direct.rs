//! A direct invocation: `{"function": "get_coordinate", "data": [[0, "…"], …]}` answers `{"data": [[0, value], …]}`.

use serde_json::value::RawValue;
use tokio::time::Instant;

use super::event::{Members, text};
use super::{CallError, House};
use crate::snowflake::{request, response};

/// Whether the event is a direct invocation.
pub fn recognises(event: &Members) -> bool {
    event.function.is_some()
}

/// Answers the rows.
///
/// # Errors
///
/// The same as for a request over HTTP.
pub async fn answer(house: &House, event: &Members, deadline: Instant) -> Result<Box<RawValue>, CallError> {
    let reject = |what: &str| CallError::Rejected(what.to_owned());
    let name = text(event.function.as_deref()).ok_or_else(|| reject(r#""function" must be the name of a function"#))?;
    let function = house.functions.find(&name).map_err(CallError::Rejected)?;
    let data = event.data.as_deref().ok_or_else(|| reject(r#"give the rows as "data": [[0, argument, …], …]"#))?;
    let rows = request::parse_data(data.get(), function.parameters())?;
    let answers = house.answer(function, &rows.arguments, deadline).await?;
    RawValue::from_string(response::write(&rows.numbers, &answers)).map_err(|_| CallError::Unavailable)
}
