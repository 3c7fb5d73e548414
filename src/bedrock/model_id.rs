//! What a model id says of the model behind it.

/// Whether a model id names a model of `pattern`: the id of a model without its date and version, or with a star at its end the
/// beginning of one. The id may be an ARN, and may have the prefix of an inference profile.
pub fn is_of(model_id: &str, pattern: &str) -> bool {
    let fits = |id: &str| match pattern.strip_suffix('*') {
        Some(beginning) => id.starts_with(beginning),
        None => id.strip_prefix(pattern).is_some_and(is_version),
    };
    let id = resource(model_id);
    fits(id) || id.split_once('.').is_some_and(|(_, id)| fits(id))
}

/// The prefix of an inference profile, as `us` in `us.amazon.nova-lite-v1:0`; `None` for a model's own id, and for what is neither.
pub fn profile(model_id: &str) -> Option<&str> {
    let (prefix, rest) = resource(model_id).split_once('.')?;
    // What comes before the second dot is a provider, and no version as in `deepseek.v3.2`.
    let (provider, _) = rest.split_once('.')?;
    let is_version = provider.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_version).then_some(prefix)
}

/// An id as it stands, or the last part of an ARN. That of an application inference profile says nothing of its model.
fn resource(model_id: &str) -> &str {
    model_id.rsplit('/').next().unwrap_or(model_id)
}

/// Whether nothing follows but a date and a version, as in `-20251001-v1:0`: `claude-haiku-5` is not `claude-haiku-5-5`.
fn is_version(rest: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (dashed, colons) = rest.split_once(':').map_or((rest, None), |(dashed, colons)| (dashed, Some(colons)));
    let is_part = |part: &str| (part.len() == 8 && is_digits(part)) || part.strip_prefix('v').is_some_and(is_digits);
    let is_dashed = dashed.is_empty() || dashed.strip_prefix('-').is_some_and(|parts| parts.split('-').all(is_part));
    is_dashed && colons.is_none_or(|colons| colons.split(':').all(|part| !part.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_behind_prefix_date_version_and_arn() {
        let haiku = "anthropic.claude-haiku-5";
        for (model_id, pattern, expected) in [
            ("anthropic.claude-haiku-5", haiku, true),
            ("us.anthropic.claude-haiku-5-20260801-v1:0", haiku, true),
            ("global.anthropic.claude-haiku-5-v1:0:200k", haiku, true),
            ("arn:aws:bedrock:us-west-2:111122223333:inference-profile/eu.anthropic.claude-haiku-5-v1:0", haiku, true),
            ("anthropic.claude-haiku-5-5-20260801-v1:0", haiku, false),
            ("anthropic.claude-haiku-50", haiku, false),
            ("anthropic.claude-haiku-5-v1-fast", haiku, false),
            ("anthropic.claude-haiku-5-instruct", haiku, false),
            ("anthropic.claude-haiku-5-v", haiku, false),
            ("anthropic.claude-haiku-5:", haiku, false),
            ("us.us.anthropic.claude-haiku-5", haiku, false),
            ("arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/abc123", haiku, false),
            ("us.qwen.qwen3-32b-v1:0", "qwen.qwen3*", true),
            ("qwen.qwen2", "qwen.qwen3*", false),
            ("deepseek.v3.2", "deepseek.v3.2", true),
        ] {
            assert_eq!(is_of(model_id, pattern), expected, "{model_id} of {pattern}");
        }
    }

    #[test]
    fn the_prefix_of_a_profile_is_told_from_a_provider() {
        assert_eq!(profile("us.amazon.nova-lite-v1:0"), Some("us"));
        assert_eq!(profile("arn:aws:bedrock:x:1:inference-profile/global.amazon.nova-2-lite-v1:0"), Some("global"));
        assert_eq!(profile("amazon.nova-lite-v1:0"), None);
        assert_eq!(profile("deepseek.v3.2"), None);
        assert_eq!(profile("abc123"), None);
    }
}
