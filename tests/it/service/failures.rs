//! Each command of each sequence fails in each way: what comes of it is told, and the next run, when
//! the command works again, repairs.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cleudocodebot::service::{
    install::{InstallRequest, install},
    report::ServiceOutcome,
    system::{command::CommandOutcome, platform::System, probe::GatewayAnswer},
    uninstall::uninstall,
};

use super::{
    life::{REAL, SYSTEMS, installed},
    machine::{Machine, exited},
};

fn kinds() -> [CommandOutcome; 4] {
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
    let work = machine.work(REAL, |target, executor| install(target, executor, request));
    work.expect("installed");
    let log = machine.log.borrow();
    let place = machine.path("").display().to_string();
    let beginning = |line: &String| {
        let count = if line.contains(".exe") { 2 } else { 3 };
        let words: Vec<&str> = line.split(' ').take(count).collect();
        words.join(" ").replace(&place, "")
    };
    log.iter().map(beginning).collect()
}

#[test]
fn each_command_that_fails_is_told_and_the_next_run_repairs() {
    for system in SYSTEMS {
        for task in [false, system == System::Windows] {
            let request = InstallRequest {
                task,
                restart: false,
            };
            let commands = commands(system, request);
            assert!(commands.len() > 2, "{commands:?}");
            for command in commands {
                for outcome in kinds() {
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
    let machine = Machine::new(system);
    *machine.failure.borrow_mut() = Some((command.to_owned(), outcome.clone()));
    let (came, _, notes) =
        machine.changes(REAL, |target, executor| install(target, executor, request));
    let context = format!("{system:?} {command} {outcome:?}");
    match came {
        // Another way was found, or it was not needed; then the daemon really runs.
        Ok(report) => assert_eq!(report.identity, machine.running(), "{context}"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.lines().count() <= 4, "{context}: {text}");
            assert!(text.len() > 20, "{context}: {text}");
        }
    }
    let one_line = |note: &String| !note.contains('\n');
    assert!(notes.iter().all(one_line), "{context}: {notes:?}");
    *machine.failure.borrow_mut() = None;
    let report = installed(&machine);
    assert_eq!(report.identity, machine.running(), "{context}");
    let again = installed(&machine);
    assert_eq!(again.outcome, ServiceOutcome::AlreadyInstalled, "{context}");
}

#[test]
fn an_installer_that_is_killed_at_any_command_is_repaired_by_the_next() {
    for system in SYSTEMS {
        for killed_after in 0.. {
            let machine = Machine::new(system);
            machine.killed_after.set(Some(killed_after));
            let run = catch_unwind(AssertUnwindSafe(|| installed(&machine)));
            machine.killed_after.set(None);
            let report = installed(&machine);
            assert!(report.identity.is_some(), "{system:?} {killed_after}");
            let again = installed(&machine).outcome;
            assert_eq!(
                again,
                ServiceOutcome::AlreadyInstalled,
                "{system:?} {killed_after}"
            );
            if run.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn each_command_of_an_uninstallation_may_fail_and_the_next_run_finishes() {
    for system in SYSTEMS {
        let rehearsal = Machine::new(system);
        installed(&rehearsal);
        rehearsal.log.borrow_mut().clear();
        let gone = rehearsal.work(REAL, |target, executor| uninstall(target, executor, false));
        gone.expect("gone");
        for line in rehearsal.log.borrow().iter() {
            let words: Vec<&str> = line.split(' ').take(3).collect();
            let machine = Machine::new(system);
            installed(&machine);
            *machine.failure.borrow_mut() = Some((words.join(" "), exited(5)));
            let _ = machine.work(REAL, |target, executor| uninstall(target, executor, false));
            *machine.failure.borrow_mut() = None;
            let finished =
                machine.work(REAL, |target, executor| uninstall(target, executor, false));
            finished.expect("gone");
            let left = machine.files();
            assert_eq!(left.len(), 2, "{system:?} {words:?}: {left:?}");
            assert!(machine.running().is_none(), "{system:?} {words:?}");
        }
    }
}

#[test]
fn a_daemon_that_never_answers_is_reported_with_its_last_words() {
    let machine = Machine::new(System::Linux);
    *machine.stranger.borrow_mut() = Some(GatewayAnswer::Nobody);
    let error = machine
        .work(REAL, |target, executor| {
            install(target, executor, InstallRequest::default())
        })
        .expect_err("it does not answer");
    assert_eq!(error.exit_code(), 1);
    let text = error.to_string();
    for part in [
        "nobody answers at",
        "the last words",
        "cleudocodebot doctor",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
