//! Machines on which an installation meets obstacles: foreign files, taken ports, other homes, no
//! systemd, the wrong user.

use cleudocodebot::{
    error::Error,
    service::{
        launchers::launcher::LauncherKind,
        lifecycle,
        system::{
            platform::System,
            probe::{DaemonIdentity, GatewayAnswer},
        },
        target::Scope,
    },
};

use super::{
    machine::{Machine, failed},
    runs::{FORCE, REAL, SYSTEMS, assert_contains, assert_none},
};

#[track_caller]
fn refusal(machine: &Machine) -> Error {
    machine.install_in(REAL).result.expect_err("refused")
}

#[test]
fn a_taken_port_is_reported_before_any_change() {
    let identity = DaemonIdentity {
        pid: 7,
        version: "0.0.9".to_owned(),
        home: "/elsewhere".to_owned(),
        ..DaemonIdentity::default()
    };
    for (answer, owner) in [
        (
            GatewayAnswer::Stranger("no gateway".to_owned()),
            "another program",
        ),
        (GatewayAnswer::OtherToken, "another token"),
        (GatewayAnswer::Ours(identity), "/elsewhere"),
    ] {
        let machine = Machine::new(System::Linux);
        machine.answer_with(answer);
        let text = refusal(&machine).to_string();
        assert_contains(&text, owner);
        assert_contains(&text, "--port");
        assert_eq!(*machine.known.borrow(), [].into(), "registrations, {owner}");
    }
}

#[test]
fn a_foreign_file_is_kept_or_with_force_backed_up() {
    for (system, file) in [
        (
            System::Linux,
            "user/config/systemd/user/cleudocodebot.service",
        ),
        (
            System::MacOs,
            "user/Library/LaunchAgents/com.cleudocodebot.daemon.plist",
        ),
        (System::Windows, "user/.cleudocodebot/daemon.bat"),
    ] {
        let machine = Machine::new(system);
        machine.install();
        let path = machine.path(file);
        let read = |path| std::fs::read(path).expect("a file");
        let ours = read(path.clone());
        let edited = [&ours[..], b"# mine\n"].concat();
        for (theirs, reason) in [(&edited[..], "by hand"), (b"[Unit]\n", "not written by")] {
            std::fs::write(&path, theirs).expect("written");
            let error = refusal(&machine);
            assert_eq!(error.exit_code(), 78, "exit code on {system:?}");
            assert_contains(&error.to_string(), reason);
            assert_eq!(read(path.clone()), theirs, "the file on {system:?}");
            machine.install_in(FORCE).report();
            assert_eq!(
                read(path.clone()),
                ours,
                "the file with force on {system:?}"
            );
            let backup = machine.path(&format!("{file}.bak"));
            assert_eq!(read(backup), theirs, "the backup on {system:?}");
        }
    }
}

#[test]
fn without_systemd_a_desktop_entry_is_used() {
    let machine = Machine::new(System::Linux);
    std::fs::remove_dir_all(machine.path("run/systemd")).expect("removed");
    let run = machine.install_in(REAL);
    run.assert_note("was not started by systemd");
    run.assert_note("cleudocodebot daemon");
    let report = run.report();
    assert_eq!(report.kind, Some(LauncherKind::Autostart), "kind");
    assert_eq!(report.identity, machine.running(), "identity");
    // Once there is a systemd, it takes over, and the entry is removed.
    std::fs::create_dir_all(machine.path("run/systemd/system")).expect("made");
    let report = machine.install();
    assert_eq!(
        report.kind,
        Some(LauncherKind::UserUnit),
        "kind with systemd"
    );
    assert_none(&machine.files(), |name| name.ends_with(".desktop"));
}

#[test]
fn an_unreachable_manager_is_started_by_lingering() {
    let machine = Machine::new(System::Linux);
    machine.fail(
        "show-environment",
        failed("Verbindung zum Bus fehlgeschlagen"),
    );
    let run = machine.install_in(REAL);
    let notes = run.notes.join("\n");
    assert_contains(&notes, "machinectl shell");
    assert_eq!(run.report().kind, Some(LauncherKind::Autostart), "kind");
    let log = machine.log.borrow();
    let questions = log.iter().filter(|line| line.contains("show-environment"));
    let count = questions.count();
    assert!(count > 10, "asked {count} times only");
    let enable = "loginctl --no-ask-password enable-linger ada";
    assert!(log.iter().any(|line| line == enable), "{log:?}");
}

