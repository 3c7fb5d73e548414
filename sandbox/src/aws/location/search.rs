//! SearchPlaceIndexForText: its request and its answer.

use serde_json::{Map, Value, json};

use super::super::faults::Fault;
use super::super::operation::Asked;
use super::super::reply::Reply;
use super::places::{Found, Place, search};

const MEMBERS: &[&str] =
    &["Text", "BiasPosition", "FilterBBox", "FilterCountries", "FilterCategories", "MaxResults", "Language"];

/// The address.
pub(super) fn text(body: &Value) -> String {
    body["Text"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, Reply> {
    if asked.target != asked.options.place_index {
        let message = format!("Place index {} not found", asked.target);
        return Err(Reply::error(404, "ResourceNotFoundException", &message));
    }
    let Some(body) = asked.body.and_then(Value::as_object) else {
        return Err(Reply::error_with(
            400,
            "ValidationException",
            &json!({"message": "The request body is not a JSON object.", "reason": "CannotParse", "fieldList": []}),
        ));
    };
    Ok(Search::parse(body)?.answer(asked.fault == Some(&Fault::NoText)))
}

#[derive(Debug)]
struct Search {
    text: String,
    most: usize,
    bias: Option<[f64; 2]>,
    /// West, south, east, north.
    within: Option<[f64; 4]>,
    countries: Vec<String>,
}

impl Search {
    fn parse(body: &Map<String, Value>) -> Result<Self, Reply> {
        if let Some(name) = body.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(refused("UnknownField", name, "The field is not known."));
        }
        let text = match body.get("Text") {
            None | Some(Value::Null) => {
                return Err(refused("Missing", "Text", "The field is required."));
            }
            Some(Value::String(text)) => text.clone(),
            Some(_) => {
                return Err(refused("CannotParse", "Text", "The field must be a string."));
            }
        };
        if !(1..=200).contains(&text.chars().count()) {
            return Err(failed("Text", "The length must be between 1 and 200."));
        }
        let most = match body.get("MaxResults") {
            None => 50,
            Some(most) => {
                let most = most.as_u64().and_then(|most| usize::try_from(most).ok());
                most.filter(|most| (1..=50).contains(most))
                    .ok_or_else(|| failed("MaxResults", "The value must be between 1 and 50."))?
            }
        };
        let bias = numbers::<2>(body, "BiasPosition")?;
        if bias.is_some_and(|[longitude, latitude]| {
            !(-180.0..=180.0).contains(&longitude) || !(-90.0..=90.0).contains(&latitude)
        }) {
            return Err(failed("BiasPosition", "The value must be [longitude, latitude]."));
        }
        let within = numbers::<4>(body, "FilterBBox")?;
        if bias.is_some() && within.is_some() {
            return Err(refused("Other", "FilterBBox", "BiasPosition and FilterBBox exclude each other."));
        }
        let countries = texts(body, "FilterCountries", 100)?;
        if countries.iter().any(|code| code.len() != 3 || !code.bytes().all(|letter| letter.is_ascii_uppercase())) {
            return Err(failed("FilterCountries", "Each value must be a country in three upper-case letters."));
        }
        texts(body, "FilterCategories", 5)?;
        Ok(Self { text, most, bias, within, countries })
    }

    fn answer(&self, nothing: bool) -> Reply {
        let mut found = if nothing { Vec::new() } else { search(&self.text) };
        found.retain(|found| self.admits(found.place));
        if let Some(bias) = self.bias {
            found.sort_by(|one, other| {
                let near = |place| metres(bias, position(place));
                other.relevance.total_cmp(&one.relevance).then_with(|| near(one.place).total_cmp(&near(other.place)))
            });
        }
        found.truncate(self.most);
        let results: Vec<Value> = found.iter().map(|found| self.result(found)).collect();
        let mut summary = json!({"Text": self.text, "DataSource": "Esri", "MaxResults": self.most});
        if let Some(bias) = self.bias {
            summary["BiasPosition"] = json!(bias);
        }
        if let Some(bounds) = bounds(&found) {
            summary["ResultBBox"] = json!(bounds);
        }
        Reply::json(&json!({"Summary": summary, "Results": results}))
    }

    fn admits(&self, place: &Place) -> bool {
        let inside = self.within.is_none_or(|[west, south, east, north]| {
            (west..=east).contains(&place.longitude) && (south..=north).contains(&place.latitude)
        });
        inside && (self.countries.is_empty() || self.countries.contains(&place.country))
    }

    fn result(&self, found: &Found) -> Value {
        let place = found.place;
        let mut answer = Map::new();
        answer.insert("Label".to_owned(), place.label().into());
        answer.insert("Geometry".to_owned(), json!({"Point": position(place)}));
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
        let category = if place.street.is_empty() { "PointOfInterestType" } else { "AddressType" };
        answer.insert("Categories".to_owned(), json!([category]));
        answer.insert("Interpolated".to_owned(), false.into());
        let mut result = json!({"Place": answer, "Relevance": found.relevance});
        if let Some(bias) = self.bias {
            result["Distance"] = json!(metres(bias, position(place)));
        }
        result
    }
}

fn position(place: &Place) -> [f64; 2] {
    [place.longitude, place.latitude]
}

fn bounds(found: &[Found]) -> Option<[f64; 4]> {
    found.iter().map(|found| position(found.place)).fold(None, |bounds: Option<[f64; 4]>, [east, north]| {
        let [w, s, e, n] = bounds.unwrap_or([east, north, east, north]);
        Some([w.min(east), s.min(north), e.max(east), n.max(north)])
    })
}

/// The way over the globe.
fn metres([from_lon, from_lat]: [f64; 2], [to_lon, to_lat]: [f64; 2]) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let across = from_lat.to_radians().cos() * to_lat.to_radians().cos() * half(from_lon, to_lon);
    2.0 * 6_371_008.8 * (half(from_lat, to_lat) + across).sqrt().min(1.0).asin()
}

fn numbers<const N: usize>(body: &Map<String, Value>, name: &str) -> Result<Option<[f64; N]>, Reply> {
    let Some(value) = body.get(name) else {
        return Ok(None);
    };
    let numbers: Option<Vec<f64>> = value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
    let numbers = numbers.and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
    numbers.map(Some).ok_or_else(|| failed(name, &format!("The value must be {N} numbers.")))
}

fn texts(body: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<String>, Reply> {
    let Some(value) = body.get(name) else {
        return Ok(Vec::new());
    };
    let texts: Option<Vec<String>> =
        value.as_array().and_then(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    texts
        .filter(|texts| (1..=most).contains(&texts.len()))
        .ok_or_else(|| failed(name, &format!("The value must be 1 to {most} strings.")))
}

fn failed(field: &str, message: &str) -> Reply {
    refused("FieldValidationFailed", field, message)
}

fn refused(reason: &str, field: &str, message: &str) -> Reply {
    Reply::error_with(
        400,
        "ValidationException",
        &json!({
            "message": format!("{field}: {message}"),
            "reason": reason,
            "fieldList": [{"name": field, "message": message}],
        }),
    )
}
