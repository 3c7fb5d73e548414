//! What the environments write.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;

use super::options::LogSink;

/// The lines of all environments, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Logs(Arc<Mutex<String>>);

impl Logs {
    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    }
}

/// Both standard streams of a process that is about to start, and what reads them.
pub(super) struct Streams {
    pub(super) stdout: Stdio,
    pub(super) stderr: Stdio,
    pub(super) reader: Option<LogReader>,
}

impl Streams {
    pub(super) fn open(sink: LogSink, logs: &Logs) -> std::io::Result<Streams> {
        match sink {
            LogSink::Discard => Ok(Streams { stdout: Stdio::null(), stderr: Stdio::null(), reader: None }),
            LogSink::Inherit => Ok(Streams { stdout: Stdio::inherit(), stderr: Stdio::inherit(), reader: None }),
            LogSink::Keep => {
                // One pipe for both keeps the order of what is written.
                let (reader, writer) = std::io::pipe()?;
                let receiver = pipe::Receiver::from_owned_fd(reader.into())?;
                let tail = Logs::default();
                let task = tokio::spawn(copy(receiver, logs.clone(), tail.clone()));
                let stdout = writer.try_clone()?.into();
                Ok(Streams { stdout, stderr: writer.into(), reader: Some(LogReader { task, tail }) })
            }
        }
    }
}

/// Reads what one process writes.
#[derive(Debug)]
pub(super) struct LogReader {
    task: JoinHandle<()>,
    tail: Logs,
}

impl LogReader {
    /// The last lines of a process that has ended.
    pub(super) async fn tail(self) -> String {
        // What the process has left running may hold the pipe open.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.task).await;
        let text = self.tail.text();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

async fn copy(receiver: pipe::Receiver, logs: Logs, tail: Logs) {
    let mut reader = BufReader::new(receiver);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        logs.push(&text);
        tail.push(&text);
        line.clear();
    }
}
