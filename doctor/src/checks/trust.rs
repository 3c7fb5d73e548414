//! Snowflake's role: whom it trusts, by the stack and, with the Snowflake CLI, by the integration.

use serde_json::{Value, json};

use crate::aws::{Aws, services};
use crate::policy::{self, condition, statements, texts};
use crate::report::Findings;
use crate::sam;
use crate::snowflake::{self, Integration};
use crate::stack::{Stack, text};

/// Who may assume the role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Trust {
    principals: Vec<String>,
    external_ids: Vec<String>,
}

/// Compares the role with the stack, and both with the integration of this connection.
pub async fn check(aws: &Aws, stack: &Stack, snow: Option<(&str, &str)>) -> Findings {
    let mut findings = Findings::default();
    let role = stack.role_name();
    let trust = match aws.query(services::IAM, "GetRole", &[("RoleName", role)]).await {
        Ok(result) => read(&text(&result["Role"]["AssumeRolePolicyDocument"])),
        Err(error) if error.is_missing() => {
            findings.crossed(format!("the role {role} does not exist any more"), sam::anew(&stack.name));
            None
        }
        Err(error) => {
            findings.not_told(format_args!("whom the role {role} trusts"), &error);
            None
        }
    };
    if let Some(trust) = &trust {
        judge(trust, stack, &mut findings);
    }
    if let Some((connection, name)) = snow {
        match snowflake::describe(connection, name).await {
            Ok(integration) => compare(&integration, (connection, name), trust.as_ref(), stack, &mut findings),
            Err(error) => findings.unknown(format_args!("whether the integration {name} fits"), error),
        }
    }
    findings
}

/// The statements that allow it; none is a trust in nobody.
fn read(document: &str) -> Option<Trust> {
    let document = policy::parse(document)?;
    let mut trust = Trust::default();
    for statement in statements(&document, "Allow") {
        let principals = texts(&statement["Principal"]["AWS"]).into_iter().chain(texts(&statement["Principal"]));
        trust.principals.extend(principals.map(str::to_owned));
        let ids = condition(statement, "StringEquals", "sts:ExternalId").map(texts).unwrap_or_default();
        trust.external_ids.extend(ids.into_iter().map(str::to_owned));
    }
    Some(trust)
}

fn judge(trust: &Trust, stack: &Stack, findings: &mut Findings) {
    let (user, external_id) = (stack.parameter("SnowflakeUserArn"), stack.parameter("SnowflakeExternalId"));
    if user.is_empty() {
        return findings.crossed(
            "the role trusts this account only, so that Snowflake says \"Error assuming AWS_ROLE\"",
            format!(
                "put SnowflakeUserArn and SnowflakeExternalId, which sql/integration.sql prints, into samconfig.toml, then: \
                 {}",
                sam::deploy(&stack.name)
            ),
        );
    }
    // CloudFormation does not look at what it has not changed: another deployment mends none of this.
    let mend = restore(stack.role_name(), user);
    if trust.principals == [user] {
        findings.good(format!("the role trusts {user}, as the stack says"));
    } else {
        let (is, should_be) = (trust.principals.join(", "), user);
        findings.crossed(format!("the role trusts \"{is}\", and the stack says {should_be}"), &*mend);
    }
    // What it is goes to no terminal.
    match trust.external_ids.as_slice() {
        [is] if is == external_id => findings.good("with the external id of the stack"),
        [] => findings.crossed("without an external id, so that another customer of Snowflake could use it", mend),
        _ => findings.crossed("with another external id than the stack's", mend),
    }
}

fn restore(role: &str, user: &str) -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "SnowflakeExternalId of samconfig.toml"}},
    });
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    format!("aws iam update-assume-role-policy --role-name {role} --policy-document '{document}'")
}

fn compare(
    integration: &Integration,
    (connection, name): (&str, &str),
    trust: Option<&Trust>,
    stack: &Stack,
    findings: &mut Findings,
) {
    let property = |name: &str| integration.get(name).map_or("", String::as_str);
    let deploy = format!(
        "put API_AWS_IAM_USER_ARN and API_AWS_EXTERNAL_ID of DESC INTEGRATION {name} into samconfig.toml, then: {}",
        sam::deploy(&stack.name)
    );
    if let Some(trust) = trust {
        let user = property("API_AWS_IAM_USER_ARN");
        if trust.principals == [user] {
            findings.good(format!("the integration {name} comes as the user that the role trusts"));
        } else {
            findings.crossed(format!("the integration {name} comes as {user}, whom the role does not trust"), &*deploy);
        }
        if trust.external_ids == [property("API_AWS_EXTERNAL_ID")] {
            findings.good("with the external id that the role asks for");
        } else {
            findings.crossed("with another external id than the role asks for", deploy);
        }
    }
    let (role, url) = (stack.output("SnowflakeRoleArn"), stack.output("ApiUrl"));
    let follow = format!(
        "snow sql -f sql/integration.sql -c {connection} --role ACCOUNTADMIN -D \"api_url={url}\" -D \"integration={name}\" \
         -D \"role_arn={role}\" -D \"owner_role=SYSADMIN\""
    );
    findings.compare("the integration's role", property("API_AWS_ROLE_ARN"), role, &follow);
    let prefixes = property("API_ALLOWED_PREFIXES");
    if is_allowed(prefixes, url) {
        findings.good("the integration lets the API be called");
    } else {
        findings.crossed(format!("the integration lets \"{prefixes}\" be called, and not {url}"), follow);
    }
    if !property("ENABLED").eq_ignore_ascii_case("true") {
        let enable = format!("snow sql -q \"ALTER API INTEGRATION {name} SET ENABLED = TRUE\" -c {connection}");
        findings.crossed("the integration is switched off", enable);
    }
}

