//! Is there a stack, whole and with its outputs?

use crate::aws::{Aws, AwsError};
use crate::report::Findings;
use crate::sam;
use crate::stack::Stack;

/// Those that the other checks and the SQL need.
const OUTPUTS: [&str; 5] = ["ApiUrl", "SnowflakeRoleArn", "FunctionArn", "FunctionName", "JournalTableName"];

/// Tells of the stack, and hands it over where there is one to look at.
pub async fn check(aws: &Aws, name: &str) -> (Findings, Option<Stack>) {
    let mut findings = Findings::default();
    let stack = match Stack::read(aws, name).await {
        Ok(stack) => stack,
        // CloudFormation has no code of its own for a stack that does not exist.
        Err(AwsError::Refused { code, message, .. }) if code == "ValidationError" => {
            let region = aws.region();
            findings.crossed(
                format!("no stack {name} in {region}: {message}"),
                format!("{} --region {region}", sam::build_and_deploy(name)),
            );
            return (findings, None);
        }
        Err(error) => {
            findings.not_told("what was deployed, and without that nothing else", &error);
            return (findings, None);
        }
    };
    judge(&stack, &mut findings);
    let usable = OUTPUTS.iter().all(|output| !stack.output(output).is_empty());
    (findings, usable.then_some(stack))
}

fn judge(stack: &Stack, findings: &mut Findings) {
    let Stack { name, status, .. } = stack;
    let events = format!(
        "aws cloudformation describe-stack-events --stack-name {name} --query \
         \"StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]\""
    );
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => {
            findings.good(format!("{name} is {status}"));
        }
        "UPDATE_ROLLBACK_COMPLETE" => {
            findings
                .crossed(format!("the last deployment of {name} failed, and the one before it is in place"), events);
        }
        "ROLLBACK_COMPLETE" => findings.crossed(
            format!("the first deployment of {name} failed, and nothing is in place"),
            format!("sam delete --stack-name {name} --no-prompts && {}", sam::deploy(name)),
        ),
        status if status.ends_with("_IN_PROGRESS") => {
            findings.unknown("whether it is whole", format_args!("{status}, ask again"))
        }
        status => findings.crossed(format!("{name} is {status}"), events),
    }
    let missing: Vec<_> = OUTPUTS.into_iter().filter(|output| stack.output(output).is_empty()).collect();
    if missing.is_empty() {
        findings.good(format!("its API is {}", stack.output("ApiUrl")));
    } else if status != "ROLLBACK_COMPLETE" {
        findings.crossed(
            format!("it has no output {}: it is another stack, or an older one", missing.join(", ")),
            sam::build_and_deploy(name),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::testing::Recordings;

    async fn told(recordings: &[&str]) -> (String, bool) {
        let (findings, stack) = check(&Recordings::with(recordings).aws(), "snowflake-functions").await;
        (findings.to_string(), stack.is_some())
    }

    #[tokio::test]
    async fn a_whole_stack_is_handed_over() {
        let (told, usable) = told(&[]).await;
        assert!(
            told.starts_with("  ✓ snowflake-functions is UPDATE_COMPLETE\n  ✓ its API is https://abc123."),
            "{told}"
        );
        assert!(usable);
    }

    #[tokio::test]
    async fn no_stack_half_a_stack_and_one_that_may_not_be_seen() {
        let (missing, usable) = told(&["cloudformation/DescribeStacks.missing"]).await;
        assert!(missing.contains("✗ no stack snowflake-functions in us-west-2"), "{missing}");
        assert!(missing.contains("mend: sam build && sam deploy --region us-west-2"), "{missing}");
        assert!(!usable);
        let (rolled_back, usable) = told(&["cloudformation/DescribeStacks.rolled-back"]).await;
        assert!(rolled_back.contains("✗ the first deployment of"), "{rolled_back}");
        assert!(!usable);
        let (denied, usable) = told(&["cloudformation/DescribeStacks.denied"]).await;
        assert!(denied.starts_with("  ? cannot tell") && denied.contains("AccessDenied (403)"), "{denied}");
        assert!(!usable);
        let (other, usable) = told(&["cloudformation/DescribeStacks.other"]).await;
        assert!(other.contains("✗ it has no output ApiUrl, SnowflakeRoleArn"), "{other}");
        assert!(!usable);
    }
}
