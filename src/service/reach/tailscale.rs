//! Tailscale as it is on this machine: whether it runs, under which name other devices know the machine, and what it
//! serves there.
//!
//! Sources, of <https://github.com/tailscale/tailscale>: `ipn/ipnstate/ipnstate.go` (`Status`, printed by `tailscale
//! status --json`), `ipn/serve.go` (`ServeConfig`, by `tailscale serve status --json`), `cmd/tailscale/cli/serve_v2.go`
//! (what `serve --bg` takes and prints), <https://tailscale.com/kb/1312/serve>. What its commands print is English
//! in every language, so a refusal is told apart by its words; anything else is quoted.

use serde_json::Value;

use super::Obstacle;
use crate::service::system::{
    command::{CommandOutcome, SystemCommand},
    executor::Executor,
    platform::System,
};

/// Its command.
const TAILSCALE: &str = "tailscale";

/// The same where it came as an app of macOS, which puts nothing into `PATH`
/// (<https://tailscale.com/kb/1080/cli>).
const IN_THE_APP: &str = "/Applications/Tailscale.app/Contents/MacOS/Tailscale";

/// Where a tailnet's names and certificates are switched on.
const DNS_PAGE: &str = "https://login.tailscale.com/admin/dns";

/// The port of https, under which it is served.
const PORT: u16 = 443;

/// Tailscale, running and ready to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tailscale {
    program: String,
    /// The name of this machine in the tailnet, without a dot at its end.
    pub name: String,
}

/// What is served at the root of the machine's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// Nothing.
    Nothing,
    /// Our port.
    Us,
    /// Something else.
    Other(String),
}

impl Tailscale {
    /// Finds it; or says what is missing.
    pub fn find(executor: &Executor<'_>, system: System) -> Result<Self, Obstacle> {
        let (program, outcome) = status(executor, system)?;
        let status: Value = serde_json::from_str(&outcome.text()).unwrap_or_default();
        if status["BackendState"].as_str().is_none() {
            return Err(Obstacle::new(
                format!("tailscaled does not answer ({})", outcome.failure()),
                "start it: sudo systemctl enable --now tailscaled, or open the app",
            ));
        }
        check_state(&status)?;
        let name = status["Self"]["DNSName"].as_str().unwrap_or_default();
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() {
            return Err(Obstacle::new(
                "this machine has no name in its tailnet",
                format!("switch on MagicDNS: {DNS_PAGE}"),
            ));
        }
        if !has_https(&status) {
            return Err(Obstacle::new(
                "HTTPS is not enabled in this tailnet",
                format!("switch on MagicDNS and HTTPS Certificates: {DNS_PAGE}"),
            ));
        }
        Ok(Self { program, name })
    }

    /// The address of what it serves.
    pub fn url(&self) -> String {
        format!("https://{}", self.name)
    }

    /// What it serves now.
    pub fn serving(&self, executor: &Executor<'_>, port: u16) -> Serving {
        let command = SystemCommand::read_only(&self.program, ["serve", "status", "--json"]);
        let outcome = executor.query(&command);
        let config: Value = serde_json::from_str(&outcome.text()).unwrap_or_default();
        serving(&config, &self.name, port)
    }

    /// The command that has it serve our port, in the background and after a restart.
    pub fn command(&self, port: u16) -> SystemCommand {
        SystemCommand::modifying(&self.program, ["serve", "--bg", &port.to_string()])
    }

    /// Has it serve our port.
    pub fn serve(&self, executor: &mut Executor<'_>, port: u16) -> Result<(), Obstacle> {
        let command = self.command(port);
        let outcome = executor.try_run(&command);
        refusal(&outcome, &command)
    }

    /// The command that ends that. It names the root alone: what else is served there stays.
    pub fn off_command(&self) -> SystemCommand {
        let https = format!("--https={PORT}");
        SystemCommand::modifying(&self.program, ["serve", &https, "--set-path=/", "off"])
    }

    /// Ends it.
    pub fn stop(&self, executor: &mut Executor<'_>) -> Result<(), Obstacle> {
        let command = self.off_command();
        let outcome = executor.try_run(&command);
        refusal(&outcome, &command)
    }
}

/// What it says of itself, and by which command.
fn status(executor: &Executor<'_>, system: System) -> Result<(String, CommandOutcome), Obstacle> {
    let programs: &[&str] = match system {
        System::MacOs => &[TAILSCALE, IN_THE_APP],
        _ => &[TAILSCALE],
    };
    for program in programs {
        let command = SystemCommand::read_only(program, ["status", "--json", "--peers=false"]);
        match executor.query(&command) {
            CommandOutcome::Missing => {}
            outcome => return Ok(((*program).to_owned(), outcome)),
        }
    }
    Err(Obstacle::new(
        "Tailscale is not installed",
        "install it and log in: https://tailscale.com/download",
    ))
}

