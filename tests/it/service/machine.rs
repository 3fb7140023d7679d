//! A machine in memory that executes the commands of an installation: systemd, launchd, the registry
//! and the daemon are a few fields. Any command can be made to fail.
//!
//! Not here: what each command does (`commands`), and running the procedures (`runs`).

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::Duration,
};

use cleudocodebot::{
    error::{Error, Result},
    fs::Lock,
    service::{
        system::{
            account::Account,
            command::{CommandOutcome, CommandRunner, Launch, SystemCommand},
            executor::{Executor, ExecutorMode, World},
            platform::{Folders, System},
            probe::{DaemonIdentity, GatewayAnswer, GatewayProbe},
        },
        target::{InstallTarget, Scope},
    },
};
use serde_json::{Value, json};

use crate::support::Scratch;

/// The port of the settings.
pub(super) const ADDRESS: &str = "127.0.0.1:18789";

/// The machine, in a folder of its own.
pub(super) struct Machine {
    folder: Scratch,
    pub target: InstallTarget,
    /// Commands as they were run, one line each.
    pub log: RefCell<Vec<String>>,
    /// A part of a command line, and the outcome of commands that have it.
    failure: RefCell<Option<(String, CommandOutcome)>>,
    /// The number of commands after which the installer is killed.
    pub killed_after: Cell<Option<usize>>,
    /// What is enabled, loaded or registered, and `off` for an entry that the user switched off.
    pub known: RefCell<BTreeSet<&'static str>>,
    /// The Run value in the registry.
    pub run_value: RefCell<Option<String>>,
    /// The answer on the port in place of the daemon's.
    other_answer: RefCell<Option<GatewayAnswer>>,
    /// The version that the next daemon reports.
    pub version: RefCell<String>,
    daemon: RefCell<Option<Running>>,
    next_pid: Cell<u32>,
}

struct Running {
    identity: DaemonIdentity,
    supervised: bool,
    /// After so many questions it ends, and its supervisor starts it again.
    left: Option<u64>,
    _lock: Lock,
}

impl Machine {
    /// A machine on which nothing was ever installed.
    pub(super) fn new(system: System) -> Self {
        Self::with_home(system, ".cleudocodebot")
    }

    pub(super) fn with_home(system: System, home: &str) -> Self {
        let folder = Scratch::new();
        let root = folder.0.clone();
        let below = |name: &str| {
            let path = root.join(name);
            fs::create_dir_all(&path).expect("a folder");
            path
        };
        let program = below("downloads").join("cleudocodebot");
        fs::write(&program, "the program").expect("written");
        fs::write(program.with_file_name("cleudocodebotw.exe"), "windowless").expect("written");
        if system == System::Linux {
            below("run/systemd/system");
        }
        let windows = system == System::Windows;
        let target = InstallTarget {
            system,
            scope: Scope::User,
            home: root.join("user").join(home),
            program,
            account: Account {
                name: if windows { "S-1-5-21-7" } else { "ada" }.to_owned(),
                uid: (!windows).then_some(1000),
                through_sudo: None,
            },
            folders: Folders {
                user: below("user"),
                config: below("user/config"),
                local: below("user/local"),
                runtime: Some(below("run/user/1000")),
                windows: "C:\\Windows".to_owned(),
                search: Vec::new(),
                root,
            },
        };
        Self {
            folder,
            target,
            log: RefCell::default(),
            failure: RefCell::default(),
            killed_after: Cell::new(None),
            known: RefCell::default(),
            run_value: RefCell::default(),
            other_answer: RefCell::default(),
            version: RefCell::new(env!("CARGO_PKG_VERSION").to_owned()),
            daemon: RefCell::default(),
            next_pid: Cell::new(100),
        }
    }

