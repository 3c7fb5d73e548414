//! Which model ids there are, and what each can do.

mod table;

use super::super::reply::Reply;
use table::{MODELS, PLAIN};

/// Which bodies a model takes through `InvokeModel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Titan,
    Jurassic,
    Claude,
    Nova,
    /// Vectors instead of text.
    Embedding(Embedding),
    /// Only Converse is played.
    Other,
}

/// Which bodies an embedding model takes, and which lengths its vectors have, the default first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Embedding {
    Titan,
    CohereV3,
    CohereV4,
    Nova,
}

impl Embedding {
    pub(super) fn dimensions(self) -> &'static [usize] {
        match self {
            Self::Titan => &[1024, 512, 256],
            Self::CohereV3 => &[1024],
            Self::CohereV4 => &[1536, 1024, 512, 256],
            Self::Nova => &[3072, 1024, 384, 256],
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    id: &'static str,
    pub(super) family: Family,
    /// Takes system text.
    pub(super) system: bool,
    /// Takes `temperature`, `topP` and the like.
    pub(super) sampling: bool,
    /// Takes `stopSequences`.
    pub(super) stop_sequences: bool,
    pub(super) tools: Tools,
    /// Takes `strict` in a tool.
    pub(super) strict: bool,
    /// Takes `outputConfig.textFormat`.
    pub(super) format: bool,
    /// Takes `outputConfig.effort`.
    pub(super) effort: bool,
    pub(super) tiers: Tiers,
    /// Has a variant that is optimized for latency.
    pub(super) optimized: bool,
    life: Life,
    /// Can be called by its bare id.
    on_demand: bool,
    /// Prefixes of its inference profiles.
    profiles: &'static [&'static str],
}

/// What a model does with tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tools {
    /// Refuses them.
    None,
    /// Uses them, and refuses to be told which.
    Free,
    /// Uses the one it is told to.
    Forced,
}

/// Which service tiers a model has beside the default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiers {
    Default,
    Priority,
    PriorityAndFlex,
    /// Priority, and flex by its profile of the United States alone.
    PriorityAndFlexInUs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Active,
    Ended,
    /// Ended on AWS; here only when the options say so, so that the article can be played.
    Article,
}

/// The model behind an id, a profile id or an ARN of either; or the refusal.
pub(super) fn resolve(id: &str, end_of_life: bool) -> Result<Model, Reply> {
    let (model, by_profile) = find(id)
        .ok_or_else(|| Reply::error(400, "ValidationException", "The provided model identifier is invalid."))?;
    if model.life == Life::Ended || (model.life == Life::Article && end_of_life) {
        return Err(Reply::error(
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life. Please refer to the AWS documentation for more \
             details.",
        ));
    }
    if !model.on_demand && !by_profile {
        return Err(Reply::error(
            400,
            "ValidationException",
            &format!(
                "Invocation of model ID {id} with on-demand throughput isn’t supported. Retry your request with the \
                 ID or ARN of an inference profile that contains this model."
            ),
        ));
    }
    Ok(model)
}

/// The model, and whether it is named by a profile. Case matters.
fn find(id: &str) -> Option<(Model, bool)> {
    let Some(arn) = id.strip_prefix("arn:") else {
        return by_name(id);
    };
    let mut parts = arn.splitn(5, ':');
    let (_partition, service, _region, account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if service != "bedrock" {
        return None;
    }
    let owned = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    match resource.split_once('/')? {
        ("foundation-model", id) if account.is_empty() => by_name(id).filter(|(_, profile)| !profile),
        ("inference-profile", id) if owned => by_name(id).filter(|(_, profile)| *profile),
        // What is behind these is the account's business.
        ("application-inference-profile" | "provisioned-model" | "custom-model-deployment", id)
            if owned && !id.is_empty() =>
        {
            Some((PLAIN, true))
        }
        _ => None,
    }
}

fn by_name(id: &str) -> Option<(Model, bool)> {
    let exact = |id: &str| MODELS.iter().find(|model| model.id == id).copied();
    exact(id).map(|model| (model, false)).or_else(|| {
        let (prefix, base) = id.split_once('.')?;
        exact(base).filter(|model| model.profiles.contains(&prefix)).map(|model| (model, true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(id: &str) -> u16 {
        resolve(id, false).map_or_else(|refusal| refusal.status, |_| 200)
    }

    #[test]
    fn ids_profiles_and_arns() {
        for id in [
            "amazon.nova-lite-v1:0",
            "us.amazon.nova-lite-v1:0",
            "jp.anthropic.claude-sonnet-4-6",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6",
            "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123",
            "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0",
        ] {
            assert_eq!(status(id), 200, "{id}");
        }
        for id in [
            "",
            "Amazon.nova-lite-v1:0",
            "xx.amazon.nova-lite-v1:0",
            "us.us.amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-west-2:1:inference-profile/us.anthropic.claude-sonnet-4-6",
            "arn:aws:s3:::bucket",
            "arn:aws",
        ] {
            assert_eq!(status(id), 400, "{id}");
        }
    }

    #[test]
    fn only_by_profile() {
        for id in ["anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-2-lite-v1:0"] {
            let body = resolve(id, false).map_or_else(|refusal| refusal.body, |_| Vec::new());
            assert!(String::from_utf8_lossy(&body).contains("with on-demand throughput isn’t supported"));
            assert_eq!(status(&format!("us.{id}")), 200);
        }
    }

    #[test]
    fn what_structured_answers_a_model_gives() {
        for (id, format, tools, effort) in [
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", true, Tools::Forced, true),
            ("us.anthropic.claude-sonnet-5-5", true, Tools::Free, true),
            ("us.anthropic.claude-opus-5-5", false, Tools::Free, true),
            ("us.anthropic.claude-opus-4-7", false, Tools::Forced, true),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", false, Tools::Forced, false),
            ("us.amazon.nova-2-lite-v1:0", false, Tools::Forced, false),
            ("us.meta.llama4-scout-17b-instruct-v1:0", false, Tools::Free, false),
            ("qwen.qwen3-32b-v1:0", true, Tools::Forced, false),
            ("openai.gpt-oss-20b-1:0", true, Tools::Forced, true),
            ("mistral.mistral-7b-instruct-v0:2", false, Tools::None, false),
            ("amazon.titan-text-express-v1", false, Tools::None, false),
        ] {
            let model = resolve(id, false).map_err(|refusal| refusal.status).unwrap();
            assert_eq!((model.format, model.tools, model.effort), (format, tools, effort), "{id}");
        }
    }

    #[test]
    fn the_end_of_life() {
        assert_eq!(status("anthropic.claude-3-haiku-20240307-v1:0"), 404);
        assert_eq!(status("us.anthropic.claude-3-7-sonnet-20250219-v1:0"), 404);
        for id in ["amazon.titan-text-express-v1", "ai21.j2-ultra-v1", "anthropic.claude-3-sonnet-20240229-v1:0"] {
            assert_eq!(status(id), 200);
            assert_eq!(resolve(id, true).map_or_else(|refusal| refusal.status, |_| 200), 404);
        }
    }
}
