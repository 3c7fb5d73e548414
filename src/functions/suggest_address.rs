//! `suggest_address(text [, options])`: addresses and places that a text may be the beginning of.

use std::sync::Arc;

use super::address;
use super::geocode::json;
use super::place_options::PlaceOptions;
use crate::function::{Answered, Call, Function, Job, Parameter, Refusal, Row};
use crate::location::{Location, Operation};

/// Answers with a list of texts, best first.
pub struct SuggestAddress {
    location: Arc<Location>,
}

impl SuggestAddress {
    /// The function.
    pub fn new(location: Arc<Location>) -> Self {
        Self { location }
    }
}

impl Function for SuggestAddress {
    fn name(&self) -> &str {
        "suggest_address"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::options("options")] }
    }

    /// Never: the terms of this operation know no other use than a single one.
    fn may_be_kept(&self) -> bool {
        false
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let options = PlaceOptions::read(row.get(1), Operation::Suggest, &self.location)?;
        let text = Arc::new(options.suggest(address::read("text", row.text(0))?));
        Ok(Job {
            target: self.location.target(Operation::Suggest),
            options: "".into(),
            question: Some(Box::new([text.text.clone(), options.text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(move || {
                let text = Arc::clone(&text);
                async move {
                    let found = self.location.suggest(&text).await?;
                    Ok(Answered { told: found.told(), ..Answered::from(json(&found.results)?) })
                }
            }),
        })
    }
}
