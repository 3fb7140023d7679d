//! From nothing to an installed daemon and back, on each system.

use cleudocodebot::{
    error::Result,
    service::{
        install::{InstallRequest, install},
        lifecycle,
        report::{ServiceOutcome, ServiceReport},
        system::{
            executor::{Executor, ExecutorMode},
            platform::System,
        },
        target::InstallTarget,
        uninstall::uninstall,
    },
};

use super::machine::Machine;

pub(super) const SYSTEMS: [System; 3] = [System::Linux, System::MacOs, System::Windows];

pub(super) const REAL: ExecutorMode = ExecutorMode {
    dry: false,
    force: false,
};
pub(super) const FORCE: ExecutorMode = ExecutorMode {
    dry: false,
    force: true,
};
const DRY: ExecutorMode = ExecutorMode {
    dry: true,
    force: false,
};

pub(super) fn installed(machine: &Machine) -> ServiceReport {
    let report = machine.work(REAL, |target, executor| {
        install(target, executor, InstallRequest::default())
    });
    report.expect("installed")
}

#[test]
fn an_installed_daemon_answers_and_a_second_run_changes_no_byte() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let report = installed(&machine);
        assert_eq!(report.outcome, ServiceOutcome::Installed, "{system:?}");
        assert_eq!(report.identity, machine.running(), "{system:?}");
        let before = (machine.bytes(), machine.known.borrow().clone());
        let (report, changes, notes) = machine.changes(REAL, |target, executor| {
            install(target, executor, InstallRequest::default())
        });
        let report = report.expect("installed");
        assert_eq!(
            report.outcome,
            ServiceOutcome::AlreadyInstalled,
            "{system:?}"
        );
        assert_eq!((changes, notes), (vec![], vec![]), "{system:?}");
        assert_eq!(before, (machine.bytes(), machine.known.borrow().clone()));
    }
}

#[test]
fn no_file_but_env_and_no_command_has_the_token() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        installed(&machine);
        let env = std::fs::read_to_string(machine.target.env_file()).expect("there");
        let token = env
            .lines()
            .find_map(|line| line.strip_prefix("CLEUDOCODEBOT_TOKEN="))
            .expect("a token");
        let wide: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in machine.bytes() {
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
            let found = has(token.as_bytes()) || has(&wide);
            assert_eq!(found, name.rsplit('/').next() == Some(".env"), "{name}");
        }
        let log = machine.log.borrow();
        assert!(log.iter().all(|line| !line.contains(token)));
    }
}

#[test]
fn uninstalling_leaves_settings_and_messages_and_twice_is_no_error() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        installed(&machine);
        let gone = |purge| {
            let report = machine.work(REAL, |target, executor| uninstall(target, executor, purge));
            report.expect("gone").outcome
        };
        assert_eq!(gone(false), ServiceOutcome::Uninstalled);
        let home = "user/.cleudocodebot/";
        let left = [format!("{home}.env"), format!("{home}messages.redb")];
        assert_eq!(machine.files(), left, "{system:?}");
        assert!(machine.known.borrow().is_empty() && machine.running().is_none());
        assert_eq!(*machine.run_value.borrow(), None);
        assert_eq!(gone(false), ServiceOutcome::NotInstalled);
        assert_eq!(gone(true), ServiceOutcome::Uninstalled);
        assert_eq!(machine.files(), [""; 0], "{system:?}");
        assert_eq!(gone(true), ServiceOutcome::NotInstalled);
    }
}

#[test]
fn purging_a_home_with_another_name_takes_only_what_is_known() {
    let machine = Machine::with_home(System::Linux, "shared");
    installed(&machine);
    std::fs::write(machine.target.home.join("letter.txt"), "mine").expect("written");
    for ours in ["pairing.json", "external.json"] {
        std::fs::write(machine.target.home.join(ours), "{}").expect("written");
    }
    let (report, _, notes) =
        machine.changes(REAL, |target, executor| uninstall(target, executor, true));
    report.expect("gone");
    assert_eq!(machine.files(), ["user/shared/letter.txt"]);
    assert!(notes.iter().any(|note| note.contains("holds other files")));
}

#[test]
fn a_dry_run_tells_everything_and_does_nothing() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let before = machine.bytes();
        let run = |mode| {
            machine.changes(mode, |target, executor| {
                install(target, executor, InstallRequest::default())
            })
        };
        let (report, planned, _) = run(DRY);
        assert_eq!(report.expect("planned").outcome, ServiceOutcome::Planned);
        assert_eq!(machine.bytes(), before, "{system:?}");
        assert!(machine.running().is_none() && machine.known.borrow().is_empty());
        let (_, done, _) = run(REAL);
        // Rights are narrowed when the folder is made, and flags come and go.
        let passing = |change: &str| change.contains("icacls") || change.contains("stop.flag");
        let surprises = done.iter().filter(|change| !planned.contains(change));
        let surprises: Vec<_> = surprises.filter(|change| !passing(change)).collect();
        assert_eq!(surprises, [""; 0], "{planned:?}");
    }
}

#[test]
fn stopped_started_and_restarted() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let first = installed(&machine).identity.expect("a daemon").pid;
        let outcome = |work: fn(&InstallTarget, &mut Executor<'_>) -> Result<ServiceReport>| {
            let report = machine.work(REAL, work);
            report.expect("done").outcome
        };
        assert_eq!(outcome(lifecycle::start), ServiceOutcome::AlreadyRunning);
        assert_eq!(
            outcome(lifecycle::stop),
            ServiceOutcome::Stopped,
            "{system:?}"
        );
        assert!(machine.running().is_none());
        assert_eq!(
            outcome(lifecycle::stop),
            ServiceOutcome::NotRunning,
            "{system:?}"
        );
        assert_eq!(
            outcome(lifecycle::start),
            ServiceOutcome::Started,
            "{system:?}"
        );
        assert_eq!(
            outcome(lifecycle::restart),
            ServiceOutcome::Restarted,
            "{system:?}"
        );
        let last = machine.running().expect("a daemon").pid;
        assert!(last > first + 1, "{system:?}");
        let is_flag = |name: &String| name.contains(".flag");
        assert!(!machine.files().iter().any(is_flag), "{system:?}");
    }
}

#[test]
fn nothing_is_started_that_is_not_installed() {
    let machine = Machine::new(System::Linux);
    let error = machine.work(REAL, lifecycle::start).expect_err("refused");
    let text = error.to_string();
    assert!(text.contains("cleudocodebot install") && text.contains("cleudocodebot daemon"));
}

#[test]
fn a_daemon_of_another_version_gives_way() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        installed(&machine);
        "0.0.1".clone_into(&mut machine.version.borrow_mut());
        machine.restart_the_old_one();
        env!("CARGO_PKG_VERSION").clone_into(&mut machine.version.borrow_mut());
        let report = installed(&machine);
        assert_eq!(report.outcome, ServiceOutcome::Installed, "{system:?}");
        let version = report.identity.expect("a daemon").version;
        assert_eq!(version, env!("CARGO_PKG_VERSION"), "{system:?}");
    }
}

#[test]
fn a_daemon_from_a_terminal_gives_way_to_one_that_is_watched_over() {
    for system in [System::Linux, System::MacOs] {
        let machine = Machine::new(system);
        machine.run_in_the_foreground();
        let former = machine.running().expect("a daemon").pid;
        let report = installed(&machine);
        assert_eq!(report.outcome, ServiceOutcome::Installed, "{system:?}");
        assert_ne!(report.identity.expect("a daemon").pid, former, "{system:?}");
    }
}
