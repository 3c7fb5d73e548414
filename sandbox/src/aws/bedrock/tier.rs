//! `serviceTier` and `performanceConfig`: how soon an answer comes and what it costs.

use serde_json::{Map, Value, json};

use super::super::reply::Reply;
use super::fields::Fields;
use super::invalid;
use super::models::{Model, Tiers};

/// What the answer repeats of both. `id` is the model as it was called.
pub(super) fn repeated(model: &Model, id: &str, body: &Map<String, Value>) -> Result<Map<String, Value>, Reply> {
    let mut repeated = Map::new();
    if let Some(tier) = body.get("serviceTier") {
        let fields = Fields::of("serviceTier", tier)?;
        fields.only(&["type"])?;
        check_tier(model.tiers, id, fields.required_text("type")?)?;
        repeated.insert("serviceTier".to_owned(), tier.clone());
    }
    if let Some(config) = body.get("performanceConfig") {
        let fields = Fields::of("performanceConfig", config)?;
        fields.only(&["latency"])?;
        let latency = fields.optional_text("latency")?.unwrap_or("standard");
        check_latency(model, latency)?;
        repeated.insert("performanceConfig".to_owned(), json!({ "latency": latency }));
    }
    Ok(repeated)
}

fn check_tier(tiers: Tiers, id: &str, tier: &str) -> Result<(), Reply> {
    let in_us = id.rsplit('/').next().is_some_and(|name| name.starts_with("us."));
    let has = match tier {
        "default" => true,
        "priority" => tiers != Tiers::Default,
        "flex" => tiers == Tiers::PriorityAndFlex || (tiers == Tiers::PriorityAndFlexInUs && in_us),
        // Nobody has reserved anything here.
        "reserved" => return Err(invalid("Reservation not found.")),
        _ => return Err(invalid("The service tier provided is invalid.")),
    };
    if has { Ok(()) } else { Err(invalid("The provided service tier is not supported for this model.")) }
}

fn check_latency(model: &Model, latency: &str) -> Result<(), Reply> {
    match latency {
        "standard" => Ok(()),
        "optimized" if model.optimized => Ok(()),
        "optimized" => Err(invalid("Latency performance configuration is not supported for this model.")),
        other => Err(invalid(&format!(
            "1 validation error detected: Value '{other}' at 'performanceConfig.latency' failed to satisfy \
             constraint: Member must satisfy enum value set: [standard, optimized]"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::BEDROCK;

    fn ask(model: &str, name: &str, value: &Value) -> (u16, Value) {
        let body = json!({"messages": [{"role": "user", "content": [{"text": "Hello"}]}], name: value});
        BEDROCK.ask("converse", model, &body, None)
    }

    #[test]
    fn tiers() {
        let unsupported = "The provided service tier is not supported for this model.";
        for (model, tier, refusal) in [
            ("openai.gpt-oss-20b-1:0", "flex", None),
            ("us.amazon.nova-2-lite-v1:0", "flex", None),
            ("arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0", "flex", None),
            ("eu.amazon.nova-2-lite-v1:0", "flex", Some(unsupported)),
            ("eu.amazon.nova-2-lite-v1:0", "priority", None),
            ("zai.glm-5", "priority", None),
            ("zai.glm-5", "flex", Some(unsupported)),
            ("us.amazon.nova-lite-v1:0", "flex", Some(unsupported)),
            ("us.anthropic.claude-sonnet-4-6", "priority", Some(unsupported)),
            ("us.anthropic.claude-sonnet-4-6", "default", None),
            ("us.anthropic.claude-sonnet-4-6", "reserved", Some("Reservation not found.")),
            ("us.anthropic.claude-sonnet-4-6", "fast", Some("The service tier provided is invalid.")),
        ] {
            let (status, answer) = ask(model, "serviceTier", &json!({ "type": tier }));
            match refusal {
                Some(refusal) => assert_eq!((status, &answer["message"]), (400, &json!(refusal)), "{model} {tier}"),
                None => assert_eq!((status, &answer["serviceTier"]["type"]), (200, &json!(tier)), "{model} {tier}"),
            }
        }
    }

    #[test]
    fn latencies() {
        for (model, latency, status) in [
            ("us.amazon.nova-pro-v1:0", "optimized", 200),
            ("us.amazon.nova-lite-v1:0", "optimized", 400),
            ("us.amazon.nova-lite-v1:0", "standard", 200),
            ("us.amazon.nova-lite-v1:0", "best", 400),
        ] {
            let (found, answer) = ask(model, "performanceConfig", &json!({ "latency": latency }));
            assert_eq!(found, status, "{model} {latency}");
            assert_eq!(answer["performanceConfig"]["latency"] == latency, status == 200);
        }
    }
}
