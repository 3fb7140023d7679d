//! Every broken state has a finding with a code of its own and the command that repairs it.

use cleudocodebot::service::{
    diagnosis::{Finding, Severity, findings},
    launchers::texts,
    state::InstallState,
    system::{
        artefact::Artefact,
        platform::System,
        probe::{DaemonIdentity, GatewayAnswer},
    },
};

use super::{
    machine::{Machine, printed},
    runs::{REAL, SYSTEMS, assert_contains},
};

const UNIT: &str = "user/config/systemd/user/cleudocodebot.service";

fn found(machine: &Machine) -> Vec<Finding> {
    machine.with_executor(REAL, |target, executor| {
        findings(target, &InstallState::gather(target, executor, Vec::new()))
    })
}

fn codes(machine: &Machine) -> Vec<&'static str> {
    found(machine).iter().map(|finding| finding.code).collect()
}

/// Asserts that there is one finding, with this code and this command.
#[track_caller]
fn assert_one(machine: &Machine, code: &str, command: &str) {
    let found = found(machine);
    let findings: Vec<_> = found
        .iter()
        .map(|finding| (finding.code, finding.command.as_str()))
        .collect();
    assert_eq!(findings, [(code, command)]);
}

fn linux() -> Machine {
    let machine = Machine::new(System::Linux);
    machine.install();
    machine
}

fn answering(answer: GatewayAnswer) -> Machine {
    let machine = linux();
    machine.answer_with(answer);
    machine
}

#[test]
fn a_healthy_daemon_has_no_findings() {
    for system in SYSTEMS {
        let machine = Machine::new(system);
        machine.install();
        assert_eq!(codes(&machine), [""; 0], "findings on {system:?}");
    }
}

#[test]
fn neither_installed_nor_running() {
    let machine = Machine::new(System::Linux);
    let command = "cleudocodebot onboard --install-daemon";
    assert_one(&machine, "not_installed", command);
}

#[test]
fn registered_and_not_running() {
    let machine = linux();
    machine.end();
    assert_one(&machine, "not_running", "cleudocodebot start");
}

#[test]
fn running_and_not_registered() {
    let machine = Machine::new(System::Linux);
    machine.run_in_the_foreground();
    assert_one(&machine, "running_unregistered", "cleudocodebot install");
}

#[test]
fn what_nothing_installed_is_not_told_to_be_restarted() {
    let machine = Machine::new(System::Linux);
    machine.run_in_the_foreground();
    let mut identity = machine.running().expect("a daemon");
    identity.address = "127.0.0.1:1".to_owned();
    machine.answer_with(GatewayAnswer::Ours(identity));
    let all = found(&machine);
    let other_port = all.iter().find(|one| one.code == "other_port");
    let command = &other_port.expect("the port of the settings").command;
    assert!(
        command.starts_with("end ") && command.ends_with("cleudocodebot daemon"),
        "{command}"
    );
}

#[test]
fn running_beside_its_unit() {
    let machine = linux();
    machine.run_in_the_foreground();
    assert_one(&machine, "runs_elsewhere", "cleudocodebot restart");
}

#[test]
fn what_the_daemon_reports_may_be_wrong() {
    type Edit = fn(&mut DaemonIdentity);
    let cases: [(Edit, &str); 4] = [
        (|own| own.version = "0.0.1".to_owned(), "other_version"),
        (|own| own.not_ready = Some("disk".to_owned()), "not_ready"),
        (|own| own.address = "127.0.0.1:1".to_owned(), "other_port"),
        (|own| own.home = "/elsewhere".to_owned(), "port_taken"),
    ];
    for (change, code) in cases {
        let machine = linux();
        let mut identity = machine.running().expect("a daemon");
        change(&mut identity);
        machine.answer_with(GatewayAnswer::Ours(identity));
        let found = found(&machine);
        assert_eq!(codes(&machine), [code], "findings");
        // Only a port that another home's daemon has breaks the installation.
        let is_broken = found[0].severity == Severity::Broken;
        assert_eq!(is_broken, code == "port_taken", "{code}");
    }
}

#[test]
fn somebody_else_or_nobody_may_answer() {
    for (answer, code) in [
        (GatewayAnswer::Stranger("HTTP".to_owned()), "port_taken"),
        (GatewayAnswer::OtherToken, "token_mismatch"),
        (GatewayAnswer::Nobody, "silent"),
        (
            GatewayAnswer::Unknown("no port".to_owned()),
            "settings_broken",
        ),
    ] {
        assert_eq!(codes(&answering(answer.clone())), [code], "{answer:?}");
    }
    let machine = answering(GatewayAnswer::Unknown("no port".to_owned()));
    let told = &found(&machine)[0];
    assert!(told.text.contains("runs on"), "{}", told.text);
    assert!(
        told.command.ends_with("cleudocodebot reload"),
        "{}",
        told.command
    );
    let machine = answering(GatewayAnswer::OtherToken);
    machine.end();
    // No daemon holds the home, so the one with the other token is not ours.
    assert_eq!(codes(&machine), ["port_taken"]);
}

