//! May the account call the models that SQL may name? A form and a subscription stand before some of them.

use serde_json::Value;

use crate::aws::{Aws, services};
use crate::catalogue::{Catalogue, Foundation, Model};
use crate::report::Findings;
use crate::sam;
use crate::stack::{Stack, text};

/// Looks at each allowed model, and hands over those that can be called for a text, for their quotas.
pub async fn check(aws: &Aws, stack: &Stack) -> (Findings, Vec<Model>) {
    let (mut findings, mut usable) = (Findings::default(), Vec::new());
    let catalogue = match Catalogue::read(aws).await {
        Ok(catalogue) => catalogue,
        Err(error) => {
            findings.not_told("which models the Region has", &error);
            return (findings, usable);
        }
    };
    let mut form = Form::default();
    let (mut is_callable, mut first) = (false, None);
    for pattern in stack.parameter("AllowedModelIds").split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
        let models = catalogue.matches(pattern);
        if models.is_empty() {
            is_callable |= nothing(pattern, stack, &mut findings);
            continue;
        }
        // What a pattern happens to match need not be wanted; what is named is.
        let is_named = models.iter().all(|model| model.is_named);
        let (count, mut good, mut untold) = (models.len(), 0, 0);
        for model in models {
            if is_named && model.id == model.foundation.id && !model.foundation.is_on_demand {
                by_profile(&catalogue, &model, stack, &mut findings);
                continue;
            }
            if model.foundation.is_legacy {
                findings.note(format!("{} is LEGACY: it has an end", model.id));
            }
            let path = format!("/foundation-model-availability/{}", model.foundation.id.replace(':', "%3A"));
            let obstacle = match aws.get(services::BEDROCK, &path).await {
                Ok(answer) => {
                    obstacle(&answer, &model.foundation, form.is_missing(aws, &model.foundation).await, aws.region())
                }
                Err(error) => {
                    findings.not_told(format_args!("whether {} may be called", model.id), &error);
                    untold += 1;
                    usable.extend(Some(model).filter(|model| model.foundation.is_text));
                    continue;
                }
            };
            match obstacle {
                None => {
                    good += 1;
                    usable.extend(Some(model).filter(|model| model.foundation.is_text));
                }
                Some((why, mend)) if is_named => findings.crossed(format!("{}: {why}", model.id), mend),
                Some((why, mend)) => {
                    findings.note(format!("{}: {why} ({mend})", model.id));
                    first.get_or_insert((format!("{}: {why}", model.id), mend));
                }
            }
        }
        is_callable |= good + untold > 0;
        match (is_named, good) {
            (true, 0) => {}
            (true, _) => findings.good(format!("{pattern} may be called")),
            (false, 0) if untold > 0 => {}
            (false, 0) => findings.note(format!("{pattern}: none of {count} may be called")),
            (false, _) => findings.good(format!("{pattern}: {good} of {count} may be called")),
        }
    }
    if let Some((why, mend)) = first.filter(|_| !is_callable) {
        findings.crossed(format!("no model that SQL may name can be called; the first one, {why}"), mend);
    }
    if let Some(error) = form.not_told {
        findings.unknown("whether Anthropic's form is filled in", error);
    }
    (findings, usable)
}

/// Tells of a pattern that is in no list, and whether there may be such a model all the same.
fn nothing(pattern: &str, stack: &Stack, findings: &mut Findings) -> bool {
    if pattern.starts_with("arn:") || pattern.contains('*') {
        findings.unknown(format_args!("whether {pattern} may be called"), "it is in no list of Bedrock's");
        return true;
    }
    findings.crossed(
        format!("{pattern} is no model and no inference profile of the Region"),
        format!("change AllowedModelIds in samconfig.toml, then: {}", sam::deploy(&stack.name)),
    );
    false
}

fn by_profile(catalogue: &Catalogue, model: &Model, stack: &Stack, findings: &mut Findings) {
    let profile = catalogue.profile_of(&model.foundation).unwrap_or("an inference profile");
    findings.crossed(
        format!("{} is to be called by an inference profile: {profile}", model.id),
        format!("put {profile} into AllowedModelIds in samconfig.toml, then: {}", sam::deploy(&stack.name)),
    );
}

/// What stands before a model, and the command that takes it away: the first of what has to be done.
fn obstacle(answer: &Value, model: &Foundation, form_is_missing: bool, region: &str) -> Option<(String, String)> {
    let id = &model.id;
    let is_not = |field: &str| text(&answer[field]).starts_with("NOT_");
    if is_not("regionAvailability") {
        return Some((format!("it is not in {region}"), "change AllowedModelIds in samconfig.toml".to_owned()));
    }
    if form_is_missing {
        let form = "aws bedrock put-use-case-for-model-access --form-data fileb://use-case.json";
        return Some(("the use-case form of Anthropic is not filled in".to_owned(), form.to_owned()));
    }
    let agree = format!(
        "aws bedrock create-foundation-model-agreement --model-id {id} --offer-token \"$(aws bedrock \
         list-foundation-model-agreement-offers --model-id {id} --query 'offers[0].offerToken' --output text)\""
    );
    match text(&answer["agreementAvailability"]["status"]).as_str() {
        "NOT_AVAILABLE" => return Some(("the account has no subscription in the marketplace".to_owned(), agree)),
        "PENDING" => {
            let look = format!("aws bedrock get-foundation-model-availability --model-id {id}");
            return Some((
                "the subscription in the marketplace is under way, ask again in some minutes".to_owned(),
                look,
            ));
        }
        "ERROR" => {
            let why = text(&answer["agreementAvailability"]["errorMessage"]);
            return Some((format!("the subscription in the marketplace failed: {why}"), agree));
        }
        _ => {}
    }
    if is_not("authorizationStatus") {
        let why = "the account is not authorised for it, for instance by a policy of the organisation";
        return Some((why.to_owned(), "aws organizations list-policies --filter SERVICE_CONTROL_POLICY".to_owned()));
    }
    if is_not("entitlementAvailability") {
        return Some(("the account is not entitled to it yet".to_owned(), agree));
    }
    None
}

