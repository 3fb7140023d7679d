//! Secrets in logs: no daemon of a test may write a secret of its settings, or a text that the test marked,
//! to its standard error or to any file of its home but `.env` and the store.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    thread,
};

use cleudocodebot::config::is_secret;

use super::{PATIENCE, Scratch};

/// Marks texts of messages that must not be logged.
pub(crate) const MARK: &str = "hushed-text";

/// Shorter secrets could be found by chance.
const SHORTEST: usize = 6;

/// Collects the log of one daemon, and knows its secrets.
pub(crate) struct LogWatch {
    home: PathBuf,
    secrets: BTreeSet<String>,
    /// Whether the log level allows texts.
    is_debug: bool,
    log: Arc<Mutex<String>>,
}

impl LogWatch {
    /// Reads `stderr` to its end; its lines also go to the receiver.
    pub(crate) fn listen(
        stderr: impl Read + Send + 'static,
        command: &Command,
        home: &Path,
    ) -> (Self, Receiver<String>) {
        let (sender, receiver) = mpsc::channel();
        let log = Arc::<Mutex<String>>::default();
        let collected = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                collected
                    .lock()
                    .expect("not poisoned")
                    .extend([&line, "\n"]);
                let _ = sender.send(line);
            }
        });
        let mut watch = Self {
            home: home.to_owned(),
            secrets: BTreeSet::new(),
            is_debug: false,
            log,
        };
        for (name, value) in command.get_envs() {
            let value = value.unwrap_or_default();
            watch.learn(&name.to_string_lossy(), &value.to_string_lossy());
        }
        watch.read_env_file();
        (watch, receiver)
    }

    /// Whether this was logged, also before the daemon was ready.
    pub(crate) fn has_seen(&self, text: &str) -> bool {
        self.log.lock().expect("not poisoned").contains(text)
    }

    /// Adds a secret that must not be logged.
    pub(crate) fn keep_secret(&mut self, secret: &str) {
        self.secrets.insert(secret.to_owned());
    }

    fn learn(&mut self, name: &str, value: &str) {
        if name == "CLEUDOCODEBOT_LOG_LEVEL" {
            self.is_debug = matches!(value, "debug" | "trace");
        }
        if is_secret(name) && value.len() >= SHORTEST {
            self.keep_secret(value);
        }
    }

    fn read_env_file(&mut self) {
        let text = fs::read_to_string(self.home.join(".env")).unwrap_or_default();
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            if !name.starts_with('#') {
                self.learn(name.trim(), value.trim().trim_matches(['"', '\'']));
            }
        }
    }

    /// Checks the whole log. The daemon has ended; `rest` yields its last lines.
    pub(crate) fn check(&mut self, rest: &Receiver<String>) {
        while rest.recv_timeout(PATIENCE).is_ok() {}
        self.check_until_now();
    }

    /// Checks what a daemon that still runs has written so far.
    pub(crate) fn check_until_now(&mut self) {
        // A token may have been created or changed while it ran.
        self.read_env_file();
        self.check_text("standard error", &self.log.lock().expect("not poisoned"));
        self.check_folder(&self.home);
    }

    fn check_folder(&self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                self.check_folder(&path);
            } else if name != ".env" && name != "messages.redb" {
                let bytes = fs::read(&path).unwrap_or_default();
                let place = path.display().to_string();
                self.check_text(&place, &String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn check_text(&self, place: &str, text: &str) {
        let marks = (!self.is_debug).then_some(MARK);
        for secret in self.secrets.iter().map(String::as_str).chain(marks) {
            let leak = text.lines().find(|line| line.contains(secret));
            assert!(leak.is_none(), "{place} tells {secret:?}: {leak:?}");
        }
    }
}

#[test]
#[should_panic(expected = "standard error tells")]
fn a_leaked_secret_is_found() {
    let home = Scratch::new();
    let mut command = Command::new("true");
    command.env("ANY_TOKEN", "a-secret-of-the-test");
    let said: &[u8] = b"fine\nand a-secret-of-the-test\n";
    let (mut watch, rest) = LogWatch::listen(said, &command, &home.0);
    watch.check(&rest);
}

#[test]
#[should_panic(expected = "tells \"hushed-text\"")]
fn a_leaked_text_in_a_file_is_found() {
    let home = Scratch::new();
    fs::write(home.0.join("some.log"), MARK).expect("written");
    let (mut watch, rest) = LogWatch::listen(&[][..], &Command::new("true"), &home.0);
    watch.check(&rest);
}
