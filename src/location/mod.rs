//! Amazon Location: an address in, places out, and the reverse. Nothing outside this folder names a type of its SDKs.
//!
//! Two services answer the same questions in the same shape: a place index, where there is one, and the current Places API, which needs
//! no resource.

mod endpoint;
mod place_index;
mod places;
mod question;

use aws_config::SdkConfig;
use serde::Serialize;

pub use self::question::{Address, Bounds, Coordinate, Point};

use self::place_index::PlaceIndex;
use self::places::Places;
use crate::function::{Fault, Target, Told};

/// What Amazon Location's terms let be done with an answer.
///
/// Source: `IntendedUse` of `AWS::Location::PlaceIndex` and of the Places API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntendedUse {
    /// The answer may be used, but kept nowhere, the journal included.
    SingleUse,
    /// The answer may be kept.
    Storage,
}

/// What is asked of the service; each has a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Places of an address.
    Geocode,
    /// Places at a position.
    ReverseGeocode,
    /// What a text may be the beginning of.
    Suggest,
}

/// A place; what the service does not know of it is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Degrees north of the equator (WGS 84).
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// The whole address on one line.
    pub label: Option<String>,
    /// How well it fits the address, from 0 to 1; not for a position.
    #[serde(skip_serializing_if = "Score::is_for_a_position")]
    pub relevance: Score,
    /// Metres from the position; not for an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The country, in three letters.
    pub country: Option<String>,
    /// The state, province or the like.
    pub region: Option<String>,
    /// The city or the like.
    pub municipality: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The street.
    pub street: Option<String>,
    /// The house number.
    pub address_number: Option<String>,
    /// Whether the position was reckoned from those of other house numbers.
    pub interpolated: Option<bool>,
    /// What kind of place it is, in the words of the Places API.
    pub place_type: Option<String>,
    /// The name of its time zone.
    pub time_zone: Option<String>,
}

/// How well a place fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Score {
    /// From 0 to 1.
    Of(f64),
    /// The data provider does not say.
    Unknown,
    /// A position was asked for: there is nothing to fit.
    ForPosition,
}

impl Score {
    fn of(score: Option<f64>) -> Self {
        score.map_or(Self::Unknown, Self::Of)
    }

    fn is_for_a_position(&self) -> bool {
        *self == Self::ForPosition
    }
}

/// What a call has found, best first, and by what it is charged, where the service says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// The places or texts.
    pub results: Vec<T>,
    /// `Core`, `Advanced`, `Stored`, …
    pub pricing_bucket: Option<Box<str>>,
}

impl<T> Found<T> {
    /// What the service told beside the results.
    pub fn told(&self) -> Told {
        Told { pricing_bucket: self.pricing_bucket.clone(), ..Told::default() }
    }
}

/// Amazon Location in one Region.
pub struct Location {
    service: Service,
    intended_use: IntendedUse,
    per_second: u32,
}

enum Service {
    Index(PlaceIndex),
    Places(Places),
}

/// How much of a quota a place index lets pass in any part of a second, in percent: calls that are spread evenly over a second at all of
/// it are throttled.
///
/// Source: the quotas of Amazon Location's place indexes.
const OF_QUOTA: u32 = 80;

impl Location {
    /// A place index where one is named, otherwise the Places API; of each operation the account may make so many calls a second.
    pub fn new(place_index: Option<String>, intended_use: IntendedUse, per_second: u32, config: SdkConfig) -> Self {
        let service = match place_index {
            Some(name) => Service::Index(PlaceIndex::new(name, config)),
            None => Service::Places(Places::new(intended_use, config)),
        };
        Self { service, intended_use, per_second }
    }

    /// Whether the terms let answers be kept.
    pub fn may_be_kept(&self) -> bool {
        self.intended_use == IntendedUse::Storage
    }

    /// Why an option cannot be had from this service, if so.
    pub fn lacks(&self, operation: Operation, option: &str) -> Option<&'static str> {
        match (&self.service, operation, option) {
            (Service::Index(_), _, "political_view") => Some(
                "cannot be had from a place index: leave PLACE_INDEX_NAME empty to use the Places API, or leave the option out",
            ),
            (Service::Places(_), Operation::Geocode, "bounding_box") => Some(
                "cannot be had from the Places API: use countries or bias, or set PLACE_INDEX_NAME to a place index",
            ),
            _ => None,
        }
    }

    /// Whose quota an operation uses.
    pub fn target(&self, operation: Operation) -> Target {
        let quota = |percent: u32| Some((self.per_second * percent / 100).max(1));
        match (&self.service, operation) {
            (Service::Index(index), Operation::Geocode) => {
                target(format!("location {}", index.name()), quota(OF_QUOTA))
            }
            (Service::Index(index), Operation::ReverseGeocode) => {
                target(format!("location {} position", index.name()), quota(OF_QUOTA))
            }
            (Service::Index(index), Operation::Suggest) => {
                target(format!("location {} suggestions", index.name()), quota(OF_QUOTA))
            }
            (Service::Places(_), Operation::Geocode) => target("places geocode".to_owned(), quota(100)),
            (Service::Places(_), Operation::ReverseGeocode) => target("places reverse geocode".to_owned(), quota(100)),
            (Service::Places(_), Operation::Suggest) => target("places suggest".to_owned(), quota(100)),
        }
    }

    /// Searches an address once.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`].
    pub async fn geocode(&self, address: &Address<'_>) -> Result<Found<Place>, Fault> {
        match &self.service {
            Service::Index(index) => index.geocode(address).await,
            Service::Places(places) => places.geocode(address).await,
        }
    }

    /// Asks once what is at a position.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`].
    pub async fn reverse_geocode(&self, point: &Point) -> Result<Found<Place>, Fault> {
        match &self.service {
            Service::Index(index) => index.reverse_geocode(point).await,
            Service::Places(places) => places.reverse_geocode(point).await,
        }
    }

    /// Asks once what a text may be the beginning of.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`].
    pub async fn suggest(&self, text: &Address<'_>) -> Result<Found<String>, Fault> {
        match &self.service {
            Service::Index(index) => index.suggest(text).await,
            Service::Places(places) => places.suggest(text).await,
        }
    }
}

fn target(name: String, per_second: Option<u32>) -> Target {
    Target { name: name.into(), per_second }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_a_quota_of_its_own_of_which_a_place_index_lets_four_fifths_pass() {
        let target = |index: Option<&str>, per_second, operation| {
            let config = SdkConfig::builder().build();
            Location::new(index.map(str::to_owned), IntendedUse::SingleUse, per_second, config).target(operation)
        };
        let operations = [Operation::Geocode, Operation::ReverseGeocode, Operation::Suggest];
        for (index, per_second, expected) in
            [(Some("i"), 100, 80), (None, 100, 100), (Some("i"), 1, 1), (None, 200, 200)]
        {
            let targets = operations.map(|operation| target(index, per_second, operation));
            assert!(targets.iter().all(|target| target.per_second == Some(expected)), "{targets:?}");
            assert!(targets[0] != targets[1] && targets[1] != targets[2] && targets[0] != targets[2]);
        }
        assert_ne!(target(Some("i"), 1, Operation::Geocode).name, target(Some("j"), 1, Operation::Geocode).name);
    }
}
