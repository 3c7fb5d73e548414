//! The API's resource policy: Snowflake's role in, everybody else of the account out.

use serde_json::{Value, json};

use crate::aws::{Aws, services};
use crate::policy::{condition, parse, statements, texts};
use crate::report::Findings;
use crate::sam;
use crate::stack::{Stack, text};

/// Reads it.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let mend = restore(stack);
    match aws.get(services::API_GATEWAY, &format!("/restapis/{}", stack.api_id())).await {
        Ok(api) => match parse(&text(&api["policy"])) {
            Some(policy) => judge(&policy, stack, &mend, &mut findings),
            None => findings.crossed("the API has no resource policy: everybody of the account may be let in", mend),
        },
        Err(error) if error.is_missing() => {
            findings.crossed("the API of the stack does not exist any more", sam::anew(&stack.name))
        }
        Err(error) => findings.not_told("the API's resource policy", &error),
    }
    findings
}

/// CloudFormation does not look at what it has not changed, so that another deployment leaves it as it is.
pub fn restore(stack: &Stack) -> String {
    let (role, api, stage) = (stack.output("SnowflakeRoleArn"), stack.api_id(), stack.stage());
    let session = role.replacen(":iam:", ":sts:", 1).replacen(":role/", ":assumed-role/", 1) + "/snowflake";
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {
            "Effect": "Allow", "Principal": {"AWS": session}, "Action": "execute-api:Invoke",
            "Resource": [format!("execute-api:/{stage}/POST/*"), format!("execute-api:/{stage}/GET/*")],
        },
        {
            "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}},
        },
    ]});
    let patch = json!([{"op": "replace", "path": "/policy", "value": policy.to_string()}]);
    format!(
        "aws apigateway update-rest-api --rest-api-id {api} --patch-operations '{patch}' && aws apigateway create-deployment \
         --rest-api-id {api} --stage-name {stage}"
    )
}

fn judge(policy: &Value, stack: &Stack, mend: &str, findings: &mut Findings) {
    let session = format!(":assumed-role/{}/snowflake", stack.role_name());
    let allowed: Vec<_> = statements(policy, "Allow")
        .flat_map(|statement| texts(&statement["Principal"]).into_iter().chain(texts(&statement["Principal"]["AWS"])))
        .collect();
    let others: Vec<_> = allowed.iter().filter(|principal| !principal.ends_with(&session)).copied().collect();
    if allowed.iter().any(|principal| principal.ends_with(&session)) {
        findings.good("it allows Snowflake's role, in the session that Snowflake names");
    } else {
        findings.crossed("it does not allow Snowflake's role", mend);
    }
    if !others.is_empty() {
        findings.crossed(format!("it allows others, too: {}", others.join(", ")), mend);
    }
    let role = stack.output("SnowflakeRoleArn");
    let denies = statements(policy, "Deny").any(|statement| {
        let except = condition(statement, "ArnNotEquals", "aws:PrincipalArn").map(texts).unwrap_or_default();
        except == [role] && [texts(&statement["Principal"]), texts(&statement["Principal"]["AWS"])].concat() == ["*"]
    });
    if denies {
        findings.good("it denies everybody but that role");
    } else {
        findings.crossed("it does not deny the rest of the account, whose own policies then suffice", mend);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::check;
    use crate::policy::parse;
    use crate::report::Findings;
    use crate::testing::{Recordings, stack};

    async fn told(recordings: &[&str]) -> String {
        let aws = Recordings::with(recordings).aws();
        check(&aws, &stack(&aws).await).await.to_string()
    }

    #[tokio::test]
    async fn what_mends_it_is_the_templates_policy() {
        let aws = Recordings::healthy().aws();
        let stack = stack(&aws).await;
        let command = super::restore(&stack);
        let patch: Value = serde_json::from_str(command.split('\'').nth(1).unwrap()).unwrap();
        let mut findings = Findings::default();
        super::judge(&parse(patch[0]["value"].as_str().unwrap()).unwrap(), &stack, "", &mut findings);
        assert!(!findings.has_crosses(), "{findings}");
        assert!(command.ends_with("create-deployment --rest-api-id abc123 --stage-name v1"), "{command}");
    }

    #[tokio::test]
    async fn one_role_in_and_the_others_out() {
        let healthy = told(&[]).await;
        assert_eq!(healthy.matches('✓').count(), 2, "{healthy}");
        let open = told(&["apigateway/GetRestApi.open"]).await;
        assert!(
            open.contains("✗ it does not allow Snowflake's role") && open.contains("✗ it allows others, too: *"),
            "{open}"
        );
        assert!(open.contains("✗ it does not deny the rest"), "{open}");
        let none = told(&["apigateway/GetRestApi.no-policy"]).await;
        assert!(none.contains("✗ the API has no resource policy"), "{none}");
        let missing = told(&["apigateway/GetRestApi.missing"]).await;
        assert!(missing.contains("✗ the API of the stack does not exist any more"), "{missing}");
        let denied = told(&["apigateway/GetRestApi.denied"]).await;
        assert_eq!(denied, "  ? cannot tell the API's resource policy: AccessDeniedException (403)\n");
    }
}
