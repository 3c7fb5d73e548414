//! A place index: the previous API of Amazon Location, with a resource of the account.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_location::Client;
use aws_sdk_location::config::Builder;
use aws_sdk_location::types;

use super::{Address, Coordinate, Found, Place, Point, Score, endpoint};
use crate::function::{Code, Fault, Refusal};
use crate::sdk::{self, Service};

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

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let config = Builder::from(&self.config).interceptor(sdk::Headers);
            Client::from_conf(endpoint::keep_as_given(config).build())
        })
    }

    pub async fn geocode(&self, address: &Address<'_>) -> Result<Found<Place>, Fault> {
        let found = self
            .client()
            .search_place_index_for_text()
            .index_name(&self.name)
            .text(&*address.text)
            .max_results(address.most.into())
            .set_filter_countries(some(&address.countries))
            .set_language(address.language.clone())
            .set_bias_position(address.bias.map(|bias| bias.position().to_vec()))
            .set_filter_b_box(address.bounding_box.map(|bounds| bounds.edges().to_vec()))
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::PlaceIndex, &self.name))?;
        let place = |result: types::SearchForTextResult| read(result.place, Score::of(result.relevance), None);
        let results = found.results.into_iter().map(place).collect::<Result<_, _>>()?;
        Ok(Found { results, pricing_bucket: None })
    }

    pub async fn reverse_geocode(&self, point: &Point) -> Result<Found<Place>, Fault> {
        let found = self
            .client()
            .search_place_index_for_position()
            .index_name(&self.name)
            .set_position(Some(point.coordinate.position().to_vec()))
            .max_results(point.most.into())
            .set_language(point.language.clone())
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::PlaceIndex, &self.name))?;
        let place =
            |result: types::SearchForPositionResult| read(result.place, Score::ForPosition, Some(result.distance));
        let results = found.results.into_iter().map(place).collect::<Result<_, _>>()?;
        Ok(Found { results, pricing_bucket: None })
    }

    pub async fn suggest(&self, text: &Address<'_>) -> Result<Found<String>, Fault> {
        let found = self
            .client()
            .search_place_index_for_suggestions()
            .index_name(&self.name)
            .text(&*text.text)
            .max_results(text.most.into())
            .set_filter_countries(some(&text.countries))
            .set_language(text.language.clone())
            .set_bias_position(text.bias.map(|bias| bias.position().to_vec()))
            .set_filter_b_box(text.bounding_box.map(|bounds| bounds.edges().to_vec()))
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::PlaceIndex, &self.name))?;
        Ok(Found { results: found.results.into_iter().map(|result| result.text).collect(), pricing_bucket: None })
    }
}

/// The service refuses an empty list.
fn some(countries: &[String]) -> Option<Vec<String>> {
    (!countries.is_empty()).then(|| countries.to_vec())
}

fn read(place: Option<types::Place>, relevance: Score, distance: Option<f64>) -> Result<Place, Refusal> {
    let no_point = || Refusal::row(Code::ServiceError, "Amazon Location found a place without a point");
    let place = place.ok_or_else(no_point)?;
    let point = place.geometry.and_then(|geometry| geometry.point);
    let Coordinate { latitude, longitude } = point.as_deref().and_then(Coordinate::of).ok_or_else(no_point)?;
    let is_interpolated = place.interpolated == Some(true);
    let place_type = place.categories.iter().flatten().find_map(|category| place_type(category, is_interpolated));
    Ok(Place {
        latitude,
        longitude,
        label: place.label,
        relevance,
        distance,
        country: place.country,
        region: place.region,
        municipality: place.municipality,
        postal_code: place.postal_code,
        street: place.street,
        address_number: place.address_number,
        interpolated: place.interpolated,
        place_type: place_type.map(str::to_owned),
        time_zone: place.time_zone.map(|zone| zone.name),
    })
}

/// A category of a place index in the words of the Places API; none for those that say what a point of interest is.
///
/// Source: the categories of Amazon Location's place indexes.
fn place_type(category: &str, is_interpolated: bool) -> Option<&'static str> {
    Some(match category {
        "AddressType" if is_interpolated => "InterpolatedAddress",
        "AddressType" => "PointAddress",
        "CountryType" => "Country",
        "IntersectionType" => "Intersection",
        "MunicipalityType" => "Locality",
        "NeighborhoodType" => "District",
        "PointOfInterestType" => "PointOfInterest",
        "PostalCodeType" => "PostalCode",
        "RegionType" => "Region",
        "StreetType" => "Street",
        "SubRegionType" => "SubRegion",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_has_a_word_of_the_places_api_and_what_is_no_kind_of_place_has_none() {
        for (category, word) in [
            ("AddressType", Some("PointAddress")),
            ("CountryType", Some("Country")),
            ("IntersectionType", Some("Intersection")),
            ("MunicipalityType", Some("Locality")),
            ("NeighborhoodType", Some("District")),
            ("PointOfInterestType", Some("PointOfInterest")),
            ("PostalCodeType", Some("PostalCode")),
            ("RegionType", Some("Region")),
            ("StreetType", Some("Street")),
            ("SubRegionType", Some("SubRegion")),
            ("Cafe", None),
        ] {
            assert_eq!(place_type(category, false), word, "{category}");
        }
        assert_eq!(place_type("AddressType", true), Some("InterpolatedAddress"));
        assert_eq!(place_type("StreetType", true), Some("Street"));
    }

    #[test]
    fn a_place_without_a_point_is_no_answer_and_categories_get_the_words_of_the_places_api() {
        assert_eq!(read(None, Score::Unknown, None).unwrap_err().code, Code::ServiceError);
        let place = |point: Vec<f64>| {
            let geometry = types::PlaceGeometry::builder().set_point(Some(point)).build();
            types::Place::builder()
                .geometry(geometry)
                .categories("Cafe")
                .categories("AddressType")
                .interpolated(true)
                .build()
        };
        assert!(read(Some(place(vec![1.0])), Score::Unknown, None).is_err());
        let read = read(Some(place(vec![2.0, 1.0])), Score::Of(0.5), None).unwrap();
        assert_eq!((read.latitude, read.longitude), (1.0, 2.0));
        assert_eq!((read.place_type.as_deref(), read.interpolated), (Some("InterpolatedAddress"), Some(true)));
        assert_eq!(read.country, None);
    }
}
