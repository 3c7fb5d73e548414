//! Reading the members of a request as both services do, and their refusals.

use serde_json::{Map, Value, json};

use super::super::reply::Reply;

/// No members but these.
pub(in crate::aws) fn only(body: &Map<String, Value>, names: &[&str]) -> Result<(), Reply> {
    match body.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(refused("UnknownField", name, "The field is not known.")),
        None => Ok(()),
    }
}

/// A text of 1 to 200 characters.
pub(in crate::aws) fn text(body: &Map<String, Value>, name: &str) -> Result<String, Reply> {
    let text = match body.get(name) {
        None | Some(Value::Null) => return Err(refused("Missing", name, "The field is required.")),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(refused("CannotParse", name, "The field must be a string.")),
    };
    if !(1..=200).contains(&text.chars().count()) {
        return Err(failed(name, "The length must be between 1 and 200."));
    }
    Ok(text)
}

/// `MaxResults`.
pub(in crate::aws) fn most(body: &Map<String, Value>, default: usize, limit: usize) -> Result<usize, Reply> {
    let Some(most) = body.get("MaxResults") else {
        return Ok(default);
    };
    let most = most.as_u64().and_then(|most| usize::try_from(most).ok());
    most.filter(|most| (1..=limit).contains(most))
        .ok_or_else(|| failed("MaxResults", &format!("The value must be between 1 and {limit}.")))
}

/// A longitude and a latitude.
pub(in crate::aws) fn position(body: &Map<String, Value>, name: &str) -> Result<Option<[f64; 2]>, Reply> {
    let position = numbers::<2>(body, name)?;
    let is_on_earth =
        |[longitude, latitude]: &[f64; 2]| (-180.0..=180.0).contains(longitude) && (-90.0..=90.0).contains(latitude);
    match position {
        Some(position) if !is_on_earth(&position) => Err(failed(name, "The value must be [longitude, latitude].")),
        position => Ok(position),
    }
}

/// Countries in three letters.
pub(in crate::aws) fn countries(body: &Map<String, Value>, name: &str) -> Result<Vec<String>, Reply> {
    let countries = texts(body, name, 100)?;
    if countries.iter().any(|code| code.len() != 3 || !code.bytes().all(|letter| letter.is_ascii_uppercase())) {
        return Err(failed(name, "Each value must be a country in three upper-case letters."));
    }
    Ok(countries)
}

pub(in crate::aws) fn numbers<const N: usize>(
    body: &Map<String, Value>,
    name: &str,
) -> Result<Option<[f64; N]>, Reply> {
    let Some(value) = body.get(name) else {
        return Ok(None);
    };
    let numbers: Option<Vec<f64>> = value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
    let numbers = numbers.and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
    numbers.map(Some).ok_or_else(|| failed(name, &format!("The value must be {N} numbers.")))
}

pub(in crate::aws) fn texts(body: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<String>, Reply> {
    let Some(value) = body.get(name) else {
        return Ok(Vec::new());
    };
    let texts: Option<Vec<String>> =
        value.as_array().and_then(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    texts
        .filter(|texts| (1..=most).contains(&texts.len()))
        .ok_or_else(|| failed(name, &format!("The value must be 1 to {most} strings.")))
}

/// `PoliticalView`.
pub(in crate::aws) fn view(body: &Map<String, Value>) -> Result<(), Reply> {
    match body.get("PoliticalView").map(|view| view.as_str().unwrap_or_default()) {
        Some(view) if view.len() != 3 || !view.bytes().all(|letter| letter.is_ascii_uppercase()) => {
            Err(failed("PoliticalView", "The value must be a country in upper-case letters."))
        }
        _ => Ok(()),
    }
}

/// The refusal of a body that is no object.
pub(in crate::aws) fn unreadable() -> Reply {
    let message = "The request body is not a JSON object.";
    let body = json!({"message": message, "reason": "CannotParse", "fieldList": []});
    Reply::error_with(400, "ValidationException", &body)
}

pub(in crate::aws) fn failed(field: &str, message: &str) -> Reply {
    refused("FieldValidationFailed", field, message)
}

pub(in crate::aws) fn refused(reason: &str, field: &str, message: &str) -> Reply {
    Reply::error_with(
        400,
        "ValidationException",
        &json!({
            "message": format!("{field}: {message}"),
            "reason": reason,
            "fieldList": [{"name": field, "message": message}],
        }),
    )
}