#[test]
fn a_token_mismatch_names_the_file() {
    let machine = answering(GatewayAnswer::OtherToken);
    let env_file = machine.target.env_file();
    let mismatch = || {
        let all = found(&machine);
        all.into_iter().find(|one| one.code == "token_mismatch")
    };
    let finding = mismatch().expect("a mismatch");
    std::fs::remove_file(&env_file).expect("removed");
    let alone = mismatch();
    assert!(
        alone.is_none(),
        "a token of the environment alone is no mistake"
    );
    let env = env_file.display().to_string();
    assert_contains(&finding.text, &env);
    assert_eq!(finding.severity, Severity::Broken, "severity");
    assert_eq!(finding.command, "cleudocodebot restart", "command");
}

#[test]
fn settings_that_the_daemon_does_not_see_are_named() {
    linux().with_executor(REAL, |target, executor| {
        let overruled = vec!["CLEUDOCODEBOT_TOKEN".to_owned()];
        let found = findings(target, &InstallState::gather(target, executor, overruled));
        assert_eq!(found[0].code, "overruled");
        assert_contains(&found[0].text, "CLEUDOCODEBOT_TOKEN");
    });
}

#[test]
fn a_unit_that_gave_up_says_why() {
    for (status, reason) in [(78, "settings are wrong"), (1, "too often")] {
        let machine = linux();
        machine.end();
        let show = format!(
            "ActiveState=failed\nMainPID=0\nResult=exit-code\nExecMainStatus={status}\n\
             ExecMainCode=1\nNeedDaemonReload=no\n"
        );
        machine.fail("--user show cleudocodebot", printed(&show));
        let finding = &found(&machine)[0];
        assert_eq!(finding.code, "gave_up", "code for status {status}");
        assert_contains(&finding.text, reason);
        assert_contains(&finding.command, "cleudocodebot start");
    }
}

#[test]
fn a_unit_may_be_outdated_edited_or_foreign() {
    let machine = linux();
    let path = machine.path(UNIT);
    let text = std::fs::read_to_string(&path).expect("there");
    let older = text.replace("WatchdogSec=60", "WatchdogSec=61");
    let older = Artefact::text(path.clone(), &older).bytes;
    std::fs::write(&path, older).expect("written");
    assert_one(&machine, "file_outdated", "cleudocodebot install");
    std::fs::write(&path, text.clone() + "# mine\n").expect("written");
    assert_one(&machine, "file_edited", "cleudocodebot install --force");
    let foreign = text.replace("cleudocodebot-install", "somebody");
    std::fs::write(&path, foreign).expect("written");
    assert_one(&machine, "file_foreign", "cleudocodebot install --force");
}

#[test]
fn files_and_programs_may_be_missing_or_old() {
    let machine = Machine::new(System::Windows);
    machine.install();
    std::fs::write(&machine.target.program, "a newer program").expect("written");
    assert_one(&machine, "program_outdated", "cleudocodebot install");
    std::fs::remove_file(machine.target.home.join("daemon.bat")).expect("removed");
    assert_eq!(codes(&machine), ["file_missing", "program_outdated"]);
}

#[test]
fn a_registration_may_be_incomplete() {
    let machine = linux();
    machine.known.borrow_mut().remove("enabled");
    let command = "cleudocodebot install";
    assert_one(&machine, "registration_incomplete", command);
}

#[test]
fn a_registration_may_be_there_twice() {
    let machine = linux();
    let entry = machine.path("user/config/autostart/cleudocodebot.desktop");
    std::fs::create_dir_all(entry.parent().expect("a folder")).expect("made");
    let shown = |path: &std::path::Path| path.display().to_string();
    let kept = machine.path("user/.local/share/cleudocodebot/bin/cleudocodebot");
    let (program, home) = (shown(&kept), shown(&machine.target.home));
    let text = texts::desktop_entry(&program, &home).expect("an entry");
    let bytes = Artefact::text(entry.clone(), &text).bytes;
    std::fs::write(&entry, bytes).expect("written");
    assert_one(&machine, "registered_twice", "cleudocodebot install");
}

#[test]
fn a_registration_may_be_for_another_home() {
    let mut machine = linux();
    machine.end();
    machine.target.home = machine.path("user/other");
    assert_eq!(codes(&machine), ["not_installed", "installed_elsewhere"]);
}

#[test]
fn a_registration_may_be_switched_off() {
    let machine = Machine::new(System::Windows);
    machine.install();
    machine.known.borrow_mut().insert("off");
    assert_one(&machine, "switched_off", "cleudocodebot install --force");
}

#[test]
fn missing_lingering_and_systemd_are_found() {
    let machine = linux();
    std::fs::remove_file(machine.path("var/lib/systemd/linger/ada")).expect("removed");
    let command = "sudo loginctl enable-linger ada";
    assert_one(&machine, "linger_missing", command);

    let machine = linux();
    std::fs::remove_dir_all(machine.path("run/systemd")).expect("removed");
    assert_eq!(codes(&machine), ["unreachable"]);
}
