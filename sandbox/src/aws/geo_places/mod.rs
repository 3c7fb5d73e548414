//! The current Places API: Geocode, ReverseGeocode and Suggest. It finds the same places as the place index.

mod answer;
#[cfg(test)]
mod tests;

use http::Method;
use serde_json::Value;

use super::faults::Fault;
use super::location::fields;
use super::reply::Reply;
use super::server::{Api, Route};

/// The service.
#[derive(Debug)]
pub(super) struct GeoPlaces;

const OPERATIONS: &[(&str, &str)] =
    &[("/v2/geocode", "geocode"), ("/v2/reverse-geocode", "reverse_geocode"), ("/v2/suggest", "suggest")];

impl Api for GeoPlaces {
    fn signing_name(&self) -> &'static str {
        "geo-places"
    }

    fn route(&self, method: &Method, path: &str) -> Option<Route> {
        let (_, operation) = OPERATIONS.iter().find(|(of, _)| *of == path)?;
        (*method == Method::POST).then(|| Route { operation, target: (*operation).to_owned() })
    }

    fn text(&self, _: &Route, body: &Value) -> String {
        match &body["QueryText"] {
            Value::String(text) => text.clone(),
            _ => body["QueryPosition"].to_string(),
        }
    }

    fn answer(&self, route: &Route, body: Option<&Value>, fault: Option<&Fault>) -> Reply {
        let Some(body) = body.and_then(Value::as_object) else {
            return fields::unreadable();
        };
        let nothing = fault == Some(&Fault::NoText);
        let answer = match route.operation {
            "geocode" => answer::geocode(body, nothing),
            "reverse_geocode" => answer::reverse_geocode(body, nothing),
            _ => answer::suggest(body, nothing),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }
}
