//! The real binary, in the sandbox, tested through the contract.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod ask_bedrock;
mod attack;
mod batch;
mod chaos;
mod conformance;
mod conformance_pace;
mod doors;
mod dynamodb;
mod embeddings;
mod events;
mod get_coordinate;
mod guardrail_checks;
mod headers;
mod http;
mod journal;
mod language;
mod model;
mod places;
mod presets;
mod reference;
mod rooms;
mod scenarios;
mod settings;
mod sharing;
mod structured;
mod support;
mod table;
