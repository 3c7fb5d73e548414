//! AWS Lambda on loopback: it serves the Runtime API to real processes, one for each execution environment, and
//! starts, keeps warm, freezes, cuts off and kills them as Lambda does.

mod environment;
#[cfg(test)]
pub(crate) mod fake;
mod fleet;
pub(crate) mod ids;
mod invocation;
mod logs;
mod options;
mod runtime_api;
#[cfg(test)]
mod tests;
mod usage;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use environment::Work;
use fleet::Fleet;
pub use invocation::{Invocation, InvokeOptions, Outcome, REQUEST_LIMIT, RESPONSE_LIMIT};
pub use options::{AtCapacity, LambdaOptions, LogSink};
pub use usage::Usage;

/// One function and its execution environments. Dropping it kills every process that it started.
#[derive(Debug)]
pub struct Lambda {
    fleet: Arc<Fleet>,
    /// The invocations under way: they go on when their caller has left, and end when this is dropped.
    tasks: Mutex<JoinSet<()>>,
}

/// Which environment to kill. The same seed chooses the same one of the same environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The one of this number.
    Environment(usize),
    /// One with an invocation under way, by this seed.
    Busy(u64),
    /// Any, by this seed.
    Any(u64),
}

impl Lambda {
    /// Makes the function ready; its environments start with the first invocations.
    ///
    /// # Errors
    ///
    /// When there is no such binary.
    pub async fn start(options: LambdaOptions) -> std::io::Result<Lambda> {
        // A bare name is looked for in PATH when it is started.
        if options.binary.components().count() > 1 {
            tokio::fs::metadata(&options.binary).await?;
        }
        Ok(Lambda { fleet: Arc::new(Fleet::new(options)), tasks: Mutex::default() })
    }

    /// Invokes the function and waits for its answer.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Invocation {
        self.invoke_with(payload, InvokeOptions::default()).await
    }

    /// Invokes the function. When the returned future is dropped, the invocation goes on to its end, as in Lambda.
    pub async fn invoke_with(&self, payload: impl Into<Bytes>, options: InvokeOptions) -> Invocation {
        let payload = payload.into();
        let id = ids::uuid();
        if payload.len() > REQUEST_LIMIT {
            return Invocation::refused(Outcome::TooLarge, id);
        }
        let permits = Arc::clone(&self.fleet.permits);
        let permit = match self.fleet.options.at_capacity {
            AtCapacity::Reject => permits.try_acquire_owned().ok(),
            AtCapacity::Wait => permits.acquire_owned().await.ok(),
        };
        let Some(permit) = permit else {
            return Invocation::refused(Outcome::Throttled, id);
        };
        let name = &self.fleet.options.function_name;
        let work = Work {
            id: id.clone(),
            payload,
            timeout: options.timeout.unwrap_or(self.fleet.options.timeout),
            client_context: options.client_context,
            arn: format!("arn:aws:lambda:us-west-2:123456789012:function:{name}"),
        };
        let (done, result) = oneshot::channel();
        let fleet = Arc::clone(&self.fleet);
        self.spawn(async move {
            let invocation = fleet.serve(work).await;
            drop(permit);
            // The caller may have left.
            let _ = done.send(invocation);
        });
        // Without a result the runtime is shutting down.
        result.await.unwrap_or_else(|_| Invocation::refused(Outcome::Throttled, id))
    }

    /// How many environments have a process.
    #[must_use]
    pub fn environments(&self) -> usize {
        self.fleet.list().len()
    }

    /// How many environments have an invocation under way.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.fleet.list().into_iter().filter(|(_, _, busy)| *busy).count()
    }

    /// The process ids of the environments.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.fleet.list().into_iter().map(|(_, pid, _)| pid).collect()
    }

    /// How many environments have been started.
    #[must_use]
    pub fn cold_starts(&self) -> u64 {
        self.fleet.cold_starts.load(Ordering::Relaxed)
    }

    /// How many environments ended although nobody had them ended for a timeout: by themselves, by
    /// [`kill_one`](Self::kill_one), or because they could not start.
    #[must_use]
    pub fn crashes(&self) -> u64 {
        self.fleet.crashes.load(Ordering::Relaxed)
    }

    /// What the environments wrote, when it is kept.
    #[must_use]
    pub fn logs(&self) -> String {
        self.fleet.logs.text()
    }

    /// What an environment has used so far. Linux only; none when there is no such process.
    #[must_use]
    pub fn usage(&self, environment: usize) -> Option<Usage> {
        let (_, pid, _) = self.fleet.list().into_iter().find(|(index, _, _)| *index == environment)?;
        usage::of(pid)
    }

    /// Kills one environment with SIGKILL and waits for its end; the invocation under way ends as
    /// [`Outcome::Exited`]. The process id is given back; none when there was none to kill.
    pub async fn kill_one(&self, victim: Victim) -> Option<u32> {
        let list = self.fleet.list();
        let choose = |seed: u64, only_busy: bool| {
            let indexes = list.iter().filter(|(_, _, busy)| *busy || !only_busy).map(|(index, _, _)| *index);
            fastrand::Rng::with_seed(seed).choice(indexes.collect::<Vec<_>>())
        };
        let index = match victim {
            Victim::Environment(index) => Some(index),
            Victim::Busy(seed) => choose(seed, true),
            Victim::Any(seed) => choose(seed, false),
        }?;
        self.kill(index).await
    }

    /// Kills every environment and waits for their end, and for the last line of those that were idle; every later
    /// invocation is [`Outcome::Throttled`].
    pub async fn stop(&self) {
        for index in self.fleet.stop() {
            self.kill(index).await;
        }
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }

    async fn kill(&self, index: usize) -> Option<u32> {
        if let Some(mut environment) = self.fleet.withdraw(index) {
            environment.end().await;
            // What it had written is in the logs once its pipe has been read to the end.
            environment.log_tail().await;
            self.fleet.crashes.fetch_add(1, Ordering::Relaxed);
            self.fleet.remove(index);
            return Some(environment.pid);
        }
        let handle = self.fleet.condemn(index)?;
        let pid = handle.pid;
        handle.kill().await;
        pid
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
