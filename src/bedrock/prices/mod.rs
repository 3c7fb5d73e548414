//! What a call costs, by a dated table of prices.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::model_id;
use crate::function::{Cost, Usage};

/// The table that ships with the function. `docs/prices.md` says how old it is and how to update it.
const TABLE: &str = include_str!("prices.json");

/// Picodollars for one token, at one dollar for a million of them.
const PICODOLLARS: f64 = 1_000_000.0;

/// Prices by model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    models: Vec<Model>,
    tiers: BTreeMap<String, f64>,
    /// Whether models that are called in the function's own Region cost what the table says.
    is_of_region: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// When the prices were read.
    #[expect(dead_code, reason = "for who reads the file")]
    date: String,
    /// Where they were read.
    #[expect(dead_code, reason = "for who reads the file")]
    source: String,
    /// By what a service tier multiplies the prices of the models that have it.
    tiers: BTreeMap<String, f64>,
    models: Vec<Model>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    /// The model's id without date and version, or its beginning with a star.
    id: String,
    /// US dollars for a million tokens.
    #[serde(flatten)]
    tokens: Tokens,
    /// The service tiers that it has, beside the default.
    #[serde(default)]
    tiers: Vec<String>,
    /// By what the profiles of Regions multiply the prices, by their prefix. The global one does not; of the others only that of the US is
    /// known not to, where nothing else is said.
    #[serde(default)]
    profiles: BTreeMap<String, f64>,
    /// Prices of all tokens of a call whose question is longer.
    #[serde(default)]
    long: Option<Long>,
    /// Whether the user has said it: then it holds wherever the model is called.
    #[serde(skip)]
    is_own: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
struct Tokens {
    input: f64,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
struct Long {
    /// Tokens of the question, those of a cache with them.
    above: u64,
    #[serde(flatten)]
    tokens: Tokens,
}

/// What replaces or adds to the table: one entry for each model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    input: f64,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

/// The table that ships with the function.
impl Default for Prices {
    fn default() -> Self {
        // A test reads it.
        let table = serde_json::from_str(TABLE);
        table.map_or_else(
            |_| Self { models: Vec::new(), tiers: BTreeMap::new(), is_of_region: false },
            |Table { tiers, models, .. }| Self { models, tiers, is_of_region: true },
        )
    }
}

impl Prices {
    /// The table, in which the prices of `own` come first: an object of model ids, each with its `input`, `output`, `cache_read` and
    /// `cache_write` in US dollars for a million tokens. An id may be an ARN, or end with a star.
    ///
    /// # Errors
    ///
    /// A sentence on what may be given.
    pub fn with(own: &str) -> Result<Self, String> {
        let own: BTreeMap<String, Own> = serde_json::from_str(own).map_err(|error| {
            format!(
                "give a JSON object of model ids, each with \"input\", \"output\", \"cache_read\" and \"cache_write\" in US dollars for a \
                 million tokens (column {})",
                error.column()
            )
        })?;
        let mut prices = Self::default();
        let own = own.into_iter().map(|(id, Own { input, output, cache_read, cache_write })| Model {
            id,
            tokens: Tokens { input, output, cache_read, cache_write },
            tiers: prices.tiers.keys().cloned().collect(),
            profiles: BTreeMap::new(),
            long: None,
            is_own: true,
        });
        prices.models = own.chain(prices.models).collect();
        Ok(prices)
    }

    /// The same for a function in this Region: the table is of the commercial Regions of the US, and others have other prices.
    #[must_use]
    pub fn in_region(self, region: Option<&str>) -> Self {
        let is_of_region = region.is_some_and(|region| region.starts_with("us-") && !region.starts_with("us-gov-"));
        Self { is_of_region, ..self }
    }

