//! The models' quotas, and the rows of a batch and the warehouse that they carry.

use serde_json::{Value, json};

use crate::aws::{Aws, AwsError, services};
use crate::catalogue::{Model, Route};
use crate::report::Findings;
use crate::sql;
use crate::stack::text;

/// Snowflake gives a batch up after so many seconds.
const SECONDS: f64 = 600.0;
/// The share of them in which a GET works on the batch.
const SHARE: f64 = 0.7;
/// Batches in parallel that a table of 100,000 rows was seen to come in, on an XS warehouse.
const USUAL: f64 = 8.0;
/// The most from one node.
const ONE_NODE: f64 = 64.0;
/// The warehouses, each of twice the nodes of the one before.
const SIZES: [&str; 7] = ["XS", "S", "M", "L", "XL", "2XL", "3XL"];

/// What a model's quotas mean for the functions as they are set up.
enum Carried {
    Enough(String),
    TooLittle(String, String),
    Unknown,
}

/// A quota of an account, by its name.
struct Quota {
    name: String,
    value: f64,
}

/// Looks at the quotas of these models.
pub async fn check(aws: &Aws, models: &[Model], tokens_per_row: u32) -> Findings {
    let mut findings = Findings::default();
    if models.is_empty() {
        findings.note("no model is known that may be called for a text, so that there is no quota to look at");
        return findings;
    }
    match read(aws).await {
        Ok(quotas) => {
            let judged: Vec<_> = models.iter().map(|model| (model, judge(model, &quotas, tokens_per_row))).collect();
            // Of what a pattern matches, one that suffices is enough: the others need not be wanted.
            let suffices =
                judged.iter().any(|(model, carried)| !model.is_named && matches!(carried, Carried::Enough(_)));
            for (model, carried) in judged {
                match carried {
                    Carried::Enough(text) => findings.good(text),
                    Carried::TooLittle(text, mend) if model.is_named || !suffices => findings.crossed(text, mend),
                    Carried::TooLittle(text, _) => findings.note(text),
                    Carried::Unknown => {
                        findings
                            .unknown(format_args!("the quotas of {}", model.id), "Service Quotas has none by its name");
                    }
                }
            }
        }
        Err(error) => findings.not_told("the quotas of the models", &error),
    }
    findings
}

async fn read(aws: &Aws) -> Result<Vec<Quota>, AwsError> {
    let (mut quotas, mut body) = (Vec::new(), json!({"ServiceCode": "bedrock", "MaxResults": 100}));
    loop {
        let page = aws.json(services::SERVICE_QUOTAS, "ListServiceQuotas", &body).await?;
        let list = page["Quotas"].as_array().map(Vec::as_slice).unwrap_or_default();
        quotas.extend(list.iter().filter_map(quota));
        match page["NextToken"].as_str() {
            Some(token) => body["NextToken"] = token.into(),
            None => return Ok(quotas),
        }
    }
}

fn quota(quota: &Value) -> Option<Quota> {
    Some(Quota { name: text(&quota["QuotaName"]), value: quota["Value"].as_f64()? })
}

/// The quota of this unit. Service Quotas knows models by their names alone, each in a sentence.
fn find(quotas: &[Quota], model: &Model, unit: &str) -> Option<f64> {
    let kind = match model.route {
        Route::OnDemand => "on-demand model inference",
        Route::Geography => "cross-region model inference",
        Route::Global => "global cross-region model inference",
    };
    let foundation = &model.foundation;
    let names = [words(&foundation.name), words(&format!("{} {}", foundation.provider, foundation.name))];
    let sentence = format!("{kind} {unit} per minute for ");
    let quota = quotas.iter().find(|quota| {
        quota.name.to_lowercase().strip_prefix(&sentence).is_some_and(|name| names.contains(&words(name)))
    })?;
    Some(quota.value)
}

/// A name without what the two lists write differently.
fn words(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut words: Vec<_> = lower.split(|c: char| !c.is_alphanumeric() && c != '.').map(str::to_owned).collect();
    words.retain(|word| !word.is_empty());
    if words.last().is_some_and(|word| word == "v1") {
        words.pop();
    }
    words
}

fn judge(model: &Model, quotas: &[Quota], tokens_per_row: u32) -> Carried {
    let id = &model.id;
    let (requests, tokens) = (find(quotas, model, "requests"), find(quotas, model, "tokens"));
    let told: Vec<_> = [(requests, "requests"), (tokens, "tokens")]
        .into_iter()
        .filter_map(|(value, unit)| Some(format!("{} {unit}", value?)))
        .collect();
    let per_row = [requests, tokens.map(|tokens| tokens / f64::from(tokens_per_row))];
    let Some(rows_a_minute) = per_row.into_iter().flatten().reduce(f64::min) else { return Carried::Unknown };
    let told = told.join(" and ");
    if rows_a_minute <= 0.0 {
        let ask = "aws service-quotas list-service-quotas --service-code bedrock";
        return Carried::TooLittle(format!("{id}: {told} a minute, so that no call gets through"), ask.to_owned());
    }
    // What is done of a statement's rows before Snowflake gives the batches up, whatever their number.
    let done = rows_a_minute / 60.0 * SECONDS * SHARE;
    let (usual, most) = ((done / USUAL).floor(), (done / ONE_NODE).floor());
    let carried = format!(
        "{id}: {told} a minute carry MAX_BATCH_ROWS {usual} with {USUAL} batches in parallel, {most} with {ONE_NODE}"
    );
    let Some(rows) = sql::max_batch_rows() else { return Carried::Enough(carried) };
    let rows = f64::from(rows);
    if usual < rows {
        let change = format!("s/MAX_BATCH_ROWS = {rows}$/MAX_BATCH_ROWS = {}/", usual.max(1.0));
        let mend =
            format!("run sql/setup.sql again, as --print-setup says, after: perl -pi -e '{change}' sql/setup.sql");
        return Carried::TooLittle(format!("{carried}; sql/setup.sql has {rows}, too many even for an XS"), mend);
    }
    Carried::Enough(format!("{carried}; the {rows} of sql/setup.sql: {}", warehouse(done / rows)))
}

