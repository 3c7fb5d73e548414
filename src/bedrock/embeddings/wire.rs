//! The bodies of each family, and what is read of their answers.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Embedding, Family, InputType, Truncate, numbers};
use crate::function::{Answered, Moment, Paid, Usage};

/// The body that asks for the vectors of texts; of families that take one text, for that of the first.
pub fn body(how: Embedding<'_>, texts: &[String]) -> Value {
    let text = texts.first().map(String::as_str).unwrap_or_default();
    match how.family {
        Family::Titan => json!({"inputText": text, "dimensions": how.dimensions, "normalize": how.normalize}),
        Family::CohereV3 => json!({
            "texts": texts,
            "input_type": how.input_type.of_cohere(),
            "truncate": how.truncate.of_two_ends("NONE", "START", "END"),
        }),
        Family::CohereV4 => json!({
            "texts": texts,
            "input_type": how.input_type.of_cohere(),
            "truncate": how.truncate.of_two_ends("NONE", "LEFT", "RIGHT"),
            "embedding_types": ["float"],
            "output_dimension": how.dimensions,
        }),
        Family::Nova => json!({
            "schemaVersion": "nova-multimodal-embed-v1",
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": how.input_type.of_nova(),
                "embeddingDimension": how.dimensions,
                "text": {"truncationMode": how.truncate.of_two_ends("NONE", "START", "END"), "value": text},
            },
        }),
    }
}

impl InputType {
    fn of_cohere(self) -> &'static str {
        match self {
            Self::SearchDocument => "search_document",
            Self::SearchQuery => "search_query",
            Self::Classification => "classification",
            Self::Clustering => "clustering",
        }
    }

    /// Nova tells a search among texts from one among other media; here there are but texts.
    fn of_nova(self) -> &'static str {
        match self {
            Self::SearchDocument => "GENERIC_INDEX",
            Self::SearchQuery => "TEXT_RETRIEVAL",
            Self::Classification => "CLASSIFICATION",
            Self::Clustering => "CLUSTERING",
        }
    }
}

impl Truncate {
    fn of_two_ends(self, none: &'static str, start: &'static str, end: &'static str) -> &'static str {
        match self {
            Self::None => none,
            Self::Start => start,
            Self::End => end,
        }
    }
}

type Vector<'a> = Vec<&'a RawValue>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TitanAnswer<'a> {
    #[serde(borrow)]
    embedding: Vector<'a>,
    input_text_token_count: Option<u64>,
}

#[derive(Deserialize)]
struct CohereAnswer<'a> {
    /// A list of vectors, or one under the name of each type that was asked for.
    #[serde(borrow)]
    embeddings: &'a RawValue,
}

#[derive(Deserialize)]
struct ByType<'a> {
    #[serde(borrow)]
    float: Vec<Vector<'a>>,
}

#[derive(Deserialize)]
struct NovaAnswer<'a> {
    #[serde(borrow)]
    embeddings: Vec<NovaEmbedding<'a>>,
}

#[derive(Deserialize)]
struct NovaEmbedding<'a> {
    #[serde(borrow)]
    embedding: Vector<'a>,
}

/// The vectors of an answer, in its order.
///
/// # Errors
///
/// An answer that is none, which was paid for all the same.
pub fn read(family: Family, body: &[u8]) -> Result<Vec<Answered>, Moment> {
    vectors(family, body)
        .filter(|answers| !answers.is_empty())
        .ok_or_else(|| Moment::unreadable("an answer that cannot be read"))
}

