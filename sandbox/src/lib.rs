//! Stands in, on loopback, for everything around the function.
pub mod aws;
pub mod lambda;
