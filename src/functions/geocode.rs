//! `geocode(address [, options])`: what is known of the place that an address means.

use std::sync::Arc;

use serde::Serialize;

use super::address;
use super::place_options::PlaceOptions;
use crate::function::{Answered, Call, Code, Failed, Function, Job, Parameter, Refusal, Row, Value};
use crate::location::{Found, Location, Operation, Place, Score};

/// Answers with the best place, or NULL where nothing matches.
pub struct Geocode {
    location: Arc<Location>,
}

impl Geocode {
    /// The function.
    pub fn new(location: Arc<Location>) -> Self {
        Self { location }
    }
}

impl Function for Geocode {
    fn name(&self) -> &str {
        "geocode"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("address"), Parameter::options("options")] }
    }

    fn may_be_kept(&self) -> bool {
        self.location.may_be_kept()
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let options = PlaceOptions::read(row.get(1), Operation::Geocode, &self.location)?;
        let (most, least) = (options.max_results, options.min_relevance);
        let address = Arc::new(options.geocode(address::read("address", row.text(0))?));
        Ok(Job {
            target: self.location.target(Operation::Geocode),
            // What the service may refuse for all rows has nothing to do with the others: they are checked here.
            options: if least.is_some() { "min_relevance" } else { "" }.into(),
            question: Some(Box::new([address.text.clone(), options.text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(move || {
                let address = Arc::clone(&address);
                async move {
                    let mut found = self.location.geocode(&address).await?;
                    if let Some(least) = least {
                        found.results = matching(found.results, least)?;
                    }
                    answer(found, most)
                }
            }),
        })
    }
}

/// The places that fit well enough.
fn matching(places: Vec<Place>, least: f64) -> Result<Vec<Place>, Refusal> {
    if places.iter().any(|place| place.relevance == Score::Unknown) {
        let message = "the option \"min_relevance\" cannot be used: the data provider of this place index says nothing of relevance";
        return Err(Refusal::statement(Code::InvalidArgument, message));
    }
    let fits = |place: &Place| matches!(place.relevance, Score::Of(score) if score >= least);
    Ok(places.into_iter().filter(fits).collect())
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    best: &'a Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<&'a [Place]>,
}

/// The best place, with all of them where more than one was asked for; null where there is none.
pub(super) fn answer(found: Found<Place>, most: Option<u8>) -> Result<Answered, Failed> {
    let candidates = most.filter(|most| *most > 1).map(|_| &*found.results);
    let best = found.results.first().map(|best| Answer { best, candidates });
    Ok(Answered { told: found.told(), ..Answered::from(json(&best)?) })
}

/// A value as JSON text.
pub(super) fn json(value: &impl Serialize) -> Result<Value, Refusal> {
    let json = serde_json::to_string(value);
    json.map(Value::from)
        .map_err(|_| Refusal::row(Code::ServiceError, "Amazon Location's answer cannot be written as JSON"))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub fn place(relevance: Score) -> Place {
        Place {
            latitude: 0.0,
            longitude: 1.5,
            label: Some("\"x\"".to_owned()),
            relevance,
            distance: None,
            country: None,
            region: None,
            municipality: None,
            postal_code: None,
            street: None,
            address_number: None,
            interpolated: Some(false),
            place_type: None,
            time_zone: None,
        }
    }

    fn value(places: Vec<Place>, most: Option<u8>) -> Value {
        let answered = answer(Found { results: places, pricing_bucket: Some("Core".into()) }, most).unwrap();
        assert_eq!(answered.told.pricing_bucket.as_deref(), Some("Core"));
        serde_json::from_str(&answered.value).unwrap()
    }

    #[test]
    fn the_shape_is_the_same_whatever_is_known_and_candidates_come_when_asked_for() {
        let mut expected = json!({
            "latitude": 0.0, "longitude": 1.5, "label": "\"x\"", "relevance": null, "country": null, "region": null,
            "municipality": null, "postal_code": null, "street": null, "address_number": null, "interpolated": false,
            "place_type": null, "time_zone": null,
        });
        assert_eq!(value(vec![place(Score::Unknown)], None), expected);
        assert_eq!(value(vec![place(Score::Unknown)], Some(1)), expected);
        assert_eq!(value(Vec::new(), Some(5)), Value::Null);
        expected["relevance"] = json!(0.5);
        let mut with_candidates = expected.clone();
        with_candidates["candidates"] = json!([expected, expected]);
        assert_eq!(value(vec![place(Score::Of(0.5)), place(Score::Of(0.5))], Some(5)), with_candidates);
    }

    #[test]
    fn below_the_least_relevance_is_no_match_and_unknown_is_the_statements_fault() {
        let places = || vec![place(Score::Of(0.9)), place(Score::Of(0.4))];
        let count = |least| matching(places(), least).unwrap().len();
        assert_eq!([count(0.0), count(0.4), count(0.5), count(0.95)], [2, 2, 1, 0]);
        let refusal = matching(vec![place(Score::Unknown)], 0.1).unwrap_err();
        assert_eq!((refusal.whose, refusal.code), (crate::function::Whose::Statement, Code::InvalidArgument));
    }
}
