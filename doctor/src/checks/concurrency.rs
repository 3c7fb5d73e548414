//! Execution environments: how many the function may have.

use crate::aws::{Aws, services};
use crate::report::Findings;
use crate::sam;
use crate::stack::Stack;

/// Snowflake sends up to so many batches in parallel from one node of a warehouse, and each takes an environment.
const ONE_NODE: u64 = 64;

/// Looks at the account's limit and at the function's own.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let function = stack.output("FunctionName");
    let path = format!("/2019-09-30/functions/{function}/concurrency");
    let reserved = match aws.get(services::LAMBDA, &path).await {
        Ok(answer) => answer["ReservedConcurrentExecutions"].as_u64(),
        Err(error) => {
            findings.not_told("whether it has a limit of its own", &error);
            None
        }
    };
    match reserved {
        Some(0) => findings.crossed("the function is switched off: its reserved concurrency is 0", restore(stack)),
        Some(limit) if limit < ONE_NODE => findings.note(format!(
            "its own limit is {limit} environments; one node of a warehouse sends up to {ONE_NODE} batches at once"
        )),
        Some(limit) => findings.good(format!("its own limit is {limit} environments")),
        None => {}
    }
    match aws.get(services::LAMBDA, "/2016-08-19/account-settings").await {
        Ok(answer) => {
            let limit = &answer["AccountLimit"];
            match limit["UnreservedConcurrentExecutions"].as_u64() {
                // What others have is no matter of a function with environments of its own.
                _ if reserved.is_some() => {}
                Some(free) if free < ONE_NODE => findings.crossed(
                    format!("the account has {free} environments in the Region, and one node of a warehouse asks for {ONE_NODE}"),
                    "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
                     --desired-value 1000",
                ),
                Some(free) => {
                    let nodes = free / ONE_NODE;
                    findings.good(format!(
                        "{free} environments, shared with the account's other functions: {nodes} nodes of a warehouse at their most"
                    ));
                }
                None => findings.unknown("the account's environments", "there is no figure"),
            }
        }
        Err(error) => findings.not_told("the account's environments", &error),
    }
    findings
}

/// What gives the function as many environments as the stack says, whatever was done by hand.
pub fn restore(stack: &Stack) -> String {
    let (function, limit) = (stack.output("FunctionName"), stack.parameter("ReservedConcurrency"));
    match limit {
        "" => format!("aws lambda delete-function-concurrency --function-name {function}"),
        "0" => format!("change ReservedConcurrency in samconfig.toml, then: {}", sam::deploy(&stack.name)),
        limit => format!(
            "aws lambda put-function-concurrency --function-name {function} --reserved-concurrent-executions {limit}"
        ),
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
    async fn the_limits_in_each_state() {
        let healthy = told(&[]).await;
        assert!(healthy.starts_with("  ✓ 1000 environments, shared") && healthy.contains("15 nodes"), "{healthy}");
        let off = told(&["lambda/GetFunctionConcurrency.off"]).await;
        assert!(off.contains("✗ the function is switched off") && off.contains("delete-function-concurrency"), "{off}");
        let few = told(&["lambda/GetFunctionConcurrency.few"]).await;
        assert_eq!(
            few,
            "  - its own limit is 20 environments; one node of a warehouse sends up to 64 batches at once\n"
        );
        let new = told(&["lambda/GetAccountSettings.new-account"]).await;
        assert!(new.contains("✗ the account has 10 environments") && new.contains("L-B99A9384"), "{new}");
        let denied = told(&["lambda/GetAccountSettings.denied", "lambda/GetFunctionConcurrency.denied"]).await;
        assert_eq!(denied.matches("? cannot tell").count(), 2, "{denied}");
    }
}
