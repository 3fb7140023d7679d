//! Updates on machines in memory: afterwards either the new program runs or the old one does, with its store,
//! whatever happened in between.

use std::{
    cell::Cell,
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    time::Duration,
};

use cleudocodebot::{
    error::Result,
    fs::{Lock, beside},
    service::{
        report::{ServiceOutcome, ServiceReport},
        system::{
            executor::{Executor, World},
            platform::System,
        },
        update::{self, Settled, UpdateRequest},
    },
    store,
};
use serde_json::{Value, json};

use super::{
    machine::Machine,
    runs::{DRY, REAL, SYSTEMS},
};

/// The version of the new program.
const NEW: &str = "9.0.0";

/// This program's.
const OLD: &str = env!("CARGO_PKG_VERSION");

/// How long the tests watch, in questions.
const WATCH: Duration = Duration::from_secs(75);

/// A program of the machine in memory: what it says of itself, and how it behaves.
fn program(behaviour: &Value) -> Vec<u8> {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let mut program = json!({"version": NEW, "schema": store::SCHEMA, "platform": platform});
    for (name, value) in behaviour.as_object().into_iter().flatten() {
        program[name] = value.clone();
    }
    program.to_string().into_bytes()
}

fn installed(system: System) -> Machine {
    let machine = Machine::new(system);
    machine.install_in(REAL).report();
    machine
}

/// Where the daemon's program is.
fn place(machine: &Machine) -> PathBuf {
    machine.program_in_place()
}

fn update(machine: &Machine, program: &[u8]) -> Result<ServiceReport> {
    let request = UpdateRequest {
        program,
        watch: WATCH,
    };
    machine
        .run(REAL, |target, executor| {
            update::update(target, executor, request)
        })
        .result
}

/// The old program runs, its store is as it was, and nothing of the update is left but what is asked for.
#[track_caller]
fn assert_old(machine: &Machine, what: &str) {
    assert_eq!(
        fs::read(place(machine)).expect("there"),
        b"the program",
        "{what}"
    );
    assert_eq!(machine.running().expect("runs").version, OLD, "{what}");
    let store = machine.target.home.join(store::FILE);
    assert_eq!(
        fs::read_to_string(store).expect("there"),
        format!("messages of {OLD}"),
        "{what}"
    );
    assert_clean(machine, what);
}

#[track_caller]
fn assert_new(machine: &Machine, what: &str) {
    assert_eq!(machine.running().expect("runs").version, NEW, "{what}");
    assert!(
        fs::read(place(machine)).expect("there") != b"the program",
        "{what}"
    );
    assert_clean(machine, what);
}

#[track_caller]
fn assert_clean(machine: &Machine, what: &str) {
    let left: Vec<String> = machine
        .files()
        .into_iter()
        .filter(|name| {
            ["-new", "-former", "update.json", ".before-update", ".tmp"]
                .iter()
                .any(|part| name.contains(part))
        })
        .collect();
    assert!(left.is_empty(), "{what}: {left:?}");
}

#[test]
fn a_good_program_takes_the_place_of_the_old_one() {
    for system in SYSTEMS {
        for schema in [store::SCHEMA, store::SCHEMA + 1] {
            let machine = installed(system);
            let report = update(&machine, &program(&json!({"schema": schema}))).expect("updated");
            assert_eq!(report.outcome, ServiceOutcome::Updated);
            assert_eq!(report.identity.expect("runs").version, NEW);
            assert_new(&machine, &format!("{system:?} {schema}"));
        }
    }
}

#[test]
fn one_that_is_never_ready_or_does_not_start_or_ends_after_a_minute_is_put_back() {
    for system in SYSTEMS {
        for (behaviour, why) in [
            (
                json!({"not_ready": "the store does not take writes"}),
                "does not take writes",
            ),
            (json!({"starts": false}), "nobody answers"),
            (json!({"says": "8.0.0"}), "version 8.0.0 answers"),
            (json!({"ends_after": 60}), "was started again"),
        ] {
            for schema in [store::SCHEMA, store::SCHEMA + 1] {
                let machine = installed(system);
                let mut behaviour = behaviour.clone();
                behaviour["schema"] = json!(schema);
                let error = update(&machine, &program(&behaviour))
                    .expect_err("put back")
                    .to_string();
                assert!(
                    error.contains(why) && error.contains("as before"),
                    "{error}"
                );
                if schema != store::SCHEMA && behaviour["starts"] != false {
                    let kept = machine.target.home.join(format!("messages.redb.of-{NEW}"));
                    let kept = fs::read_to_string(kept).expect("kept");
                    assert_eq!(kept, format!("messages of {NEW}"));
                    assert!(error.contains("messages.redb.of-"), "{error}");
                }
                assert_old(&machine, &format!("{system:?} {behaviour}"));
            }
        }
    }
}

#[test]
fn what_is_no_program_for_here_changes_nothing() {
    for (program, why) in [
        (b"not a program".to_vec(), "which version"),
        (program(&json!({"platform": "plan9-vax"})), "for plan9-vax"),
        (program(&json!({"schema": store::SCHEMA - 1})), "is older"),
        (program(&json!({"runs": false})), "does not run here"),
    ] {
        let machine = installed(System::Linux);
        let before = machine.running();
        let error = update(&machine, &program).expect_err("refused").to_string();
        assert!(
            error.contains(why) && error.contains("othing was changed"),
            "{error}"
        );
        assert_eq!(machine.running(), before);
        assert_old(&machine, why);
    }
}

