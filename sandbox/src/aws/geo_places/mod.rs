//! The current Places API: Geocode, ReverseGeocode and Suggest. It finds the same places as the place index.

mod answer;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::location::found;
use super::operation::{Api, Operation};

/// The service. It has no resource that a request would name: its targets are the operations.
pub(super) static GEO_PLACES: Api = Api {
    signing_name: "geo-places",
    operations: &[
        Operation { name: "geocode", path: "/v2/geocode", text, answer: |asked| found(asked, answer::geocode) },
        Operation {
            name: "reverse_geocode",
            path: "/v2/reverse-geocode",
            text,
            answer: |asked| found(asked, answer::reverse_geocode),
        },
        Operation { name: "suggest", path: "/v2/suggest", text, answer: |asked| found(asked, answer::suggest) },
    ],
};

/// The address, or the position.
fn text(body: &Value) -> String {
    match &body["QueryText"] {
        Value::String(text) => text.clone(),
        _ => body["QueryPosition"].to_string(),
    }
}
