//! Real processes: this test binary plays the function.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::{Value, json};

use super::*;
use crate::lambda::fake;

async fn start(change: impl FnOnce(&mut LambdaOptions)) -> Lambda {
    let mut options = fake::options();
    change(&mut options);
    Lambda::start(options).await.unwrap()
}

fn answer(invocation: &Invocation) -> Value {
    match &invocation.outcome {
        Outcome::Answer(body) => serde_json::from_slice(body).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Waits without a clock until something is so.
async fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('T'))
}

#[tokio::test]
async fn an_environment_is_kept_warm() {
    let lambda = start(|_| {}).await;
    let first = lambda.invoke(r#"{"a":1}"#).await;
    assert!(first.cold && first.init > Duration::ZERO);
    assert_eq!(answer(&first), json!({"count": 1, "event": {"a": 1}}));
    let second = lambda.invoke("{}").await;
    assert!(!second.cold);
    assert_eq!(answer(&second)["count"], 2);
    assert_eq!((second.pid, second.environment), (first.pid, Some(0)));
    assert_eq!((lambda.environments(), lambda.cold_starts(), lambda.crashes()), (1, 1, 0));
    assert!(lambda.usage(0).unwrap().peak_rss_bytes > 0);
    assert!(lambda.logs().contains("invocation 2: echo\n"));
    lambda.stop().await;
    assert_eq!(lambda.environments(), 0);
    assert_eq!(lambda.invoke("{}").await.outcome, Outcome::Throttled);
}

#[tokio::test]
async fn the_process_sees_what_lambda_shows() {
    let lambda = start(|options| options.env.push(("MINE".to_owned(), "yes".to_owned()))).await;
    let seen = answer(&lambda.invoke(fake::payload(&json!({"do": "environment"}))).await);
    assert_eq!(seen["env"]["MINE"], "yes");
    assert_eq!(seen["env"]["_HANDLER"], "bootstrap");
    assert_eq!(seen["env"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert_eq!(seen["env"]["TZ"], ":UTC");
    assert_eq!(seen["env"]["HOME"], Value::Null);
    assert_eq!(seen["env"]["CARGO_MANIFEST_DIR"], Value::Null);
    let head = seen["head"].as_str().unwrap();
    for name in ["deadline-ms", "invoked-function-arn", "trace-id"] {
        assert!(head.contains(&format!("lambda-runtime-{name}: ")), "{head}");
    }
}

#[tokio::test]
async fn an_invocation_more_than_the_environments_is_throttled_or_waits() {
    let lambda = start(|options| options.environments = 1).await;
    let hang = fake::payload(&json!({"do": "hang"}));
    {
        let mut busy = std::pin::pin!(lambda.invoke(hang.clone()));
        assert!(is_pending(busy.as_mut()).await);
        assert_eq!(lambda.invoke("{}").await.outcome, Outcome::Throttled);
    }
    until(|| lambda.busy() == 1).await;
    // The caller has left: the environment is busy all the same.
    assert_eq!(lambda.invoke("{}").await.outcome, Outcome::Throttled);
    drop(lambda);

    let lambda = start(|options| {
        options.environments = 2;
        options.at_capacity = AtCapacity::Wait;
    })
    .await;
    let all = [(); 6].map(|()| lambda.invoke("{}"));
    let [a, b, c, d, e, f] = all;
    let (a, b, c, d, e, f) = tokio::join!(a, b, c, d, e, f);
    assert!([a, b, c, d, e, f].iter().all(|invocation| invocation.answer().is_some()));
    assert_eq!(lambda.cold_starts(), 2);
}

/// Polls a future once; whether it is still pending.
async fn is_pending(mut future: std::pin::Pin<&mut impl Future>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn what_goes_wrong_has_its_outcome() {
    let lambda = start(|_| {}).await;
    let order = async |what: &str| lambda.invoke(fake::payload(&json!({"do": what}))).await;
    let error = order("error").await;
    let Outcome::FunctionError { error_type, error_message, .. } = &error.outcome else { panic!("{error:?}") };
    assert_eq!((error_type.as_str(), error_message.as_str()), ("Bad", "as told"));
    let Outcome::FunctionError { error_type, .. } = order("large").await.outcome else { panic!() };
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
    assert_eq!(answer(&order("wrong id").await), 400);
    assert_eq!(lambda.cold_starts(), 1);

    let Outcome::Exited(status) = order("exit").await.outcome else { panic!() };
    assert_eq!(status.code(), Some(3));
    assert_eq!((lambda.environments(), lambda.crashes()), (0, 1));
    // What was answered before the end counts.
    assert_eq!(answer(&order("answer and exit").await), "done");
    assert_eq!((lambda.cold_starts(), lambda.crashes()), (2, 2));
}

#[tokio::test]
async fn what_is_late_is_killed_and_replaced() {
    let lambda = start(|_| {}).await;
    let late = InvokeOptions { timeout: Some(Duration::from_millis(50)), client_context: None };
    let invocation = lambda.invoke_with(fake::payload(&json!({"do": "hang"})), late).await;
    assert_eq!(invocation.outcome, Outcome::TimedOut);
    assert!(invocation.duration >= Duration::from_millis(50));
    assert_eq!((lambda.environments(), lambda.crashes()), (0, 0));
    let next = lambda.invoke("{}").await;
    assert!(next.cold && next.answer().is_some() && next.pid != invocation.pid);
}

#[tokio::test]
async fn a_payload_has_a_limit() {
    let lambda = start(|_| {}).await;
    assert_eq!(lambda.invoke(vec![b' '; REQUEST_LIMIT + 1]).await.outcome, Outcome::TooLarge);
    assert_eq!(lambda.cold_starts(), 0);
    assert!(lambda.invoke(vec![b' '; REQUEST_LIMIT]).await.answer().is_some());
}

#[tokio::test]
async fn an_environment_that_cannot_start_says_why() {
    for (how, expected) in [("exit", "Runtime.ExitError (exit status: 7)"), ("error", "Runtime.InitError")] {
        let lambda = start(|options| options.env.push(("FAKE_INIT".to_owned(), how.to_owned()))).await;
        let invocation = lambda.invoke("{}").await;
        let Outcome::InitFailed { error_type, log_tail } = invocation.outcome else { panic!("{invocation:?}") };
        assert_eq!(error_type, expected);
        assert!(log_tail.ends_with(&format!("cannot start: {how}")), "{log_tail}");
    }
    let lambda = start(|options| {
        options.env.push(("FAKE_INIT".to_owned(), "hang".to_owned()));
        options.init_timeout = Duration::from_millis(50);
    })
    .await;
    let Outcome::InitFailed { error_type, .. } = lambda.invoke("{}").await.outcome else { panic!() };
    assert_eq!(error_type, "Sandbox.Timedout");
    assert!(Lambda::start(LambdaOptions::new("/no/such/bootstrap")).await.is_err());
}

#[tokio::test]
async fn one_can_be_killed() {
    let lambda = start(|_| {}).await;
    assert_eq!(lambda.kill_one(Victim::Any(1)).await, None);
    let idle = lambda.invoke("{}").await;
    assert_eq!(lambda.kill_one(Victim::Busy(1)).await, None);
    assert_eq!(lambda.kill_one(Victim::Environment(0)).await, idle.pid);
    assert_eq!((lambda.environments(), lambda.crashes()), (0, 1));

    let kill = async {
        until(|| lambda.busy() == 1).await;
        lambda.kill_one(Victim::Busy(1)).await
    };
    let (invocation, killed) = tokio::join!(lambda.invoke(fake::payload(&json!({"do": "hang"}))), kill);
    assert_eq!(invocation.pid, killed);
    match invocation.outcome {
        Outcome::Exited(status) => assert_eq!(status.signal(), Some(9)),
        // It may have been killed before it was ready.
        Outcome::InitFailed { error_type, .. } => assert!(error_type.contains("signal: 9"), "{error_type}"),
        other => panic!("{other:?}"),
    }
    assert_eq!((lambda.environments(), lambda.crashes()), (0, 2));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_process_that_ended_is_replaced_unseen() {
    let lambda = start(|_| {}).await;
    let first = lambda.invoke("{}").await;
    let pid = Pid::from_raw(i32::try_from(first.pid.unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    // Waits for the end, and leaves it to be found again.
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    let second = lambda.invoke("{}").await;
    assert!(second.cold && second.answer().is_some(), "{second:?}");
    assert_eq!(lambda.crashes(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_environment_is_frozen_and_woken() {
    let lambda = start(|options| options.freeze = true).await;
    for count in 1..4 {
        let invocation = lambda.invoke("{}").await;
        assert_eq!(answer(&invocation)["count"], count);
        let pid = invocation.pid.unwrap();
        until(|| is_stopped(pid)).await;
    }
    let pid = lambda.pids()[0];
    lambda.stop().await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}
