//! From nothing to an installed daemon and back, on each system.

use cleudocodebot::{
    error::Result,
    service::{
        lifecycle,
        report::{ServiceOutcome, ServiceReport},
        system::{executor::Executor, platform::System},
        target::InstallTarget,
    },
};

use super::{
    machine::Machine,
    runs::{DRY, REAL, SYSTEMS, assert_contains, assert_none},
};

#[test]
fn a_second_installation_changes_no_byte() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let report = machine.install();
        assert_eq!(
            report.outcome,
            ServiceOutcome::Installed,
            "outcome on {system:?}"
        );
        assert_eq!(report.identity, machine.running(), "identity on {system:?}");
        let bytes = machine.bytes();
        let known = machine.known.borrow().clone();

        let again = machine.install_in(REAL);
        assert_eq!(again.changes, [""; 0], "changes on {system:?}");
        assert_eq!(again.notes, [""; 0], "notes on {system:?}");
        let outcome = again.report().outcome;
        assert_eq!(
            outcome,
            ServiceOutcome::AlreadyInstalled,
            "second outcome on {system:?}"
        );
        assert_eq!(machine.bytes(), bytes, "files on {system:?}");
        assert_eq!(
            *machine.known.borrow(),
            known,
            "registrations on {system:?}"
        );
    }
}

#[test]
fn only_env_holds_the_token() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        machine.install();
        let env = std::fs::read_to_string(machine.target.env_file()).expect("there");
        let token = env
            .lines()
            .find_map(|line| line.strip_prefix("CLEUDOCODEBOT_TOKEN="))
            .expect("a token");
        let wide: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in machine.bytes() {
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
            let has_token = has(token.as_bytes()) || has(&wide);
            let is_env = name.rsplit('/').next() == Some(".env");
            assert_eq!(has_token, is_env, "the token in {name}");
        }
        assert_none(&machine.log.borrow(), |line| line.contains(token));
    }
}

#[test]
fn uninstalling_keeps_settings_and_messages_until_purged() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        machine.install();
        let outcome = |purge| machine.uninstall(purge).report().outcome;
        let first = machine.uninstall(false);
        first.assert_note("the settings and the messages stay in");
        assert_eq!(
            first.report().outcome,
            ServiceOutcome::Uninstalled,
            "first outcome on {system:?}"
        );
        let home = "user/.cleudocodebot/";
        let left = [format!("{home}.env"), format!("{home}messages.redb")];
        assert_eq!(machine.files(), left, "files on {system:?}");
        assert_eq!(
            *machine.known.borrow(),
            [].into(),
            "registrations on {system:?}"
        );
        assert_eq!(machine.running(), None, "daemon on {system:?}");
        assert_eq!(*machine.run_value.borrow(), None, "Run value on {system:?}");
        assert_eq!(
            outcome(false),
            ServiceOutcome::NotInstalled,
            "second outcome on {system:?}"
        );
        assert_eq!(
            outcome(true),
            ServiceOutcome::Uninstalled,
            "first purge on {system:?}"
        );
        assert_eq!(
            machine.files(),
            [""; 0],
            "files after the purge on {system:?}"
        );
        assert_eq!(
            outcome(true),
            ServiceOutcome::NotInstalled,
            "second purge on {system:?}"
        );
    }
}

#[test]
fn a_daemon_that_was_not_installed_is_stopped_and_not_uninstalled() {
    let machine = Machine::new(System::Linux);
    std::fs::create_dir_all(&machine.target.home).expect("made");
    std::fs::write(machine.target.env_file(), "").expect("written");
    machine.run_in_the_foreground();
    let run = machine.uninstall(false);
    run.assert_note("the settings and the messages stay in");
    assert_eq!(run.report().outcome, ServiceOutcome::Stopped);
    let run = machine.uninstall(false);
    assert_eq!(run.report().outcome, ServiceOutcome::NotInstalled);
}

