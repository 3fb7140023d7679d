//! What only Windows has: three ways to choose from, the user's own switch, flags for the batch file.

use cleudocodebot::service::{
    install::{InstallRequest, install},
    launchers::launcher::LauncherKind,
    report::{ServiceOutcome, ServiceReport},
    system::{
        artefact::Artefact, command::CommandOutcome, executor::ExecutorMode, platform::System,
    },
};

use super::{
    life::{FORCE, REAL, installed},
    machine::{Machine, exited},
};

const TASK: InstallRequest = InstallRequest {
    task: true,
    restart: false,
};

fn wished(
    machine: &Machine,
    mode: ExecutorMode,
    request: InstallRequest,
) -> (ServiceReport, Vec<String>, Vec<String>) {
    let (report, changes, notes) =
        machine.changes(mode, |target, executor| install(target, executor, request));
    (report.expect("installed"), changes, notes)
}

#[test]
fn the_run_value_is_written_and_read_back() {
    let machine = Machine::new(System::Windows);
    assert_eq!(installed(&machine).kind, Some(LauncherKind::RunKey));
    let value = machine.run_value.borrow().clone().expect("a value");
    assert!(value.ends_with("\\bin\\cleudocodebotw.exe\""), "{value}");
    let log = machine.log.borrow();
    let add = log.iter().position(|line| line.contains(" add "));
    let add = add.expect("added");
    assert!(log[add..].iter().any(|line| line.contains(" export ")));
}

#[test]
fn a_run_value_that_is_put_back_leads_to_the_start_up_folder() {
    let machine = Machine::new(System::Windows);
    // `reg add` succeeds, and then the value is not there.
    *machine.failure.borrow_mut() = Some((" add ".to_owned(), exited(0)));
    let (report, _, notes) = wished(&machine, REAL, InstallRequest::default());
    assert_eq!(report.kind, Some(LauncherKind::StartupFolder));
    let told = |word: &str| notes.iter().any(|note| note.contains(word));
    assert!(told("guard") && told("may flash"), "{notes:?}");
}

#[test]
fn a_home_too_long_for_a_run_value_leads_to_the_start_up_folder() {
    let mut machine = Machine::new(System::Windows);
    let root = machine.path("").display().to_string().len();
    let programs = r"\bin\cleudocodebotw.exe".len();
    machine.target.home = machine.path(&"x".repeat(259 - programs - root));
    let report = wished(&machine, REAL, InstallRequest::default()).0;
    assert_eq!(report.kind, Some(LauncherKind::StartupFolder));
    machine.end();
    machine.target.home = machine.path(&"y".repeat(260 - programs - root));
    let error = machine
        .work(REAL, |target, executor| {
            install(target, executor, InstallRequest::default())
        })
        .expect_err("too long");
    let text = error.to_string();
    assert!(text.contains("1 characters too long"), "{text}");
}

#[test]
fn a_task_replaces_the_run_value_and_stays_when_nothing_is_wished() {
    let machine = Machine::new(System::Windows);
    installed(&machine);
    assert_eq!(
        wished(&machine, REAL, TASK).0.kind,
        Some(LauncherKind::Task)
    );
    assert_eq!(*machine.run_value.borrow(), None);
    assert!(machine.known.borrow().contains("task"));
    let again = wished(&machine, REAL, InstallRequest::default()).0;
    assert_eq!(again.kind, Some(LauncherKind::Task));
    assert_eq!(again.outcome, ServiceOutcome::AlreadyInstalled);
}

#[test]
fn a_task_that_is_refused_falls_back_and_says_so() {
    let machine = Machine::new(System::Windows);
    let refused = CommandOutcome::Exited {
        code: 1,
        stdout: Vec::new(),
        stderr: "ERREUR\u{a0}: Accès refusé.".as_bytes().to_vec(),
    };
    *machine.failure.borrow_mut() = Some(("/create".to_owned(), refused));
    let (report, _, notes) = wished(&machine, REAL, TASK);
    assert_eq!(report.kind, Some(LauncherKind::RunKey));
    assert!(notes[0].contains("no scheduled task"), "{notes:?}");
    let is_task = |name: &String| name.ends_with("task.xml");
    let files = machine.files();
    assert!(!files.iter().any(is_task), "{files:?}");
}

#[test]
fn an_entry_that_the_user_switched_off_stays_off_unless_forced() {
    let machine = Machine::new(System::Windows);
    installed(&machine);
    machine.known.borrow_mut().insert("off");
    let (report, changes, notes) = wished(&machine, REAL, InstallRequest::default());
    assert_eq!(
        (report.outcome, changes),
        (ServiceOutcome::AlreadyInstalled, vec![])
    );
    assert!(notes[0].contains("Task Manager"), "{notes:?}");
    wished(&machine, FORCE, InstallRequest::default());
    assert!(!machine.known.borrow().contains("off"));
}

#[test]
fn without_the_windowless_starter_a_window_is_announced() {
    let machine = Machine::new(System::Windows);
    let starter = machine.target.program.with_file_name("cleudocodebotw.exe");
    std::fs::remove_file(starter).expect("removed");
    let (_, _, notes) = wished(&machine, REAL, InstallRequest::default());
    assert!(notes[0].contains("minimised window"), "{notes:?}");
    let value = machine.run_value.borrow().clone().expect("a value");
    let start = "cmd.exe /d /c start \"\" /min /d \"";
    assert!(value.starts_with(start), "{value}");
}

#[test]
fn a_batch_file_is_only_changed_while_it_does_not_run() {
    let machine = Machine::new(System::Windows);
    installed(&machine);
    let bat = machine.target.home.join("daemon.bat");
    let text = std::fs::read_to_string(&bat).expect("there");
    let older = Artefact::text(bat.clone(), &text.replace("GEQ 6", "GEQ 7"));
    std::fs::write(&bat, older.bytes).expect("an older version's");
    let (_, changes, _) = wished(&machine, REAL, InstallRequest::default());
    let place = |what: &str| changes.iter().position(|change| change.contains(what));
    assert!(place("stop.flag") < place("daemon.bat"), "{changes:?}");
    assert!(place("stop.flag").is_some(), "{changes:?}");
}

#[test]
fn the_home_is_closed_to_others_when_it_is_made() {
    let machine = Machine::new(System::Windows);
    installed(&machine);
    let log = machine.log.borrow();
    let rights = log.iter().find(|line| line.contains("icacls"));
    let rights = rights.expect("run");
    for part in [
        "*S-1-5-21-7:(OI)(CI)F",
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "/inheritance:r",
    ] {
        assert!(rights.contains(part), "{rights}");
    }
}
