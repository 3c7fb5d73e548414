//! A search of one place index.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_location::Client;
use aws_sdk_location::config::Builder;

use super::endpoint;
use crate::function::{Code, Fault, Refusal};
use crate::sdk::{self, Service};

/// A point on the earth, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinate {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

/// A place index of Amazon Location.
pub struct PlaceIndex {
    name: String,
    config: SdkConfig,
    client: OnceLock<Client>,
}

impl PlaceIndex {
    /// A client that is built when the first address is searched.
    pub fn new(name: String, config: SdkConfig) -> Self {
        Self { name, config, client: OnceLock::new() }
    }

    /// The name of the place index.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Searches once; `None` when nothing matches.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`].
    pub async fn search(&self, address: &str) -> Result<Option<Coordinate>, Fault> {
        let client =
            self.client.get_or_init(|| Client::from_conf(endpoint::keep_as_given(Builder::from(&self.config)).build()));
        let found = client
            .search_place_index_for_text()
            .index_name(&self.name)
            .text(address)
            .max_results(1)
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::Location, &self.name))?;
        let Some(result) = found.results.into_iter().next() else {
            return Ok(None);
        };
        match result.place.and_then(|place| place.geometry).and_then(|geometry| geometry.point).as_deref() {
            // Amazon Location puts longitude first.
            Some([longitude, latitude, ..]) => Ok(Some(Coordinate { latitude: *latitude, longitude: *longitude })),
            _ => Err(Refusal::row(Code::ServiceError, "Amazon Location found a place without a point").into()),
        }
    }
}