#[test]
fn without_room_for_the_program_or_for_the_copy_of_the_store_the_old_one_goes_on() {
    let machine = installed(System::Linux);
    let staged = place(&machine).with_file_name("cleudocodebot-new");
    fs::create_dir(&staged).expect("in the way");
    update(&machine, &program(&json!({}))).expect_err("no room");
    fs::remove_dir(staged).expect("removed");
    assert_old(&machine, "the program");

    let copy = machine.target.home.join("messages.redb.before-update");
    fs::create_dir(&copy).expect("in the way");
    let changing = program(&json!({"schema": store::SCHEMA + 1}));
    let error = update(&machine, &changing)
        .expect_err("no room")
        .to_string();
    assert!(error.contains("as before"), "{error}");
    fs::remove_dir(copy).expect("removed");
    assert_old(&machine, "the store");
}

/// Runs an update that is killed when it says something for the nth time; whether it came so far.
fn killed_at(machine: &Machine, program: &[u8], nth: usize) -> bool {
    let said = Cell::new(0);
    let progress = |_: &str| {
        said.set(said.get() + 1);
        if said.get() == nth {
            // Not `panic!`: the hook that tells of one is that of all tests at once.
            resume_unwind(Box::new("killed"));
        }
    };
    let world = World {
        runner: machine,
        probe: machine,
        pause: &|_: Duration| {},
        progress: &progress,
    };
    let request = UpdateRequest {
        program,
        watch: WATCH,
    };
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut executor = Executor::new(world, REAL);
        let _ = update::update(&machine.target, &mut executor, request);
    }));
    run.is_err()
}

/// A program that another test is just starting has this process' files until it runs: so has the lock.
fn await_lock(machine: &Machine) {
    let lock = machine.target.home.join("update.lock");
    while Lock::try_take(&lock).expect("opened").is_none() {
        std::thread::yield_now();
    }
}

/// Starts the daemon as its supervisor does, until it stays: it settles what it finds before it opens the store.
fn start_as_a_supervisor_does(machine: &Machine) -> usize {
    machine.end();
    await_lock(machine);
    for starts in 1..10 {
        match update::settle(&machine.target.home).expect("settled") {
            Settled::PutBack => {}
            Settled::Nothing => {
                machine.begin(true);
                return starts;
            }
            Settled::Unwatched => {
                machine.begin(true);
                if machine.lasts() {
                    update::confirm(&machine.target.home).expect("kept");
                    return starts;
                }
                machine.end();
            }
        }
    }
    panic!("it never stays");
}

#[test]
fn a_kill_at_any_step_leaves_a_program_that_runs_with_a_store_it_knows() {
    for system in SYSTEMS {
        for schema in [store::SCHEMA, store::SCHEMA + 1] {
            for lasts in [true, false] {
                let mut steps = 0;
                for nth in 1.. {
                    let machine = installed(system);
                    let behaviour = json!({"schema": schema, "lasts": lasts, "ends_after": if lasts { 100_000 } else { 20 }});
                    if !killed_at(&machine, &program(&behaviour), nth) {
                        break;
                    }
                    steps = nth;
                    let starts = start_as_a_supervisor_does(&machine);
                    let what =
                        format!("{system:?}, schema {schema}, lasts: {lasts}, killed at {nth}");
                    let running = machine.running().expect("runs").version;
                    if running == NEW {
                        assert!(lasts, "{what}");
                        assert_new(&machine, &what);
                    } else {
                        assert_old(&machine, &what);
                    }
                    assert!(starts <= 5, "{what}: {starts}");
                }
                assert!(steps >= 4, "{system:?} {schema}: {steps}");
            }
        }
    }
}

#[test]
fn an_update_that_was_killed_is_undone_by_hand_or_by_the_next_one() {
    let machine = installed(System::Linux);
    let changing = program(&json!({"schema": store::SCHEMA + 1}));
    assert!(killed_at(&machine, &changing, 6));
    await_lock(&machine);
    // Killed in the middle of writing these, too.
    let unfinished = [
        machine.target.home.join("update.json"),
        place(&machine).with_file_name("cleudocodebot-former"),
    ];
    for written in unfinished {
        fs::write(beside(&written, ".0123456789ab.tmp"), "").expect("written");
    }
    let undone = machine.run(REAL, update::put_back).report();
    assert_eq!(undone.outcome, ServiceOutcome::PutBack);
    assert_old(&machine, "by hand");
    let put_back = || machine.run(REAL, update::put_back).result;
    put_back().expect_err("nothing to undo");

    assert!(killed_at(&machine, &changing, 6));
    await_lock(&machine);
    let lock = Lock::try_take(&machine.target.home.join("update.lock")).expect("opened");
    let error = put_back().expect_err("its command is still there");
    assert!(error.to_string().contains("under way"), "{error}");
    drop(lock);
    update(&machine, &changing).expect("updated");
    assert_new(&machine, "by the next");
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = installed(System::Linux);
    let before = machine.bytes();
    let new = program(&json!({}));
    let request = UpdateRequest {
        program: &new,
        watch: WATCH,
    };
    let run = machine.run(DRY, |target, executor| {
        update::update(target, executor, request)
    });
    assert_eq!(run.report().outcome, ServiceOutcome::Planned);
    assert_eq!(machine.bytes(), before);
}
