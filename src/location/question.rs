//! What is asked, before it takes the form of either service.

use std::borrow::Cow;

/// A point on the earth, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinate {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

impl Coordinate {
    /// Whether it is on the earth.
    pub fn is_possible(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }

    /// Amazon Location puts longitude first.
    pub(super) fn position(self) -> [f64; 2] {
        [self.longitude, self.latitude]
    }

    /// From `[longitude, latitude]`.
    pub(super) fn of(position: &[f64]) -> Option<Self> {
        match position {
            [longitude, latitude, ..] => Some(Self { latitude: *latitude, longitude: *longitude }),
            _ => None,
        }
    }
}

/// The least and the greatest latitude and longitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The south-western corner.
    pub south_west: Coordinate,
    /// The north-eastern corner.
    pub north_east: Coordinate,
}

impl Bounds {
    /// West, south, east, north, as Amazon Location has it.
    pub(super) fn edges(self) -> [f64; 4] {
        let ([west, south], [east, north]) = (self.south_west.position(), self.north_east.position());
        [west, south, east, north]
    }
}

/// An address, or the beginning of one, and how it is searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Address<'a> {
    /// 1 to 200 characters.
    pub text: Cow<'a, str>,
    /// Most results.
    pub most: u8,
    /// Countries in three letters; none for all.
    pub countries: Vec<String>,
    /// The language of the results, as a BCP 47 tag.
    pub language: Option<String>,
    /// What is near it comes first.
    pub bias: Option<Coordinate>,
    /// What is outside is not found.
    pub bounding_box: Option<Bounds>,
    /// The country, in three letters, whose view of disputed borders holds.
    pub political_view: Option<String>,
    /// Whether to ask for the time zone, which the Places API charges.
    pub time_zone: bool,
}

impl<'a> Address<'a> {
    /// An address of which the best place is wanted, and nothing else.
    pub fn new(text: Cow<'a, str>) -> Self {
        Self {
            text,
            most: 1,
            countries: Vec::new(),
            language: None,
            bias: None,
            bounding_box: None,
            political_view: None,
            time_zone: false,
        }
    }
}

/// A position, and how it is searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Where.
    pub coordinate: Coordinate,
    /// Most results.
    pub most: u8,
    /// The language of the results, as a BCP 47 tag.
    pub language: Option<String>,
    /// The country, in three letters, whose view of disputed borders holds.
    pub political_view: Option<String>,
    /// Whether to ask for the time zone, which the Places API charges.
    pub time_zone: bool,
}
