//! From the state of an installation to what is wrong with it and which command repairs it: a pure
//! function.

use serde_json::{Value, json};

use super::{
    launchers::launcher::Registration,
    port_conflict::describe_owner,
    settings,
    state::{InstallState, InstalledLauncher},
    system::{
        artefact::ArtefactState,
        probe::{DaemonIdentity, GatewayAnswer},
    },
    target::InstallTarget,
    verify::VERSION,
};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The daemon does not work.
    Broken,
    /// The daemon works, but may not after the next log-on, restart or update.
    Doubtful,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable identifier for scripts.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
    /// The command that repairs it.
    pub command: String,
}

impl Finding {
    /// The finding as `--json` prints it.
    pub fn json(&self) -> Value {
        let severity = match self.severity {
            Severity::Broken => "broken",
            Severity::Doubtful => "doubtful",
        };
        json!({"code": self.code, "severity": severity, "text": self.text, "command": self.command})
    }
}

/// Everything that is wrong, the most important first.
pub fn findings(target: &InstallTarget, state: &InstallState) -> Vec<Finding> {
    let mut diagnosis = Diagnosis {
        target,
        findings: Vec::new(),
    };
    diagnosis.answer(state);
    diagnosis.registration(state);
    for installed in &state.installed {
        diagnosis.files(installed);
    }
    diagnosis.surroundings(state);
    diagnosis.findings
}

struct Diagnosis<'a> {
    target: &'a InstallTarget,
    findings: Vec<Finding>,
}

