//! Location's Places API, version 0: SearchPlaceIndexForText.

pub(super) mod places;
mod search;
#[cfg(test)]
mod tests;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

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
        let index = path.strip_prefix("/places/v0/indexes/")?.strip_suffix("/search/text")?;
        let target = percent_decode_str(index).decode_utf8().ok()?.into_owned();
        (*method == Method::POST && !index.contains('/')).then_some(Route { operation: "search_text", target })
    }

    fn text(&self, _: &Route, body: &Value) -> String {
        body["Text"].as_str().unwrap_or_default().to_owned()
    }

    fn answer(&self, route: &Route, body: Option<&Value>, fault: Option<&Fault>) -> Reply {
        if route.target != self.place_index {
            let message = format!("Place index {} not found", route.target);
            return Reply::error(404, "ResourceNotFoundException", &message);
        }
        let Some(body) = body.and_then(Value::as_object) else {
            return Reply::error_with(
                400,
                "ValidationException",
                &json!({"message": "The request body is not a JSON object.", "reason": "CannotParse", "fieldList": []}),
            );
        };
        search::Search::parse(body)
            .map(|search| search.answer(fault == Some(&Fault::NoText)))
            .unwrap_or_else(|refusal| refusal)
    }
}
