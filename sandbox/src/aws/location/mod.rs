//! Location's Places API, version 0: a place index is searched for a text, a position or suggestions.

pub(super) mod fields;
mod nearby;
pub(super) mod places;
mod search;
#[cfg(test)]
mod tests;
pub(super) mod wanted;
mod words;

use serde_json::{Map, Value};

use super::faults::Fault;
use super::operation::{Api, Asked, Operation};
use super::reply::Reply;

/// The service.
pub(super) static LOCATION: Api = Api {
    signing_name: "geo",
    operations: &[
        Operation {
            name: "search_text",
            path: "/places/v0/indexes/{}/search/text",
            text,
            answer: |asked| of_index(asked, search::text),
        },
        Operation {
            name: "search_position",
            path: "/places/v0/indexes/{}/search/position",
            text,
            answer: |asked| of_index(asked, nearby::position),
        },
        Operation {
            name: "search_suggestions",
            path: "/places/v0/indexes/{}/search/suggestions",
            text,
            answer: |asked| of_index(asked, nearby::suggestions),
        },
    ],
};

/// What a search of a body finds; nothing if it is told so.
pub(super) type Search = fn(&Map<String, Value>, bool) -> Result<Reply, Reply>;

/// The address, or the position.
fn text(body: &Value) -> String {
    match &body["Text"] {
        Value::String(text) => text.clone(),
        _ => body["Position"].to_string(),
    }
}

/// Searches the one place index that there is.
fn of_index(asked: &Asked<'_>, search: Search) -> Result<Reply, Reply> {
    if asked.target != asked.options.place_index {
        let message = format!("Place index {} not found", asked.target);
        return Err(Reply::error(404, "ResourceNotFoundException", &message));
    }
    found(asked, search)
}

/// Searches.
pub(super) fn found(asked: &Asked<'_>, search: Search) -> Result<Reply, Reply> {
    let body = asked.body.and_then(Value::as_object).ok_or_else(fields::unreadable)?;
    search(body, asked.fault == Some(&Fault::NoText))
}