#[test]
fn sudo_and_a_machine_without_root_are_refused() {
    let mut machine = Machine::new(System::Linux);
    machine.target.account.uid = Some(0);
    machine.target.account.through_sudo = Some("ada".to_owned());
    let error = refusal(&machine);
    assert_eq!(error.exit_code(), 2, "exit code through sudo");
    assert_contains(&error.to_string(), "--system");
    machine.target.account.uid = Some(1000);
    machine.target.scope = Scope::Machine;
    let error = refusal(&machine);
    assert_eq!(error.exit_code(), 2, "exit code without root");
    assert_eq!(machine.files(), [""; 0]);
}

#[test]
fn a_program_that_may_be_gone_tomorrow_is_copied_and_becomes_a_command() {
    for system in [System::Linux, System::MacOs] {
        let machine = Machine::new(system);
        let run = machine.install_in(REAL);
        let copy = machine.path("user/.local/share/cleudocodebot/bin/cleudocodebot");
        let link = machine.path("user/.local/bin/cleudocodebot");
        let notes = run.notes.join("\n");
        assert_contains(&notes, &link.display().to_string());
        assert_contains(&notes, "add it to PATH");
        assert_eq!(std::fs::read_link(&link).expect("a link"), copy);
        assert_eq!(std::fs::read(&link).expect("read"), b"the program");
        let log = machine.bytes();
        let registered = log.iter().filter(|(name, _)| {
            [".service", ".plist", ".desktop"]
                .iter()
                .any(|end| name.ends_with(end))
        });
        for (name, bytes) in registered {
            let text = String::from_utf8_lossy(bytes);
            assert!(text.contains(&copy.display().to_string()), "{name}: {text}");
            assert!(!text.contains("downloads"), "{name}: {text}");
        }
        machine.uninstall(false).report();
        assert!(
            !copy.exists() && link.symlink_metadata().is_err(),
            "on {system:?}"
        );
        assert!(!copy.parent().expect("a folder").exists(), "on {system:?}");
    }
}

#[test]
fn a_program_where_programs_stay_is_not_copied() {
    let mut machine = Machine::new(System::Linux);
    let program = machine.path("user/.cargo/bin/cleudocodebot");
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("made");
    std::fs::rename(&machine.target.program, &program).expect("moved");
    machine.target.program = program.clone();
    let run = machine.install_in(REAL);
    run.report();
    assert!(!machine.path("user/.local").exists());
    machine.uninstall(true).report();
    assert!(program.exists(), "what was not copied stays");
}

#[test]
fn a_command_of_the_users_own_stays() {
    let machine = Machine::new(System::Linux);
    let own = machine.path("user/.local/bin/cleudocodebot");
    std::fs::create_dir_all(own.parent().expect("a folder")).expect("made");
    std::fs::write(&own, "mine").expect("written");
    let run = machine.install_in(REAL);
    assert_contains(&run.notes.join("\n"), "is another program and stays");
    machine.uninstall(true).report();
    assert_eq!(std::fs::read(&own).expect("there"), b"mine");
}

#[test]
fn the_machines_daemon_runs_a_copied_program() {
    let mut machine = Machine::new(System::Linux);
    machine.target.account.uid = Some(0);
    machine.target.scope = Scope::Machine;
    machine.target.home = machine.path("var/lib/cleudocodebot");
    assert_eq!(
        machine.install().kind,
        Some(LauncherKind::MachineUnit),
        "kind"
    );
    let copy = machine.path("usr/local/lib/cleudocodebot/cleudocodebot");
    assert_eq!(
        std::fs::read(&copy).expect("copied"),
        b"the program",
        "the copy"
    );
    assert_none(&machine.log.borrow(), |line| line.contains("--user"));
    machine.uninstall(true).report();
    assert!(!copy.exists(), "the copy stays");
    assert!(!machine.target.home.exists(), "the home stays");
}

#[test]
fn the_daemon_of_another_home_is_not_touched() {
    for system in SYSTEMS {
        let mut machine = Machine::new(system);
        machine.install();
        let first = machine.running();
        machine.target.home = machine.path("user/other");
        machine.answer_with(GatewayAnswer::Nobody);
        assert_contains(&refusal(&machine).to_string(), "another home");
        machine.run(REAL, lifecycle::stop).report();
        machine.uninstall(false).report();
        assert_eq!(machine.running(), first, "daemon on {system:?}");
    }
}