/// `["https://…", "https://…"]`, or the same without quotes.
fn is_allowed(prefixes: &str, url: &str) -> bool {
    let parsed: Option<Value> = serde_json::from_str(prefixes).ok();
    let listed = parsed.as_ref().map(texts).unwrap_or_default();
    let plain =
        prefixes.trim_matches(['[', ']', '(', ')']).split(',').map(|prefix| prefix.trim().trim_matches(['\'', '"']));
    listed.into_iter().chain(plain).any(|prefix| !prefix.is_empty() && format!("{url}/").starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{check, compare, is_allowed, read};
    use crate::report::Findings;
    use crate::snowflake;
    use crate::testing::{Recordings, stack};

    async fn told(recordings: &[&str]) -> String {
        let aws = Recordings::with(recordings).aws();
        check(&aws, &stack(&aws).await, None).await.to_string()
    }

    #[tokio::test]
    async fn the_trust_is_the_stacks() {
        let healthy = told(&[]).await;
        assert!(
            healthy.contains("✓ the role trusts arn:aws:iam::444455556666:user/") && !healthy.contains('✗'),
            "{healthy}"
        );
        let changed = told(&["iam/GetRole.another-user"]).await;
        assert!(changed.contains("✗ the role trusts \"arn:aws:iam::777788889999:user/other\""), "{changed}");
        assert!(changed.contains("mend: aws iam update-assume-role-policy --role-name"), "{changed}");
        assert!(changed.contains("✗ with another external id"), "{changed}");
        let open = told(&["iam/GetRole.no-external-id"]).await;
        assert!(open.contains("✗ without an external id"), "{open}");
        let untrusted = told(&["cloudformation/DescribeStacks.untrusted"]).await;
        assert!(untrusted.contains("✗ the role trusts this account only"), "{untrusted}");
        let missing = told(&["iam/GetRole.missing"]).await;
        assert!(missing.contains("does not exist any more"), "{missing}");
        let denied = told(&["iam/GetRole.denied"]).await;
        assert!(denied.starts_with("  ? cannot tell whom the role"), "{denied}");
        for told in [healthy, changed, open, untrusted] {
            assert!(!told.contains("SFCRole"), "the external id is told: {told}");
        }
    }

    async fn compared(answer: &str) -> String {
        let aws = Recordings::healthy().aws();
        let (stack, mut findings) = (stack(&aws).await, Findings::default());
        let trust = read(
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:user/abc1-b-self1234"},
                "Condition": {"StringEquals": {"sts:ExternalId": "XY12345_SFCRole=3_8Hcmbi9halFOkt+MdilPi7rdgOv="}}}]}"#,
        );
        let integration = snowflake::read(answer).unwrap();
        compare(&integration, ("c", "aws_functions"), trust.as_ref(), &stack, &mut findings);
        findings.to_string()
    }

    #[tokio::test]
    async fn the_integration_is_the_roles() {
        let healthy = compared(include_str!("../../tests/data/snowflake/desc-integration.healthy.json")).await;
        assert_eq!(healthy.matches('✓').count(), 4, "{healthy}");
        let other = compared(include_str!("../../tests/data/snowflake/desc-integration.another.json")).await;
        for crossed in [
            "✗ the integration aws_functions comes as arn:aws:iam::777788889999:user/other",
            "✗ with another external id than the role asks for",
            "✗ the integration's role is \"arn:aws:iam::111122223333:role/old\"",
            "✗ the integration lets",
            "✗ the integration is switched off",
            "-D \"api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1\"",
        ] {
            assert!(other.contains(crossed), "{crossed} is not in\n{other}");
        }
        assert!(!other.contains("SFCRole"), "{other}");
    }

    #[test]
    fn prefixes_are_read_in_each_form() {
        assert!(is_allowed(r#"["https://a/v1/"]"#, "https://a/v1"));
        assert!(is_allowed("https://b, https://a/", "https://a/v1"));
        assert!(!is_allowed(r#"["https://a/v2/"]"#, "https://a/v1"));
        assert!(!is_allowed("", "https://a/v1"));
    }
}
