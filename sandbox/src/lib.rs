//! Stands in, on loopback, for everything around the function: the Lambda Runtime API and its execution environments,
//! API Gateway before them, Bedrock and Location behind them, and Snowflake as the caller.
//!
//! No production build contains it. Its servers listen on 127.0.0.1 only, and stop when they are dropped.
//!
//! # Why not an emulator that exists
//!
//! Those that exist run, too: `ci/interop` plays the function in them, so that it is not the sandbox alone that says what is right. They
//! play the good case, from outside of a test; the sandbox plays what goes wrong, inside of one, in milliseconds and the same way each time.
//! [`lambda`]: the official runtime interface emulator has one environment and one request at a time, and neither freezes it, nor cuts it
//! off at its deadline, nor kills it in the middle; batches that share a journal need several, and a crash at a chosen moment.
//! [`api_gateway`]: SAM's and cargo-lambda's local gateways make events, but keep no limit of size, and have no 504 while the function
//! works on, nor the 502 of one that crashed. [`aws`]: the AWS emulators answer a model's call with one canned text or need a container and
//! a licence, none refuses what Bedrock refuses in its words, and none can be told to throttle at a rate, or to fail, hang or break off for
//! chosen rows. It checks signatures itself, against the published vectors: with the SDK's own signer a mistake would agree with itself.
//! A mocking library such as wiremock would replace some fifty lines of HTTP server here, none of what is answered. [`snowflake`]: the
//! engine that stands in for Snowflake in `ci/article` has no external functions; nothing plays their batches in parallel, retries and
//! polling. For DynamoDB there are emulators that are good enough, on which the tests of the journal run; [`dynamodb`] is as little of it as
//! the demo needs, which must run where nothing is installed.

pub mod api_gateway;
pub mod aws;
pub mod dynamodb;
pub mod lambda;
pub mod snowflake;
