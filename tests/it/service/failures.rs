//! Each command of each procedure fails in each way. The error says so, and the next run, when the
//! command works again, repairs the installation.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cleudocodebot::service::{
    install::InstallRequest,
    report::ServiceOutcome,
    system::{command::CommandOutcome, platform::System, probe::GatewayAnswer},
};

use super::{
    machine::{Machine, exited},
    runs::{REAL, SYSTEMS, assert_contains, assert_none},
};

fn failures() -> [CommandOutcome; 4] {
    [
        CommandOutcome::Missing,
        CommandOutcome::Refused("Keine Berechtigung".to_owned()),
        CommandOutcome::TimedOut,
        CommandOutcome::Exited {
            code: 1,
            stdout: Vec::new(),
            // "Zugriff verweigert" and umlauts in the code page of a German console.
            stderr: b"Fehler: Zugriff verweigert \x84\x94\x81\r\n".to_vec(),
        },
    ]
}

/// The first words of every command of an installation, which are the same in each run.
fn commands(system: System, request: InstallRequest) -> BTreeSet<String> {
    let machine = Machine::new(system);
    machine.install_as(REAL, request).report();
    let log = machine.log.borrow();
    let folder = machine.path("").display().to_string();
    let beginning = |line: &String| {
        let count = if line.contains(".exe") { 2 } else { 3 };
        let words: Vec<&str> = line.split(' ').take(count).collect();
        words.join(" ").replace(&folder, "")
    };
    log.iter().map(beginning).collect()
}

#[test]
fn each_failing_command_is_reported_and_then_repaired() {
    for system in SYSTEMS {
        for task in [false, system == System::Windows] {
            let request = InstallRequest {
                task,
                restart: false,
            };
            let commands = commands(system, request);
            assert!(commands.len() > 2, "too few commands: {commands:?}");
            for command in commands {
                for outcome in failures() {
                    fails_and_is_repaired(system, request, &command, &outcome);
                }
            }
        }
    }
}

fn fails_and_is_repaired(
    system: System,
    request: InstallRequest,
    command: &str,
    outcome: &CommandOutcome,
) {
    let context = format!("{system:?}, {command}: {outcome:?}");
    let machine = Machine::new(system);
    machine.fail(command, outcome.clone());
    let run = machine.install_as(REAL, request);
    assert_none(&run.notes, |note| note.contains('\n'));
    match run.result {
        // Another launcher was used, or the command was not needed. The daemon really runs then.
        Ok(report) => assert_eq!(report.identity, machine.running(), "identity, {context}"),
        Err(error) => {
            let text = error.to_string();
            let lines = text.lines().count();
            assert!(lines <= 4, "an error of {lines} lines, {context}: {text}");
            assert!(text.len() > 20, "a short error, {context}: {text}");
        }
    }
    machine.stop_failing();
    let report = machine.install();
    assert_eq!(
        report.identity,
        machine.running(),
        "identity after the repair, {context}"
    );
    assert_eq!(
        machine.install().outcome,
        ServiceOutcome::AlreadyInstalled,
        "outcome after the repair, {context}"
    );
}

#[test]
fn an_installer_killed_at_any_command_is_repaired() {
    for system in SYSTEMS {
        for killed_after in 0.. {
            let machine = Machine::new(system);
            machine.killed_after.set(Some(killed_after));
            let run = catch_unwind(AssertUnwindSafe(|| machine.install()));
            machine.killed_after.set(None);
            let identity = machine.install().identity;
            assert!(
                identity.is_some(),
                "no daemon on {system:?}, killed after {killed_after} commands"
            );
            assert_eq!(
                identity,
                machine.running(),
                "identity on {system:?}, killed after {killed_after} commands"
            );
            assert_eq!(
                machine.install().outcome,
                ServiceOutcome::AlreadyInstalled,
                "outcome on {system:?}, killed after {killed_after} commands"
            );
            if run.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn an_uninstallation_is_finished_after_any_failure() {
    for system in SYSTEMS {
        let rehearsal = Machine::new(system);
        rehearsal.install();
        rehearsal.log.borrow_mut().clear();
        rehearsal.uninstall(false).report();
        for line in rehearsal.log.borrow().iter() {
            let words: Vec<&str> = line.split(' ').take(3).collect();
            let machine = Machine::new(system);
            machine.install();
            machine.fail(&words.join(" "), exited(5));
            let _ = machine.uninstall(false).result;
            machine.stop_failing();
            machine.uninstall(false).report();
            let left = machine.files();
            assert_eq!(left.len(), 2, "files on {system:?}, {words:?}: {left:?}");
            assert_eq!(machine.running(), None, "daemon on {system:?}, {words:?}");
        }
    }
}

#[test]
fn a_daemon_that_never_answers_is_reported_with_its_log() {
    let machine = Machine::new(System::Linux);
    machine.answer_with(GatewayAnswer::Nobody);
    let run = machine.install_in(REAL);
    let error = run.result.expect_err("it does not answer");
    assert_eq!(error.exit_code(), 1, "exit code");
    let text = error.to_string();
    for part in [
        "nobody answers at",
        "the last words",
        "cleudocodebot doctor",
    ] {
        assert_contains(&text, part);
    }
}
