//! Which model ids there are, and what each can do.

use super::super::reply::Reply;

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
    life: Life,
    /// Can be called by its bare id.
    on_demand: bool,
    /// Prefixes of its inference profiles.
    profiles: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Active,
    Ended,
    /// Ended on AWS; here only when the options say so, so that the article can be played.
    Article,
}

const REGIONS: &[&str] = &["us", "eu", "apac", "jp", "au", "global"];
const US: &[&str] = &["us"];

const PLAIN: Model = Model {
    id: "",
    family: Family::Other,
    system: true,
    sampling: true,
    stop_sequences: true,
    life: Life::Active,
    on_demand: true,
    profiles: &[],
};
const CLAUDE: Model = Model { family: Family::Claude, on_demand: false, profiles: REGIONS, ..PLAIN };
const ADAPTIVE_CLAUDE: Model = Model { sampling: false, ..CLAUDE };
const ENDED_CLAUDE: Model = Model { life: Life::Ended, on_demand: true, ..CLAUDE };
const NOVA: Model = Model { family: Family::Nova, profiles: REGIONS, ..PLAIN };
const PROFILE_ONLY: Model = Model { on_demand: false, profiles: REGIONS, ..PLAIN };
const NO_SYSTEM: Model = Model { system: false, ..PLAIN };
const NO_STOP: Model = Model { stop_sequences: false, on_demand: false, profiles: &["us", "global"], ..PLAIN };
const ENDED: Model = Model { life: Life::Ended, profiles: US, ..PLAIN };

const MODELS: &[Model] = &[
    Model { id: "amazon.titan-text-express-v1", family: Family::Titan, life: Life::Article, ..NO_SYSTEM },
    Model { id: "ai21.j2-ultra-v1", family: Family::Jurassic, life: Life::Article, ..NO_SYSTEM },
    Model {
        id: "anthropic.claude-3-sonnet-20240229-v1:0",
        family: Family::Claude,
        life: Life::Article,
        profiles: REGIONS,
        ..PLAIN
    },
    Model { id: "amazon.titan-text-lite-v1", ..ENDED },
    Model { id: "amazon.titan-text-premier-v1:0", ..ENDED },
    Model { id: "ai21.j2-mid-v1", ..ENDED },
    Model { id: "anthropic.claude-v2", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-v2:1", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-instant-v1", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-haiku-20240307-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-opus-20240229-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-sonnet-20240620-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-sonnet-20241022-v2:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-5-haiku-20241022-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-3-7-sonnet-20250219-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-opus-4-20250514-v1:0", ..ENDED_CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-20250514-v1:0", ..ENDED_CLAUDE },
    Model { id: "amazon.nova-premier-v1:0", ..ENDED },
    Model { id: "cohere.command-r-v1:0", ..ENDED },
    Model { id: "cohere.command-r-plus-v1:0", ..ENDED },
    Model { id: "meta.llama3-1-405b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-1b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-3b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-11b-instruct-v1:0", ..ENDED },
    Model { id: "meta.llama3-2-90b-instruct-v1:0", ..ENDED },
    Model { id: "cohere.command-text-v14", ..NO_SYSTEM },
    Model { id: "cohere.command-light-text-v14", ..NO_SYSTEM },
    Model { id: "mistral.mistral-7b-instruct-v0:2", ..NO_SYSTEM },
    Model { id: "mistral.mixtral-8x7b-instruct-v0:1", ..NO_SYSTEM },
    Model { id: "anthropic.claude-opus-4-1-20250805-v1:0", ..CLAUDE },
    Model { id: "anthropic.claude-haiku-4-5-20251001-v1:0", ..CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-5-20250929-v1:0", ..CLAUDE },
    Model { id: "anthropic.claude-opus-4-5-20251101-v1:0", ..CLAUDE },
    Model { id: "anthropic.claude-sonnet-4-6", ..CLAUDE },
    Model { id: "anthropic.claude-opus-4-6-v1", ..CLAUDE },
    Model { id: "anthropic.claude-opus-4-7", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-4-8", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-sonnet-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-sonnet-5-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-opus-5-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-haiku-5-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-fable-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-fable-5-1", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-mythos-5", ..ADAPTIVE_CLAUDE },
    Model { id: "anthropic.claude-mythos-5-1", ..ADAPTIVE_CLAUDE },
    Model { id: "amazon.nova-micro-v1:0", ..NOVA },
    Model { id: "amazon.nova-lite-v1:0", ..NOVA },
    Model { id: "amazon.nova-pro-v1:0", ..NOVA },
    Model { id: "amazon.nova-2-lite-v1:0", on_demand: false, ..NOVA },
    Model { id: "amazon.titan-embed-text-v2:0", family: Family::Embedding(Embedding::Titan), ..PLAIN },
    Model { id: "cohere.embed-english-v3", family: Family::Embedding(Embedding::CohereV3), ..PLAIN },
    Model { id: "cohere.embed-multilingual-v3", family: Family::Embedding(Embedding::CohereV3), ..PLAIN },
    Model {
        id: "cohere.embed-v4:0",
        family: Family::Embedding(Embedding::CohereV4),
        profiles: &["us", "eu", "global"],
        ..PLAIN
    },
    Model { id: "amazon.nova-2-multimodal-embeddings-v1:0", family: Family::Embedding(Embedding::Nova), ..PLAIN },
    Model { id: "meta.llama3-3-70b-instruct-v1:0", ..PROFILE_ONLY },
    Model { id: "meta.llama4-maverick-17b-instruct-v1:0", ..PROFILE_ONLY },
    Model { id: "meta.llama4-scout-17b-instruct-v1:0", ..PROFILE_ONLY },
    Model { id: "deepseek.r1-v1:0", ..PROFILE_ONLY },
    Model { id: "deepseek.v3.2", ..PLAIN },
    Model { id: "mistral.mistral-large-3-675b-instruct", ..PLAIN },
    Model { id: "mistral.ministral-3-3b-instruct", ..PLAIN },
    Model { id: "mistral.ministral-3-8b-instruct", ..PLAIN },
    Model { id: "mistral.ministral-3-14b-instruct", ..PLAIN },
    Model { id: "qwen.qwen3-32b-v1:0", ..PLAIN },
    Model { id: "qwen.qwen3-235b-a22b-2507-v1:0", ..PLAIN },
    Model { id: "qwen.qwen3-next-80b-a3b", ..PLAIN },
    Model { id: "openai.gpt-oss-20b-1:0", ..PLAIN },
    Model { id: "openai.gpt-oss-120b-1:0", ..PLAIN },
    Model { id: "openai.gpt-5.6", ..NO_STOP },
    Model { id: "openai.gpt-6", ..NO_STOP },
    Model { id: "moonshotai.kimi-k3", ..PLAIN },
    Model { id: "zai.glm-5", ..PLAIN },
    Model { id: "xai.grok-4.6", ..NO_STOP },
    Model { id: "xai.grok-4.7", ..NO_STOP },
];

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
    fn the_end_of_life() {
        assert_eq!(status("anthropic.claude-3-haiku-20240307-v1:0"), 404);
        assert_eq!(status("us.anthropic.claude-3-7-sonnet-20250219-v1:0"), 404);
        for id in ["amazon.titan-text-express-v1", "ai21.j2-ultra-v1", "anthropic.claude-3-sonnet-20240229-v1:0"] {
            assert_eq!(status(id), 200);
            assert_eq!(resolve(id, true).map_or_else(|refusal| refusal.status, |_| 200), 404);
        }
    }
}
