//! The real binary, in the sandbox, tested through the contract.

mod ask_bedrock;
mod attack;
mod batch;
mod doors;
mod get_coordinate;
mod http;
mod settings;
mod support;