    /// Runs `work` with an executor of this machine that never sleeps.
    pub(super) fn with_executor<T>(
        &self,
        mode: ExecutorMode,
        work: impl FnOnce(&InstallTarget, &mut Executor<'_>) -> T,
    ) -> T {
        let world = World {
            runner: self,
            probe: self,
            pause: &|_: Duration| {},
            progress: &|_| {},
        };
        work(&self.target, &mut Executor::new(world, mode))
    }

    /// From now on every command with this part in its line ends with this outcome.
    pub(super) fn fail(&self, part: &str, outcome: CommandOutcome) {
        *self.failure.borrow_mut() = Some((part.to_owned(), outcome));
    }

    pub(super) fn stop_failing(&self) {
        *self.failure.borrow_mut() = None;
    }

    /// From now on this is the answer on the port, in place of the daemon's.
    pub(super) fn answer_with(&self, answer: GatewayAnswer) {
        *self.other_answer.borrow_mut() = Some(answer);
    }

    /// The files below the user's folder and `/etc`, sorted.
    pub(super) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.0.join("user"), self.folder.0.join("etc")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let path = path.strip_prefix(&self.folder.0).expect("in the folder");
                    found.push(path.display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    /// The same files with their content.
    pub(super) fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let read = |name: String| {
            let bytes = fs::read(self.folder.0.join(&name)).expect("read");
            (name, bytes)
        };
        self.files().into_iter().map(read).collect()
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.folder.0.join(below)
    }

    pub(super) fn running(&self) -> Option<DaemonIdentity> {
        self.daemon
            .borrow()
            .as_ref()
            .map(|daemon| daemon.identity.clone())
    }

    /// Starts a daemon without a supervisor, as from a terminal.
    pub(super) fn run_in_the_foreground(&self) {
        self.begin(false);
    }

    /// Replaces the daemon by one of the version that is set, supervised if the former was.
    pub(super) fn restart_the_old_one(&self) {
        let supervised = self.pid() != 0;
        self.begin(supervised);
    }

    /// Ends the daemon, for whatever reason.
    pub(super) fn end(&self) {
        *self.daemon.borrow_mut() = None;
    }

    /// The program that the supervisor starts.
    pub(super) fn program_in_place(&self) -> PathBuf {
        match self.target.system {
            System::Windows => self.target.home.join("bin").join("cleudocodebot.exe"),
            _ => self.path("user/.local/share/cleudocodebot/bin/cleudocodebot"),
        }
    }

    /// How the program behaves that is in place; null for this one.
    fn behaviour(&self) -> Value {
        let program = fs::read_to_string(self.program_in_place()).unwrap_or_default();
        serde_json::from_str(&program).unwrap_or_default()
    }

    /// Whether the program in place goes on running.
    pub(super) fn lasts(&self) -> bool {
        self.behaviour()["lasts"] != false
    }

    /// A program writes a store of its own schema, and reads no newer one.
    fn open_store(&self, behaviour: &Value, version: &str) {
        let store = self.target.home.join("messages.redb");
        let is_other = behaviour["schema"]
            .as_u64()
            .is_some_and(|it| it != cleudocodebot::store::SCHEMA);
        let text = fs::read_to_string(&store).unwrap_or_default();
        if text.is_empty() || is_other {
            return fs::write(store, format!("messages of {version}")).expect("written");
        }
        let own = format!("messages of {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(text, own, "a store that {version} does not know");
    }

    pub(super) fn begin(&self, supervised: bool) -> u32 {
        self.end();
        let behaviour = self.behaviour();
        let pid = self.next_pid.get();
        self.next_pid.set(pid + 1);
        let home = &self.target.home;
        cleudocodebot::fs::create_private_dir(&home.join("logs")).expect("a folder");
        let lock = Lock::try_take(&home.join("daemon.lock")).expect("opened");
        let lock = lock.expect("two daemons in one home");
        if behaviour["starts"] == false {
            return pid;
        }
        let version = ["says", "version"]
            .iter()
            .find_map(|name| behaviour[*name].as_str());
        let version = version.map_or_else(|| self.version.borrow().clone(), str::to_owned);
        let writer = behaviour["version"].as_str().unwrap_or(&version);
        self.open_store(&behaviour, writer);
        let identity = DaemonIdentity {
            pid,
            version,
            home: home.display().to_string(),
            started_ms: 1,
            not_ready: behaviour["not_ready"].as_str().map(str::to_owned),
            address: ADDRESS.to_owned(),
        };
        let runtime_file =
            json!({"pid": pid, "address": ADDRESS, "version": identity.version, "since_ms": 1});
        fs::write(home.join("daemon.json"), runtime_file.to_string()).expect("written");
        *self.daemon.borrow_mut() = Some(Running {
            identity,
            supervised,
            left: behaviour["ends_after"].as_u64(),
            _lock: lock,
        });
        pid
    }

    pub(super) fn pid(&self) -> u32 {
        let daemon = self.daemon.borrow();
        let supervised = daemon.as_ref().filter(|daemon| daemon.supervised);
        supervised.map_or(0, |daemon| daemon.identity.pid)
    }

    pub(super) fn knows(&self, name: &'static str) -> bool {
        self.known.borrow().contains(name)
    }

    pub(super) fn learn(&self, name: &'static str) -> CommandOutcome {
        self.known.borrow_mut().insert(name);
        exited(0)
    }

    pub(super) fn forget(&self, name: &'static str) -> CommandOutcome {
        self.known.borrow_mut().remove(name);
        exited(0)
    }
}

/// A command that ended with this exit code and no output.
pub(super) fn exited(code: i32) -> CommandOutcome {
    CommandOutcome::Exited {
        code,
        stdout: Vec::new(),
        stderr: Vec::new(),
    }
}

/// A command that failed with this message.
pub(super) fn failed(message: &str) -> CommandOutcome {
    CommandOutcome::Exited {
        code: 1,
        stdout: Vec::new(),
        stderr: message.as_bytes().to_vec(),
    }
}

/// A command that succeeded with this output.
pub(super) fn printed(text: &str) -> CommandOutcome {
    CommandOutcome::Exited {
        code: 0,
        stdout: text.as_bytes().to_vec(),
        stderr: Vec::new(),
    }
}

impl CommandRunner for Machine {
    fn run(&self, command: &SystemCommand) -> CommandOutcome {
        let line = command.to_string();
        self.log.borrow_mut().push(line.clone());
        if let Some(left) = self.killed_after.get() {
            assert!(left > 0, "killed");
            self.killed_after.set(Some(left - 1));
        }
        match &*self.failure.borrow() {
            Some((part, outcome)) if line.contains(part.as_str()) => outcome.clone(),
            _ => self.execute(command),
        }
    }

    fn launch(&self, launch: &Launch) -> Result<u32> {
        self.log.borrow_mut().push(launch.to_string());
        match &*self.failure.borrow() {
            Some((part, _)) if launch.to_string().contains(part.as_str()) => {
                Err(Error::Failed(format!("cannot start {launch}: refused")))
            }
            _ => Ok(self.begin(false)),
        }
    }
}

impl GatewayProbe for Machine {
    fn ask(&self) -> GatewayAnswer {
        if let Some(answer) = &*self.other_answer.borrow() {
            return answer.clone();
        }
        let mut restarts = None;
        if let Some(Running {
            left: Some(left),
            supervised,
            ..
        }) = &mut *self.daemon.borrow_mut()
        {
            *left = left.saturating_sub(1);
            restarts = (*left == 0).then_some(*supervised);
        }
        if let Some(supervised) = restarts {
            self.begin(supervised);
        }
        self.running()
            .map_or(GatewayAnswer::Nobody, GatewayAnswer::Ours)
    }

    fn shut_down(&self) -> Result<()> {
        self.end();
        Ok(())
    }

    fn address(&self) -> String {
        ADDRESS.to_owned()
    }
}
