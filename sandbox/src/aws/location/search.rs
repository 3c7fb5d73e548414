//! SearchPlaceIndexForText: its request and its answer.

use serde_json::{Map, Value, json};

use super::super::reply::Reply;
use super::fields;
use super::places::{Found, Kind, Place, metres, search};
use super::wanted::Wanted;

const MEMBERS: &[&str] =
    &["Text", "BiasPosition", "FilterBBox", "FilterCountries", "FilterCategories", "MaxResults", "Language"];

pub(super) fn text(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(body, MEMBERS)?;
    let text = fields::text(body, "Text")?;
    let wanted = Wanted {
        most: fields::most(body, 50, 50)?,
        bias: fields::position(body, "BiasPosition")?,
        within: fields::numbers::<4>(body, "FilterBBox")?,
        countries: fields::countries(body, "FilterCountries")?,
    };
    if wanted.bias.is_some() && wanted.within.is_some() {
        return Err(fields::refused("Other", "FilterBBox", "BiasPosition and FilterBBox exclude each other."));
    }
    fields::texts(body, "FilterCategories", 5)?;
    let found = wanted.of(if nothing { Vec::new() } else { search(&text) });
    let result = |found: &Found| {
        let mut result = json!({"Place": place(found.place), "Relevance": found.relevance});
        if let Some(bias) = wanted.bias {
            result["Distance"] = json!(metres(bias, found.place.position()));
        }
        result
    };
    let results: Vec<Value> = found.iter().map(result).collect();
    let mut summary = json!({"Text": text, "DataSource": "Esri", "MaxResults": wanted.most});
    if let Some(bias) = wanted.bias {
        summary["BiasPosition"] = json!(bias);
    }
    if let Some(bounds) = bounds(&found) {
        summary["ResultBBox"] = json!(bounds);
    }
    Ok(Reply::json(&json!({"Summary": summary, "Results": results})))
}

/// A place as this API has it.
pub(super) fn place(place: &Place) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("Label".to_owned(), place.label().into());
    answer.insert("Geometry".to_owned(), json!({"Point": place.position()}));
    let texts = [
        ("AddressNumber", &place.number),
        ("Street", &place.street),
        ("Municipality", &place.municipality),
        ("SubRegion", &place.sub_region),
        ("Region", &place.region),
        ("Country", &place.country),
        ("PostalCode", &place.postal_code),
    ];
    // The service leaves out what it does not know.
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        answer.insert(name.to_owned(), text.clone().into());
    }
    if !place.time_zone.is_empty() {
        answer.insert("TimeZone".to_owned(), json!({"Name": place.time_zone, "Offset": place.offset}));
    }
    let category = match place.kind() {
        Kind::Address => "AddressType",
        Kind::PointOfInterest => "PointOfInterestType",
        Kind::Locality => "MunicipalityType",
    };
    answer.insert("Categories".to_owned(), json!([category]));
    answer.insert("Interpolated".to_owned(), false.into());
    answer
}

fn bounds(found: &[Found]) -> Option<[f64; 4]> {
    found.iter().map(|found| found.place.position()).fold(None, |bounds: Option<[f64; 4]>, [east, north]| {
        let [w, s, e, n] = bounds.unwrap_or([east, north, east, north]);
        Some([w.min(east), s.min(north), e.max(east), n.max(north)])
    })
}
