//! The places that can be found: real ones, in `data/places.json`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::words::{is_kind, tokens};

/// One place.
#[derive(Debug, Clone, Deserialize)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// The house number, where it has one.
    #[serde(default)]
    pub number: String,
    /// The street, where it has one.
    #[serde(default)]
    pub street: String,
    /// The city.
    #[serde(default)]
    pub municipality: String,
    /// The county or the like.
    #[serde(default)]
    pub sub_region: String,
    /// The state or the like.
    #[serde(default)]
    pub region: String,
    /// Its abbreviation.
    #[serde(default)]
    pub region_code: String,
    /// The postal code.
    #[serde(default)]
    pub postal_code: String,
    /// The country, in three letters.
    pub country: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Time zone.
    #[serde(default)]
    pub time_zone: String,
    /// Standard time's distance from UTC in seconds.
    #[serde(default)]
    pub offset: i32,
    /// Whether the text engine recommends it.
    #[serde(default)]
    pub restaurant: bool,
    /// Other words by which it is found.
    #[serde(default)]
    pub aliases: String,
}

impl Place {
    /// `3799 S Las Vegas Blvd`, or the name of a place without a street.
    #[must_use]
    pub fn address(&self) -> String {
        let order = if matches!(self.country.as_str(), "USA" | "CAN" | "GBR" | "FRA" | "AUS") {
            [&self.number, &self.street]
        } else {
            [&self.street, &self.number]
        };
        let parts: Vec<&str> = order.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if self.street.is_empty() { self.name.clone() } else { parts.join(" ") }
    }

    /// The whole address on one line.
    #[must_use]
    pub fn label(&self) -> String {
        let address = self.address();
        let region = if self.region_code.is_empty() { &self.region } else { &self.region_code };
        let mut parts: Vec<&str> = Vec::new();
        let all = [&self.name, &address, &self.municipality, region, &self.postal_code, &self.country];
        for part in all {
            if !part.is_empty() && !parts.contains(&part.as_str()) {
                parts.push(part);
            }
        }
        parts.join(", ")
    }
}

/// What kind of place one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::aws) enum Kind {
    Address,
    PointOfInterest,
    Locality,
}

impl Place {
    pub(in crate::aws) fn kind(&self) -> Kind {
        match self {
            Self { street, .. } if !street.is_empty() => Kind::Address,
            Self { name, municipality, .. } if name == municipality => Kind::Locality,
            _ => Kind::PointOfInterest,
        }
    }

    /// Longitude first, as the services have it.
    pub(in crate::aws) fn position(&self) -> [f64; 2] {
        [self.longitude, self.latitude]
    }
}

/// A place that was found.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) struct Found {
    pub(in crate::aws) place: &'static Place,
    /// The share of the query's words that are the place's.
    pub(in crate::aws) relevance: f64,
}

/// Least share of the words of a query that a place must have.
const LEAST_RELEVANCE: f64 = 0.6;

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

/// Every place.
#[must_use]
pub fn all() -> &'static [Place] {
    &INDEX.places
}

/// The places that an address or a name leads to, best first. This is what the service finds, so a test can
/// predict it.
#[must_use]
pub fn find(query: &str) -> Vec<&'static Place> {
    search(query).into_iter().map(|found| found.place).collect()
}

pub(in crate::aws) fn search(query: &str) -> Vec<Found> {
    INDEX.search(query)
}

/// Metres from a position within which a place is at it.
const NEAR: f64 = 50_000.0;

/// The places at a position, nearest first, with their distance in metres.
pub(in crate::aws) fn nearest(position: [f64; 2]) -> Vec<(&'static Place, f64)> {
    let mut places: Vec<_> = all().iter().map(|place| (place, metres(position, place.position()))).collect();
    places.retain(|(_, distance)| *distance <= NEAR);
    places.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    places
}

/// The places of whose words a text is the beginning: all of its words but the last are theirs, and the last begins one of them.
pub(in crate::aws) fn suggest(text: &str) -> Vec<Found> {
    let words = tokens(text);
    let Some((last, whole)) = words.split_last() else {
        return Vec::new();
    };
    let fits = |place: &&Place| {
        let words = tokens(&place.label());
        whole.iter().all(|word| words.contains(word)) && words.iter().any(|word| word.starts_with(last.as_str()))
    };
    all().iter().filter(fits).map(|place| Found { place, relevance: 1.0 }).collect()
}

/// The way over the globe.
pub(in crate::aws) fn metres([from_lon, from_lat]: [f64; 2], [to_lon, to_lat]: [f64; 2]) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let across = from_lat.to_radians().cos() * to_lat.to_radians().cos() * half(from_lon, to_lon);
    2.0 * 6_371_008.8 * (half(from_lat, to_lat) + across).sqrt().min(1.0).asin()
}

struct Index {
    places: Vec<Place>,
    words: HashMap<String, Vec<usize>>,
    /// For each place, the words of its name and of its street, without kinds of street.
    names: Vec<Vec<String>>,
    streets: Vec<Vec<String>>,
}

impl Index {
    fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
        let places: Vec<Place> =
            serde_json::from_str(include_str!("../../../data/places.json")).expect("places.json is valid");
        let mut words: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, place) in places.iter().enumerate() {
            let everything = format!("{} {} {}", place.label(), place.region, place.aliases);
            for word in tokens(&everything) {
                words.entry(word).or_default().push(at);
            }
        }
        let names = places.iter().map(|place| tokens(&place.name)).collect();
        let streets = places
            .iter()
            .map(|place| tokens(&place.street).into_iter().filter(|word| !is_kind(word)).collect())
            .collect();
        Self { places, words, names, streets }
    }

    fn search(&'static self, query: &str) -> Vec<Found> {
        let query = tokens(query);
        let mut shared = vec![0_u32; self.places.len()];
        for word in &query {
            for at in self.words.get(word).map_or(&[][..], Vec::as_slice) {
                shared[*at] += 1;
            }
        }
        let all = query.len() as f64;
        let mut found: Vec<Found> = shared
            .into_iter()
            .enumerate()
            .map(|(at, shared)| (at, f64::from(shared) / all))
            .filter(|(at, relevance)| *relevance >= LEAST_RELEVANCE && self.is_meant(*at, &query))
            .map(|(at, relevance)| Found { place: &self.places[at], relevance })
            .collect();
        // Stable: places that fit equally well stay in the order of the file.
        found.sort_by(|one, other| other.relevance.total_cmp(&one.relevance));
        found
    }

    /// Shared words are not enough: the house number and the street must be this place's, or its whole name, and
    /// no other house number, must be in the query.
    fn is_meant(&self, at: usize, query: &[String]) -> bool {
        let place = &self.places[at];
        let number = tokens(&place.number);
        let has = |word: &String| query.contains(word);
        let this_number = !number.is_empty() && number.iter().all(has);
        let this_street = self.streets[at].iter().any(has);
        let no_other_number = || {
            let of_place = |word: &&String| self.words.get(*word).is_some_and(|places| places.contains(&at));
            query.iter().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).all(|word| of_place(&word))
        };
        (this_number && this_street) || (self.names[at].iter().all(has) && (this_number || no_other_number()))
    }
}
