//! The steps: a file for each. Each asks what it needs, judges it and tells what it found; none changes anything.

pub mod api;
pub mod calls;
pub mod concurrency;
pub mod function;
pub mod identity;
pub mod journal;
pub mod models;
pub mod places;
pub mod policy;
pub mod quotas;
pub mod stack;
pub mod trust;
