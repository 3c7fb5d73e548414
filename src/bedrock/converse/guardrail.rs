//! What a guardrail has done to an answer.
//!
//! `guardrail_intervened` is said of an answer in which something was masked as well as of one that was blocked, and also of guardrails that
//! the account or the organisation enforces without being asked. The trace tells them apart; it holds what was found, and is never logged.

use aws_sdk_bedrockruntime::types::{
    ConverseTrace, GuardrailAssessment, GuardrailContentPolicyAction, GuardrailContextualGroundingPolicyAction,
    GuardrailSensitiveInformationPolicyAction, GuardrailTopicPolicyAction, GuardrailWordPolicyAction,
};

/// Whether a guardrail that intervened has only masked, so that the answer counts. Without a trace to tell, it has blocked.
pub fn has_only_masked(trace: Option<&ConverseTrace>) -> bool {
    let Some(trace) = trace.and_then(|trace| trace.guardrail.as_ref()) else {
        return false;
    };
    if let Some(reason) = &trace.action_reason {
        let reason = reason.to_lowercase();
        return reason.contains("masked") && !reason.contains("blocked");
    }
    let inputs = trace.input_assessment.iter().flat_map(|of| of.values());
    let outputs = trace.output_assessments.iter().flat_map(|of| of.values().flatten());
    let assessments: Vec<&GuardrailAssessment> = inputs.chain(outputs).collect();
    assessments.iter().any(|assessment| has_masked(assessment))
        && !assessments.iter().any(|assessment| has_blocked(assessment))
}

fn sensitive(assessment: &GuardrailAssessment) -> impl Iterator<Item = &GuardrailSensitiveInformationPolicyAction> {
    let policy = assessment.sensitive_information_policy.iter();
    policy.flat_map(|found| {
        found.pii_entities.iter().map(|entity| &entity.action).chain(found.regexes.iter().map(|regex| &regex.action))
    })
}

fn has_masked(assessment: &GuardrailAssessment) -> bool {
    sensitive(assessment).any(|action| *action == GuardrailSensitiveInformationPolicyAction::Anonymized)
}

