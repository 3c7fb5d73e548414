//! What each operation takes, and what it answers.

use serde_json::{Map, Value, json};

use super::super::location::fields;
use super::super::location::places::{self, Found, Kind, Place};
use super::super::location::wanted::Wanted;
use super::super::reply::Reply;

const GEOCODE: &[&str] = &[
    "QueryText",
    "MaxResults",
    "BiasPosition",
    "Filter",
    "AdditionalFeatures",
    "Language",
    "PoliticalView",
    "IntendedUse",
];
const REVERSE_GEOCODE: &[&str] =
    &["QueryPosition", "QueryRadius", "MaxResults", "AdditionalFeatures", "Language", "PoliticalView", "IntendedUse"];
const SUGGEST: &[&str] =
    &["QueryText", "MaxResults", "BiasPosition", "Filter", "Language", "PoliticalView", "IntendedUse"];

pub(super) fn geocode(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(body, GEOCODE)?;
    let text = fields::text(body, "QueryText")?;
    let wanted = wanted(body, &["IncludeCountries", "IncludePlaceTypes"])?;
    let terms = Terms::of(body, &["SingleUse", "Storage"])?;
    let found = wanted.of(if nothing { Vec::new() } else { places::search(&text) });
    let items: Vec<Value> = found
        .iter()
        .map(|found| {
            let mut item = terms.item(found.place);
            item["MatchScores"] = json!({"Overall": found.relevance});
            item
        })
        .collect();
    Ok(terms.reply(&json!({"ResultItems": items})))
}

pub(super) fn reverse_geocode(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(body, REVERSE_GEOCODE)?;
    let position = fields::position(body, "QueryPosition")?
        .ok_or_else(|| fields::refused("Missing", "QueryPosition", "The field is required."))?;
    let most = fields::most(body, 1, 100)?;
    let terms = Terms::of(body, &["SingleUse", "Storage"])?;
    let found = if nothing { Vec::new() } else { places::nearest(position) };
    let items: Vec<Value> = found
        .into_iter()
        .take(most)
        .map(|(place, metres)| {
            let mut item = terms.item(place);
            #[expect(clippy::cast_possible_truncation, reason = "the service says whole metres")]
            let metres = metres.round() as i64;
            item["Distance"] = json!(metres);
            item
        })
        .collect();
    Ok(terms.reply(&json!({"ResultItems": items})))
}

/// The last suggestion is a search and no place: the service mixes them.
pub(super) fn suggest(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(body, SUGGEST)?;
    let text = fields::text(body, "QueryText")?;
    let wanted = wanted(body, &["BoundingBox", "Circle", "IncludeCountries"])?;
    let terms = Terms { bucket: "Label", ..Terms::of(body, &["SingleUse"])? };
    let found: Vec<Found> = wanted.of(if nothing { Vec::new() } else { places::suggest(&text) });
    let place = |found: &Found| {
        json!({
            "Title": found.place.label(),
            "SuggestResultItemType": "Place",
            "Place": {"PlaceId": id(found.place), "PlaceType": place_type(found.place)},
        })
    };
    let mut items: Vec<Value> = found.iter().map(place).collect();
    if !items.is_empty() {
        let search = json!({"QueryId": "AQAA-sandbox", "QueryType": "Category"});
        items.push(json!({"Title": "Restaurant", "SuggestResultItemType": "Query", "Query": search}));
    }
    Ok(terms.reply(&json!({"ResultItems": items, "QueryRefinements": []})))
}

fn wanted(body: &Map<String, Value>, filters: &[&str]) -> Result<Wanted, Reply> {
    let none = Map::new();
    let filter = match body.get("Filter") {
        None => &none,
        Some(Value::Object(filter)) => filter,
        Some(_) => return Err(fields::refused("CannotParse", "Filter", "The field must be an object.")),
    };
    fields::only(filter, filters)?;
    let bias = fields::position(body, "BiasPosition")?;
    let within = fields::numbers::<4>(filter, "BoundingBox")?;
    if bias.is_some() && within.is_some() {
        return Err(fields::refused(
            "Other",
            "BiasPosition",
            "BiasPosition and Filter.BoundingBox exclude each other.",
        ));
    }
    let countries = fields::countries(filter, "IncludeCountries")?;
    Ok(Wanted { most: fields::most(body, 20, 100)?, bias, within, countries })
}

/// What is asked for besides the places, and what it costs.
struct Terms {
    time_zone: bool,
    bucket: &'static str,
}

impl Terms {
    fn of(body: &Map<String, Value>, uses: &[&str]) -> Result<Self, Reply> {
        let features = fields::texts(body, "AdditionalFeatures", 4)?;
        if features.iter().any(|feature| !["TimeZone", "Access", "Intersections"].contains(&feature.as_str())) {
            return Err(fields::failed("AdditionalFeatures", "The value is not one of the features."));
        }
        let intended = body.get("IntendedUse").map_or(Some("SingleUse"), Value::as_str);
        let Some(intended) = intended.filter(|intended| uses.contains(intended)) else {
            return Err(fields::failed("IntendedUse", &format!("The value must be one of {uses:?}.")));
        };
        fields::view(body)?;
        let time_zone = features.iter().any(|feature| feature == "TimeZone");
        let bucket = match intended {
            "Storage" => "Stored",
            _ if time_zone => "Advanced",
            _ => "Core",
        };
        Ok(Self { time_zone, bucket })
    }

    fn item(&self, place: &Place) -> Value {
        let mut address = json!({"Label": place.label(), "Country": {"Code3": place.country}});
        // The service leaves out what it does not know.
        let texts = [
            ("Locality", &place.municipality),
            ("PostalCode", &place.postal_code),
            ("Street", &place.street),
            ("AddressNumber", &place.number),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            address[name] = text.clone().into();
        }
        for (name, text) in [("Region", &place.region), ("SubRegion", &place.sub_region)] {
            if !text.is_empty() {
                address[name] = json!({"Name": text});
            }
        }
        let mut item = json!({
            "PlaceId": id(place),
            "PlaceType": place_type(place),
            "Title": place.label(),
            "Address": address,
            "Position": place.position(),
        });
        if self.time_zone {
            item["TimeZone"] = json!({"Name": place.time_zone});
        }
        item
    }

    fn reply(&self, body: &Value) -> Reply {
        let mut reply = Reply::json(body);
        reply.headers.push(("x-amz-geo-pricing-bucket".to_owned(), self.bucket.to_owned()));
        reply
    }
}

fn id(place: &Place) -> String {
    format!("AQAA-sandbox-{:x}", place.label().len())
}

fn place_type(place: &Place) -> &'static str {
    match place.kind() {
        Kind::Address => "PointAddress",
        Kind::PointOfInterest => "PointOfInterest",
        Kind::Locality => "Locality",
    }
}
