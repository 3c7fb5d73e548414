//! `get_coordinate(address)`: where an address is.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Code, Fault, Function, Refusal, Target, Texts, Value};
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

    fn parameters(&self) -> &'static [&'static str] {
        &["address"]
    }

    fn may_be_kept(&self) -> bool {
        self.intended_use == IntendedUse::Storage
    }

    fn target(&self, arguments: &Texts<'_>) -> Result<Target, Fault> {
        let Some(index) = &self.index else {
            return Err(no_place_index());
        };
        check_address(address(arguments))?;
        Ok(Target { name: format!("location {}", index.name()), per_second: Some(SEARCHES_PER_SECOND) })
    }

    fn call<'a>(&'a self, arguments: &'a Texts<'a>) -> BoxFuture<'a, Result<Value, Fault>> {
        async move {
            let index = self.index.as_ref().ok_or_else(no_place_index)?;
            let coordinate = index.search(address(arguments)).await?;
            Ok(json(coordinate))
        }
        .boxed()
    }
}

fn address<'a>(arguments: &Texts<'a>) -> &'a str {
    arguments.first().copied().unwrap_or_default()
}

fn no_place_index() -> Fault {
    let message = "PLACE_INDEX_NAME is not set: give the function the name of an Amazon Location place index";
    Fault::Statement(Refusal::new(Code::ServiceError, message))
}

fn check_address(address: &str) -> Result<(), Fault> {
    if address.trim().is_empty() {
        let message = "the address is empty or blank";
        return Err(Fault::Row(Refusal::new(Code::InvalidArgument, message)));
    }
    if address.chars().count() > LONGEST_ADDRESS {
        let message = format!("the address is longer than the {LONGEST_ADDRESS} characters that Amazon Location takes");
        return Err(Fault::Row(Refusal::new(Code::TooLarge, message)));
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
        assert_eq!(check_address(&"ß".repeat(200)), Ok(()));
        assert!(matches!(check_address(&"a".repeat(201)), Err(Fault::Row(refusal)) if refusal.code == Code::TooLarge));
        assert!(matches!(check_address(" \n"), Err(Fault::Row(_))));
    }
}