/// The largest warehouse whose nodes may all send their most.
fn warehouse(batches: f64) -> String {
    let mut nodes = ONE_NODE;
    let mut largest = None;
    for size in SIZES {
        if batches < nodes {
            break;
        }
        largest = Some(size);
        nodes *= 2.0;
    }
    let batches = batches.floor();
    match largest {
        Some(size) => format!("{batches} batches in parallel, so a warehouse up to {size}"),
        None => format!("{batches} batches in parallel, so an XS, and not for its {ONE_NODE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, warehouse, words};
    use crate::catalogue::Catalogue;
    use crate::testing::Recordings;

    async fn told(recordings: &[&str], id: &str, tokens_per_row: u32) -> String {
        let aws = Recordings::with(recordings).aws();
        let models = Catalogue::read(&aws).await.unwrap().matches(id);
        check(&aws, &models, tokens_per_row).await.to_string()
    }

    #[tokio::test]
    async fn the_formula_of_the_readme() {
        // 500 requests a minute: 8.3 x 600 x 0.7 / 8 = 437 and / 64 = 54.
        let own = told(&[], "amazon.nova-lite-v1:0", 1).await;
        assert!(
            own.contains("500 requests and 400000 tokens a minute carry MAX_BATCH_ROWS 437 with 8 batches"),
            "{own}"
        );
        assert!(
            own.contains("in parallel, 54 with 64; the 100 of sql/setup.sql: 35 batches in parallel, so an XS"),
            "{own}"
        );
        // The tokens are the narrower: 400,000 / 1,000 a row.
        let tokens = told(&[], "amazon.nova-lite-v1:0", 1000).await;
        assert!(tokens.contains("MAX_BATCH_ROWS 350 with 8"), "{tokens}");
        let profile = told(&[], "us.amazon.nova-lite-v1:0", 1).await;
        assert!(
            profile.contains("2000 requests and 800000 tokens")
                && profile.contains("140 batches in parallel, so a warehouse up to S"),
            "{profile}"
        );
        let global = told(&[], "global.anthropic.claude-haiku-4-5-20251001-v1:0", 1000).await;
        assert!(
            global.contains("10 requests")
                && global.contains("✗")
                && global.contains("perl -pi -e 's/MAX_BATCH_ROWS = 100$/MAX_BATCH_ROWS = 8/' sql/setup.sql"),
            "{global}"
        );
    }

    #[tokio::test]
    async fn a_pattern_is_no_wish_for_each_that_it_matches() {
        // Micro has enough, and Lite has nothing.
        let one = told(&["service-quotas/ListServiceQuotas.one"], "amazon.nova-*", 1000).await;
        assert!(
            one.contains("- amazon.nova-lite-v1:0: 0 requests") && one.contains("✓ amazon.nova-micro-v1:0"),
            "{one}"
        );
        let none = told(&["service-quotas/ListServiceQuotas.zero"], "amazon.nova-*", 1000).await;
        assert!(none.contains("✗ amazon.nova-lite-v1:0: 0 requests"), "{none}");
    }

    #[tokio::test]
    async fn a_quota_of_nothing_none_at_all_and_a_refusal() {
        let zero = told(&["service-quotas/ListServiceQuotas.zero"], "amazon.nova-lite-v1:0", 1000).await;
        assert!(
            zero.contains("✗ amazon.nova-lite-v1:0: 0 requests") && zero.contains("no call gets through"),
            "{zero}"
        );
        let none = told(&["service-quotas/ListServiceQuotas.zero"], "amazon.nova-micro-v1:0", 1000).await;
        assert!(none.contains("? cannot tell the quotas of amazon.nova-micro-v1:0"), "{none}");
        let denied = told(&["service-quotas/ListServiceQuotas.denied"], "amazon.nova-lite-v1:0", 1000).await;
        assert_eq!(denied, "  ? cannot tell the quotas of the models: AccessDeniedException (400)\n");
    }

    #[test]
    fn names_and_sizes() {
        assert_eq!(words("Anthropic Claude Haiku 4.5 V1"), words("Anthropic Claude Haiku 4.5"));
        assert_ne!(words("Claude 3.5 Sonnet V2"), words("Claude 3.5 Sonnet"));
        assert!(warehouse(64.0).ends_with("up to XS") && warehouse(1e9).ends_with("up to 3XL"));
    }
}
