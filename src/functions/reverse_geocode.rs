//! `reverse_geocode(latitude, longitude [, options])`: what is at a position.

use std::sync::Arc;

use super::geocode::answer;
use super::place_options::PlaceOptions;
use crate::function::{Call, Code, Function, Job, Parameter, Refusal, Row};
use crate::location::{Coordinate, Location, Operation};

/// Answers with the nearest place, or NULL where there is none.
pub struct ReverseGeocode {
    location: Arc<Location>,
}

impl ReverseGeocode {
    /// The function.
    pub fn new(location: Arc<Location>) -> Self {
        Self { location }
    }
}

impl Function for ReverseGeocode {
    fn name(&self) -> &str {
        "reverse_geocode"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::number("latitude"), Parameter::number("longitude"), Parameter::options("options")] }
    }

    fn may_be_kept(&self) -> bool {
        self.location.may_be_kept()
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let options = PlaceOptions::read(row.get(2), Operation::ReverseGeocode, &self.location)?;
        let coordinate = coordinate(row.text(0), row.text(1))?;
        let (most, point) = (options.max_results, Arc::new(options.reverse_geocode(coordinate)));
        let Coordinate { latitude, longitude } = coordinate;
        Ok(Job {
            target: self.location.target(Operation::ReverseGeocode),
            options: "".into(),
            // 1.50 and 1.5 are one position.
            question: Some(Box::new([latitude.to_string().into(), longitude.to_string().into(), options.text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(move || {
                let point = Arc::clone(&point);
                async move { answer(self.location.reverse_geocode(&point).await?, most) }
            }),
        })
    }
}

fn coordinate(latitude: &str, longitude: &str) -> Result<Coordinate, Refusal> {
    // Of zero there is one: the sign would make two positions of one.
    let degrees = |digits: &str| digits.parse::<f64>().map(|degrees| degrees + 0.0);
    match (degrees(latitude), degrees(longitude)) {
        (Ok(latitude), Ok(longitude)) if Coordinate { latitude, longitude }.is_possible() => {
            Ok(Coordinate { latitude, longitude })
        }
        _ => Err(Refusal::row(
            Code::InvalidArgument,
            "the position is not on the earth: latitude is from -90 to 90, longitude from -180 to 180",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_on_the_earth() {
        let read = |latitude, longitude| coordinate(latitude, longitude).map(|at| (at.latitude, at.longitude));
        assert_eq!(read("36.10", "-1.15e2"), Ok((36.1, -115.0)));
        assert_eq!(read("-0", "0").map(|(latitude, _)| latitude.to_string()), Ok("0".to_owned()));
        for (latitude, longitude) in [("90.1", "0"), ("0", "-180.5"), ("1e999", "0"), ("-115", "36")] {
            assert_eq!(read(latitude, longitude).unwrap_err().code, Code::InvalidArgument, "{latitude} {longitude}");
        }
    }
}
