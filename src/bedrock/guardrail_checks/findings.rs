//! What is personal in a text.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::types::{
    GuardrailChecksConfig, GuardrailChecksResults, GuardrailChecksSensitiveInformationConfig,
    GuardrailChecksSensitiveInformationEntityConfig, GuardrailChecksSensitiveInformationEntityType as Type,
    GuardrailChecksSensitiveInformationResultEntry,
};

use super::{ask, characters, unreadable};
use crate::function::{Code, Fault, Refusal};

/// Most findings that the service tells of in one answer. That there is a most, and that an answer says when it is reached, is in Bedrock's
/// user guide; the number is known from others' reports only, and nothing here counts to it.
const MOST_FINDINGS: &str = "1,000";

/// Something personal in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The service's word for it, such as `EMAIL`.
    pub kind: Box<str>,
    /// How sure the service is, from 0 to 1.
    pub confidence: f64,
    /// The first character, as the service says it: nobody has looked yet whether the text has one there.
    pub begin: i32,
    /// The first character after it, as the service says it.
    pub end: i32,
}

/// The types that can be looked for, in alphabetical order: those of the service's model.
pub fn types() -> &'static [&'static str] {
    Type::values()
}

/// Asks once for what of these types is in a text; offsets count its characters, which are Unicode code points.
///
/// # Errors
///
/// Every kind of [`Fault`]. More findings than the service tells of are the row's: the text would be told to have less than it has.
pub async fn find(client: &Client, text: &str, types: &[&str]) -> Result<Vec<Finding>, Fault> {
    let entity =
        |kind: &&str| GuardrailChecksSensitiveInformationEntityConfig::builder().r#type(Type::from(*kind)).build();
    let checks = types.iter().map(entity).collect::<Result<Vec<_>, _>>().and_then(|entities| {
        let config = GuardrailChecksSensitiveInformationConfig::builder().set_entities(Some(entities)).build()?;
        Ok(GuardrailChecksConfig::builder().sensitive_information(config).build())
    });
    read(&ask(client, characters::of_one_unit(text), checks).await?)
}

fn read(results: &GuardrailChecksResults) -> Result<Vec<Finding>, Fault> {
    let result = results.sensitive_information().ok_or_else(unreadable)?;
    if result.truncated() == Some(true) {
        let message = format!(
            "the text has more than the {MOST_FINDINGS} findings that the service tells of at once: split it, or look for fewer types"
        );
        return Err(Refusal::row(Code::TooLarge, message).into());
    }
    result.results().iter().map(finding).collect()
}

fn finding(entry: &GuardrailChecksSensitiveInformationResultEntry) -> Result<Finding, Fault> {
    if (entry.message_index(), entry.content_index()) != (0, 0) {
        let message = "the service found something in a text that it was not given";
        return Err(Refusal::row(Code::ServiceError, message).into());
    }
    Ok(Finding {
        kind: entry.r#type().as_str().into(),
        confidence: entry.confidence_score(),
        begin: entry.begin_offset(),
        end: entry.end_offset(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::types::GuardrailChecksSensitiveInformationResult;

    use super::*;

    fn results(message: i32, truncated: Option<bool>) -> GuardrailChecksResults {
        let entry = GuardrailChecksSensitiveInformationResultEntry::builder()
            .r#type(Type::Email)
            .confidence_score(0.8)
            .begin_offset(2)
            .end_offset(9)
            .message_index(message)
            .content_index(0)
            .build()
            .unwrap();
        let result = GuardrailChecksSensitiveInformationResult::builder().results(entry).set_truncated(truncated);
        GuardrailChecksResults::builder().sensitive_information(result.build().unwrap()).build()
    }

    #[test]
    fn findings_are_read_whole_or_not_at_all() {
        let email = Finding { kind: "EMAIL".into(), confidence: 0.8, begin: 2, end: 9 };
        assert_eq!(read(&results(0, None)), Ok(vec![email.clone()]));
        assert_eq!(read(&results(0, Some(false))), Ok(vec![email]));
        let code = |results: &GuardrailChecksResults| match read(results) {
            Err(Fault::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&results(0, Some(true))), Code::TooLarge);
        assert_eq!(code(&results(1, None)), Code::ServiceError);
    }

    #[test]
    fn an_answer_without_the_check_is_not_one_without_findings() {
        assert_eq!(read(&GuardrailChecksResults::builder().build()), Err(unreadable().into()));
    }

    #[test]
    fn there_are_31_types_in_the_order_of_their_names() {
        assert_eq!(types().len(), 31);
        assert!(types().contains(&"EMAIL") && types().is_sorted());
    }
}