/// Whether it is logged in and running (`ipn.State`).
fn check_state(status: &Value) -> Result<(), Obstacle> {
    let (text, remedy) = match status["BackendState"].as_str().unwrap_or_default() {
        "Running" => return Ok(()),
        "NeedsLogin" => ("Tailscale is not logged in", "log in: tailscale up"),
        "NeedsMachineAuth" => (
            "this machine waits for the approval of the tailnet's admin",
            "approve it: https://login.tailscale.com/admin/machines",
        ),
        "Stopped" => ("Tailscale is switched off", "switch it on: tailscale up"),
        _ => ("Tailscale is still starting", "try again in a moment"),
    };
    Err(Obstacle::new(text, remedy))
}

/// The capability `https`, or a name that a certificate can be had for; which of them is there depends on the version.
fn has_https(status: &Value) -> bool {
    let some = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    let own = &status["Self"];
    let listed = own["Capabilities"].as_array().into_iter().flatten();
    some(&status["CertDomains"])
        || own["CapMap"].get("https").is_some()
        || listed.filter_map(Value::as_str).any(|one| one == "https")
}

/// What a `ServeConfig` has at the root of a name.
fn serving(config: &Value, name: &str, port: u16) -> Serving {
    if config["TCP"][PORT.to_string()]["TCPForward"].is_string() {
        return Serving::Other("raw TCP".to_owned());
    }
    let root = &config["Web"][format!("{name}:{PORT}")]["Handlers"]["/"];
    if !root.is_object() {
        return Serving::Nothing;
    }
    let target = ["Proxy", "Path", "Text"]
        .iter()
        .find_map(|kind| root[*kind].as_str());
    let target = target.unwrap_or("something else").trim_end_matches('/');
    let ours = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}"));
    if ours.iter().any(|own| own == target) {
        Serving::Us
    } else {
        Serving::Other(target.to_owned())
    }
}

/// Why it does not do what it was told.
fn refusal(outcome: &CommandOutcome, command: &SystemCommand) -> Result<(), Obstacle> {
    let said = match outcome {
        CommandOutcome::Exited { code: 0, .. } => return Ok(()),
        CommandOutcome::Exited { stdout, stderr, .. } => [&stdout[..], stderr].concat(),
        // It prints where Serve can be enabled, and waits until somebody has done it.
        CommandOutcome::TimedOut => {
            return Err(Obstacle::new(
                "tailscale waits, most likely for Serve to be enabled in the tailnet",
                format!("run `{command}` in a terminal and open the address that it prints"),
            ));
        }
        CommandOutcome::Missing | CommandOutcome::Refused(_) => Vec::new(),
    };
    let said = String::from_utf8_lossy(&said);
    let mut words = said.split_whitespace();
    if let Some(page) = words.find(|word| word.starts_with("https://login.tailscale.com/f/")) {
        return Err(Obstacle::new(
            "Serve is not enabled in this tailnet",
            format!("enable it: {page}"),
        ));
    }
    if said.to_ascii_lowercase().contains("access denied") {
        return Err(Obstacle::new(
            "Tailscale lets only root and its operator change what it serves",
            "become it, once: sudo tailscale set --operator=$USER",
        ));
    }
    Err(Obstacle::new(
        format!("`{command}` failed: {}", outcome.failure()),
        "run it in a terminal to see all of what it says",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_served_at_the_root_is_told_apart() {
        let web = |target: Value| {
            json!({"TCP": {"443": {"HTTPS": true}},
            "Web": {"box.tail1.ts.net:443": {"Handlers": {"/": target}}}})
        };
        let of = |config: &Value| serving(config, "box.tail1.ts.net", 18789);
        assert_eq!(of(&Value::Null), Serving::Nothing);
        assert_eq!(
            of(&json!({"Web": {"other.ts.net:443": {"Handlers": {"/": {}}}}})),
            Serving::Nothing
        );
        assert_eq!(
            of(&web(json!({"Proxy": "http://127.0.0.1:18789"}))),
            Serving::Us
        );
        assert_eq!(
            of(&web(json!({"Proxy": "http://localhost:18789/"}))),
            Serving::Us
        );
        for (target, shown) in [
            (
                json!({"Proxy": "http://127.0.0.1:3000"}),
                "http://127.0.0.1:3000",
            ),
            (json!({"Path": "/srv"}), "/srv"),
            (json!({}), "something else"),
        ] {
            assert_eq!(of(&web(target)), Serving::Other(shown.to_owned()));
        }
        let raw = json!({"TCP": {"443": {"TCPForward": "127.0.0.1:22"}}});
        assert_eq!(of(&raw), Serving::Other("raw TCP".to_owned()));
    }

    #[test]
    fn https_of_a_tailnet_is_known_by_any_of_its_marks() {
        for status in [
            json!({"CertDomains": ["box.tail1.ts.net"]}),
            json!({"Self": {"CapMap": {"https": null}}}),
            json!({"Self": {"Capabilities": ["funnel", "https"]}}),
        ] {
            assert!(has_https(&status), "{status}");
        }
        for status in [
            json!({"CertDomains": null, "Self": {"CapMap": {"ssh": null}}}),
            Value::Null,
        ] {
            assert!(!has_https(&status), "{status}");
        }
    }
}
