//! The API's resource policy: Snowflake's role in, everybody else of the account out.

use serde_json::Value;

use crate::aws::{Aws, services};
use crate::policy::{condition, parse, statements, texts};
use crate::report::Findings;
use crate::stack::{Stack, text};

/// Reads it.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let mend = format!("sam deploy --stack-name {}", stack.name);
    match aws.get(services::API_GATEWAY, &format!("/restapis/{}", stack.api_id())).await {
        Ok(api) => match parse(&text(&api["policy"])) {
            Some(policy) => judge(&policy, stack, &mend, &mut findings),
            None => findings.crossed("the API has no resource policy: everybody of the account may be let in", mend),
        },
        Err(error) if error.is_missing() => findings.crossed("the API of the stack does not exist any more", mend),
        Err(error) => findings.not_told("the API's resource policy", &error),
    }
    findings
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
    use super::check;
    use crate::testing::{Recordings, stack};

    async fn told(recordings: &[&str]) -> String {
        let aws = Recordings::with(recordings).aws();
        check(&aws, &stack(&aws).await).await.to_string()
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
