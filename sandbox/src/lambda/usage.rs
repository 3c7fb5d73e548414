//! What an environment has used of the machine.

use std::time::Duration;

/// CPU time and memory of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU time, in user and in system mode.
    pub cpu: Duration,
    /// The most memory that was resident at once.
    pub peak_rss_bytes: u64,
}

/// Reads `/proc`: Linux only, none elsewhere or when the process is gone.
pub(super) fn of(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let usage = parse(&stat, &status, rustix::param::clock_ticks_per_second())?;
    // The process's time comes in hundredths of a second, its threads' in nanoseconds, but without those that have ended.
    Some(Usage { cpu: usage.cpu.max(of_threads(pid)), ..usage })
}

/// CPU time of the threads that a process has now.
fn of_threads(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let schedstat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn parse(stat: &str, status: &str, ticks_per_second: u64) -> Option<Usage> {
    // The second field is the program's name, which may hold anything, even blanks and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // User and system time are fields 14 and 15; the first one here is field 3.
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let millis = (user + system) * 1000 / ticks_per_second.max(1);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(Usage { cpu: Duration::from_millis(millis), peak_rss_bytes: kibibytes * 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "1234 (a ) name) S 1 1234 1234 0 -1 4194560 1000 0 0 0 150 50 0 0 20 0 1 0 100 1 1 1";
        let status = "Name:\ta\nVmPeak:\t   99 kB\nVmHWM:\t   12 kB\nVmRSS:\t    8 kB\n";
        let usage = parse(stat, status, 100).unwrap();
        assert_eq!(usage, Usage { cpu: Duration::from_secs(2), peak_rss_bytes: 12 * 1024 });
        assert_eq!(parse(stat, "Name:\ta\n", 100), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reads_this_process() {
        let usage = of(std::process::id()).unwrap();
        // Far less than the hundredth of a second in which the process's time comes.
        assert!(usage.peak_rss_bytes > 0 && usage.cpu > Duration::ZERO);
    }
}
