//! The API, called as Snowflake calls it: by others than its role it is to be refused.

use aws_credential_types::Credentials;
use serde_json::{Value, json};

use crate::aws::{Answer, Aws, AwsError, services};
use crate::report::Findings;
use crate::sam;
use crate::sql;
use crate::stack::{Stack, text};

/// Calls it as the caller, and under Snowflake's role where that is asked for.
pub async fn check(aws: &Aws, stack: &Stack, as_snowflake: bool) -> Findings {
    let mut findings = Findings::default();
    match call(aws, stack).await {
        Ok(answer) => judge_own(&answer, stack, &mut findings),
        Err(error) => findings.not_told("whether the API answers", &error),
    }
    if as_snowflake {
        match assume(aws, stack).await {
            Ok(credentials) => match call(&aws.with_credentials(credentials), stack).await {
                Ok(answer) => judge_role(&answer, stack, &mut findings),
                Err(error) => findings.not_told("whether the API answers Snowflake's role", &error),
            },
            Err(error) if error.code() == "AccessDenied" => {
                findings.note("you may not assume Snowflake's role, which is as it should be");
            }
            Err(error) => findings.not_told("whether the API answers Snowflake's role", &error),
        }
    }
    findings
}

async fn call(aws: &Aws, stack: &Stack) -> Result<Answer, AwsError> {
    let function = sql::functions().into_iter().next().unwrap_or_default();
    let url = format!("{}/{function}", aws.endpoints().api_url(stack.output("ApiUrl")));
    aws.post_to(services::EXECUTE_API, &url, &json!({"data": []})).await
}

async fn assume(aws: &Aws, stack: &Stack) -> Result<Credentials, AwsError> {
    let mut fields = vec![
        ("RoleArn", stack.output("SnowflakeRoleArn")),
        // The API takes the role in this session only.
        ("RoleSessionName", "snowflake"),
        ("DurationSeconds", "900"),
    ];
    let external_id = stack.parameter("SnowflakeExternalId");
    if !external_id.is_empty() {
        fields.push(("ExternalId", external_id));
    }
    let result = aws.query(services::STS, "AssumeRole", &fields).await?;
    let [key, secret, token] =
        ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| text(&result["Credentials"][name]));
    Ok(Credentials::new(key, secret, Some(token), None, "Snowflake's role"))
}

fn redeploy(stack: &Stack) -> String {
    sam::deploy(&stack.name)
}

fn judge_own(answer: &Answer, stack: &Stack, findings: &mut Findings) {
    let refusal = answer.refusal();
    match (answer.status, refusal.code()) {
        (200..300, _) => findings.crossed(
            "the API lets you in, and you are not Snowflake's role: its resource policy does not hold",
            super::policy::restore(stack),
        ),
        // API Gateway's way to say that there is no such path.
        (403, "MissingAuthenticationTokenException") => {
            findings.crossed("the API has no such stage or path", redeploy(stack));
        }
        (403, "InvalidSignatureException" | "UnrecognizedClientException" | "ExpiredTokenException") => {
            findings.not_told("whether the API refuses you", &refusal);
        }
        (403, _) if answer.body.contains("explicit deny") => {
            findings.good("the API refuses you (403, by its resource policy), as everybody but Snowflake's role");
        }
        (403, _) => findings.good("the API refuses you (403), as everybody but Snowflake's role"),
        (status, _) => {
            findings.crossed(format!("the API answers {status} to who should be refused"), redeploy(stack));
        }
    }
}

fn judge_role(answer: &Answer, stack: &Stack, findings: &mut Findings) {
    let is_empty_batch = serde_json::from_str::<Value>(&answer.body).is_ok_and(|body| body == json!({"data": []}));
    match answer.status {
        200 if is_empty_batch => findings.good("under Snowflake's role the API answers an empty batch"),
        200 => findings.crossed("under Snowflake's role the API answers something else than a batch", redeploy(stack)),
        403 => findings.crossed("the API refuses Snowflake's role (403)", super::policy::restore(stack)),
        status => findings.crossed(
            format!("under Snowflake's role the API answers {status}"),
            format!("sam logs --stack-name {} --name Function", stack.name),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::testing::{Recordings, stack};

    async fn told(recordings: &[&str], as_snowflake: bool) -> String {
        let aws = Recordings::with(recordings).aws();
        check(&aws, &stack(&aws).await, as_snowflake).await.to_string()
    }

    #[tokio::test]
    async fn to_be_refused_is_healthy() {
        let refused = told(&[], false).await;
        assert_eq!(
            refused,
            "  ✓ the API refuses you (403, by its resource policy), as everybody but Snowflake's role\n"
        );
        let open = told(&["execute-api/Call.answered"], false).await;
        assert!(
            open.contains("✗ the API lets you in") && open.contains("mend: aws apigateway update-rest-api"),
            "{open}"
        );
        let lost = told(&["execute-api/Call.no-path"], false).await;
        assert!(lost.contains("✗ the API has no such stage or path"), "{lost}");
        let broken = told(&["execute-api/Call.broken"], false).await;
        assert!(broken.contains("✗ the API answers 500 to who should be refused"), "{broken}");
        let signature = told(&["execute-api/Call.signature"], false).await;
        assert!(
            signature.contains("? cannot tell whether the API refuses you: InvalidSignatureException"),
            "{signature}"
        );
    }

    #[tokio::test]
    async fn under_the_role_it_answers() {
        let role = told(&[], true).await;
        assert!(role.contains("✓ the API refuses you") && role.contains("✓ under Snowflake's role"), "{role}");
        let refused = told(&["execute-api/CallUnderRole.refused"], true).await;
        assert!(refused.contains("✗ the API refuses Snowflake's role (403)"), "{refused}");
        let not_mine = told(&["sts/AssumeRole.denied"], true).await;
        assert!(not_mine.contains("- you may not assume Snowflake's role, which is as it should be"), "{not_mine}");
    }
}
