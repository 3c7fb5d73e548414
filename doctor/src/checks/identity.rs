//! Who asks, and where.

use crate::aws::{Aws, AwsError, services};
use crate::report::Findings;
use crate::stack::text;

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The number of the account.
    pub account: String,
    /// The user, or the role in its session.
    pub arn: String,
}

/// Asks STS.
pub async fn read(aws: &Aws) -> Result<Identity, AwsError> {
    let result = aws.query(services::STS, "GetCallerIdentity", &[]).await?;
    Ok(Identity { account: text(&result["Account"]), arn: text(&result["Arn"]) })
}

/// Without an identity nothing else can be asked.
pub async fn check(aws: &Aws) -> Findings {
    let mut findings = Findings::default();
    let region = aws.region();
    match read(aws).await {
        Ok(Identity { arn, .. }) => findings.good(format!("{region}, as {arn}")),
        Err(error @ AwsError::Refused { .. }) => {
            findings.crossed(format!("the credentials are not taken in {region}: {}", error.code()), "aws sso login");
        }
        Err(error) => findings.crossed(format!("nobody to ask in {region}: {error}"), "aws sts get-caller-identity"),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::testing::Recordings;

    #[tokio::test]
    async fn an_identity_or_none() {
        let told = check(&Recordings::healthy().aws()).await.to_string();
        assert_eq!(told, "  ✓ us-west-2, as arn:aws:sts::111122223333:assumed-role/Reader/anna\n");
        let told = check(&Recordings::with(&["sts/GetCallerIdentity.expired"]).aws()).await.to_string();
        assert!(told.contains("✗ the credentials are not taken in us-west-2: ExpiredToken"), "{told}");
        assert!(told.contains("mend: aws sso login"), "{told}");
    }
}