#[test]
fn purging_a_shared_home_removes_known_files_only() {
    let machine = Machine::with_home(System::Linux, "shared");
    machine.install();
    std::fs::write(machine.target.home.join("letter.txt"), "mine").expect("written");
    for ours in ["pairing.json", "external.json", "keys.json", "push.key"] {
        std::fs::write(machine.target.home.join(ours), "{}").expect("written");
    }
    for ours in ["media", "agents/pi"] {
        std::fs::create_dir_all(machine.target.home.join(ours)).expect("made");
    }
    let run = machine.uninstall(true);
    run.assert_note("holds other files");
    run.report();
    assert_eq!(machine.files(), ["user/shared/letter.txt"]);
}

#[test]
fn a_dry_run_plans_everything_and_changes_nothing() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let bytes = machine.bytes();
        let dry = machine.install_in(DRY);
        let planned = dry.changes.clone();
        assert_eq!(
            dry.report().outcome,
            ServiceOutcome::Planned,
            "outcome on {system:?}"
        );
        assert_eq!(machine.bytes(), bytes, "files on {system:?}");
        assert_eq!(machine.running(), None, "daemon on {system:?}");
        assert_eq!(
            *machine.known.borrow(),
            [].into(),
            "registrations on {system:?}"
        );
        // Rights are restricted when the folder is created, and the stop flag comes and goes.
        let is_unplannable =
            |change: &str| change.contains("icacls") || change.contains("stop.flag");
        assert_none(&machine.install_in(REAL).changes, |change| {
            !planned.contains(change) && !is_unplannable(change)
        });
    }
}

#[test]
fn a_daemon_is_started_stopped_and_restarted() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        let first = machine.install().identity.expect("a daemon").pid;
        let outcome =
            |procedure: fn(&InstallTarget, &mut Executor<'_>) -> Result<ServiceReport>| {
                machine.run(REAL, procedure).report().outcome
            };
        assert_eq!(
            outcome(lifecycle::start),
            ServiceOutcome::AlreadyRunning,
            "start while it runs, {system:?}"
        );
        assert_eq!(
            outcome(lifecycle::stop),
            ServiceOutcome::Stopped,
            "stop, {system:?}"
        );
        assert_eq!(machine.running(), None, "daemon after stop, {system:?}");
        assert_eq!(
            outcome(lifecycle::stop),
            ServiceOutcome::NotRunning,
            "second stop, {system:?}"
        );
        assert_eq!(
            outcome(lifecycle::start),
            ServiceOutcome::Started,
            "start, {system:?}"
        );
        assert_eq!(
            outcome(lifecycle::restart),
            ServiceOutcome::Restarted,
            "restart, {system:?}"
        );
        let last = machine.running().expect("a daemon").pid;
        assert!(last > first + 1, "pid {last} after {first}, {system:?}");
        assert_none(&machine.files(), |name| name.contains(".flag"));
    }
}

#[test]
fn a_daemon_that_is_not_installed_is_not_started() {
    let machine = Machine::new(System::Linux);
    let run = machine.run(REAL, lifecycle::start);
    let text = run.result.expect_err("refused").to_string();
    assert_contains(&text, "cleudocodebot install");
    assert_contains(&text, "cleudocodebot daemon");
}

#[test]
fn a_daemon_of_another_version_is_replaced() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        machine.install();
        "0.0.1".clone_into(&mut machine.version.borrow_mut());
        machine.restart_the_old_one();
        env!("CARGO_PKG_VERSION").clone_into(&mut machine.version.borrow_mut());
        let report = machine.install();
        assert_eq!(
            report.outcome,
            ServiceOutcome::Installed,
            "outcome on {system:?}"
        );
        let version = report.identity.expect("a daemon").version;
        assert_eq!(version, env!("CARGO_PKG_VERSION"), "version on {system:?}");
    }
}

#[test]
fn a_daemon_from_a_terminal_is_replaced() {
    for system in [System::Linux, System::MacOs] {
        let machine = Machine::new(system);
        machine.run_in_the_foreground();
        let former = machine.running().expect("a daemon").pid;
        let report = machine.install();
        assert_eq!(
            report.outcome,
            ServiceOutcome::Installed,
            "outcome on {system:?}"
        );
        let pid = report.identity.expect("a daemon").pid;
        assert_ne!(pid, former, "pid on {system:?}");
    }
}
