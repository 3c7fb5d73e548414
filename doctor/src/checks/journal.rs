//! The journal's table: is it there, with the key that the function uses, and does it forget?

use serde_json::{Value, json};

use crate::aws::{Aws, services};
use crate::report::Findings;
use crate::stack::{Stack, text};

/// Looks at the table and at its time to live.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let name = stack.output("JournalTableName");
    let create = create(name, stack.parameter("JournalKeyArn"));
    let table = json!({"TableName": name});
    match aws.json(services::DYNAMODB, "DescribeTable", &table).await {
        Ok(answer) => {
            judge(&answer["Table"], name, &create, &mut findings);
            encryption(&answer["Table"], name, stack.parameter("JournalKeyArn"), &mut findings);
        }
        Err(error) if error.is_missing() => {
            findings.crossed(format!("the table {name} does not exist any more"), create);
            return findings;
        }
        Err(error) => findings.not_told(format_args!("the table {name}"), &error),
    }
    match aws.json(services::DYNAMODB, "DescribeTimeToLive", &table).await {
        Ok(answer) => expiry(&answer["TimeToLiveDescription"], name, &mut findings),
        Err(error) => findings.not_told("whether items expire", &error),
    }
    findings
}

/// As the template has it; what makes its items expire can be said only of a table that is there.
fn create(name: &str, key: &str) -> String {
    let encryption = if key.is_empty() {
        String::new()
    } else {
        format!(" --sse-specification Enabled=true,SSEType=KMS,KMSMasterKeyId={key}")
    };
    format!(
        "aws dynamodb create-table --table-name {name} --billing-mode PAY_PER_REQUEST --attribute-definitions \
         AttributeName=pk,AttributeType=S --key-schema AttributeName=pk,KeyType=HASH{encryption} && aws dynamodb wait \
         table-exists --table-name {name} && {}",
        expire(name)
    )
}

fn expire(name: &str) -> String {
    format!(
        "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification \
         Enabled=true,AttributeName=expires_at"
    )
}

fn encryption(table: &Value, name: &str, key: &str, findings: &mut Findings) {
    let is = text(&table["SSEDescription"]["KMSMasterKeyArn"]);
    if key.is_empty() || is == key {
        return;
    }
    let is = if is.is_empty() { "the key that DynamoDB owns".to_owned() } else { is };
    findings.crossed(
        format!("it is encrypted with {is}, and the stack says {key}"),
        format!(
            "aws dynamodb update-table --table-name {name} --sse-specification Enabled=true,SSEType=KMS,KMSMasterKeyId={key}"
        ),
    );
}

fn judge(table: &Value, name: &str, create: &str, findings: &mut Findings) {
    let status = text(&table["TableStatus"]);
    match status.as_str() {
        "ACTIVE" | "UPDATING" => findings.good(format!("the table {name} is {status}")),
        "CREATING" => findings.unknown(format_args!("how the table {name} is"), "it is being created"),
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => findings.crossed(
            format!("the table {name} cannot use its key"),
            format!("aws kms enable-key --key-id {}", text(&table["SSEDescription"]["KMSMasterKeyArn"])),
        ),
        _ => findings.crossed(format!("the table {name} is {status}"), create),
    }
    let keys = table["KeySchema"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_ours = |key: &Value| key["AttributeName"] == "pk" && key["KeyType"] == "HASH";
    if keys.len() == 1 && keys.iter().all(is_ours) {
        findings.good("its key is pk");
    } else {
        findings.crossed(
            "its key is another than pk alone",
            format!(
                "aws dynamodb delete-table --table-name {name} && aws dynamodb wait table-not-exists --table-name {name} && \
                 {create}"
            ),
        );
    }
}

fn expiry(time_to_live: &Value, name: &str, findings: &mut Findings) {
    let (status, attribute) = (text(&time_to_live["TimeToLiveStatus"]), text(&time_to_live["AttributeName"]));
    if matches!(status.as_str(), "ENABLED" | "ENABLING") && attribute == "expires_at" {
        findings.good("its items expire at expires_at");
    } else {
        findings.crossed("its items do not expire: prompts and answers stay", expire(name));
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
    async fn the_table_in_each_state() {
        let healthy = told(&[]).await;
        assert_eq!(healthy.matches('✓').count(), 3, "{healthy}");
        let missing = told(&["dynamodb/DescribeTable.missing"]).await;
        assert!(
            missing.contains("does not exist any more\n      mend: aws dynamodb create-table --table-name"),
            "{missing}"
        );
        let key = told(&["dynamodb/DescribeTable.another-key"]).await;
        assert!(key.contains("✗ its key is another than pk alone"), "{key}");
        assert!(key.contains(" && aws dynamodb wait table-not-exists --table-name"), "{key}");
        let other = told(&["cloudformation/DescribeStacks.chosen"]).await;
        assert!(
            other.contains("✗ it is encrypted with the key that DynamoDB owns, and the stack says arn:aws:kms:"),
            "{other}"
        );
        assert!(other.contains("mend: aws dynamodb update-table --table-name"), "{other}");
        let gone = told(&["cloudformation/DescribeStacks.chosen", "dynamodb/DescribeTable.missing"]).await;
        assert!(
            gone.contains("KMSMasterKeyId=arn:aws:kms:") && gone.contains("&& aws dynamodb update-time-to-live"),
            "{gone}"
        );
        let locked = told(&["dynamodb/DescribeTable.key-disabled"]).await;
        assert!(
            locked.contains("cannot use its key\n      mend: aws kms enable-key --key-id arn:aws:kms:"),
            "{locked}"
        );
        let kept = told(&["dynamodb/DescribeTimeToLive.disabled"]).await;
        assert!(
            kept.contains("✗ its items do not expire") && kept.contains("aws dynamodb update-time-to-live"),
            "{kept}"
        );
        let denied = told(&["dynamodb/DescribeTable.denied"]).await;
        assert!(denied.starts_with("  ? cannot tell the table"), "{denied}");
    }
}
