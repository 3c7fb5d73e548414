//! What a refusal of a service means.
//!
//! One table, read from the top: the first line that fits holds. A line fits when its service, its status, its error code and its words
//! do; what is left open (`ANY`, `0`, `""`) fits everything. Words are looked for in the service's message, in any case. To add what a
//! service says, add a line with the text as the service sends it and where it was seen; a test tries every line's own text on the
//! whole table.

use self::Means::{Failed, Row, Statement, Throttled, Unknown, Unreadable};
use crate::function::Code::{
    self, AccessDenied, InvalidArgument, ModelNotFound, QuotaExhausted, ServiceError, TooLarge,
};

/// A service that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Amazon Bedrock's runtime, when it asks a model.
    Bedrock,
    /// Amazon Bedrock's guardrail checks, which have no model.
    GuardrailChecks,
    /// A place index of Amazon Location.
    PlaceIndex,
    /// Amazon Location's Places API.
    Places,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// The row's own fault, and what to tell.
    Row(Code, &'static str),
    /// The statement's fault: it would be so for every row. `{subject}` stands for the model, the place index or the action, `{number}` for the first
    /// number in the service's message.
    Statement(Code, &'static str),
    /// Nobody knows: the row's, as long as others are answered.
    Unknown(Code, &'static str),
    /// It passes: a quota that refills.
    Throttled,
    /// It passes: the service or the model failed.
    Failed,
    /// There was an answer, which is paid for, and it is useless.
    Unreadable,
}

pub(super) struct Line {
    service: Option<Service>,
    status: u16,
    code: &'static str,
    words: &'static str,
    pub means: Means,
    /// A text as the service sends it.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is what the tests try"))]
    example: &'static str,
}

const ANY: Option<Service> = None;
const BEDROCK: Option<Service> = Some(Service::Bedrock);
const CHECKS: Option<Service> = Some(Service::GuardrailChecks);
const PLACE_INDEX: Option<Service> = Some(Service::PlaceIndex);
const PLACES: Option<Service> = Some(Service::Places);
const VALIDATION: &str = "ValidationException";

const fn line(
    service: Option<Service>,
    status: u16,
    code: &'static str,
    words: &'static str,
    means: Means,
    example: &'static str,
) -> Line {
    Line { service, status, code, words, means, example }
}

const NO_ACCESS: &str = "the function's role may not call the model {subject}: allow it in the role's policy, and ask for access to it in the Bedrock console";
const NO_CALL: &str = "the function's role may not call {subject}: allow it in the role's policy";
const NO_CHECKS: &str = "the function's role may not call {subject}: allow it in the role's policy, on the resource *";
const NOT_TAKEN: Means = Statement(
    InvalidArgument,
    "the model {subject} does not take what this function asks: name a model of the function's kind, and leave its options out",
);
const TOO_LONG: Means = Row(TooLarge, "the text is longer than the model takes");
const TOO_LONG_TO_CHECK: Means = Row(TooLarge, "the text is longer than Bedrock's guardrail checks take: split it");
const NO_TIER: Means =
    Statement(InvalidArgument, "the model {subject} does not have this service_tier: use another one, or leave it out");
const PROFILE: &str = "the model {subject} is only called through an inference profile: name the profile, usually the same id behind a prefix such as us. or global., as in us.provider.model-v1:0";

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    // ---- Quotas ----
    // A quota of the day does not refill within a statement's life. Source: minorun365/agent-book#29, Ivy-Tendril#1756.
    line(ANY, 0, "", "per day", Statement(QuotaExhausted, "the account's quota of the day for {subject} is used up: wait until it is renewed, use another model, or ask for a higher quota"),
        "Too many tokens per day, please wait before trying again."),
    // Throttling by status, or by a code that AWS services give with another status.
    // Source: the throttling codes of the SDK's own retry classifier; Bedrock's error table for ServiceQuotaExceeded and ModelNotReady.
    line(ANY, 429, "", "", Throttled, "Too many requests, please wait before trying again."),
    line(ANY, 0, "Throttling", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "ThrottlingException", "", Throttled, "Too many tokens, please wait before trying again."),
    line(ANY, 0, "ThrottledException", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "RequestThrottledException", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "RequestThrottled", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "TooManyRequestsException", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "ProvisionedThroughputExceededException", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "RequestLimitExceeded", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "BandwidthLimitExceeded", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "LimitExceededException", "", Throttled, "Rate exceeded"),
    line(ANY, 0, "ServiceQuotaExceededException", "", Throttled, "Your request exceeds the service quota for your account."),
    line(ANY, 0, "ModelNotReadyException", "", Throttled, "Model is not ready for inference"),
    line(ANY, 0, "SlowDown", "", Throttled, "Please reduce your request rate."),
    line(ANY, 0, "PriorRequestNotComplete", "", Throttled, ""),

    // ---- Failures that pass ----
    // A forced tool was filled with text that is no JSON. Source: Nova's structured output, in vercel/ai and SEMOSS.
    line(BEDROCK, 424, "", "invalid sequence", Unreadable, "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide."),
    // 408 is the model's own timeout, 424 a failure of the model behind the service, 529 its overload.
    // Source: the error tables of Bedrock and Location, and the transient codes of the SDK's own retry classifier.
    line(ANY, 408, "", "", Failed, "Model processing timeout."),
    line(ANY, 409, "", "", Failed, "Conflict"),
    line(ANY, 424, "", "", Failed, "The request failed due to an error while processing the model."),
    line(ANY, 0, "RequestTimeout", "", Failed, ""),
    line(ANY, 0, "RequestTimeoutException", "", Failed, ""),

    // ---- The account ----
    // Source: aws/aws-cli#8717, langgenius/dify#7488.
    line(BEDROCK, 400, "", "operation not allowed", Statement(AccessDenied, "this AWS account may not call Bedrock's models yet: ask AWS Support to verify the account"), "Operation not allowed"),
    // Source: block/goose PR#9735.
    line(BEDROCK, 400, "", "data retention mode", Statement(AccessDenied, "the account's data retention setting does not allow the model {subject}: change the setting in Bedrock, or name another model"),
        "data retention mode 'default' is not available for this model"),
    // Source: "Troubleshooting API error codes", in Bedrock's user guide.
    line(BEDROCK, 0, "", "MPAgreementBeingCreated", Statement(AccessDenied, "the account's subscription to the model {subject} is being made: try again in a quarter of an hour"),
        "Your AWS Marketplace subscription for this model cannot be completed at this time: MPAgreementBeingCreated"),
    line(BEDROCK, 404, "", "use case", Statement(AccessDenied, "the account has not filled in the provider's form for the model {subject}: do so in the Bedrock console"),
        "Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model."),
    line(BEDROCK, 404, "", "FTUFormNotFilled", Statement(AccessDenied, "the account has not filled in the provider's form for the model {subject}: do so in the Bedrock console"),
        "FTUFormNotFilled"),
    // A legacy model that the account has not used for some time. Source: model lifecycle, in Bedrock's user guide.
    line(BEDROCK, 404, "", "access denied", Statement(AccessDenied, "Bedrock gives this account no access to the model {subject}: ask for access in the Bedrock console, or name a current model"),
        "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days."),

    // ---- The model ----
    // Source: BerriAI/litellm and other clients, for a cache point that a model does not take.
    line(BEDROCK, 0, "", "did not allow prompt caching", Statement(InvalidArgument, "the model {subject} takes no prompt caching"),
        "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."),
    line(BEDROCK, 401, "", "", Statement(AccessDenied, NO_ACCESS), "The request is not signed."),
    line(BEDROCK, 403, "", "ApplyGuardrail", Statement(AccessDenied, "the function's role may not use this guardrail: allow bedrock:ApplyGuardrail on its ARN in the role's policy"),
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: bedrock:ApplyGuardrail on resource: arn:aws:bedrock:us-west-2:111122223333:guardrail/abc"),
    line(BEDROCK, 403, "", "", Statement(AccessDenied, NO_ACCESS), "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: bedrock:InvokeModel"),
    line(BEDROCK, 404, "", "", Statement(ModelNotFound, "the model {subject} does not exist or is past its end of life: name a current model"),
        "This model version has reached the end of its life. Please refer to the AWS documentation for more details."),
    line(BEDROCK, 400, VALIDATION, "end of its life", Statement(ModelNotFound, "the model {subject} is past its end of life: name a current model"), "This model version has reached the end of its life."),
    // Source: inference profiles, in Bedrock's user guide.
    line(BEDROCK, 400, VALIDATION, "on-demand throughput", Statement(ModelNotFound, PROFILE),
        "Invocation of model ID some.model with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model."),
    line(BEDROCK, 400, VALIDATION, "model identifier is invalid", Statement(ModelNotFound, "Bedrock knows no model {subject} in this Region: check model_id"), "The provided model identifier is invalid."),
    line(BEDROCK, 400, VALIDATION, "model id", Statement(ModelNotFound, "Bedrock takes no model {subject} here: check model_id"), "The provided model ID does not match any model of this Region."),
    // Source: the pattern and the length of `ConversationalModelId` in the service's model.
    line(BEDROCK, 400, VALIDATION, "at 'modelId'", Statement(InvalidArgument, "model_id is no id of a model, an inference profile or an ARN: check the order of the arguments"),
        "1 validation error detected: Value 'Claude Sonnet 4.6' at 'modelId' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:aws.*"),

    // A model of another kind, as one of embeddings that is to write. Source: Bedrock's refusal in public threads about Converse.
    line(BEDROCK, 400, "", "support the model that you provided", NOT_TAKEN,
        "This action doesn't support the model that you provided. Try again with a supported text or chat model."),

    // ---- Options that a model does not take ----
    // Source: BerriAI/litellm exception_mapping_utils.py.
    line(BEDROCK, 400, "", "exceeds the model limit", Statement(InvalidArgument, "max_tokens is more than the {number} that the model {subject} gives"),
        "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower than 8192."),
    // Source: the service tiers, in Bedrock's user guide; bifrost#7266.
    line(BEDROCK, 400, "", "service tier", NO_TIER, "The provided service tier is not supported for this model."),
    line(BEDROCK, 400, "", "reservation not found", NO_TIER, "Reservation not found."),
    // Source: the names of the members in the service's model; the words are those of its other refusals, and not confirmed.
    line(BEDROCK, 400, "", "performance configuration", Statement(InvalidArgument, "the model {subject} does not have this performance: leave it out"),
        "Latency performance configuration is not supported for this model."),
    line(BEDROCK, 400, "", "output_config.effort", Statement(InvalidArgument, "the model {subject} takes no effort, or not this one: leave it out"),
        "output_config.effort: Extra inputs are not permitted"),
    line(BEDROCK, 400, "", "stopSequences", Statement(InvalidArgument, "the model {subject} takes no stop_sequences, or not these: leave them out"),
        "This model doesn't support the stopSequences field. Remove stopSequences and try again."),
    // Source: public threads about Grok on Bedrock.
    line(BEDROCK, 400, "", "support the temperature", Statement(InvalidArgument, "the model {subject} takes no temperature: leave it out"),
        "This model doesn't support the temperature field. Remove temperature and try again."),
    line(BEDROCK, 400, "", "support the topP", Statement(InvalidArgument, "the model {subject} takes no top_p: leave it out"),
        "This model doesn't support the topP field. Remove topP and try again."),
    // Source: the errors of guardrails in public clients of Converse.
    line(BEDROCK, 400, "", "guardrail identifier or version", Statement(InvalidArgument, "there is no guardrail of this id and version in this account and Region: check the option guardrail"),
        "The guardrail identifier or version provided in the request does not exist."),
    line(BEDROCK, 400, "", "guardrailIdentifier", Statement(InvalidArgument, "the option guardrail has no id or ARN of a guardrail: check it"),
        "1 validation error detected: Value 'a b' at 'guardrailConfig.guardrailIdentifier' failed to satisfy constraint"),
    line(BEDROCK, 400, "", "deprecated for this model", Statement(InvalidArgument, "the model {subject} does not take one of the options: leave temperature and top_p out"), "`temperature` is deprecated for this model."),

    // Source: public threads about Claude 4.5 and later.
    line(BEDROCK, 400, "", "`temperature` and `top_p` cannot both be specified", Statement(InvalidArgument, "the model {subject} takes one of two options, and not both: leave temperature or top_p out"),
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one."),

    // A body that the model's schema does not take. Source: BerriAI/litellm#30314, #7416.
    line(BEDROCK, 400, "", "extraneous key", NOT_TAKEN, "Malformed input request: #: extraneous key [dimensions] is not permitted, please reformat your input and try again."),
    line(BEDROCK, 400, "", "required key", NOT_TAKEN, "Malformed input request: #: required key [inputText] not found, please reformat your input and try again."),

    // ---- A text that is empty ----
    // Source: the schema of Cohere's embeddings.
    line(BEDROCK, 400, "", "expected minLength", Row(InvalidArgument, "the text is shorter than the model takes"), "Malformed input request: #/texts/0: expected minLength: 1, actual: 0, please reformat your input and try again."),

    // ---- The row is too long ----
    // Source: BerriAI/litellm exception_mapping_utils.py; Bedrock's own texts in public threads.
    line(BEDROCK, 413, "", "", TOO_LONG, ""),
    line(BEDROCK, 400, "", "too long", TOO_LONG, "Input is too long for requested model."),
    line(BEDROCK, 400, "", "too long", TOO_LONG, "prompt is too long: 200049 tokens > 200000 maximum"),
    line(BEDROCK, 400, "", "too many input tokens", TOO_LONG, "Too many input tokens. Max input tokens: 8192, request input token count: 9000"),
    line(BEDROCK, 400, "", "too many tokens", TOO_LONG, "too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs."),
    line(BEDROCK, 400, "", "context length", TOO_LONG, "This model's maximum context length is 8192 tokens."),
    line(BEDROCK, 400, "", "context limit", TOO_LONG, "input length and `max_tokens` exceed context limit: 196395 + 64000 > 204698, decrease input length or `max_tokens` and try again"),
    line(BEDROCK, 400, "", "context window", TOO_LONG, "The input exceeds the context window of the model."),
    line(BEDROCK, 400, "", "expected maxLength", TOO_LONG, "Malformed input request: #/texts/0: expected maxLength: 2048, actual: 19882, please reformat your input and try again."),
    line(BEDROCK, 400, "", "exceeds the maximum", TOO_LONG, "The number of input tokens exceeds the maximum of 8192."),

    // ---- Guardrail checks ----
    // Source: the errors of InvokeGuardrailChecks in Bedrock's user guide, and its action in the service authorization reference.
    line(CHECKS, 401, "", "", Statement(AccessDenied, NO_CHECKS), ""),
    line(CHECKS, 403, "", "", Statement(AccessDenied, NO_CHECKS),
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: bedrock:InvokeGuardrailChecks"),
    // As of a model: the account itself may not call Bedrock yet.
    line(CHECKS, 400, "", "operation not allowed", Statement(AccessDenied, "this AWS account may not call Bedrock yet: ask AWS Support to verify the account"), "Operation not allowed"),
    // The model has no 404: it is what a Region answers that does not offer the operation. Not confirmed.
    line(CHECKS, 404, "", "", Statement(ServiceError, "this Region does not offer {subject}: use another Region"), "UnknownOperationException"),
    // A check that the Region does not know yet. The form is that of the SDK's other validation errors; not confirmed for this operation.
    line(CHECKS, 400, VALIDATION, "at 'checks.", Statement(InvalidArgument, "Bedrock's guardrail checks do not take one of these in this Region: name fewer in the options"),
        "1 validation error detected: Value 'NEW' at 'checks.contentFilter.categories.1.member.category' failed to satisfy constraint: Member must satisfy enum value set: [HATE]"),
    // No most is documented. The words are those by which BerriAI/litellm knows ApplyGuardrail's refusal of a long text; not confirmed here.
    line(CHECKS, 413, "", "", TOO_LONG_TO_CHECK, ""),
    line(CHECKS, 400, "", "text unit", TOO_LONG_TO_CHECK, "Input exceeds the maximum number of text units."),
    line(CHECKS, 400, "", "maximum input size", TOO_LONG_TO_CHECK, "Maximum input size exceeded."),
    line(CHECKS, 400, "", "content size", TOO_LONG_TO_CHECK, "Content size is above the limit."),
    line(CHECKS, 400, "", "too long", TOO_LONG_TO_CHECK, "Input is too long."),
    line(CHECKS, 400, "", "too large", TOO_LONG_TO_CHECK, "Input is too large."),
    line(CHECKS, 400, "", "exceeds the maximum", TOO_LONG_TO_CHECK, "The input exceeds the maximum."),
    line(CHECKS, 400, VALIDATION, "less than or equal to", TOO_LONG_TO_CHECK,
        "1 validation error detected: Value at 'messages.1.member.content.1.member.text' failed to satisfy constraint: Member must have length less than or equal to 100000"),

    // ---- Amazon Location ----
    // Source: the errors of SearchPlaceIndexForText.
    line(PLACE_INDEX, 404, "", "", Statement(ServiceError, "there is no place index {subject} in this account and Region: check PLACE_INDEX_NAME"), "Place index not found"),
    line(PLACE_INDEX, 401, "", "", Statement(AccessDenied, "the function's role may not search the place index {subject}: allow it in the role's policy"), ""),
    line(PLACE_INDEX, 403, "", "", Statement(AccessDenied, "the function's role may not search the place index {subject}: allow it in the role's policy"), "User is not authorized to perform: geo:SearchPlaceIndexForText"),
    // Source: the errors of Geocode, ReverseGeocode and Suggest in the service's model; its actions in the service authorization reference.
    line(PLACES, 401, "", "", Statement(AccessDenied, NO_CALL), ""),
    line(PLACES, 403, "", "", Statement(AccessDenied, NO_CALL),
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: geo-places:Geocode on resource: arn:aws:geo-places:us-west-2::provider/default"),
    // The model has no 404: it is what a Region answers that does not offer the operation. Not confirmed.
    line(PLACES, 404, "", "", Statement(ServiceError, "this Region does not offer {subject}: use another Region, or set PLACE_INDEX_NAME to a place index"), "UnknownOperationException"),
];

/// What a refusal means that no line fits.
pub(super) fn meaning(service: Service, status: u16, code: &str, message: &str) -> Means {
    let message = message.to_lowercase();
    let fits = |line: &&Line| {
        line.service.is_none_or(|of| of == service)
            && (line.status == 0 || line.status == status)
            && (line.code.is_empty() || line.code == code)
            && message.contains(&line.words.to_lowercase())
    };
    match TABLE.iter().find(fits) {
        Some(line) => line.means,
        None if !(400..500).contains(&status) => Failed,
        None => Unknown(
            InvalidArgument,
            match service {
                Service::Bedrock | Service::GuardrailChecks => "Bedrock refused the row",
                Service::PlaceIndex | Service::Places => "Amazon Location refused the row",
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Service; 4] = [Service::Bedrock, Service::GuardrailChecks, Service::PlaceIndex, Service::Places];

    /// A status that a line without one may come with.
    fn status(line: &Line) -> u16 {
        if line.status == 0 { 400 } else { line.status }
    }

    #[test]
    fn every_line_is_reached_by_its_own_text() {
        for line in TABLE {
            for service in EVERY {
                if line.service.is_none_or(|of| of == service) {
                    let meant = meaning(service, status(line), line.code, line.example);
                    assert_eq!(
                        meant, line.means,
                        "{:?} {} {} {:?}",
                        line.service, line.status, line.code, line.example
                    );
                }
            }
        }
    }

    /// Status and code as Bedrock sends them with each text that is known by its words alone.
    #[test]
    fn texts_are_known_with_the_code_that_they_come_with() {
        for line in TABLE.iter().filter(|line| line.service == BEDROCK && line.status == 400) {
            assert_eq!(meaning(Service::Bedrock, 400, VALIDATION, line.example), line.means, "{}", line.example);
        }
        let per_day = "Too many tokens per day, please wait before trying again.";
        assert!(matches!(meaning(Service::Bedrock, 429, "ThrottlingException", per_day), Statement(QuotaExhausted, _)));
        let not_the_day = "Too many tokens, please wait before trying again.";
        assert_eq!(meaning(Service::Bedrock, 429, "ThrottlingException", not_the_day), Throttled);
    }

    #[test]
    fn every_documented_transient_status_passes() {
        for status in [302, 408, 409, 424, 500, 502, 503, 504, 529] {
            for service in EVERY {
                assert_eq!(meaning(service, status, "", ""), Failed, "{status}");
            }
        }
    }

    #[test]
    fn what_no_line_fits_is_unknown() {
        for (service, status, code) in [
            (Service::Bedrock, 400, VALIDATION),
            (Service::Bedrock, 418, ""),
            (Service::GuardrailChecks, 400, VALIDATION),
            (Service::PlaceIndex, 400, VALIDATION),
            (Service::Places, 400, VALIDATION),
            (Service::PlaceIndex, 413, ""),
        ] {
            assert!(matches!(meaning(service, status, code, "something new"), Unknown(InvalidArgument, _)), "{status}");
        }
    }

    #[test]
    fn what_is_told_names_no_account() {
        for line in TABLE {
            let (Row(_, told) | Statement(_, told) | Unknown(_, told)) = line.means else { continue };
            assert!(!told.contains("arn:") && told.len() > 20 && !told.ends_with('.'), "{told}");
        }
    }
}