fn has_blocked(assessment: &GuardrailAssessment) -> bool {
    let GuardrailAssessment { topic_policy, content_policy, word_policy, contextual_grounding_policy, .. } = assessment;
    let topics = topic_policy.iter().flat_map(|found| &found.topics);
    let contents = content_policy.iter().flat_map(|found| &found.filters);
    let words = word_policy.iter().flat_map(|found| &found.custom_words).map(|word| &word.action);
    let managed = word_policy.iter().flat_map(|found| &found.managed_word_lists).map(|word| &word.action);
    let groundings = contextual_grounding_policy.iter().flat_map(|found| found.filters());
    sensitive(assessment).any(|action| *action == GuardrailSensitiveInformationPolicyAction::Blocked)
        || topics.map(|topic| &topic.action).any(|action| *action == GuardrailTopicPolicyAction::Blocked)
        || contents.map(|content| &content.action).any(|action| *action == GuardrailContentPolicyAction::Blocked)
        || words.chain(managed).any(|action| *action == GuardrailWordPolicyAction::Blocked)
        || groundings.map(|of| &of.action).any(|action| *action == GuardrailContextualGroundingPolicyAction::Blocked)
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::types::{
        GuardrailContentFilter, GuardrailContentFilterConfidence, GuardrailContentFilterType,
        GuardrailContentPolicyAssessment, GuardrailContextualGroundingFilter, GuardrailContextualGroundingFilterType,
        GuardrailContextualGroundingPolicyAssessment, GuardrailCustomWord, GuardrailManagedWord,
        GuardrailManagedWordType, GuardrailPiiEntityFilter, GuardrailPiiEntityType,
        GuardrailSensitiveInformationPolicyAssessment, GuardrailTopic, GuardrailTopicPolicyAssessment,
        GuardrailTopicType, GuardrailTraceAssessment, GuardrailWordPolicyAssessment,
    };

    use super::*;

    fn reason(reason: &str) -> ConverseTrace {
        ConverseTrace::builder().guardrail(GuardrailTraceAssessment::builder().action_reason(reason).build()).build()
    }

    fn found(
        action: GuardrailSensitiveInformationPolicyAction,
        word: Option<GuardrailWordPolicyAction>,
    ) -> ConverseTrace {
        let entity =
            GuardrailPiiEntityFilter::builder().r#match("a@b.c").r#type(GuardrailPiiEntityType::Email).action(action);
        let sensitive = GuardrailSensitiveInformationPolicyAssessment::builder()
            .pii_entities(entity.build().unwrap())
            .set_regexes(Some(Vec::new()));
        let words = word.map(|action| {
            let word = GuardrailCustomWord::builder().r#match("x").action(action).build().unwrap();
            let words = GuardrailWordPolicyAssessment::builder().custom_words(word);
            words.set_managed_word_lists(Some(Vec::new())).build().unwrap()
        });
        let assessment = GuardrailAssessment::builder()
            .sensitive_information_policy(sensitive.build().unwrap())
            .set_word_policy(words)
            .build();
        let trace = GuardrailTraceAssessment::builder().output_assessments("g", vec![assessment]).build();
        ConverseTrace::builder().guardrail(trace).build()
    }

    #[test]
    fn the_reason_tells_masking_from_blocking() {
        for (text, masked) in [
            ("Guardrail masked.", true),
            ("Guardrail blocked.", false),
            ("Guardrail masked and blocked.", false),
            ("No action.", false),
        ] {
            assert_eq!(has_only_masked(Some(&reason(text))), masked, "{text}");
        }
    }

    #[test]
    fn without_a_reason_the_assessments_tell_and_without_a_trace_nothing_does() {
        use GuardrailSensitiveInformationPolicyAction::{Anonymized, Blocked};
        assert!(has_only_masked(Some(&found(Anonymized, None))));
        assert!(has_only_masked(Some(&found(Anonymized, Some(GuardrailWordPolicyAction::None)))));
        assert!(!has_only_masked(Some(&found(Anonymized, Some(GuardrailWordPolicyAction::Blocked)))));
        assert!(!has_only_masked(Some(&found(Blocked, None))));
        assert!(!has_only_masked(Some(&found(GuardrailSensitiveInformationPolicyAction::None, None))));
        assert!(!has_only_masked(None));
        assert!(!has_only_masked(Some(&ConverseTrace::builder().build())));
    }

    #[test]
    fn each_policy_may_have_blocked() {
        let topic = GuardrailTopic::builder().name("t").r#type(GuardrailTopicType::Deny);
        let topic = topic.action(GuardrailTopicPolicyAction::Blocked).build().unwrap();
        let content = GuardrailContentFilter::builder()
            .r#type(GuardrailContentFilterType::Violence)
            .confidence(GuardrailContentFilterConfidence::High)
            .action(GuardrailContentPolicyAction::Blocked);
        let managed = GuardrailManagedWord::builder()
            .r#match("x")
            .r#type(GuardrailManagedWordType::Profanity)
            .action(GuardrailWordPolicyAction::Blocked);
        let grounding = GuardrailContextualGroundingFilter::builder()
            .r#type(GuardrailContextualGroundingFilterType::Relevance)
            .threshold(0.5)
            .score(0.1)
            .action(GuardrailContextualGroundingPolicyAction::Blocked);
        let topics = GuardrailTopicPolicyAssessment::builder().topics(topic).build().unwrap();
        let contents = GuardrailContentPolicyAssessment::builder().filters(content.build().unwrap()).build().unwrap();
        let words = GuardrailWordPolicyAssessment::builder()
            .set_custom_words(Some(Vec::new()))
            .managed_word_lists(managed.build().unwrap());
        let grounding =
            GuardrailContextualGroundingPolicyAssessment::builder().filters(grounding.build().unwrap()).build();
        let of = GuardrailAssessment::builder;
        assert!(!has_blocked(&of().build()));
        for assessment in [
            of().topic_policy(topics),
            of().content_policy(contents),
            of().word_policy(words.build().unwrap()),
            of().contextual_grounding_policy(grounding),
        ] {
            let assessment = assessment.build();
            assert!(has_blocked(&assessment), "{assessment:?}");
        }
    }
}
