//! One daemon for all tests that only ask it something: those that neither stop it nor need settings of
//! their own, nor depend on what else it stores, counts or sends. Each uses peers and topics of its own.

use std::{
    ops::Deref,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, OnceLock},
};

use super::{
    Daemon, Gateway, Scratch,
    daemon::ready_address,
    log_watch::LogWatch,
    program::{daemon_command, token_of},
};

/// Ends the daemon and removes its home when our end of its standard input closes, however the test run
/// ends: a static is never dropped.
const UNTIL_STDIN_ENDS: &str = r#"
trap '' INT
"$0" daemon &
read -r _
kill -9 $! && wait $!
rm -rf "$CLEUDOCODEBOT_HOME"
"#;

/// The shared daemon, for the time of one test. Dropping it checks what was logged up to then.
pub(crate) struct Shared {
    gateway: Gateway,
    pub home: PathBuf,
    /// A daemon of the test's own, on systems without `sh`.
    own: Option<(Daemon, Scratch)>,
}

struct SharedDaemon {
    gateway: Gateway,
    home: PathBuf,
    log_watch: Mutex<LogWatch>,
    /// Holds its standard input open.
    _shell: Child,
}

impl Shared {
    pub(crate) fn daemon() -> Self {
        if cfg!(unix) {
            let shared = SharedDaemon::get();
            return Self {
                gateway: shared.gateway.clone(),
                home: shared.home.clone(),
                own: None,
            };
        }
        let home = Scratch::new();
        let daemon = Daemon::start(&home.0);
        Self {
            gateway: daemon.gateway.clone(),
            home: home.0.clone(),
            own: Some((daemon, home)),
        }
    }
}

impl Deref for Shared {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.own.is_none() && !std::thread::panicking() {
            SharedDaemon::get().log_watch().check_until_now();
        }
    }
}

impl SharedDaemon {
    fn get() -> &'static Self {
        static DAEMON: OnceLock<SharedDaemon> = OnceLock::new();
        DAEMON.get_or_init(Self::start)
    }

    fn start() -> Self {
        let home = Scratch::new().keep();
        let daemon = daemon_command(&home);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", UNTIL_STDIN_ENDS])
            .arg(daemon.get_program());
        for (name, value) in daemon.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("sh");
        let stderr = child.stderr.take().expect("piped");
        let (log_watch, log) = LogWatch::listen(stderr, &shell, &home);
        let address = ready_address(&log);
        let token = token_of(&home);
        Self {
            gateway: Gateway { address, token },
            home,
            log_watch: Mutex::new(log_watch),
            _shell: child,
        }
    }

    /// A test that failed its check leaves the lock poisoned; the others go on checking.
    fn log_watch(&self) -> MutexGuard<'_, LogWatch> {
        let watch = self.log_watch.lock();
        watch.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
