//! The place index: is there one, and may its answers be kept?

use crate::aws::{Aws, services};
use crate::report::Findings;
use crate::sam;
use crate::stack::{Stack, text};

/// Compares it with the stack's parameters.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let name = stack.output("PlaceIndexName");
    if name.is_empty() {
        let why = match stack.parameter("PlaceDataSource") {
            "None" => "PlaceDataSource is None".to_owned(),
            _ => format!("Amazon Location has none in {}", aws.region()),
        };
        findings.note(format!("the stack has no place index, so the function uses the Places API: {why}"));
        return findings;
    }
    let (source, intended_use) = (stack.parameter("PlaceDataSource"), stack.parameter("LocationIntendedUse"));
    match aws.get(services::LOCATION, &format!("/places/v0/indexes/{name}")).await {
        Ok(index) => {
            let redeploy = sam::deploy(&stack.name);
            findings.compare("the data source", &text(&index["DataSource"]), source, &redeploy);
            let is = text(&index["DataSourceConfiguration"]["IntendedUse"]);
            let mend = format!(
                "aws location update-place-index --index-name {name} --data-source-configuration IntendedUse={intended_use}"
            );
            findings.compare("the intended use", &is, intended_use, &mend);
        }
        Err(error) if error.is_missing() => findings.crossed(
            format!("the place index {name} does not exist any more"),
            format!(
                "aws location create-place-index --index-name {name} --data-source {source} --data-source-configuration \
                 IntendedUse={intended_use}"
            ),
        ),
        Err(error) => findings.not_told(format_args!("the place index {name}"), &error),
    }
    findings
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
    async fn an_index_another_and_none() {
        assert_eq!(told(&[]).await, "  ✓ the data source is Esri\n  ✓ the intended use is Storage\n");
        let single_use = told(&["location/DescribePlaceIndex.single-use"]).await;
        assert!(single_use.contains("✗ the intended use is \"SingleUse\", and should be \"Storage\""), "{single_use}");
        assert!(single_use.contains("mend: aws location update-place-index --index-name"), "{single_use}");
        let missing = told(&["location/DescribePlaceIndex.missing"]).await;
        assert!(
            missing.contains("✗ the place index") && missing.contains("mend: aws location create-place-index"),
            "{missing}"
        );
        let denied = told(&["location/DescribePlaceIndex.denied"]).await;
        assert!(denied.starts_with("  ? cannot tell the place index"), "{denied}");
        let without = told(&["cloudformation/DescribeStacks.untrusted"]).await;
        assert_eq!(
            without,
            "  - the stack has no place index, so the function uses the Places API: PlaceDataSource is None\n"
        );
    }
}
