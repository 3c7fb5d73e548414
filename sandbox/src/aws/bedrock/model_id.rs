//! What the service refuses before it looks for a model.

use super::super::reply::Reply;
use super::invalid;

/// `ConversationalModelId` in botocore's service model, 2026-11.
const PATTERN: &str = concat!(
    "(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:(([0-9]{12}:custom-model/[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}/",
    "[a-z0-9]{12})|(:foundation-model/[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63}))|([0-9]{12}:",
    "imported-model/[a-z0-9]{12})|([0-9]{12}:provisioned-model/[a-z0-9]{12})|([0-9]{12}:custom-model-deployment/",
    "[a-z0-9]{12})|([0-9]{12}:(inference-profile|application-inference-profile)/[a-zA-Z0-9-:.]+)))|([a-z0-9-]{1,63}",
    "[.]{1}[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63}))|(([0-9a-zA-Z][_-]?)+)|([a-zA-Z0-9-:.]+)|(^(arn:aws(-[^:]+)?:bedrock:",
    "[a-z0-9-]{1,20}:[0-9]{12}:prompt/[0-9a-zA-Z]{10}(?::[0-9]{1,5})?))$|(^arn:aws:sagemaker:[a-z0-9-]+:[0-9]{12}:",
    "endpoint/[a-zA-Z0-9-]+$)|(^arn:aws(-[^:]+)?:bedrock:([0-9a-z-]{1,20}):([0-9]{12}):(default-)?prompt-router/",
    "[a-zA-Z0-9-:.]+$)"
);

/// Refuses a model id outside the pattern. Of the pattern only its letters and its length are played: it takes any word
/// of letters, digits and `-:.`, and ARNs.
pub(super) fn check(id: &str) -> Result<(), Reply> {
    let refuse = |constraint: &str| {
        Err(invalid(&format!(
            "1 validation error detected: Value '{id}' at 'modelId' failed to satisfy constraint: {constraint}"
        )))
    };
    if id.chars().count() > 2048 {
        return refuse("Member must have length less than or equal to 2048");
    }
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._/".contains(&byte)) {
        return refuse(&format!("Member must satisfy regular expression pattern: {PATTERN}"));
    }
    Ok(())
}
