//! Which embedding models there are, and what each takes.

/// A family of embedding models: they share a form of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `amazon.titan-embed-text-v2:0`
    Titan,
    /// `cohere.embed-english-v3` and `cohere.embed-multilingual-v3`
    CohereV3,
    /// `cohere.embed-v4:0`
    CohereV4,
    /// `amazon.nova-2-multimodal-embeddings-v1:0`
    Nova,
}

/// What a family takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lengths of a vector that may be asked for; one of them is no choice.
    pub dimensions: &'static [u16],
    /// The length when nothing is said.
    pub default_dimensions: u16,
    /// Whether the vector may depend on what it is for.
    pub has_input_type: bool,
    /// Whether it may be left as long as it comes.
    pub has_normalize: bool,
    /// Whether a text that is too long may be cut.
    pub has_truncate: bool,
    /// Most characters of a text, where the service checks them before it cuts.
    pub longest_text: Option<usize>,
    /// Most texts of one call.
    pub most_texts: usize,
}

impl Family {
    /// How each family's ids begin, behind a profile's prefix or within an ARN.
    const IDS: [(&'static str, Self); 5] = [
        ("amazon.titan-embed-text-v2", Self::Titan),
        ("cohere.embed-english-v3", Self::CohereV3),
        ("cohere.embed-multilingual-v3", Self::CohereV3),
        ("cohere.embed-v4", Self::CohereV4),
        ("amazon.nova-2-multimodal-embeddings", Self::Nova),
    ];

    /// The models, to be told when another one was named.
    pub const KNOWN: &'static str = "amazon.titan-embed-text-v2:0, cohere.embed-english-v3, cohere.embed-multilingual-v3, \
         cohere.embed-v4:0, amazon.nova-2-multimodal-embeddings-v1:0, and their inference profiles";

    /// The family of a model id, an inference profile or an ARN that holds either.
    pub fn of(model_id: &str) -> Option<Self> {
        let id = model_id.rsplit('/').next().unwrap_or(model_id);
        let is_of =
            |family: &str| id.starts_with(family) || id.split_once('.').is_some_and(|(_, id)| id.starts_with(family));
        Self::IDS.iter().find(|(id, _)| is_of(id)).map(|(_, family)| *family)
    }

    /// What it takes.
    ///
    /// Source: the pages of the models in Bedrock's user guide. Cohere's limit of 2,048 characters is that of its schema, which is checked
    /// before `truncate`: "#/texts/0: expected maxLength: 2048, actual: 19882".
    pub fn limits(self) -> Limits {
        match self {
            Self::Titan => Limits {
                dimensions: &[256, 512, 1024],
                default_dimensions: 1024,
                has_input_type: false,
                has_normalize: true,
                has_truncate: false,
                longest_text: Some(50_000),
                most_texts: 1,
            },
            Self::CohereV3 => Limits {
                dimensions: &[1024],
                default_dimensions: 1024,
                has_input_type: true,
                has_normalize: false,
                has_truncate: true,
                longest_text: Some(2048),
                most_texts: 96,
            },
            Self::CohereV4 => Limits {
                dimensions: &[256, 512, 1024, 1536],
                default_dimensions: 1536,
                has_input_type: true,
                has_normalize: false,
                has_truncate: true,
                longest_text: None,
                most_texts: 96,
            },
            Self::Nova => Limits {
                dimensions: &[256, 384, 1024, 3072],
                default_dimensions: 3072,
                has_input_type: true,
                has_normalize: false,
                has_truncate: true,
                longest_text: Some(8192),
                most_texts: 1,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_known_behind_prefix_and_arn() {
        for (model_id, family) in [
            ("amazon.titan-embed-text-v2:0", Some(Family::Titan)),
            ("cohere.embed-english-v3", Some(Family::CohereV3)),
            ("us.cohere.embed-v4:0", Some(Family::CohereV4)),
            (
                "arn:aws:bedrock:us-west-2:111122223333:inference-profile/global.cohere.embed-v4:0",
                Some(Family::CohereV4),
            ),
            ("arn:aws:bedrock:us-west-2::foundation-model/cohere.embed-multilingual-v3", Some(Family::CohereV3)),
            ("amazon.nova-2-multimodal-embeddings-v1:0", Some(Family::Nova)),
            ("amazon.titan-embed-text-v1", None),
            ("us.amazon.nova-lite-v1:0", None),
        ] {
            assert_eq!(Family::of(model_id), family, "{model_id}");
        }
    }
}