impl Diagnosis<'_> {
    fn broken(&mut self, code: &'static str, text: impl Into<String>, command: &str) {
        self.add(code, Severity::Broken, text.into(), command);
    }

    fn doubtful(&mut self, code: &'static str, text: impl Into<String>, command: &str) {
        self.add(code, Severity::Doubtful, text.into(), command);
    }

    fn add(&mut self, code: &'static str, severity: Severity, text: String, command: &str) {
        self.findings.push(Finding {
            code,
            severity,
            text,
            command: command.to_owned(),
        });
    }

    fn answer(&mut self, state: &InstallState) {
        match &state.answer {
            GatewayAnswer::Unknown(why) => self.unreadable(state, why),
            GatewayAnswer::Ours(identity) => match state.running(self.target) {
                Some(_) => self.running(state, identity),
                None => self.taken(state),
            },
            // A token in the daemon's environment alone is no mistake; it cannot be asked without it.
            GatewayAnswer::OtherToken
                if state.held && !settings::has_token(self.target).unwrap_or(true) => {}
            GatewayAnswer::OtherToken if state.held => self.broken(
                "token_mismatch",
                format!(
                    "the daemon of this home was started with a token other than the one in {}, \
                     which applies from the next start",
                    self.target.env_file().display()
                ),
                &self.anew(state),
            ),
            GatewayAnswer::OtherToken | GatewayAnswer::Stranger(_) => self.taken(state),
            GatewayAnswer::Nobody if state.held => self.silent(state),
            GatewayAnswer::Nobody => self.stopped(state),
        }
    }

    /// The settings are wrong, so that nobody can be asked. A daemon that runs has those that it read before.
    fn unreadable(&mut self, state: &InstallState, why: &str) {
        let verb = match (state.held, state.installed.is_empty()) {
            (true, _) => "reload",
            (false, false) => "start",
            (false, true) => "daemon",
        };
        let file = self.target.env_file();
        let fix = format!(
            "mend {}, then: {}",
            file.display(),
            self.target.command(verb)
        );
        let text = if state.held {
            format!("{why}; the daemon runs on with the settings that it read before")
        } else {
            why.to_owned()
        };
        self.broken("settings_broken", text, &fix);
    }

    fn running(&mut self, state: &InstallState, identity: &DaemonIdentity) {
        if state.installed.is_empty() {
            self.doubtful(
                "running_unregistered",
                format!(
                    "the daemon runs (pid {}), and nothing will start it again",
                    identity.pid
                ),
                &self.target.command("install"),
            );
        }
        if identity.version != VERSION {
            self.doubtful(
                "other_version",
                format!(
                    "the daemon that runs has version {}, this program {VERSION}",
                    identity.version
                ),
                &self.target.command("install"),
            );
        }
        // It is installed as it should be: a full disk, say, is not mended by installing it again.
        if let Some(why) = &identity.not_ready {
            self.doubtful(
                "not_ready",
                format!("the daemon runs and is not ready: {why}"),
                &self.target.command("doctor"),
            );
        }
        if identity.address != state.address {
            self.doubtful(
                "other_port",
                format!(
                    "the daemon listens at {}, but {} says {}, which applies from the next start",
                    identity.address,
                    self.target.env_file().display(),
                    state.address
                ),
                &self.anew(state),
            );
        }
        for installed in &state.installed {
            self.runs_elsewhere(installed, identity);
        }
    }

    fn runs_elsewhere(&mut self, installed: &InstalledLauncher, identity: &DaemonIdentity) {
        if installed.kind.knows_pid() && installed.status.pid != Some(identity.pid) {
            self.doubtful(
                "runs_elsewhere",
                format!(
                    "the daemon runs (pid {}), but not as the {}, so nothing restarts it after a crash",
                    identity.pid,
                    installed.kind.title()
                ),
                &self.target.command("restart"),
            );
        }
    }

    fn taken(&mut self, state: &InstallState) {
        let who = describe_owner(&state.answer, &state.address).unwrap_or_default();
        self.broken(
            "port_taken",
            format!("{} is taken by {who}", state.address),
            &format!(
                "stop that, or: {}",
                self.target.command("onboard --port PORT")
            ),
        );
    }

    fn silent(&mut self, state: &InstallState) {
        let daemon = state.runtime_file.as_ref();
        let pid = daemon.map_or_else(String::new, |daemon| format!(" (pid {})", daemon.pid));
        let text = format!("a daemon{pid} holds this home but does not answer (yet)");
        self.broken("silent", text, &self.anew(state));
    }

    /// How a daemon that runs is started anew. One that is not installed may not listen to us, so that its process is
    /// named.
    fn anew(&self, state: &InstallState) -> String {
        let daemon = self.target.command("daemon");
        match &state.runtime_file {
            _ if !state.installed.is_empty() => self.target.command("restart"),
            Some(noted) => format!("end process {}, then: {daemon}", noted.pid),
            None => format!("end the daemon that runs, then: {daemon}"),
        }
    }

    fn stopped(&mut self, state: &InstallState) {
        let Some(installed) = state.installed.first() else {
            self.doubtful(
                "not_installed",
                "the daemon is not installed and does not run",
                &self.target.command("onboard --install-daemon"),
            );
            return;
        };
        let exit = installed.status.last_exit;
        let exit = exit.map_or_else(String::new, |code| {
            format!("; the last run ended with exit code {code}")
        });
        match &installed.status.gave_up {
            Some(why) => self.broken(
                "gave_up",
                format!("the daemon is not started any more: {why}{exit}"),
                &format!("mend that, then: {}", self.target.command("start")),
            ),
            None => self.broken(
                "not_running",
                format!("the daemon is installed but does not run{exit}"),
                &self.target.command("start"),
            ),
        }
    }

    fn registration(&mut self, state: &InstallState) {
        if let Some(why) = &state.unreachable {
            self.doubtful("unreachable", why.clone(), &self.target.command("doctor"));
            return;
        }
        if state.installed.len() > 1 {
            let kinds: Vec<_> = state.installed.iter().map(|one| one.kind.title()).collect();
            self.doubtful(
                "registered_twice",
                format!(
                    "the daemon is registered {} times: {}",
                    kinds.len(),
                    kinds.join(", ")
                ),
                &self.target.command("install"),
            );
        }
        for kind in &state.elsewhere {
            self.doubtful(
                "installed_elsewhere",
                format!("the {} starts a daemon of another home", kind.title()),
                &self.target.command("install --force"),
            );
        }
        for installed in &state.installed {
            let kind = installed.kind.title();
            match &installed.registration {
                Registration::SwitchedOff(by) => self.doubtful(
                    "switched_off",
                    format!("the {kind} is switched off in {by}, so nothing starts the daemon"),
                    &self.target.command("install --force"),
                ),
                Registration::Different(why) => self.doubtful(
                    "registration_incomplete",
                    format!("the {kind} is not as it should be: {why}"),
                    &self.target.command("install"),
                ),
                Registration::Complete | Registration::Elsewhere | Registration::None => {}
            }
        }
    }

    fn files(&mut self, installed: &InstalledLauncher) {
        for (path, state) in &installed.files {
            let (code, what, verb) = match state {
                ArtefactState::Same => continue,
                ArtefactState::Missing => ("file_missing", "is missing", "install"),
                ArtefactState::Outdated => (
                    "file_outdated",
                    "was written with other settings or by another version",
                    "install",
                ),
                ArtefactState::Edited => ("file_edited", "was changed by hand", "install --force"),
                ArtefactState::Foreign => (
                    "file_foreign",
                    "was not written by cleudocodebot",
                    "install --force",
                ),
            };
            self.doubtful(code, format!("{path} {what}"), &self.target.command(verb));
        }
        if installed.stale_program {
            self.doubtful(
                "program_outdated",
                "the program that is started at log-on is not this one",
                &self.target.command("install"),
            );
        }
    }

    fn surroundings(&mut self, state: &InstallState) {
        if state.lingers == Some(false) {
            self.doubtful(
                "linger_missing",
                "the daemon ends when you log out",
                &format!("sudo loginctl enable-linger {}", self.target.account.name),
            );
        }
        if !state.overruled.is_empty() {
            self.doubtful(
                "overruled",
                format!(
                    "only this command goes by {} of the environment or the command line: the installed \
                     daemon reads {}",
                    state.overruled.join(", "),
                    self.target.env_file().display()
                ),
                "cleudocodebot config show",
            );
        }
    }
}
