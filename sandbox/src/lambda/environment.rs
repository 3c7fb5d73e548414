//! One execution environment: a process, its Runtime API, and one invocation at a time.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::ids::trace_id;
use super::invocation::{Outcome, RESPONSE_LIMIT};
use super::logs::{LogReader, Logs, Streams};
use super::options::LambdaOptions;
use super::runtime_api::{Event, RuntimeApi};

/// What is handed to the function.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) timeout: Duration,
    pub(super) client_context: Option<String>,
    pub(super) arn: String,
}

/// The process is killed, by its handle, when this is dropped.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) index: usize,
    pub(super) pid: u32,
    child: Child,
    /// Dropping it ends the connections.
    _api: RuntimeApi,
    events: mpsc::Receiver<Event>,
    /// The process waits here for its next invocation.
    waiting: Option<oneshot::Sender<(HeaderMap, Bytes)>>,
    kill: Arc<Notify>,
    log: Option<LogReader>,
    freeze: bool,
}

/// What came of an invocation, and whether the environment can take another.
pub(super) struct Run {
    pub(super) outcome: Outcome,
    pub(super) duration: Duration,
    pub(super) end: Option<End>,
}

/// How an environment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It did so by itself, or was killed from outside.
    Exited(ExitStatus),
    /// It was killed because it was late.
    Late,
}

enum Step {
    Event(Event),
    End(End),
}

impl Environment {
    /// Starts the process; it has not asked for anything yet.
    pub(super) async fn spawn(
        index: usize,
        options: &LambdaOptions,
        logs: &Logs,
        kill: Arc<Notify>,
    ) -> std::io::Result<Environment> {
        let (api, events) = RuntimeApi::start(&options.function_name).await?;
        let streams = Streams::open(options.log, logs)?;
        let mut command = Command::new(&options.binary);
        command
            .args(&options.args)
            .env_clear()
            .envs(options.variables(&api.address.to_string()))
            .stdin(Stdio::null())
            .stdout(streams.stdout)
            .stderr(streams.stderr)
            .kill_on_drop(true);
        if let Some(directory) = &options.directory {
            command.current_dir(directory);
        }
        let child = command.spawn()?;
        let pid = child.id().ok_or_else(|| std::io::Error::other("a process without an id"))?;
        let log = streams.reader;
        Ok(Environment { index, pid, child, _api: api, events, waiting: None, kill, log, freeze: options.freeze })
    }

    /// Waits until the process asks for its first invocation; the error is the reason why it will not.
    pub(super) async fn init(&mut self, timeout: Duration) -> Result<(), String> {
        let until = Instant::now() + timeout;
        while self.waiting.is_none() {
            match self.step(until).await {
                Step::Event(Event::Next(next)) => self.waiting = Some(next),
                Step::Event(Event::InitError { error_type }) => {
                    self.end().await;
                    return Err(error_type.unwrap_or_else(|| "Runtime.InitError".to_owned()));
                }
                Step::Event(event) => refuse(event),
                Step::End(End::Exited(status)) => return Err(format!("Runtime.ExitError ({status})")),
                Step::End(End::Late) => return Err("Sandbox.Timedout".to_owned()),
            }
        }
        Ok(())
    }

