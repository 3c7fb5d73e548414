//! Does the function answer? An empty batch for each name costs nothing: no service is called for it.

use serde_json::{Value, json};

use super::concurrency;
use crate::aws::{Answer, Aws, services};
use crate::report::Findings;
use crate::sam;
use crate::sql;
use crate::stack::Stack;

/// Calls the alias with each name of `sql/setup.sql`.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let path = format!("/2015-03-31/functions/{}/invocations?Qualifier=live", stack.output("FunctionName"));
    for name in sql::functions() {
        match aws.post(services::LAMBDA, &path, &json!({"function": name, "data": []})).await {
            Ok(answer) => judge(name, answer, stack, &mut findings),
            Err(error) => findings.not_told(format_args!("whether {name} answers"), &error),
        }
    }
    findings
}

fn judge(name: &str, answer: Answer, stack: &Stack, findings: &mut Findings) {
    if answer.status != 200 {
        let refusal = answer.refusal();
        return match refusal.code() {
            "TooManyRequestsException" => {
                let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
                no_environment(name, body["Reason"].as_str().unwrap_or_default(), stack, findings);
            }
            _ if refusal.is_missing() => findings.crossed(
                format!("{name}: there is no function with an alias live"),
                sam::build_and_deploy(&stack.name),
            ),
            _ => findings.not_told(format_args!("whether {name} answers"), &refusal),
        };
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if !answer.header("x-amz-function-error").is_empty() {
        let (kind, message) = (&body["errorType"], &body["errorMessage"]);
        let why = [kind, message].map(|text| text.as_str().unwrap_or_default()).join(": ");
        findings
            .crossed(format!("{name} fails: {why}"), format!("sam logs --stack-name {} --name Function", stack.name));
    } else if body == json!({"data": []}) {
        findings.good(format!("{name} answers an empty batch"));
    } else {
        findings.crossed(
            format!("{name} answers something else than {{\"data\": []}}"),
            sam::build_and_deploy(&stack.name),
        );
    }
}

/// Whose limit it is that leaves no environment.
fn no_environment(name: &str, reason: &str, stack: &Stack, findings: &mut Findings) {
    if reason == "ReservedFunctionConcurrentInvocationLimitExceeded" {
        let why = "its own are in use, or it is switched off";
        findings.crossed(format!("{name}: Lambda has no environment for it: {why}"), concurrency::restore(stack));
    } else {
        // That passes; what the account has is told by the last step.
        findings.unknown(format_args!("whether {name} answers"), format_args!("Lambda throttles it ({reason})"));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::testing::{Recordings, stack};

    async fn told(recordings: &[&str]) -> String {
        let aws = Recordings::with(recordings).aws();
        check(&aws, &stack(&aws).await).await.to_string()
    }

    #[tokio::test]
    async fn every_function_is_called() {
        let told = told(&[]).await;
        assert!(told.starts_with("  ✓ ask_bedrock answers an empty batch\n  ✓ try_ask_bedrock answers"), "{told}");
    }

    #[tokio::test]
    async fn each_way_not_to_answer() {
        let crashed = told(&["lambda/Invoke.crashed"]).await;
        assert!(crashed.contains("✗ ask_bedrock fails: Runtime.ExitError: RequestId"), "{crashed}");
        assert!(crashed.contains("mend: sam logs --stack-name snowflake-functions --name Function"), "{crashed}");
        let throttled = told(&["lambda/Invoke.throttled"]).await;
        let limit = "✗ ask_bedrock: Lambda has no environment for it: its own are in use, or it is switched off";
        assert!(throttled.contains(limit), "{throttled}");
        assert!(throttled.contains("mend: aws lambda delete-function-concurrency"), "{throttled}");
        let limited = told(&["lambda/Invoke.throttled", "cloudformation/DescribeStacks.chosen"]).await;
        let put = "mend: aws lambda put-function-concurrency --function-name snowflake-functions --reserved-concurrent-executions 50";
        assert!(limited.contains(put), "{limited}");
        let account = told(&["lambda/Invoke.account-throttled"]).await;
        let passes =
            "? cannot tell whether ask_bedrock answers: Lambda throttles it (ConcurrentInvocationLimitExceeded)";
        assert!(account.contains(passes), "{account}");
        let other = told(&["lambda/Invoke.other"]).await;
        assert!(other.contains("✗ ask_bedrock answers something else"), "{other}");
        let denied = told(&["lambda/Invoke.denied"]).await;
        assert!(denied.contains("? cannot tell whether ask_bedrock answers: AccessDeniedException (403)"), "{denied}");
    }
}
