//! The options of the functions that ask Amazon Location. They are the same with either service; what one cannot do is refused by name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::function::{Options, Refusal, refused_option};
use crate::location::{Address, Bounds, Coordinate, Location, Operation, Point};

const GEOCODE: &[&str] =
    &["countries", "language", "bias", "bounding_box", "max_results", "min_relevance", "political_view", "time_zone"];
const REVERSE_GEOCODE: &[&str] = &["language", "max_results", "political_view", "time_zone"];
const SUGGEST: &[&str] = &["countries", "language", "bias", "bounding_box", "max_results", "political_view"];

/// Most results of each operation that both services give.
///
/// Source: `MaxResults` of `SearchPlaceIndexForText`, `…ForPosition` and `…ForSuggestions`; those of the Places API are all 100.
const MOST: u8 = 50;
const MOST_SUGGESTIONS: u8 = 15;

/// Suggestions that are asked for when nothing is said: the place index's own default.
const SUGGESTIONS: u8 = 5;

/// The options of one row, checked.
#[derive(Debug, Default)]
pub struct PlaceOptions {
    /// Most results, where that is said.
    pub max_results: Option<u8>,
    /// What is below it is no match.
    pub min_relevance: Option<f64>,
    countries: Vec<String>,
    language: Option<String>,
    bias: Option<Coordinate>,
    bounding_box: Option<Bounds>,
    political_view: Option<String>,
    time_zone: Option<bool>,
    /// What makes it another question, in canonical form; empty if nothing does.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Area {
    Edges([f64; 4]),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl PlaceOptions {
    /// Reads the options of an operation.
    ///
    /// # Errors
    ///
    /// An option that is unknown, cannot be, or cannot be had from the service that is set.
    pub fn read(json: Option<&str>, operation: Operation, location: &Location) -> Result<Self, Refusal> {
        let (known, most) = match operation {
            Operation::Geocode => (GEOCODE, MOST),
            Operation::ReverseGeocode => (REVERSE_GEOCODE, MOST),
            Operation::Suggest => (SUGGEST, MOST_SUGGESTIONS),
        };
        let options = Options::read(json, known)?;
        for name in known.iter().filter(|name| options.has(name)) {
            if let Some(why) = location.lacks(operation, name) {
                return Err(refused_option(name, why));
            }
        }
        let read = Self {
            max_results: options
                .get("max_results", &format!("a whole number from 1 to {most}"), |count| (1..=most).contains(count))?,
            min_relevance: options.get("min_relevance", "a number from 0 to 1", |least| (0.0..=1.0).contains(least))?,
            countries: countries(&options)?,
            language: options.get("language", "a language tag such as en or pt-BR", |tag: &String| is_language(tag))?,
            bias: bias(&options)?,
            bounding_box: bounding_box(&options)?,
            political_view: options
                .get("political_view", "a country in three letters, as in USA", |country: &String| is_country(country))?
                .map(|country| country.to_ascii_uppercase()),
            time_zone: options.get("time_zone", "true or false", |_| true)?,
            text: options.text_without(&[]),
        };
        if read.bias.is_some() && read.bounding_box.is_some() {
            return Err(refused_option("bounding_box", "excludes the option \"bias\": give one of them"));
        }
        Ok(read)
    }

    /// The search of an address.
    pub fn geocode<'a>(&self, text: Cow<'a, str>) -> Address<'a> {
        Address {
            text,
            most: self.max_results.unwrap_or(1),
            countries: self.countries.clone(),
            language: self.language.clone(),
            bias: self.bias,
            bounding_box: self.bounding_box,
            political_view: self.political_view.clone(),
            time_zone: self.time_zone.unwrap_or(true),
        }
    }

    /// The search of suggestions.
    pub fn suggest<'a>(&self, text: Cow<'a, str>) -> Address<'a> {
        Address { most: self.max_results.unwrap_or(SUGGESTIONS), time_zone: false, ..self.geocode(text) }
    }

    /// The search of a position.
    pub fn reverse_geocode(&self, coordinate: Coordinate) -> Point {
        Point {
            coordinate,
            most: self.max_results.unwrap_or(1),
            language: self.language.clone(),
            political_view: self.political_view.clone(),
            time_zone: self.time_zone.unwrap_or(true),
        }
    }
}

/// Both services take three letters; only the Places API takes two.
fn countries(options: &Options<'_>) -> Result<Vec<String>, Refusal> {
    let can_be = |countries: &Vec<String>| {
        (1..=100).contains(&countries.len()) && countries.iter().all(|country| is_country(country))
    };
    let countries = options.get("countries", "1 to 100 countries in three letters, as in [\"USA\"]", can_be)?;
    Ok(countries.unwrap_or_default().iter().map(|country| country.to_ascii_uppercase()).collect())
}

fn is_country(country: &str) -> bool {
    country.len() == 3 && country.bytes().all(|letter| letter.is_ascii_alphabetic())
}

fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
}

/// By name alone: of two numbers nobody knows which comes first.
fn bias(options: &Options<'_>) -> Result<Option<Coordinate>, Refusal> {
    let coordinate = |bias: &BTreeMap<String, f64>| {
        let [latitude, longitude] = ["latitude", "longitude"].map(|name| bias.get(name).copied());
        let coordinate = Coordinate { latitude: latitude?, longitude: longitude? };
        (bias.len() == 2 && coordinate.is_possible()).then_some(coordinate)
    };
    let allowed = "{\"latitude\": -90 to 90, \"longitude\": -180 to 180}";
    let bias = options.get("bias", allowed, |bias| coordinate(bias).is_some())?;
    Ok(bias.as_ref().and_then(coordinate))
}