fn vectors(family: Family, body: &[u8]) -> Option<Vec<Answered>> {
    let (vectors, usage) = match family {
        Family::Titan => {
            let answer: TitanAnswer<'_> = serde_json::from_slice(body).ok()?;
            let usage = Usage { input_tokens: answer.input_text_token_count, ..Usage::default() };
            (vec![answer.embedding], usage)
        }
        // What a text of many has used is not said.
        Family::CohereV3 | Family::CohereV4 => {
            let answer: CohereAnswer<'_> = serde_json::from_slice(body).ok()?;
            let embeddings = answer.embeddings.get();
            let vectors = match embeddings.as_bytes().first() {
                Some(b'{') => serde_json::from_str::<ByType<'_>>(embeddings).ok()?.float,
                _ => serde_json::from_str(embeddings).ok()?,
            };
            (vectors, Usage::default())
        }
        Family::Nova => {
            let answer: NovaAnswer<'_> = serde_json::from_slice(body).ok()?;
            (answer.embeddings.into_iter().map(|of| of.embedding).take(1).collect(), Usage::default())
        }
    };
    let answered = |vector: Vector<'_>| {
        let value = numbers::write(&vector).filter(|_| !vector.is_empty())?;
        Some(Answered { paid: Paid { usage, cost: None }, ..Answered::from(value) })
    };
    vectors.into_iter().map(answered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(family: Family) -> Embedding<'static> {
        let (input_type, truncate) = (InputType::SearchQuery, Truncate::Start);
        Embedding { model_id: "m", family, dimensions: 256, input_type, normalize: false, truncate }
    }

    #[test]
    fn each_family_has_a_body_of_its_own() {
        let texts = ["a".to_owned(), "b".to_owned()];
        for (family, expected) in [
            (Family::Titan, json!({"inputText": "a", "dimensions": 256, "normalize": false})),
            (Family::CohereV3, json!({"texts": ["a", "b"], "input_type": "search_query", "truncate": "START"})),
            (
                Family::CohereV4,
                json!({
                    "texts": ["a", "b"], "input_type": "search_query", "truncate": "LEFT", "embedding_types": ["float"],
                    "output_dimension": 256,
                }),
            ),
            (
                Family::Nova,
                json!({
                    "schemaVersion": "nova-multimodal-embed-v1",
                    "taskType": "SINGLE_EMBEDDING",
                    "singleEmbeddingParams": {
                        "embeddingPurpose": "TEXT_RETRIEVAL",
                        "embeddingDimension": 256,
                        "text": {"truncationMode": "START", "value": "a"},
                    },
                }),
            ),
        ] {
            assert_eq!(body(how(family), &texts), expected);
        }
    }

    #[test]
    fn vectors_are_found_in_each_form_and_anything_else_is_unreadable() {
        let values = |family, body: &str| {
            read(family, body.as_bytes())
                .map(|all| all.into_iter().map(|one| String::from(one.value)).collect::<Vec<_>>())
        };
        let two = Ok(vec!["[0.5,1]".to_owned(), "[2,3]".to_owned()]);
        assert_eq!(values(Family::CohereV3, r#"{"embeddings":[[0.5,1],[2,3]],"texts":["a","b"]}"#), two);
        assert_eq!(values(Family::CohereV4, r#"{"id":"x","embeddings":{"float":[[0.5,1],[2,3]]}}"#), two);
        let one = Ok(vec!["[0.5,1]".to_owned()]);
        assert_eq!(values(Family::Nova, r#"{"embeddings":[{"embeddingType":"TEXT","embedding":[0.5,1]}]}"#), one);
        assert_eq!(values(Family::Titan, r#"{"embedding":[0.5,1],"embeddingsByType":{"float":[0.5,1]}}"#), one);
        let titan = read(Family::Titan, br#"{"embedding":[0.5],"inputTextTokenCount":3}"#).unwrap();
        assert_eq!(titan[0].paid.usage.input_tokens, Some(3));
        for (family, body) in [
            (Family::Titan, "{}"),
            (Family::Titan, r#"{"embedding":[]}"#),
            (Family::Titan, r#"{"embedding":[null]}"#),
            (Family::CohereV3, r#"{"embeddings":[[1],["x"]]}"#),
            (Family::CohereV4, r#"{"embeddings":{"int8":[[1]]}}"#),
            (Family::Nova, r#"{"embeddings":[]}"#),
            (Family::Nova, "{"),
        ] {
            assert!(values(family, body).is_err(), "{body}");
        }
    }
}
