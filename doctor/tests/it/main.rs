//! The doctor as a user runs it, before services on loopback that answer what is recorded.
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "../../src/testing/recordings.rs"]
mod recordings;
mod services;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use recordings::Recordings;
use services::Services;
use tokio::process::Command;

/// What it tells, and how it ends.
async fn doctor(recordings: &[&str], arguments: &str) -> (String, ExitStatus) {
    let services = Services::start(Recordings::with(recordings)).await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_doctor"))
        .args(arguments.split_whitespace())
        .env_clear()
        .env("PATH", snow())
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", services.url())
        .env("AWS_REGION", "us-west-2")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the doctor starts");
    let told = String::from_utf8(output.stdout).expect("text");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    for secret in ["a-secret-that-is-none", "SFCRole", "an-example-and-no", "eyJjb21"] {
        assert!(!told.contains(secret), "{secret} is told:\n{told}");
    }
    (told, output.status)
}

/// A folder with a Snowflake CLI that knows one integration.
fn snow() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bin");
    let (program, answer) = (folder.join("snow"), format!("{}/tests/data/snowflake", env!("CARGO_MANIFEST_DIR")));
    // The tests run at once: whoever comes later finds it.
    if !program.exists() {
        std::fs::create_dir_all(&folder).expect("a folder");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n'sql --format json -q DESC INTEGRATION aws_functions -c trial') /bin/cat {answer}/desc-integration.healthy.json;;\n\
             *) echo \"no such connection\" >&2; exit 1;;\nesac\n"
        );
        let own = folder.join(format!("snow.{:?}", std::thread::current().id()));
        std::fs::write(&own, script).expect("a script");
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).expect("a program");
        std::fs::rename(own, program).expect("a program of that name");
    }
    folder
}

#[tokio::test]
async fn a_healthy_stack_has_no_cross() {
    let (told, status) = doctor(&[], "--stack snowflake-functions --snow trial --as-snowflake").await;
    assert!(status.success(), "{told}");
    assert!(told.contains("✓ the integration aws_functions comes as the user that the role trusts"), "{told}");
    assert!(told.contains("✓ under Snowflake's role the API answers an empty batch"), "{told}");
    assert!(told.ends_with("\n0 crossed, 0 that cannot be told\n"), "{told}");
    let steps = told.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).count();
    assert_eq!(steps, 12 + 1, "{told}");
}

#[tokio::test]
async fn each_way_to_be_broken_is_crossed_and_ends_with_1() {
    for (recording, crossed) in [
        ("sts/GetCallerIdentity.expired", "the credentials are not taken"),
        ("cloudformation/DescribeStacks.missing", "no stack snowflake-functions"),
        ("cloudformation/DescribeStacks.untrusted", "the role trusts this account only"),
        ("lambda/GetFunctionConfiguration.changed", "its variable ALLOWED_MODEL_IDS"),
        ("lambda/Invoke.crashed", "ask_bedrock fails"),
        ("execute-api/Call.answered", "the API lets you in"),
        ("apigateway/GetRestApi.open", "it allows others, too"),
        ("iam/GetRole.another-user", "the role trusts \"arn:aws:iam::777788889999:user/other\""),
        ("service-quotas/ListServiceQuotas.zero", "so that no call gets through"),
        ("location/DescribePlaceIndex.missing", "the place index"),
        ("dynamodb/DescribeTable.missing", "the table"),
        ("dynamodb/DescribeTimeToLive.disabled", "its items do not expire"),
        ("lambda/GetFunctionConcurrency.off", "the function is switched off"),
    ] {
        let (told, status) = doctor(&[recording], "--stack snowflake-functions").await;
        assert_eq!(status.code(), Some(1), "{recording}: {told}");
        assert!(told.lines().any(|line| line.contains('✗') && line.contains(crossed)), "{recording}: {told}");
        assert!(told.contains("      mend: "), "{recording}: {told}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_ends_nothing() {
    let denied = [
        "lambda/GetFunctionConfiguration.denied",
        "lambda/Invoke.denied",
        "apigateway/GetRestApi.denied",
        "iam/GetRole.denied",
        "bedrock/ListFoundationModels.denied",
        "service-quotas/ListServiceQuotas.denied",
        "location/DescribePlaceIndex.denied",
        "dynamodb/DescribeTable.denied",
        "lambda/GetAccountSettings.denied",
        "lambda/GetFunctionConcurrency.denied",
    ];
    let (told, status) = doctor(&denied, "--stack snowflake-functions --snow other").await;
    assert!(status.success(), "{told}");
    assert!(
        told.contains("? cannot tell whether the integration aws_functions fits: snow says: no such connection"),
        "{told}"
    );
    assert!(told.contains("? cannot tell which models the Region has: AccessDeniedException (403)"), "{told}");
    assert!(told.contains("\n0 crossed, "), "{told}");
}

#[tokio::test]
async fn the_commands_are_printed_with_and_without_a_stack() {
    let (told, status) = doctor(&[], "--print-setup").await;
    assert!(
        status.success() && told.contains("api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1"),
        "{told}"
    );
    let (told, status) =
        doctor(&["cloudformation/DescribeStacks.missing"], "--print-setup --role-name Snowflake").await;
    assert!(status.success() && told.contains("role_arn=arn:aws:iam::111122223333:role/Snowflake"), "{told}");
}