    /// Runs one invocation. None: the process was gone before it could take it.
    pub(super) async fn run(&mut self, work: &Work) -> Option<Run> {
        self.signal(Signal::CONT);
        let start = Instant::now();
        let until = start + work.timeout;
        let mut sent = false;
        let mut outcome = None;
        let mut duration = Duration::ZERO;
        loop {
            // A runtime that lost its connection asks again.
            if !sent && let Some(next) = self.waiting.take() {
                sent = next.send((headers(work), work.payload.clone())).is_ok();
            }
            // Nothing is over before the process asks for the next invocation: from then on it may be frozen.
            if self.waiting.is_some()
                && let Some(outcome) = outcome.take()
            {
                self.signal(Signal::STOP);
                return Some(Run { outcome, duration, end: None });
            }
            match self.step(until).await {
                Step::Event(Event::Next(next)) => self.waiting = Some(next),
                Step::Event(Event::Response { id, body, accepted }) if id == work.id && outcome.is_none() => {
                    duration = start.elapsed();
                    outcome = Some(body.map_or_else(too_large, Outcome::Answer));
                    let _ = accepted.send(true);
                }
                Step::Event(Event::Error { id, error_type, body, accepted }) if id == work.id && outcome.is_none() => {
                    duration = start.elapsed();
                    outcome = Some(function_error(error_type, body));
                    let _ = accepted.send(true);
                }
                Step::Event(event) => refuse(event),
                Step::End(End::Exited(_)) if !sent => return None,
                Step::End(end) => {
                    if outcome.is_none() {
                        duration = start.elapsed();
                    }
                    let outcome = outcome.unwrap_or(match end {
                        End::Exited(status) => Outcome::Exited(status),
                        End::Late => Outcome::TimedOut,
                    });
                    return Some(Run { outcome, duration, end: Some(end) });
                }
            }
        }
    }

    /// Whether the process has ended although it was idle.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and waits for its end.
    pub(super) async fn end(&mut self) {
        // An error says that it has ended.
        let _ = self.child.kill().await;
    }

    /// The last lines that the process wrote; it must have ended.
    pub(super) async fn log_tail(&mut self) -> String {
        match self.log.take() {
            Some(log) => log.tail().await,
            None => String::new(),
        }
    }

    async fn step(&mut self, until: Instant) -> Step {
        tokio::select! {
            // What the process said before it ended comes first.
            biased;
            Some(event) = self.events.recv() => Step::Event(event),
            status = self.child.wait() => match status {
                Ok(status) => Step::End(End::Exited(status)),
                Err(_) => Step::End(End::Late),
            },
            () = self.kill.notified() => {
                let _ = self.child.start_kill();
                match self.child.wait().await {
                    Ok(status) => Step::End(End::Exited(status)),
                    Err(_) => Step::End(End::Late),
                }
            }
            () = tokio::time::sleep_until(until) => {
                self.end().await;
                Step::End(End::Late)
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // `id` is none once the process has been waited for: the number may then be another's.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if self.freeze
            && let Some(pid) = pid
        {
            // It fails only for a process that is gone, which the next step finds out.
            let _ = kill_process(pid, signal);
        }
    }
}

/// An answer to no invocation, or a second one.
fn refuse(event: Event) {
    if let Event::Response { accepted, .. } | Event::Error { accepted, .. } = event {
        let _ = accepted.send(false);
    }
}

fn headers(work: &Work) -> HeaderMap {
    let deadline = SystemTime::now() + work.timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| {
        // What cannot be a header was given by the caller of the sandbox, and is left out.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set("content-type", "application/json");
    set("lambda-runtime-aws-request-id", &work.id);
    set("lambda-runtime-deadline-ms", &deadline);
    set("lambda-runtime-invoked-function-arn", &work.arn);
    set("lambda-runtime-trace-id", &trace_id());
    if let Some(context) = &work.client_context {
        set("lambda-runtime-client-context", context);
    }
    headers
}

fn function_error(error_type: Option<String>, body: Bytes) -> Outcome {
    let report: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| report.get(name).and_then(Value::as_str).map(str::to_owned);
    Outcome::FunctionError {
        error_type: text("errorType").or(error_type).unwrap_or_else(|| "Unhandled".to_owned()),
        error_message: text("errorMessage").unwrap_or_default(),
        body,
    }
}

fn too_large() -> Outcome {
    let error_type = "Function.ResponseSizeTooLarge";
    let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
    let body = json!({"errorMessage": message, "errorType": error_type}).to_string();
    Outcome::FunctionError { error_type: error_type.to_owned(), error_message: message, body: body.into() }
}
