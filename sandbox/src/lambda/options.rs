//! How the function is configured.

use std::path::PathBuf;
use std::time::Duration;

/// The function and its settings.
#[derive(Debug, Clone)]
pub struct LambdaOptions {
    /// The program of the function: `bootstrap`.
    pub binary: PathBuf,
    /// Its arguments: none for `bootstrap`; with them, a benchmark can run `python -m awslambdaric app.handler`.
    pub args: Vec<String>,
    /// The working directory and `LAMBDA_TASK_ROOT`. None: the caller's directory, and the binary's.
    pub directory: Option<PathBuf>,
    /// How many execution environments there are at most. They start on demand, each takes one invocation at a
    /// time, and they are kept warm.
    pub environments: usize,
    /// The timeout of the function.
    pub timeout: Duration,
    /// How long an environment may take to ask for its first invocation.
    pub init_timeout: Duration,
    /// Environment variables, besides those that Lambda sets and `PATH`. Nothing else is inherited.
    pub env: Vec<(String, String)>,
    /// Where standard output and standard error go.
    pub log: LogSink,
    /// What happens to an invocation when every environment is busy.
    pub at_capacity: AtCapacity,
    /// Stops an idle environment with SIGSTOP, as Lambda freezes it. What needs to run between invocations fails then.
    pub freeze: bool,
    /// What `AWS_LAMBDA_FUNCTION_NAME` says.
    pub function_name: String,
    /// What `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says, in MB; it is not enforced.
    pub memory_mb: u32,
}

impl LambdaOptions {
    /// A function with ten environments, ten seconds, and otherwise Lambda's usual behaviour.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            args: Vec::new(),
            directory: None,
            environments: 10,
            timeout: Duration::from_secs(10),
            init_timeout: Duration::from_secs(10),
            env: Vec::new(),
            log: LogSink::Keep,
            at_capacity: AtCapacity::Reject,
            freeze: false,
            function_name: "sandbox".to_owned(),
            memory_mb: 512,
        }
    }

    /// What the environment's process finds in its environment variables.
    pub(super) fn variables(&self, runtime_api: &str) -> Vec<(String, String)> {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned());
        let root = self.directory.as_deref().or(self.binary.parent());
        let root = root.map_or_else(String::new, |root| root.to_string_lossy().into_owned());
        let memory = self.memory_mb.to_string();
        let group = format!("/aws/lambda/{}", self.function_name);
        let lambdas = [
            ("PATH", path.as_str()),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("AWS_REGION", "us-west-2"),
            ("AWS_DEFAULT_REGION", "us-west-2"),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.function_name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "sandbox"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", &root),
            ("_HANDLER", "bootstrap"),
        ];
        let mut variables: Vec<(String, String)> =
            lambdas.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // A later one of the same name wins.
        variables.extend(self.env.iter().cloned());
        variables.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), runtime_api.to_owned()));
        variables
    }
}

/// Where the standard output and standard error of the environments go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogSink {
    /// Nowhere.
    Discard,
    /// To memory, line by line: see [`Lambda::logs`](super::Lambda::logs).
    Keep,
    /// To the caller's own.
    Inherit,
}

/// What happens to an invocation when every environment is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCapacity {
    /// It is throttled, as Lambda does.
    Reject,
    /// It waits for its turn.
    Wait,
}