/// The form that Anthropic wants from an account, asked for once.
#[derive(Default)]
struct Form {
    is_missing: Option<bool>,
    not_told: Option<String>,
}

impl Form {
    async fn is_missing(&mut self, aws: &Aws, model: &Foundation) -> bool {
        if model.provider != "Anthropic" {
            return false;
        }
        if self.is_missing.is_none() {
            let answer = aws.get(services::BEDROCK, "/use-case-for-model-access").await;
            self.is_missing = Some(answer.as_ref().is_err_and(crate::aws::AwsError::is_missing));
            self.not_told = answer.err().filter(|error| !error.is_missing()).map(|error| error.code().to_owned());
        }
        self.is_missing.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::testing::{Recordings, stack};

    const CLAUDE: &str = "cloudformation/DescribeStacks.claude";

    async fn told(recordings: &[&str]) -> (String, usize) {
        let aws = Recordings::with(recordings).aws();
        let (findings, usable) = check(&aws, &stack(&aws).await).await;
        (findings.to_string(), usable.len())
    }

    #[tokio::test]
    async fn amazons_own_need_nothing() {
        let healthy = told(&[]).await;
        let told_of = "  ✓ *amazon.nova-*: 3 of 3 may be called\n  \
                       ✓ amazon.titan-embed-*: 1 of 1 may be called\n";
        assert_eq!(healthy, (told_of.to_owned(), 3), "an embedding has no quota in answers");
        let claude = told(&[CLAUDE]).await;
        assert_eq!(claude.0, "  ✓ us.anthropic.claude-haiku-4-5-20251001-v1:0 may be called\n");
    }

    #[tokio::test]
    async fn the_form_and_the_subscription_are_told_apart() {
        let form = told(&[CLAUDE, "bedrock/GetUseCaseForModelAccess.missing"]).await;
        assert!(form.0.contains("✗ us.anthropic.claude-haiku-4-5-20251001-v1:0: the use-case form"), "{}", form.0);
        assert!(form.0.contains("mend: aws bedrock put-use-case-for-model-access"), "{}", form.0);
        let unsubscribed = told(&[CLAUDE, "bedrock/GetFoundationModelAvailability.unsubscribed"]).await;
        assert!(unsubscribed.0.contains(": the account has no subscription in the marketplace"), "{}", unsubscribed.0);
        assert!(unsubscribed.0.contains("mend: aws bedrock create-foundation-model-agreement"), "{}", unsubscribed.0);
        let pending = told(&[CLAUDE, "bedrock/GetFoundationModelAvailability.pending"]).await;
        assert!(pending.0.contains("under way, ask again in some minutes"), "{}", pending.0);
        let unauthorised = told(&[CLAUDE, "bedrock/GetFoundationModelAvailability.not-authorised"]).await;
        assert!(unauthorised.0.contains("the account is not authorised for it"), "{}", unauthorised.0);
        let elsewhere = told(&[CLAUDE, "bedrock/GetFoundationModelAvailability.elsewhere"]).await;
        assert!(elsewhere.0.contains("it is not in us-west-2"), "{}", elsewhere.0);
        for told in [form, unsubscribed, pending, unauthorised, elsewhere] {
            assert_eq!(told.1, 0);
        }
    }

    #[tokio::test]
    async fn a_pattern_is_no_wish_for_each_that_it_matches_but_something_is_to_be_called() {
        let none = told(&["bedrock/GetFoundationModelAvailability.unsubscribed"]).await;
        assert!(none.0.contains("- *amazon.nova-*: none of 3 may be called"), "{}", none.0);
        let crossed =
            "✗ no model that SQL may name can be called; the first one, amazon.nova-lite-v1:0: the account has";
        assert!(none.0.contains(crossed) && none.0.matches('✗').count() == 1, "{}", none.0);
        assert!(none.0.contains("mend: aws bedrock create-foundation-model-agreement"), "{}", none.0);
    }

    #[tokio::test]
    async fn what_no_list_has() {
        let unknown = told(&["cloudformation/DescribeStacks.models"]).await;
        assert!(unknown.0.contains("✗ nobody.nothing is no model"), "{}", unknown.0);
        assert!(unknown.0.contains("? cannot tell whether arn:aws:bedrock:"), "{}", unknown.0);
        let profile = "is to be called by an inference profile: global.anthropic.claude-haiku-4-5-20251001-v1:0";
        assert!(unknown.0.contains(profile), "{}", unknown.0);
        let denied = told(&["bedrock/ListFoundationModels.denied"]).await;
        assert_eq!(denied.0, "  ? cannot tell which models the Region has: AccessDeniedException (403)\n");
        let denied = told(&["bedrock/GetFoundationModelAvailability.denied"]).await;
        assert_eq!(denied.1, 3, "their quotas can be looked at all the same");
        assert!(!denied.0.contains('✗') && !denied.0.contains("none of"), "{}", denied.0);
        let form = told(&[CLAUDE, "bedrock/GetUseCaseForModelAccess.denied"]).await;
        assert!(
            form.0.contains("? cannot tell whether Anthropic's form is filled in: AccessDeniedException"),
            "{}",
            form.0
        );
    }
}
