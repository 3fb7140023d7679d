//! Surroundings that are against an installation: foreign files, taken ports, other homes, no
//! systemd, the wrong user.

use cleudocodebot::{
    error::Error,
    service::{
        install::{InstallRequest, install},
        launchers::launcher::LauncherKind,
        lifecycle,
        report::ServiceReport,
        system::{
            command::CommandOutcome,
            executor::ExecutorMode,
            platform::System,
            probe::{DaemonIdentity, GatewayAnswer},
        },
        target::Scope,
        uninstall::uninstall,
    },
};

use super::{
    life::{FORCE, REAL, SYSTEMS, installed},
    machine::Machine,
};

fn attempt(machine: &Machine, mode: ExecutorMode) -> Result<ServiceReport, Error> {
    machine.work(mode, |target, executor| {
        install(target, executor, InstallRequest::default())
    })
}

fn refused(machine: &Machine) -> Error {
    attempt(machine, REAL).expect_err("refused")
}

#[test]
fn who_else_has_the_port_is_named_and_nothing_is_installed() {
    let identity = DaemonIdentity {
        pid: 7,
        version: "0.0.9".to_owned(),
        home: "/elsewhere".to_owned(),
        ..DaemonIdentity::default()
    };
    for (answer, named) in [
        (
            GatewayAnswer::Stranger("no gateway".to_owned()),
            "another program",
        ),
        (GatewayAnswer::OtherToken, "another token"),
        (GatewayAnswer::Ours(identity), "/elsewhere"),
    ] {
        let machine = Machine::new(System::Linux);
        *machine.stranger.borrow_mut() = Some(answer);
        let text = refused(&machine).to_string();
        assert!(text.contains(named) && text.contains("--port"), "{text}");
        assert!(machine.known.borrow().is_empty());
    }
}

#[test]
fn a_file_of_somebody_else_is_left_alone_and_with_force_kept() {
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
        installed(&machine);
        let path = machine.path(file);
        let ours = std::fs::read(&path).expect("there");
        let edited = [&ours[..], b"# mine\n"].concat();
        for (theirs, word) in [(&edited[..], "by hand"), (b"[Unit]\n", "not written by")] {
            std::fs::write(&path, theirs).expect("written");
            let error = refused(&machine);
            assert_eq!(error.exit_code(), 78);
            let text = error.to_string();
            assert!(text.contains(word), "{text}");
            assert_eq!(std::fs::read(&path).expect("there"), theirs);
            attempt(&machine, FORCE).expect("installed");
            assert_eq!(std::fs::read(&path).expect("there"), ours, "{system:?}");
            let backup = machine.path(&format!("{file}.bak"));
            assert_eq!(std::fs::read(&backup).expect("kept"), theirs);
        }
    }
}

#[test]
fn without_systemd_a_desktop_entry_and_a_daemon_in_the_background_remain() {
    let machine = Machine::new(System::Linux);
    std::fs::remove_dir_all(machine.path("run/systemd")).expect("removed");
    let (report, _, notes) = machine.changes(REAL, |target, executor| {
        install(target, executor, InstallRequest::default())
    });
    let report = report.expect("installed");
    assert_eq!(report.kind, Some(LauncherKind::Autostart));
    assert_eq!(report.identity, machine.running());
    let told = notes.join("\n");
    assert!(told.contains("was not started by systemd") && told.contains("cleudocodebot daemon"));
    // Where systemd comes later, it takes over and one way is left.
    std::fs::create_dir_all(machine.path("run/systemd/system")).expect("made");
    let report = installed(&machine);
    assert_eq!(report.kind, Some(LauncherKind::UserUnit));
    let is_entry = |name: &String| name.ends_with(".desktop");
    assert!(!machine.files().iter().any(is_entry));
}

#[test]
fn a_manager_that_is_not_reached_is_woken_by_lingering() {
    let machine = Machine::new(System::Linux);
    let bus = CommandOutcome::Exited {
        code: 1,
        stdout: Vec::new(),
        stderr: "Verbindung zum Bus fehlgeschlagen".as_bytes().to_vec(),
    };
    *machine.failure.borrow_mut() = Some(("show-environment".to_owned(), bus));
    let (report, _, notes) = machine.changes(REAL, |target, executor| {
        install(target, executor, InstallRequest::default())
    });
    assert_eq!(
        report.expect("installed").kind,
        Some(LauncherKind::Autostart)
    );
    let log = machine.log.borrow();
    let asked = log.iter().filter(|line| line.contains("show-environment"));
    assert!(asked.count() > 10);
    let woken = |line: &String| line == "loginctl --no-ask-password enable-linger ada";
    assert!(log.iter().any(woken));
    assert!(notes[0].contains("machinectl shell"), "{notes:?}");
}

#[test]
fn root_through_sudo_and_the_machine_without_root_are_refused() {
    let mut machine = Machine::new(System::Linux);
    machine.target.account.uid = Some(0);
    machine.target.account.through_sudo = Some("ada".to_owned());
    let error = refused(&machine);
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("--system"), "{error}");
    machine.target.account.uid = Some(1000);
    machine.target.scope = Scope::Machine;
    assert_eq!(refused(&machine).exit_code(), 2);
    assert_eq!(machine.files(), [""; 0]);
}

#[test]
fn the_machines_daemon_has_its_program_outside_of_home_folders() {
    let mut machine = Machine::new(System::Linux);
    machine.target.account.uid = Some(0);
    machine.target.scope = Scope::Machine;
    machine.target.home = machine.path("var/lib/cleudocodebot");
    let report = installed(&machine);
    assert_eq!(report.kind, Some(LauncherKind::MachineUnit));
    let copy = machine.path("usr/local/lib/cleudocodebot/cleudocodebot");
    assert_eq!(std::fs::read(&copy).expect("copied"), b"the program");
    let log = machine.log.borrow().clone();
    assert!(log.iter().all(|line| !line.contains("--user")), "{log:?}");
    let gone = machine.work(REAL, |target, executor| uninstall(target, executor, true));
    gone.expect("gone");
    assert!(!copy.exists() && !machine.target.home.exists());
}

#[test]
fn the_daemon_of_another_home_is_not_touched_by_accident() {
    for system in SYSTEMS {
        let mut machine = Machine::new(system);
        installed(&machine);
        let first = machine.running();
        machine.target.home = machine.path("user/other");
        *machine.stranger.borrow_mut() = Some(GatewayAnswer::Nobody);
        let text = refused(&machine).to_string();
        assert!(text.contains("another home"), "{system:?}: {text}");
        let stopped = machine.work(REAL, lifecycle::stop);
        stopped.expect("nothing to do");
        let gone = machine.work(REAL, |target, executor| uninstall(target, executor, false));
        gone.expect("nothing to do");
        assert_eq!(machine.running(), first, "{system:?}");
    }
}