fn bounding_box(options: &Options<'_>) -> Result<Option<Bounds>, Refusal> {
    let bounds = |given: &Area| {
        let [west, south, east, north] = match given {
            Area::Edges(edges) => *edges,
            Area::Named(named) => [named.west, named.south, named.east, named.north],
        };
        Bounds {
            south_west: Coordinate { latitude: south, longitude: west },
            north_east: Coordinate { latitude: north, longitude: east },
        }
    };
    let can_be = |given: &Area| {
        let Bounds { south_west, north_east } = bounds(given);
        south_west.is_possible() && north_east.is_possible() && south_west.latitude <= north_east.latitude
    };
    let allowed = "{\"west\", \"south\", \"east\", \"north\"} or an array of these four, in degrees";
    let given: Option<Area> = options.get("bounding_box", allowed, can_be)?;
    Ok(given.as_ref().map(bounds))
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;

    use super::*;
    use crate::function::Whose;
    use crate::location::IntendedUse;

    fn location(place_index: Option<&str>) -> Location {
        let config = SdkConfig::builder().build();
        Location::new(place_index.map(str::to_owned), IntendedUse::SingleUse, 100, config)
    }

    #[test]
    fn every_option_is_read() {
        let json = r#"{"bounding_box":{"east":3,"north":49,"south":48,"west":2},"countries":["fra","DEU"],"language":"fr","max_results":50,"min_relevance":0.5,"time_zone":false}"#;
        let options = PlaceOptions::read(Some(json), Operation::Geocode, &location(Some("index"))).unwrap();
        let address = options.geocode("Paris".into());
        assert_eq!(address.countries, ["FRA", "DEU"]);
        assert_eq!((address.most, address.time_zone, options.min_relevance), (50, false, Some(0.5)));
        assert_eq!(address.bounding_box.unwrap().north_east, Coordinate { latitude: 49.0, longitude: 3.0 });
        let edges = r#"{"bounding_box":[2,48,3,49]}"#;
        let edges = PlaceOptions::read(Some(edges), Operation::Suggest, &location(None)).unwrap();
        assert_eq!((edges.suggest("x".into()).bounding_box, edges.suggest("x".into()).most), (address.bounding_box, 5));
        let json = r#"{"bias":{"latitude":48,"longitude":2},"political_view":"usa"}"#;
        let options = PlaceOptions::read(Some(json), Operation::Geocode, &location(None)).unwrap();
        let address = options.geocode("Paris".into());
        assert_eq!(address.political_view.as_deref(), Some("USA"));
        assert_eq!(address.bias, Some(Coordinate { latitude: 48.0, longitude: 2.0 }));
        assert_eq!((address.most, address.time_zone), (1, true));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let (index, places) = (location(Some("index")), location(None));
        for (json, operation, location, expected) in [
            (r#"{"countries":"USA"}"#, Operation::Geocode, &index, "\"countries\" must be 1 to 100"),
            (r#"{"countries":[]}"#, Operation::Geocode, &index, "\"countries\" must be"),
            (r#"{"countries":["US"]}"#, Operation::Suggest, &places, "\"countries\" must be"),
            (r#"{"language":"english please"}"#, Operation::Geocode, &index, "\"language\" must be"),
            (r#"{"bias":{"latitude":91,"longitude":0}}"#, Operation::Geocode, &index, "\"bias\" must be"),
            (r#"{"bias":[1,2]}"#, Operation::Geocode, &index, "\"bias\" must be"),
            (r#"{"bounding_box":[2,49,3,48]}"#, Operation::Geocode, &index, "\"bounding_box\" must be"),
            (
                r#"{"bounding_box":[2,48,3,49]}"#,
                Operation::Geocode,
                &places,
                "\"bounding_box\" cannot be had from the Places",
            ),
            (
                r#"{"bias":{"latitude":1,"longitude":0},"bounding_box":[2,48,3,49]}"#,
                Operation::Geocode,
                &index,
                "excludes",
            ),
            (r#"{"max_results":0}"#, Operation::Geocode, &index, "\"max_results\" must be a whole number from 1 to 50"),
            (r#"{"max_results":16}"#, Operation::Suggest, &places, "1 to 15"),
            (r#"{"min_relevance":1.1}"#, Operation::Geocode, &index, "\"min_relevance\" must be a number from 0 to 1"),
            (r#"{"min_relevance":0.1}"#, Operation::ReverseGeocode, &index, "no option \"min_relevance\""),
            (
                r#"{"political_view":"USA"}"#,
                Operation::Geocode,
                &index,
                "\"political_view\" cannot be had from a place index",
            ),
            (r#"{"political_view":"U1A"}"#, Operation::ReverseGeocode, &places, "\"political_view\" must be"),
            (r#"{"time_zone":1}"#, Operation::Geocode, &places, "\"time_zone\" must be true or false"),
        ] {
            let refusal = PlaceOptions::read(Some(json), operation, location).unwrap_err();
            assert!(refusal.whose == Whose::Options && refusal.message.contains(expected), "{}", refusal.message);
        }
    }
}
