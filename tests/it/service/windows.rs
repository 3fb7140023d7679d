//! What only Windows has: three launchers to choose from, the user's own switch, flags for the batch
//! file.

use cleudocodebot::service::{
    install::InstallRequest,
    launchers::launcher::LauncherKind,
    report::ServiceOutcome,
    system::{artefact::Artefact, platform::System},
};

use super::{
    machine::{Machine, exited, failed},
    runs::{FORCE, REAL, assert_contains, assert_none},
};

const TASK: InstallRequest = InstallRequest {
    task: true,
    restart: false,
};

fn windows() -> Machine {
    Machine::new(System::Windows)
}

fn run_value(machine: &Machine) -> String {
    machine.run_value.borrow().clone().expect("a Run value")
}

#[test]
fn the_run_value_is_written_and_read_back() {
    let machine = windows();
    assert_eq!(machine.install().kind, Some(LauncherKind::RunKey), "kind");
    let value = run_value(&machine);
    assert!(value.ends_with("\\bin\\cleudocodebotw.exe\""), "{value}");
    let log = machine.log.borrow();
    let add = log.iter().position(|line| line.contains(" add "));
    let after = &log[add.expect("added")..];
    assert_contains(&after.join("\n"), " export ");
}

#[test]
fn a_restored_run_value_leads_to_the_startup_folder() {
    let machine = windows();
    // `reg add` succeeds, but the value is not there afterwards.
    machine.fail(" add ", exited(0));
    let run = machine.install_in(REAL);
    run.assert_note("security software");
    run.assert_note("may flash");
    assert_eq!(run.report().kind, Some(LauncherKind::StartupFolder), "kind");
}

#[test]
fn a_long_home_leads_to_the_startup_folder() {
    let mut machine = windows();
    let root = machine.path("").display().to_string().len();
    let programs = r"\bin\cleudocodebotw.exe".len();
    machine.target.home = machine.path(&"x".repeat(259 - programs - root));
    assert_eq!(
        machine.install().kind,
        Some(LauncherKind::StartupFolder),
        "kind"
    );
    machine.end();
    machine.target.home = machine.path(&"y".repeat(260 - programs - root));
    let error = machine.install_in(REAL).result.expect_err("too long");
    assert_contains(&error.to_string(), "1 characters too long");
}

#[test]
fn a_task_replaces_the_run_value_and_stays() {
    let machine = windows();
    machine.install();
    let report = machine.install_as(REAL, TASK).report();
    assert_eq!(report.kind, Some(LauncherKind::Task), "kind");
    assert_eq!(*machine.run_value.borrow(), None, "Run value");
    assert_eq!(*machine.known.borrow(), ["task"].into(), "registrations");
    let again = machine.install();
    assert_eq!(again.kind, Some(LauncherKind::Task), "second kind");
    assert_eq!(
        again.outcome,
        ServiceOutcome::AlreadyInstalled,
        "second outcome"
    );
}

#[test]
fn a_refused_task_falls_back_and_says_so() {
    let machine = windows();
    machine.fail("/create", failed("ERREUR\u{a0}: Accès refusé."));
    let run = machine.install_as(REAL, TASK);
    assert_contains(&run.notes[0], "no scheduled task");
    assert_eq!(run.report().kind, Some(LauncherKind::RunKey), "kind");
    assert_none(&machine.files(), |name| name.ends_with("task.xml"));
}

#[test]
fn a_switched_off_entry_stays_off_unless_forced() {
    let machine = windows();
    machine.install();
    machine.known.borrow_mut().insert("off");
    let run = machine.install_in(REAL);
    assert_contains(&run.notes[0], "Task Manager");
    assert_eq!(run.changes, [""; 0], "changes");
    assert_eq!(
        run.report().outcome,
        ServiceOutcome::AlreadyInstalled,
        "outcome"
    );
    machine.install_in(FORCE).report();
    assert!(!machine.known.borrow().contains("off"), "it is still off");
}

#[test]
fn without_the_windowless_starter_a_window_is_announced() {
    let machine = windows();
    let starter = machine.target.program.with_file_name("cleudocodebotw.exe");
    std::fs::remove_file(starter).expect("removed");
    let run = machine.install_in(REAL);
    assert_contains(&run.notes[0], "minimised window");
    run.report();
    let value = run_value(&machine);
    let start = "cmd.exe /d /c start \"\" /min /d \"";
    assert!(value.starts_with(start), "{value}");
}

#[test]
fn a_batch_file_is_stopped_before_it_changes() {
    let machine = windows();
    machine.install();
    let bat = machine.target.home.join("daemon.bat");
    let text = std::fs::read_to_string(&bat).expect("there");
    let older = Artefact::text(bat.clone(), &text.replace("GEQ 6", "GEQ 7"));
    std::fs::write(&bat, older.bytes).expect("an older version's");
    let run = machine.install_in(REAL);
    let changes = run.changes.clone();
    run.report();
    let position = |what: &str| changes.iter().position(|change| change.contains(what));
    let stop = position("stop.flag").expect("the stop flag");
    let write = position("daemon.bat").expect("the batch file");
    assert!(stop < write, "{changes:?}");
}

#[test]
fn a_new_home_is_closed_to_others() {
    let machine = windows();
    machine.install();
    let log = machine.log.borrow();
    let rights = log.iter().find(|line| line.contains("icacls"));
    let rights = rights.expect("run");
    for part in [
        "*S-1-5-21-7:(OI)(CI)F",
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "/inheritance:r",
    ] {
        assert_contains(rights, part);
    }
}
