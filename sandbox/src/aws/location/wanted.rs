//! Which of the places that fit are wanted, and in which order.

use super::places::{Found, Place, metres};

#[derive(Debug)]
pub(in crate::aws) struct Wanted {
    pub(in crate::aws) most: usize,
    pub(in crate::aws) bias: Option<[f64; 2]>,
    /// West, south, east, north.
    pub(in crate::aws) within: Option<[f64; 4]>,
    /// In three letters; none for all.
    pub(in crate::aws) countries: Vec<String>,
}

impl Wanted {
    fn admits(&self, place: &Place) -> bool {
        let inside = self.within.is_none_or(|[west, south, east, north]| {
            (west..=east).contains(&place.longitude) && (south..=north).contains(&place.latitude)
        });
        inside && (self.countries.is_empty() || self.countries.contains(&place.country))
    }

    /// The best of what was found; of equally good ones those near the bias come first.
    pub(in crate::aws) fn of(&self, mut found: Vec<Found>) -> Vec<Found> {
        found.retain(|found| self.admits(found.place));
        if let Some(bias) = self.bias {
            found.sort_by(|one, other| {
                let near = |place: &Place| metres(bias, place.position());
                other.relevance.total_cmp(&one.relevance).then_with(|| near(one.place).total_cmp(&near(other.place)))
            });
        }
        found.truncate(self.most);
        found
    }
}
