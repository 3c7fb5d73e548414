//! `embed_text(text, model_id [, options])`: a text as a vector.

use std::sync::Arc;

use super::ModelPatterns;
use super::models::LONGEST_TOLD;
use crate::bedrock::{Bedrock, Embedding, Family, InputType, Limits, Truncate};
use crate::function::{
    Answered, Call, Code, Failed, Function, Job, Options, PackFault, Parameter, Refusal, Row, Target, refused_option,
};

const OPTIONS: &[&str] = &["dimensions", "input_type", "normalize", "truncate"];

const INPUT_TYPES: &[(&str, InputType)] = &[
    ("search_document", InputType::SearchDocument),
    ("search_query", InputType::SearchQuery),
    ("classification", InputType::Classification),
    ("clustering", InputType::Clustering),
];

/// The models have two words for each end.
const TRUNCATE: &[(&str, Truncate)] = &[
    ("NONE", Truncate::None),
    ("START", Truncate::Start),
    ("LEFT", Truncate::Start),
    ("END", Truncate::End),
    ("RIGHT", Truncate::End),
];

/// Bytes of one number of a vector, comma included: a sign in half of them, `0.0`, and the eight digits of a 32-bit float.
const BYTES_OF_NUMBER: usize = 13;

/// Answers with the vectors of an embedding model.
pub struct EmbedText {
    bedrock: Arc<Bedrock>,
    allowed: Arc<ModelPatterns>,
}

impl EmbedText {
    /// The function, restricted to the models that `allowed` matches.
    pub fn new(bedrock: Arc<Bedrock>, allowed: Arc<ModelPatterns>) -> Self {
        Self { bedrock, allowed }
    }
}

impl Function for EmbedText {
    fn name(&self) -> &str {
        "embed_text"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::text("model_id"), Parameter::options("options")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let model_id = row.text(1);
        self.allowed.check(model_id)?;
        let how = how(model_id, row.get(2))?;
        let limits = how.family.limits();
        // As they hold, said or not: what is asked in the same way goes in one call.
        let options = format!("{} {:?} {} {:?}", how.dimensions, how.input_type, how.normalize, how.truncate);
        let text = text(row.text(0), how.truncate, limits)?;
        let bedrock = &*self.bedrock;
        let call = match limits.most_texts {
            1 => Call::alone(move || async move { one(bedrock.embed(how, &[text.to_owned()]).await) }),
            most => Call::Packed {
                text: text.into(),
                most,
                ask: Box::new(move |texts| Box::pin(async move { bedrock.embed(how, &texts).await })),
            },
        };
        Ok(Job {
            target: Target { name: format!("bedrock {model_id}").into(), per_second: None },
            question: Some(Box::new([model_id.into(), options.clone().into(), text.into()])),
            must_be_answered: false,
            options: options.into(),
            expected_bytes: usize::from(how.dimensions) * BYTES_OF_NUMBER + 2,
            call,
        })
    }
}

/// The answer to a call for one text.
fn one(answered: Result<Vec<Answered>, PackFault>) -> Result<Answered, Failed> {
    match answered {
        Ok(answers) => answers
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::row(Code::ServiceError, "the model's answer holds no vector").into()),
        Err(PackFault::Member(_, refusal)) => Err(refusal.into()),
        Err(PackFault::Whole(fault)) => Err(fault.into()),
    }
}

/// The model and its options, checked.
fn how<'a>(model_id: &'a str, options: Option<&str>) -> Result<Embedding<'a>, Refusal> {
    let told = || model_id.chars().take(LONGEST_TOLD).collect::<String>();
    let Some(family) = Family::of(model_id) else {
        let message = format!("{:?} is no model that embed_text knows; the models are {}", told(), Family::KNOWN);
        return Err(Refusal::statement(Code::InvalidArgument, message));
    };
    let (options, limits) = (Options::read(options, OPTIONS)?, family.limits());
    let has_choice = limits.dimensions.len() > 1;
    for (name, has) in [
        ("dimensions", has_choice),
        ("input_type", limits.has_input_type),
        ("normalize", limits.has_normalize),
        ("truncate", limits.has_truncate),
    ] {
        if !has && options.has(name) {
            return Err(refused_option(
                name,
                &format!("is none of the model {:?}; its options are {}", told(), having(limits)),
            ));
        }
    }
    let lengths: Vec<String> = limits.dimensions.iter().map(u16::to_string).collect();
    let dimensions = options
        .get("dimensions", &format!("one of {}", lengths.join(", ")), |length| limits.dimensions.contains(length))?;
    let input_type =
        options.word("input_type", "search_document, search_query, classification or clustering", INPUT_TYPES)?;
    let normalize = options.get("normalize", "true or false", |_| true)?;
    let truncate = options.word("truncate", "NONE, START or END", TRUNCATE)?;
    Ok(Embedding {
        model_id,
        family,
        dimensions: dimensions.unwrap_or(limits.default_dimensions),
        input_type: input_type.unwrap_or_default(),
        normalize: normalize.unwrap_or(true),
        truncate: truncate.unwrap_or_default(),
    })
}

