//! The API's resource policy: Snowflake's role in, everybody else of the account out.

use serde_json::{Value, json};

use crate::aws::{Aws, services};
use crate::catalogue::matches;
use crate::policy::{condition, parse, statements, texts};
use crate::report::Findings;
use crate::sam;
use crate::sql;
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
    let allowed: Vec<_> = statements(policy, "Allow").flat_map(principals).collect();
    let others: Vec<_> = allowed.iter().filter(|principal| !principal.ends_with(&session)).copied().collect();
    let may = |method: &str| {
        statements(policy, "Allow")
            .filter(|statement| principals(statement).iter().any(|principal| principal.ends_with(&session)))
            .any(|statement| lets_call(statement, stack.stage(), method))
    };
    match (may("POST"), may("GET")) {
        (true, true) => findings.good("it allows Snowflake's role, in the session that Snowflake names"),
        (true, false) => findings.crossed(
            "it allows Snowflake's role to POST and not to GET, by which every batch goes on that is not answered at once",
            mend,
        ),
        (false, _) => findings.crossed("it does not allow Snowflake's role", mend),
    }
    if !others.is_empty() {
        findings.crossed(format!("it allows others, too: {}", others.join(", ")), mend);
    }
    let role = stack.output("SnowflakeRoleArn");
    let is_ours = |statement: &&Value| {
        let except = condition(statement, "ArnNotEquals", "aws:PrincipalArn").map(texts).unwrap_or_default();
        except == [role] && principals(statement) == ["*"]
    };
    let (ours, more): (Vec<_>, Vec<_>) = statements(policy, "Deny").partition(is_ours);
    if ours.is_empty() {
        findings.crossed("it does not deny the rest of the account, whose own policies then suffice", mend);
    } else {
        findings.good("it denies everybody but that role");
    }
    if !more.is_empty() {
        findings.note(format!("it denies more, which may be Snowflake's calls: {}", json!(more)));
    }
}

fn principals(statement: &Value) -> Vec<&str> {
    [texts(&statement["Principal"]), texts(&statement["Principal"]["AWS"])].concat()
}

/// Whether a statement is about calling each function of a stage by a method.
fn lets_call(statement: &Value, stage: &str, method: &str) -> bool {
    let is_action = |action: &&str| matches(&action.to_ascii_lowercase(), "execute-api:invoke");
    let lets = |function: &str| {
        let call = format!("/{stage}/{method}/{function}");
        // Written with the API's ARN or without, or as all there is.
        texts(&statement["Resource"]).iter().any(|resource| match resource.find('/') {
            Some(path) => matches(&resource[path..], &call),
            None => resource.ends_with('*'),
        })
    };
    texts(&statement["Action"]).iter().any(is_action) && sql::functions().into_iter().all(lets)
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
    async fn snowflake_is_to_post_and_to_get_and_another_denial_is_told() {
        let aws = Recordings::healthy().aws();
        let stack = stack(&aws).await;
        let judged = |change: &dyn Fn(&mut Value)| {
            let command = super::restore(&stack);
            let patch: Value = serde_json::from_str(command.split('\'').nth(1).unwrap()).unwrap();
            let mut policy = parse(patch[0]["value"].as_str().unwrap()).unwrap();
            change(&mut policy);
            let mut findings = Findings::default();
            super::judge(&policy, &stack, "", &mut findings);
            findings.to_string()
        };
        let posts = judged(&|policy| policy["Statement"][0]["Resource"] = "execute-api:/v1/POST/*".into());
        assert!(posts.contains("✗ it allows Snowflake's role to POST and not to GET"), "{posts}");
        let elsewhere = judged(&|policy| policy["Statement"][0]["Resource"] = "execute-api:/v2/*".into());
        assert!(elsewhere.contains("✗ it does not allow Snowflake's role"), "{elsewhere}");
        let other = judged(&|policy| policy["Statement"][0]["Action"] = "execute-api:ManageConnections".into());
        assert!(other.contains("✗ it does not allow Snowflake's role"), "{other}");
        let one = judged(&|policy| policy["Statement"][0]["Resource"] = "execute-api:/v1/*/ask_bedrock".into());
        assert!(one.contains("✗ it does not allow Snowflake's role"), "{one}");
        for resource in ["execute-api:/*", "execute-api:*", "*"] {
            let all = judged(&|policy| policy["Statement"][0]["Resource"] = resource.into());
            assert!(!all.contains('✗') && !all.contains("it denies more"), "{all}");
        }
        let cased = judged(&|policy| policy["Statement"][0]["Action"] = "execute-api:invoke".into());
        assert!(!cased.contains('✗'), "{cased}");
        let denied = judged(&|policy| {
            let more = serde_json::json!({"Effect": "Deny", "Principal": "*", "Resource": "execute-api:/v1/GET/*"});
            policy["Statement"].as_array_mut().unwrap().push(more);
        });
        assert!(denied.contains("- it denies more, which may be Snowflake's calls: [{\"Effect\":\"Deny\""), "{denied}");
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
