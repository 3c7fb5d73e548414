//! The function's configuration, as the alias has it: what is called, not what was last changed.

use serde_json::Value;

use crate::aws::{Aws, services};
use crate::report::Findings;
use crate::sam;
use crate::stack::{Stack, text};

/// The variables, and the parameter or the output that each comes from.
const VARIABLES: [(&str, &str); 9] = [
    ("ALLOWED_MODEL_IDS", "AllowedModelIds"),
    ("JOURNAL_RETENTION_HOURS", "JournalRetentionHours"),
    ("JOURNAL_TABLE_NAME", "JournalTableName"),
    ("LOCATION_CALLS_PER_SECOND", "LocationCallsPerSecond"),
    ("LOCATION_INTENDED_USE", "LocationIntendedUse"),
    ("MAX_CONCURRENCY", "MaxConcurrency"),
    ("MODEL_PRICES", "ModelPrices"),
    ("PLACE_INDEX_NAME", "PlaceIndexName"),
    ("SHARED_ANSWERS_HOURS", "SharedAnswersHours"),
];

/// Compares it with the stack.
pub async fn check(aws: &Aws, stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    let path = format!("/2015-03-31/functions/{}/configuration?Qualifier=live", stack.output("FunctionName"));
    match aws.get(services::LAMBDA, &path).await {
        Ok(configuration) => judge(&configuration, stack, &mut findings),
        Err(error) if error.is_missing() => findings.crossed("there is no function with an alias live", mend(stack)),
        Err(error) => findings.not_told("how the function is configured", &error),
    }
    findings
}

fn mend(stack: &Stack) -> String {
    sam::build_and_deploy(&stack.name)
}

fn judge(configuration: &Value, stack: &Stack, findings: &mut Findings) {
    let mend = mend(stack);
    let state = text(&configuration["State"]);
    let why = text(&configuration["StateReasonCode"]);
    match state.as_str() {
        // An answer from before functions had states has none; one that was long idle wakes with its next call.
        "Active" | "Inactive" | "" => {}
        "Pending" => findings.unknown("whether it can be called", format_args!("it is {state} ({why}), ask again")),
        _ => findings.crossed(format!("it is {state}: {why}"), &*mend),
    }
    if let Ok(seconds) = stack.parameter("GatewayTimeoutSeconds").parse::<u32>() {
        let timeout = format!("{} s", configuration["Timeout"]);
        findings.compare("its timeout", &timeout, &format!("{} s", seconds.saturating_sub(1)), &mend);
    }
    let compare = |findings: &mut Findings, what: &str, is: &str, parameter: &str| {
        if !stack.parameter(parameter).is_empty() {
            findings.compare(what, is, stack.parameter(parameter), &mend);
        }
    };
    compare(findings, "its memory in MB", &configuration["MemorySize"].to_string(), "MemorySize");
    compare(findings, "its architecture", &text(&configuration["Architectures"][0]), "Architecture");
    variables(&configuration["Environment"], stack, findings, &mend);
}

fn variables(environment: &Value, stack: &Stack, findings: &mut Findings, mend: &str) {
    let code = text(&environment["Error"]["ErrorCode"]);
    if !code.is_empty() {
        return findings.unknown("its variables", code);
    }
    let mut as_they_should_be = 0;
    for (variable, source) in VARIABLES {
        let should_be = [stack.parameter(source), stack.output(source)].concat();
        // A place index that the stack does not have is somebody's own.
        if should_be.is_empty() {
            continue;
        }
        let is = text(&environment["Variables"][variable]);
        if is == should_be {
            as_they_should_be += 1;
        } else {
            findings.crossed(format!("its variable {variable} is \"{is}\", and should be \"{should_be}\""), mend);
        }
    }
    findings.good(format!("{as_they_should_be} variables are what the stack says"));
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
    async fn the_stacks_own_configuration_is_good() {
        let told = told(&[]).await;
        assert!(
            told.contains("✓ its timeout is 28 s") && told.contains("✓ 6 variables are what the stack says"),
            "{told}"
        );
        assert!(!told.contains('✗'), "{told}");
    }

    #[tokio::test]
    async fn another_configuration_is_crossed() {
        let told = told(&["lambda/GetFunctionConfiguration.changed"]).await;
        for crossed in [
            "✗ its timeout is \"3 s\", and should be \"28 s\"",
            "✗ its memory in MB is \"128\", and should be \"256\"",
            "✗ its architecture is \"x86_64\", and should be \"arm64\"",
            "✗ its variable ALLOWED_MODEL_IDS is \"*\", and should be",
            "✗ its variable JOURNAL_TABLE_NAME is \"\", and should be",
            "mend: sam build && sam deploy",
        ] {
            assert!(told.contains(crossed), "{crossed} is not in\n{told}");
        }
    }

    #[tokio::test]
    async fn a_function_in_the_making_is_not_wrong() {
        let pending = told(&["lambda/GetFunctionConfiguration.pending"]).await;
        assert!(
            pending.starts_with("  ? cannot tell whether it can be called: it is Pending (Creating), ask again"),
            "{pending}"
        );
        let failed = told(&["lambda/GetFunctionConfiguration.failed"]).await;
        assert!(failed.starts_with("  ✗ it is Failed: InternalError"), "{failed}");
    }

    #[test]
    fn the_variables_are_those_of_the_template() {
        let template = include_str!("../../../template.yaml");
        for (variable, _) in super::VARIABLES {
            assert!(template.contains(&format!("          {variable}: ")), "{variable}");
        }
        let variables = template.split_once("        Variables:\n").unwrap().1;
        let count = variables.lines().take_while(|line| line.starts_with("          ")).count();
        assert_eq!(count, super::VARIABLES.len(), "a variable that is not compared");
    }

    #[tokio::test]
    async fn no_function_and_one_that_may_not_be_seen() {
        let missing = told(&["lambda/GetFunctionConfiguration.missing"]).await;
        assert!(missing.starts_with("  ✗ there is no function with an alias live"), "{missing}");
        let denied = told(&["lambda/GetFunctionConfiguration.denied"]).await;
        assert_eq!(denied, "  ? cannot tell how the function is configured: AccessDeniedException (403)\n");
        let variables = told(&["lambda/GetFunctionConfiguration.no-key"]).await;
        assert!(variables.contains("? cannot tell its variables: AccessDeniedException"), "{variables}");
    }
}
