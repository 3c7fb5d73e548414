//! Location's Places API, version 0: a place index is searched for a text, a position or suggestions.

pub(super) mod fields;
mod nearby;
pub(super) mod places;
mod search;
#[cfg(test)]
mod tests;
pub(super) mod wanted;
mod words;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::AwsOptions;
use super::faults::Fault;
use super::reply::Reply;
use super::server::{Api, Route};

/// The service.
#[derive(Debug)]
pub(super) struct Location {
    place_index: String,
}

impl Location {
    pub(super) fn new(options: &AwsOptions) -> Self {
        Self { place_index: options.place_index.clone() }
    }
}

impl Api for Location {
    fn signing_name(&self) -> &'static str {
        "geo"
    }

    fn route(&self, method: &Method, path: &str) -> Option<Route> {
        let (index, kind) = path.strip_prefix("/places/v0/indexes/")?.rsplit_once("/search/")?;
        let operation = match kind {
            "text" => "search_text",
            "position" => "search_position",
            "suggestions" => "search_suggestions",
            _ => return None,
        };
        let target = percent_decode_str(index).decode_utf8().ok()?.into_owned();
        (*method == Method::POST && !index.contains('/')).then_some(Route { operation, target })
    }

    fn text(&self, _: &Route, body: &Value) -> String {
        match &body["Text"] {
            Value::String(text) => text.clone(),
            _ => body["Position"].to_string(),
        }
    }

    fn answer(&self, route: &Route, body: Option<&Value>, fault: Option<&Fault>) -> Reply {
        if route.target != self.place_index {
            let message = format!("Place index {} not found", route.target);
            return Reply::error(404, "ResourceNotFoundException", &message);
        }
        let Some(body) = body.and_then(Value::as_object) else {
            return fields::unreadable();
        };
        let nothing = fault == Some(&Fault::NoText);
        let answer = match route.operation {
            "search_text" => search::text(body, nothing),
            "search_position" => nearby::position(body, nothing),
            _ => nearby::suggestions(body, nothing),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }
}
