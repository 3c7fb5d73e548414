//! The current Places API, which needs no resource of the account. Its host has no prefix, so that a moved endpoint stays as given.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_geoplaces::Client;
use aws_sdk_geoplaces::config::Builder;
use aws_sdk_geoplaces::types::{
    self, GeocodeAdditionalFeature, GeocodeFilter, GeocodeIntendedUse, PlaceType, ReverseGeocodeAdditionalFeature,
    ReverseGeocodeIntendedUse, SuggestFilter, SuggestIntendedUse, SuggestResultItemType,
};

use super::{Address, Coordinate, Found, IntendedUse, Place, Point, Score};
use crate::function::{Code, Fault, Refusal};
use crate::sdk::{self, Service};

/// The Places API of one Region.
pub struct Places {
    intended_use: IntendedUse,
    config: SdkConfig,
    client: OnceLock<Client>,
}

impl Places {
    /// A client that is built when the first address is searched.
    pub fn new(intended_use: IntendedUse, config: SdkConfig) -> Self {
        Self { intended_use, config, client: OnceLock::new() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::from_conf(Builder::from(&self.config).interceptor(sdk::Headers).build()))
    }

    pub async fn geocode(&self, address: &Address<'_>) -> Result<Found<Place>, Fault> {
        let filter = (!address.countries.is_empty())
            .then(|| GeocodeFilter::builder().set_include_countries(Some(address.countries.clone())).build());
        let found = self
            .client()
            .geocode()
            .query_text(&*address.text)
            .max_results(address.most.into())
            .set_filter(filter)
            .set_language(address.language.clone())
            .set_bias_position(address.bias.map(|bias| bias.position().to_vec()))
            .set_political_view(address.political_view.clone())
            .set_additional_features(address.time_zone.then(|| vec![GeocodeAdditionalFeature::TimeZone]))
            .intended_use(match self.intended_use {
                IntendedUse::SingleUse => GeocodeIntendedUse::SingleUse,
                IntendedUse::Storage => GeocodeIntendedUse::Storage,
            })
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::Places, "geo-places:Geocode"))?;
        let place = |item: types::GeocodeResultItem| {
            let score = Score::of(item.match_scores.map(|scores| scores.overall));
            read(item.position, item.address, item.place_type, item.time_zone, score, None)
        };
        let results = found.result_items.into_iter().flatten().map(place).collect::<Result<_, _>>()?;
        Ok(Found { results, pricing_bucket: bucket(found.pricing_bucket) })
    }

    pub async fn reverse_geocode(&self, point: &Point) -> Result<Found<Place>, Fault> {
        let found = self
            .client()
            .reverse_geocode()
            .set_query_position(Some(point.coordinate.position().to_vec()))
            .max_results(point.most.into())
            .set_language(point.language.clone())
            .set_political_view(point.political_view.clone())
            .set_additional_features(point.time_zone.then(|| vec![ReverseGeocodeAdditionalFeature::TimeZone]))
            .intended_use(match self.intended_use {
                IntendedUse::SingleUse => ReverseGeocodeIntendedUse::SingleUse,
                IntendedUse::Storage => ReverseGeocodeIntendedUse::Storage,
            })
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::Places, "geo-places:ReverseGeocode"))?;
        let place = |item: types::ReverseGeocodeResultItem| {
            #[expect(clippy::cast_precision_loss, reason = "half of the earth's girth has eight digits of metres")]
            let distance = Some(item.distance as f64);
            read(item.position, item.address, item.place_type, item.time_zone, Score::ForPosition, distance)
        };
        let results = found.result_items.into_iter().flatten().map(place).collect::<Result<_, _>>()?;
        Ok(Found { results, pricing_bucket: bucket(found.pricing_bucket) })
    }

    /// The service has but one intended use for this: its answers may not be kept.
    pub async fn suggest(&self, text: &Address<'_>) -> Result<Found<String>, Fault> {
        let countries = (!text.countries.is_empty()).then(|| text.countries.clone());
        let bounds = text.bounding_box.map(|bounds| bounds.edges().to_vec());
        let filter = (countries.is_some() || bounds.is_some())
            .then(|| SuggestFilter::builder().set_include_countries(countries).set_bounding_box(bounds).build());
        let found = self
            .client()
            .suggest()
            .query_text(&*text.text)
            .max_results(text.most.into())
            .set_filter(filter)
            .set_language(text.language.clone())
            .set_bias_position(text.bias.map(|bias| bias.position().to_vec()))
            .set_political_view(text.political_view.clone())
            .intended_use(SuggestIntendedUse::SingleUse)
            .send()
            .await
            .map_err(|error| sdk::fault(&error, Service::Places, "geo-places:Suggest"))?;
        // The others are no places, but searches: a brand, a kind of shop.
        let places = found.result_items.into_iter().flatten();
        let places = places.filter(|item| item.suggest_result_item_type == SuggestResultItemType::Place);
        Ok(Found { results: places.map(|item| item.title).collect(), pricing_bucket: bucket(found.pricing_bucket) })
    }
}

fn bucket(name: String) -> Option<Box<str>> {
    (!name.is_empty()).then(|| name.into())
}

fn read(
    position: Option<Vec<f64>>,
    address: Option<types::Address>,
    place_type: PlaceType,
    time_zone: Option<types::TimeZone>,
    relevance: Score,
    distance: Option<f64>,
) -> Result<Place, Refusal> {
    let no_point = || Refusal::row(Code::ServiceError, "Amazon Location found a place without a point");
    let Coordinate { latitude, longitude } = position.as_deref().and_then(Coordinate::of).ok_or_else(no_point)?;
    let address = address.unwrap_or_else(|| types::Address::builder().build());
    Ok(Place {
        latitude,
        longitude,
        label: address.label,
        relevance,
        distance,
        country: address.country.and_then(|country| country.code3),
        region: address.region.and_then(|region| region.name.or(region.code)),
        municipality: address.locality,
        postal_code: address.postal_code,
        street: address.street,
        address_number: address.address_number,
        interpolated: Some(place_type == PlaceType::InterpolatedAddress),
        place_type: Some(place_type.as_str().to_owned()),
        time_zone: time_zone.map(|zone| zone.name),
    })
}
