//! The models of the Region, and which of them SQL may name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::{Aws, AwsError, services};
use crate::stack::text;

/// A model as Bedrock lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foundation {
    /// Its id.
    pub id: String,
    /// Its name, such as `Nova Lite`.
    pub name: String,
    /// Whose it is, such as `Amazon`.
    pub provider: String,
    /// May it be called by its own id?
    pub is_on_demand: bool,
    /// Is its end near?
    pub is_legacy: bool,
    /// Does it answer with text?
    pub is_text: bool,
    is_embedding: bool,
}

/// By which way a call gets to a model: each has a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The model's own id.
    OnDemand,
    /// An inference profile of a geography, such as `us.`
    Geography,
    /// A profile `global.`
    Global,
}

/// What SQL may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// As SQL names it.
    pub id: String,
    /// The way to it.
    pub route: Route,
    /// What it is.
    pub foundation: Foundation,
    /// Does the setting name it, or does a `*` happen to match it?
    pub is_named: bool,
}

/// All models and inference profiles of the Region.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    foundations: BTreeMap<String, Foundation>,
    /// A profile, and the model behind it.
    profiles: BTreeMap<String, String>,
}

impl Catalogue {
    /// Asks Bedrock for both lists.
    pub async fn read(aws: &Aws) -> Result<Self, AwsError> {
        let mut catalogue = Self::default();
        let models = aws.get(services::BEDROCK, "/foundation-models").await?;
        for model in list(&models["modelSummaries"]) {
            let foundation = foundation(model);
            catalogue.foundations.insert(foundation.id.clone(), foundation);
        }
        let mut path = "/inference-profiles?maxResults=1000".to_owned();
        loop {
            let page = aws.get(services::BEDROCK, &path).await?;
            for profile in list(&page["inferenceProfileSummaries"]) {
                let arn = text(&profile["models"][0]["modelArn"]);
                let model = arn.rsplit('/').next().unwrap_or_default();
                catalogue.profiles.insert(text(&profile["inferenceProfileId"]), model.to_owned());
            }
            match page["nextToken"].as_str() {
                Some(token) => path = format!("/inference-profiles?maxResults=1000&nextToken={}", escape(token)),
                None => return Ok(catalogue),
            }
        }
    }

    /// What a pattern of `ALLOWED_MODEL_IDS` lets SQL name. One with a `*` means what can be called for a text or for an embedding.
    pub fn matches(&self, pattern: &str) -> Vec<Model> {
        let is_open = pattern.contains('*');
        let own = self.foundations.values().filter(|foundation| matches(pattern, &foundation.id));
        let own = own.map(|foundation| (&foundation.id, Route::OnDemand, foundation));
        let profiles = self.profiles.iter().filter(|(id, _)| matches(pattern, id)).filter_map(|(id, model)| {
            let route = if id.starts_with("global.") { Route::Global } else { Route::Geography };
            Some((id, route, self.foundations.get(model)?))
        });
        own.chain(profiles)
            .filter(|(_, route, foundation)| {
                !is_open
                    || (foundation.is_text || foundation.is_embedding)
                        && (*route != Route::OnDemand || foundation.is_on_demand)
            })
            .map(|(id, route, foundation)| Model {
                id: id.clone(),
                route,
                foundation: foundation.clone(),
                is_named: !is_open,
            })
            .collect()
    }

    /// A profile for a model that is to be called by one.
    pub fn profile_of(&self, foundation: &Foundation) -> Option<&str> {
        self.profiles.iter().find(|(_, model)| **model == foundation.id).map(|(id, _)| id.as_str())
    }
}

fn foundation(model: &Value) -> Foundation {
    let has = |list: &Value, what: &str| self::list(list).iter().any(|value| value == what);
    Foundation {
        id: text(&model["modelId"]),
        name: text(&model["modelName"]),
        provider: text(&model["providerName"]),
        is_on_demand: has(&model["inferenceTypesSupported"], "ON_DEMAND"),
        is_legacy: model["modelLifecycle"]["status"] == "LEGACY",
        is_text: has(&model["outputModalities"], "TEXT"),
        is_embedding: has(&model["outputModalities"], "EMBEDDING"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn escape(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `*` stands for any run of characters, as in `ALLOWED_MODEL_IDS` and in policies.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(index, _)| index).chain([text.len()]).any(|index| matches(rest, &text[index..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Route, matches};
    use crate::testing::Recordings;

    #[test]
    fn a_star_is_any_run() {
        assert!(matches("*amazon.nova-*", "us.amazon.nova-lite-v1:0"));
        assert!(matches("*", "") && matches("a*c", "abbc") && matches("a**c", "ac"));
        assert!(!matches("amazon.nova-*", "us.amazon.nova-lite-v1:0") && !matches("a*c", "abcd"));
    }

    #[tokio::test]
    async fn open_patterns_mean_what_can_be_called() {
        let catalogue = Catalogue::read(&Recordings::healthy().aws()).await.unwrap();
        let ids = |pattern: &str| catalogue.matches(pattern).into_iter().map(|model| model.id).collect::<Vec<_>>();
        assert_eq!(
            ids("*amazon.nova-*"),
            ["amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0", "us.amazon.nova-lite-v1:0"]
        );
        assert_eq!(ids("amazon.titan-embed-*"), ["amazon.titan-embed-text-v2:0"]);
        assert_eq!(ids("amazon.nova-canvas-v1:0"), ["amazon.nova-canvas-v1:0"]);
        let haiku = "global.anthropic.claude-haiku-4-5-20251001-v1:0";
        assert_eq!(catalogue.matches(haiku)[0].route, Route::Global);
        assert!(ids("nobody.nothing").is_empty());
    }
}
