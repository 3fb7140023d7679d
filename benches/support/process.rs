//! CPU time and memory of a process, from Linux's proc(5); `None` on other systems. And which core a
//! process runs on.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

/// `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that runs this.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of all threads so far.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold spaces; `state` is the first field behind it.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Whether server and load can be pinned to a core each.
pub(crate) fn can_pin() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores > 1 && quietly(Command::new("taskset").arg("--version"))
}

/// Pins this process to the second core; servers are started on the first.
pub(crate) fn pin_load() {
    let own = std::process::id().to_string();
    quietly(Command::new("taskset").args(["-cp", "1", &own]));
}

/// The command that runs `program` on the servers' core.
pub(crate) fn on_server_core(program: &std::path::Path, pinned: bool) -> Command {
    if !pinned {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

fn quietly(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
