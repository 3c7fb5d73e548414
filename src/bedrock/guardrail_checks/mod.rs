//! InvokeGuardrailChecks: what is personal in a text, and how bad it is, without a model and without a guardrail of the account.
//!
//! Source: "Use the InvokeGuardrailChecks API", in Bedrock's user guide, and the service's model. A text has at least one character. A most
//! is not documented; others have had 75,000 characters checked in one call. The account has 1,500 calls a minute in a Region by default,
//! for all checks together, and a burst may be throttled below that.

mod characters;
mod findings;
mod scores;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::types::{
    GuardrailChecksConfig, GuardrailChecksContentBlock, GuardrailChecksMessage, GuardrailChecksResults,
    GuardrailChecksRole,
};

pub use self::findings::{Finding, find, types};
pub use self::scores::{CHECKS, Check, score};

use crate::function::{Fault, Moment};
use crate::sdk::{self, Service};

/// The permission, by which a refusal names what is called.
const ACTION: &str = "bedrock:InvokeGuardrailChecks";

/// Makes one call for one text. The text is a user's: who has written it makes a difference to none of the documented checks.
async fn ask(
    client: &Client,
    text: String,
    checks: Result<GuardrailChecksConfig, BuildError>,
) -> Result<GuardrailChecksResults, Fault> {
    let content = GuardrailChecksContentBlock::Text(text);
    let message = GuardrailChecksMessage::builder().role(GuardrailChecksRole::User).content(content).build();
    let (message, checks) = message.and_then(|message| Ok((message, checks?))).map_err(|_| sdk::unsendable())?;
    let answer = client.invoke_guardrail_checks().messages(message).checks(checks).send().await;
    let answer = answer.map_err(|error| sdk::fault(&error, Service::GuardrailChecks, ACTION))?;
    answer.results.ok_or_else(|| unreadable().into())
}

/// An answer without what was asked for: it is paid for, and says nothing.
fn unreadable() -> Moment {
    Moment::unreadable("an answer that cannot be read")
}