    /// What a call costs; `None` for a model, a tier, a profile or a kind of token without a known price, and for tokens that were not
    /// counted.
    pub fn cost(&self, model_id: &str, tier: Option<&str>, usage: &Usage) -> Option<Cost> {
        let model = self.models.iter().find(|model| model.id == model_id || model_id::is_of(model_id, &model.id))?;
        let of_tier = match tier.unwrap_or("default") {
            "default" => 1.0,
            tier if model.tiers.iter().any(|has| has == tier) => *self.tiers.get(tier)?,
            _ => return None,
        };
        let of_profile = match model_id::profile(model_id) {
            _ if model.is_own => 1.0,
            Some("global") => 1.0,
            None if self.is_of_region => 1.0,
            None => return None,
            Some(prefix) => match model.profiles.get(prefix) {
                Some(factor) => *factor,
                None if prefix == "us" => 1.0,
                None => return None,
            },
        };
        let counted = usage.input_tokens?;
        let question = counted + usage.cache_read_tokens.unwrap_or(0) + usage.cache_write_tokens.unwrap_or(0);
        let tokens = model.long.filter(|long| question > long.above).map_or(model.tokens, |long| long.tokens);
        let parts = [
            (Some(counted), Some(tokens.input)),
            (usage.output_tokens, tokens.output),
            (usage.cache_read_tokens, tokens.cache_read),
            (usage.cache_write_tokens, tokens.cache_write),
        ];
        // A model that writes and does not say how much is not free.
        if tokens.output.is_some() && usage.output_tokens.is_none() {
            return None;
        }
        let mut sum = 0;
        for (count, price) in parts {
            if let Some(count) = count.filter(|count| *count > 0) {
                sum += count.checked_mul(picodollars(price? * of_tier * of_profile))?;
            }
        }
        Some(Cost(sum))
    }
}

/// The price of one token.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a price is a small positive number")]
fn picodollars(dollars_for_a_million: f64) -> u64 {
    (dollars_for_a_million * PICODOLLARS).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input_tokens: Some(input), output_tokens: Some(output), cache_read_tokens: Some(0), ..Usage::default() }
    }

    fn dollars(model_id: &str, tier: Option<&str>, usage: &Usage) -> Option<f64> {
        Prices::default().cost(model_id, tier, usage).map(Cost::dollars)
    }

    #[test]
    fn the_table_can_be_read_and_its_ids_are_told_apart() {
        let table: Table = serde_json::from_str(TABLE).unwrap();
        assert!(table.models.len() > 20);
        let million = usage(1_000_000, 0);
        assert_eq!(dollars("us.anthropic.claude-haiku-4-5-20251001-v1:0", None, &million), Some(1.1));
        assert_eq!(dollars("global.anthropic.claude-haiku-4-5-20251001-v1:0", None, &million), Some(1.0));
        let thousand = usage(1_000, 0);
        assert_eq!(dollars("anthropic.claude-haiku-5-5", None, &thousand), Some(0.000_1), "ten times less than 4-5");
    }

    #[test]
    fn what_other_regions_cost_is_not_known() {
        let million = usage(1_000_000, 0);
        let cost = |prices: &Prices, model_id| prices.cost(model_id, None, &million).map(Cost::dollars);
        let us = Prices::default().in_region(Some("us-west-2"));
        assert_eq!(
            (cost(&us, "amazon.nova-lite-v1:0"), cost(&us, "us.amazon.nova-lite-v1:0")),
            (Some(0.06), Some(0.06))
        );
        assert_eq!(
            (cost(&us, "eu.amazon.nova-lite-v1:0"), cost(&us, "eu.anthropic.claude-sonnet-4-6")),
            (None, Some(3.3))
        );
        for region in [Some("eu-central-1"), Some("us-gov-west-1"), None] {
            let other = Prices::default().in_region(region);
            assert_eq!(cost(&other, "amazon.nova-lite-v1:0"), None, "{region:?}");
            assert_eq!(cost(&other, "global.anthropic.claude-sonnet-4-6"), Some(3.0), "{region:?}");
        }
        let own = Prices::with(r#"{"amazon.nova-lite":{"input":2}}"#).unwrap().in_region(Some("eu-central-1"));
        assert_eq!(
            (cost(&own, "amazon.nova-lite-v1:0"), cost(&own, "eu.amazon.nova-lite-v1:0")),
            (Some(2.0), Some(2.0))
        );
    }

    #[test]
    fn tokens_of_each_kind_have_their_price() {
        let mut usage = usage(1_000, 100);
        assert_eq!(dollars("amazon.nova-lite-v1:0", None, &usage), Some(0.000_084));
        usage.cache_read_tokens = Some(1_000);
        assert_eq!(dollars("us.amazon.nova-lite-v1:0", None, &usage), Some(0.000_099));
        usage.cache_write_tokens = Some(1);
        assert_eq!(dollars("meta.llama3-3-70b-instruct-v1:0", None, &usage), None, "it has no price for a cache");
    }

    #[test]
    fn a_tier_multiplies_where_the_model_has_it() {
        let usage = usage(1_000_000, 1_000_000);
        assert_eq!(dollars("amazon.nova-pro-v1:0", Some("default"), &usage), Some(4.0));
        assert_eq!(dollars("amazon.nova-pro-v1:0", Some("flex"), &usage), Some(2.0));
        assert_eq!(dollars("amazon.nova-pro-v1:0", Some("priority"), &usage), Some(7.0));
        assert_eq!(dollars("amazon.nova-lite-v1:0", Some("flex"), &usage), None);
        assert_eq!(dollars("amazon.nova-pro-v1:0", Some("reserved"), &usage), None);
    }

    #[test]
    fn a_long_question_has_other_prices() {
        let model_id = "anthropic.claude-haiku-5-5";
        assert_eq!(dollars(model_id, None, &usage(100_000, 0)), Some(0.01));
        assert_eq!(dollars(model_id, None, &usage(100_001, 0)), Some(0.050_000_5));
        let cached =
            |written| Usage { cache_read_tokens: Some(40_000), cache_write_tokens: Some(written), ..usage(40_000, 0) };
        assert_eq!(dollars(model_id, None, &cached(20_000)), Some(0.006_9));
        assert_eq!(dollars(model_id, None, &cached(20_001)), Some(0.034_500_625), "what is in a cache counts");
    }

    #[test]
    fn what_is_not_known_has_no_price() {
        assert_eq!(dollars("some.model", None, &usage(1, 1)), None);
        assert_eq!(dollars("amazon.nova-lite-v1:0", None, &Usage::default()), None);
        let without_output = Usage { output_tokens: None, ..usage(1, 1) };
        assert_eq!(dollars("amazon.nova-lite-v1:0", None, &without_output), None);
        assert_eq!(dollars("amazon.titan-embed-text-v2:0", None, &without_output), Some(0.000_000_02));
    }

    #[test]
    fn own_prices_come_first_and_add_models() {
        let arn = "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/abc";
        let own = format!(r#"{{"{arn}":{{"input":2,"output":4}},"amazon.nova-lite":{{"input":1,"output":1}}}}"#);
        let prices = Prices::with(&own).unwrap();
        let cost = |model_id| prices.cost(model_id, None, &usage(500_000, 500_000)).map(Cost::dollars);
        assert_eq!((cost(arn), cost("us.amazon.nova-lite-v1:0")), (Some(3.0), Some(1.0)));
        assert_eq!(cost("amazon.nova-pro-v1:0"), Some(2.0));
        for wrong in ["[]", r#"{"m":{"input":"1"}}"#, r#"{"m":{"output":1}}"#, r#"{"m":{"input":1,"inputs":2}}"#] {
            assert!(Prices::with(wrong).unwrap_err().contains("a million tokens"), "{wrong}");
        }
    }
}
