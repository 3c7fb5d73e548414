//! Amazon Location: an address in, a coordinate out. Nothing outside this folder names a type of its SDK.

mod endpoint;
mod place_index;

pub use place_index::{Coordinate, PlaceIndex};

/// What Amazon Location's terms let be done with an answer.
///
/// Source: `IntendedUse` of `AWS::Location::PlaceIndex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntendedUse {
    /// The answer may be used, but kept nowhere, the journal included.
    SingleUse,
    /// The answer may be kept.
    Storage,
}
