//! `get_coordinate(address)`: where an address is.

use std::sync::Arc;

use super::address;
use crate::function::{Answered, Call, Function, Job, Parameter, Refusal, Row, Value};
use crate::location::{Address, Location, Operation, Place};

/// Answers with latitude and longitude alone.
pub struct GetCoordinate {
    location: Arc<Location>,
}

impl GetCoordinate {
    /// The function.
    pub fn new(location: Arc<Location>) -> Self {
        Self { location }
    }
}

impl Function for GetCoordinate {
    fn name(&self) -> &str {
        "get_coordinate"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("address")] }
    }

    fn may_be_kept(&self) -> bool {
        self.location.may_be_kept()
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let address = Arc::new(Address::new(address::read("address", row.text(0))?));
        Ok(Job {
            target: self.location.target(Operation::Geocode),
            options: "".into(),
            question: Some(Box::new([address.text.clone()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(move || {
                let address = Arc::clone(&address);
                async move {
                    let found = self.location.geocode(&address).await?;
                    let value = json(found.results.first());
                    Ok(Answered { told: found.told(), ..Answered::from(value) })
                }
            }),
        })
    }
}

/// An object in either case, so that `coordinate:latitude` is NULL, and no error, where nothing matched.
fn json(place: Option<&Place>) -> Value {
    match place {
        Some(Place { latitude, longitude, .. }) => {
            serde_json::json!({"latitude": latitude, "longitude": longitude}).to_string().into()
        }
        None => "{}".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::geocode::tests::place;
    use crate::location::Score;

    #[test]
    fn zero_is_a_coordinate_and_no_match_is_an_empty_object() {
        let zero = Place { longitude: 0.0, ..place(Score::Unknown) };
        assert_eq!(&*json(Some(&zero)), r#"{"latitude":0.0,"longitude":0.0}"#);
        assert_eq!(&*json(None), "{}");
    }
}
