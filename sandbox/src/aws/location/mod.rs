//! Location's Places API, version 0: SearchPlaceIndexForText.

pub(super) mod places;
mod search;
#[cfg(test)]
mod tests;

use super::operation::{Api, Operation};

/// The service.
pub(super) static LOCATION: Api = Api {
    signing_name: "geo",
    operations: &[Operation {
        name: "search_text",
        path: "/places/v0/indexes/{}/search/text",
        text: search::text,
        answer: search::answer,
    }],
};
