//! A daemon of a test's own: started, signalled, killed, and its log read.

use std::{
    fs,
    net::SocketAddr,
    ops::Deref,
    path::Path,
    process::{Child, Command, ExitStatus},
    sync::mpsc::Receiver,
    thread,
    time::Instant,
};

use super::{
    Gateway, PATIENCE,
    log_watch::LogWatch,
    program::{daemon_command, token_of},
};

/// A running daemon. Dropping it kills it and checks that no secret is in its log or its home.
pub(crate) struct Daemon {
    pub child: Child,
    pub gateway: Gateway,
    pub log_watch: LogWatch,
    log: Receiver<String>,
}

impl Daemon {
    /// Starts one and waits until it is ready.
    pub(crate) fn start(home: &Path) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with settings in its environment, named without `CLEUDOCODEBOT_`.
    pub(crate) fn start_with(home: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = daemon_command(home);
        for (key, value) in settings {
            command.env(format!("CLEUDOCODEBOT_{key}"), value);
        }
        Self::from_command(command, home)
    }

    pub(crate) fn from_command(mut command: Command, home: &Path) -> Self {
        let mut child = command.spawn().expect("the daemon starts");
        let stderr = child.stderr.take().expect("piped");
        let (log_watch, log) = LogWatch::listen(stderr, &command, home);
        let address = ready_address(&log);
        let token = token_of(home);
        Self {
            child,
            gateway: Gateway { address, token },
            log_watch,
            log,
        }
    }

    /// Processor time so far, in hundredths of a second; 0 on systems without `/proc`.
    pub(crate) fn cpu_ticks(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        let numbers = stat.split(' ').skip(13).take(2);
        numbers.filter_map(|n| n.parse::<f64>().ok()).sum()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Kills it with SIGKILL: it can flush nothing.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < deadline, "the daemon never ended");
            thread::yield_now();
        }
    }

    /// The next log line that contains `text`.
    pub(crate) fn logs(&self, text: &str) -> String {
        loop {
            let line = self
                .log
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("never logged: {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Deref for Daemon {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if !thread::panicking() {
            self.log_watch.check(&self.log);
        }
    }
}

/// Reads the log up to the line that says where the daemon listens.
pub(super) fn ready_address(log: &Receiver<String>) -> SocketAddr {
    let mut seen = Vec::new();
    loop {
        let line = log
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("never ready: {seen:#?}"));
        if let Some((_, rest)) = line.split_once("daemon ready address=") {
            let address = rest.split(' ').next().and_then(|text| text.parse().ok());
            return address.expect("an address");
        }
        seen.push(line);
    }
}
