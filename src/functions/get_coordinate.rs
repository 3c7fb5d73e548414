//! `get_coordinate(address)`: where an address is.

use crate::function::{Answered, Call, Code, Function, Job, Parameter, Refusal, Row, Target, Value};
use crate::location::{Coordinate, IntendedUse, PlaceIndex};

/// Amazon Location's own limit of a text, in characters.
///
/// Source: `SearchPlaceIndexForText`, `Text`.
const LONGEST_ADDRESS: usize = 200;

/// Searches a second for one account and Region: the default quota is 100, and its limiter lets only about 80 % of
/// that pass in any part of a second.
///
/// Source: the quotas of Amazon Location's place indexes.
const SEARCHES_PER_SECOND: u32 = 80;

/// Answers with latitude and longitude, from an Amazon Location place index.
pub struct GetCoordinate {
    index: Option<PlaceIndex>,
    intended_use: IntendedUse,
}

impl GetCoordinate {
    /// The function; without a place index every call of it is refused.
    pub fn new(index: Option<PlaceIndex>, intended_use: IntendedUse) -> Self {
        Self { index, intended_use }
    }
}

impl Function for GetCoordinate {
    fn name(&self) -> &'static str {
        "get_coordinate"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("address")] }
    }

    fn may_be_kept(&self) -> bool {
        self.intended_use == IntendedUse::Storage
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let address = row.text(0);
        let Some(index) = &self.index else {
            let message = "PLACE_INDEX_NAME is not set: give the function the name of an Amazon Location place index";
            return Err(Refusal::statement(Code::ServiceError, message));
        };
        check_address(address)?;
        Ok(Job {
            target: Target { name: format!("location {}", index.name()).into(), per_second: Some(SEARCHES_PER_SECOND) },
            options: "".into(),
            question: Box::new([address.into()]),
            expected_bytes: 0,
            call: Call::alone(move || async move { Ok(Answered::from(json(index.search(address).await?))) }),
        })
    }
}

fn check_address(address: &str) -> Result<(), Refusal> {
    if address.trim().is_empty() {
        return Err(Refusal::row(Code::InvalidArgument, "the address is empty or blank"));
    }
    if address.chars().count() > LONGEST_ADDRESS {
        let message = format!("the address is longer than the {LONGEST_ADDRESS} characters that Amazon Location takes");
        return Err(Refusal::row(Code::TooLarge, message));
    }
    Ok(())
}

/// An object in either case, so that `coordinate:latitude` is NULL, and no error, where nothing matched.
fn json(coordinate: Option<Coordinate>) -> Value {
    match coordinate {
        Some(Coordinate { latitude, longitude }) => {
            serde_json::json!({"latitude": latitude, "longitude": longitude}).to_string().into()
        }
        None => "{}".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_coordinate_and_no_match_is_an_empty_object() {
        let zero = Coordinate { latitude: 0.0, longitude: 0.0 };
        assert_eq!(&*json(Some(zero)), r#"{"latitude":0.0,"longitude":0.0}"#);
        assert_eq!(&*json(None), "{}");
    }

    #[test]
    fn an_address_is_measured_in_characters() {
        let refused = |address: &str| check_address(address).map_err(|refusal| refusal.code);
        assert_eq!(refused(&"ß".repeat(200)), Ok(()));
        assert_eq!(refused(&"a".repeat(201)), Err(Code::TooLarge));
        assert_eq!(refused(" \n"), Err(Code::InvalidArgument));
    }
}
