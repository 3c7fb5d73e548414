//! Amazon Location: an address in, a coordinate out. Nothing outside this folder names a type of its SDK.

mod endpoint;
mod error;
mod place_index;

pub use place_index::{Coordinate, PlaceIndex};