/// The options that a model has.
fn having(limits: Limits) -> String {
    let names = [
        (limits.dimensions.len() > 1).then_some("dimensions"),
        limits.has_input_type.then_some("input_type"),
        limits.has_normalize.then_some("normalize"),
        limits.has_truncate.then_some("truncate"),
    ];
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The text as it is sent. The service measures characters before it cuts, so what is too long for it is cut here.
fn text(text: &str, truncate: Truncate, limits: Limits) -> Result<&str, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::row(Code::InvalidArgument, "the text is empty or blank"));
    }
    let Some(longest) = limits.longest_text else {
        return Ok(text);
    };
    let text = truncate.cut(text, longest);
    if text.chars().count() > longest {
        let message = format!("the text is longer than the {longest} characters that the model takes");
        return Err(Refusal::row(Code::TooLarge, message));
    }
    if text.trim().is_empty() {
        return Err(Refusal::row(Code::InvalidArgument, "what is left of the text after cutting is blank"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Whose;

    const TITAN: &str = "amazon.titan-embed-text-v2:0";
    const COHERE_3: &str = "cohere.embed-english-v3";
    const COHERE_4: &str = "us.cohere.embed-v4:0";
    const NOVA: &str = "amazon.nova-2-multimodal-embeddings-v1:0";

    #[test]
    fn the_defaults_are_said_and_options_are_read() {
        let default = how(TITAN, None).unwrap();
        assert_eq!((default.dimensions, default.normalize), (1024, true));
        assert_eq!((how(COHERE_3, None).unwrap().dimensions, how(COHERE_4, None).unwrap().dimensions), (1024, 1536));
        assert_eq!(how(NOVA, None).unwrap().dimensions, 3072);
        let given = how(TITAN, Some(r#"{"dimensions":256,"normalize":false}"#)).unwrap();
        assert_eq!((given.dimensions, given.normalize), (256, false));
        let given =
            how(COHERE_4, Some(r#"{"dimensions":512,"input_type":"search_query","truncate":"right"}"#)).unwrap();
        assert_eq!((given.dimensions, given.input_type, given.truncate), (512, InputType::SearchQuery, Truncate::End));
    }

    #[test]
    fn what_a_model_does_not_take_is_refused_by_name_with_what_it_takes() {
        for (model_id, options, expected) in [
            (TITAN, r#"{"dimensions":300}"#, "\"dimensions\" must be one of 256, 512, 1024"),
            (TITAN, r#"{"dimensions":"256"}"#, "\"dimensions\" must be one of"),
            (
                TITAN,
                r#"{"input_type":"search_query"}"#,
                "\"input_type\" is none of the model \"amazon.titan-embed-text-v2:0\"; its options are dimensions, normalize",
            ),
            (TITAN, r#"{"truncate":"END"}"#, "\"truncate\" is none of the model"),
            (COHERE_3, r#"{"dimensions":1024}"#, "\"dimensions\" is none of the model"),
            (COHERE_3, r#"{"normalize":true}"#, "\"normalize\" is none of the model"),
            (COHERE_4, r#"{"dimensions":3072}"#, "one of 256, 512, 1024, 1536"),
            (COHERE_4, r#"{"truncate":"MIDDLE"}"#, "\"truncate\" must be NONE, START or END"),
            (NOVA, r#"{"normalize":true}"#, "its options are dimensions, input_type, truncate"),
            (NOVA, r#"{"input_type":"image"}"#, "\"input_type\" must be search_document, search_query"),
            (NOVA, r#"{"dimension":256}"#, "no option \"dimension\""),
        ] {
            let refusal = how(model_id, Some(options)).unwrap_err();
            assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument));
            assert!(refusal.message.contains(expected), "{}", refusal.message);
        }
        let refusal = how("us.amazon.nova-lite-v1:0", None).unwrap_err();
        assert!(refusal.whose == Whose::Statement && refusal.message.contains(TITAN), "{}", refusal.message);
    }

    #[test]
    fn a_text_is_measured_before_it_is_sent() {
        let read = |of: &str, truncate| {
            text(of, truncate, Family::CohereV3.limits()).map(str::len).map_err(|refusal| refusal.code)
        };
        assert_eq!(read(&"a".repeat(2048), Truncate::None), Ok(2048));
        assert_eq!(read(&"a".repeat(2049), Truncate::None), Err(Code::TooLarge));
        assert_eq!(read(&"a".repeat(2049), Truncate::End), Ok(2048));
        assert_eq!(read(" \n", Truncate::End), Err(Code::InvalidArgument));
        assert_eq!(read(&format!("a{}", " ".repeat(3000)), Truncate::Start), Err(Code::InvalidArgument));
        assert!(text(&"a".repeat(100_000), Truncate::None, Family::CohereV4.limits()).is_ok());
    }
}
