//! The environments of one function: which are idle, which are busy, and when another one is started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::environment::{End, Environment, Run, Work};
use super::invocation::{Invocation, Outcome};
use super::logs::Logs;
use super::options::LambdaOptions;

#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) options: LambdaOptions,
    /// One for each environment that may exist.
    pub(super) permits: Arc<Semaphore>,
    pub(super) logs: Logs,
    pub(super) cold_starts: AtomicU64,
    pub(super) crashes: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    /// The one used last is the last.
    idle: Vec<Environment>,
    live: BTreeMap<usize, Live>,
}

/// What is known of an environment wherever it is.
#[derive(Debug)]
struct Live {
    pid: Option<u32>,
    busy: bool,
    /// It is to be killed, and must not become idle any more.
    condemned: bool,
    kill: Arc<Notify>,
    /// Closed when the environment is gone.
    alive: watch::Sender<()>,
}

/// What a busy environment is killed by.
pub(super) struct Handle {
    pub(super) pid: Option<u32>,
    kill: Arc<Notify>,
    alive: watch::Receiver<()>,
}

impl Handle {
    /// Has the process killed by the task that drives it, and waits until it is gone.
    pub(super) async fn kill(mut self) {
        self.kill.notify_one();
        while self.alive.changed().await.is_ok() {}
    }
}

impl Fleet {
    pub(super) fn new(options: LambdaOptions) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(options.environments)),
            options,
            logs: Logs::default(),
            cold_starts: AtomicU64::new(0),
            crashes: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// Runs one invocation to its end. The caller holds a permit.
    pub(super) async fn serve(&self, work: Work) -> Invocation {
        if let Some(mut environment) = self.take_idle() {
            if !environment.has_ended()
                && let Some(run) = environment.run(&work).await
            {
                return self.finish(environment, work, run, None).await;
            }
            // It ended while it was idle, and has not seen the invocation.
            self.crashes.fetch_add(1, Ordering::Relaxed);
            self.remove(environment.index);
        }
        self.serve_cold(work).await
    }

    async fn serve_cold(&self, work: Work) -> Invocation {
        let Some((index, kill)) = self.enter() else {
            return Invocation::refused(Outcome::Throttled, work.id);
        };
        self.cold_starts.fetch_add(1, Ordering::Relaxed);
        let start = Instant::now();
        let failed = |error_type: String, log_tail: String, pid: Option<u32>, id: String| {
            self.remove(index);
            let outcome = Outcome::InitFailed { error_type, log_tail };
            let init = start.elapsed();
            Invocation { cold: true, init, environment: Some(index), pid, ..Invocation::refused(outcome, id) }
        };
        let mut environment = match Environment::spawn(index, &self.options, &self.logs, kill).await {
            Ok(environment) => environment,
            Err(error) => return failed("Runtime.InvalidEntrypoint".to_owned(), error.to_string(), None, work.id),
        };
        self.started(index, environment.pid);
        if let Err(error_type) = environment.init(self.options.init_timeout).await {
            self.crashes.fetch_add(1, Ordering::Relaxed);
            let log_tail = environment.log_tail().await;
            return failed(error_type, log_tail, Some(environment.pid), work.id);
        }
        let init = start.elapsed();
        match environment.run(&work).await {
            Some(run) => self.finish(environment, work, run, Some(init)).await,
            None => {
                self.crashes.fetch_add(1, Ordering::Relaxed);
                let log_tail = environment.log_tail().await;
                failed("Runtime.ExitError".to_owned(), log_tail, Some(environment.pid), work.id)
            }
        }
    }

    async fn finish(&self, environment: Environment, work: Work, run: Run, init: Option<Duration>) -> Invocation {
        let invocation = Invocation {
            outcome: run.outcome,
            request_id: work.id,
            cold: init.is_some(),
            init: init.unwrap_or_default(),
            duration: run.duration,
            environment: Some(environment.index),
            pid: Some(environment.pid),
        };
        match run.end {
            None => {
                if let Some(mut condemned) = self.put_back(environment) {
                    condemned.end().await;
                    self.crashes.fetch_add(1, Ordering::Relaxed);
                    self.remove(condemned.index);
                }
            }
            Some(end) => {
                if let End::Exited(_) = end {
                    self.crashes.fetch_add(1, Ordering::Relaxed);
                }
                self.remove(environment.index);
            }
        }
        invocation
    }

    fn take_idle(&self) -> Option<Environment> {
        let mut state = self.state();
        let environment = state.idle.pop()?;
        if let Some(live) = state.live.get_mut(&environment.index) {
            live.busy = true;
        }
        Some(environment)
    }

    /// Gives it back when it is to be killed instead.
    fn put_back(&self, environment: Environment) -> Option<Environment> {
        let mut state = self.state();
        match state.live.get_mut(&environment.index) {
            Some(live) if !live.condemned => live.busy = false,
            _ => return Some(environment),
        }
        state.idle.push(environment);
        None
    }

    /// Gives a new environment the lowest number that is free; none when the function has been stopped.
    fn enter(&self) -> Option<(usize, Arc<Notify>)> {
        let mut state = self.state();
        if state.stopped {
            return None;
        }
        let index = (0..).find(|index| !state.live.contains_key(index)).unwrap_or_default();
        let kill = Arc::new(Notify::new());
        let alive = watch::Sender::new(());
        let live = Live { pid: None, busy: true, condemned: false, kill: Arc::clone(&kill), alive };
        state.live.insert(index, live);
        Some((index, kill))
    }

    /// Lets no environment start any more; the numbers of those that there are.
    pub(super) fn stop(&self) -> Vec<usize> {
        let mut state = self.state();
        state.stopped = true;
        self.permits.close();
        state.live.keys().copied().collect()
    }

    fn started(&self, index: usize, pid: u32) {
        if let Some(live) = self.state().live.get_mut(&index) {
            live.pid = Some(pid);
        }
    }

    pub(super) fn remove(&self, index: usize) {
        self.state().live.remove(&index);
    }

    /// The environments with a process: number, process id, whether it is busy.
    pub(super) fn list(&self) -> Vec<(usize, u32, bool)> {
        let state = self.state();
        state.live.iter().filter_map(|(index, live)| Some((*index, live.pid?, live.busy))).collect()
    }

    /// Takes an idle environment away for good.
    pub(super) fn withdraw(&self, index: usize) -> Option<Environment> {
        let mut state = self.state();
        let at = state.idle.iter().position(|environment| environment.index == index)?;
        Some(state.idle.remove(at))
    }

    /// Condemns an environment that is not idle.
    pub(super) fn condemn(&self, index: usize) -> Option<Handle> {
        let mut state = self.state();
        let live = state.live.get_mut(&index)?;
        live.condemned = true;
        Some(Handle { pid: live.pid, kill: Arc::clone(&live.kill), alive: live.alive.subscribe() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
