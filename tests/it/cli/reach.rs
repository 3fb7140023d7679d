//! `onboard --reach` and what `doctor` says of it, with a Tailscale that is a script, and a daemon that is asked through
//! its own TLS.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use cleudocodebot::config::dotenv;
use serde_json::json;

use crate::support::{Daemon, Scratch, certificates::Authority, program, run};

/// The value of a setting in a home's `.env`.
fn setting(home: &Scratch, key: &str) -> Option<String> {
    let document = dotenv::read_file(&home.0.join(".env")).expect("readable");
    document?.get(key).filter(|value| !value.is_empty())
}

fn set(home: &Scratch, key: &str, value: &str) {
    let set = |document: &mut dotenv::Document| document.set(key, value);
    dotenv::edit_file(&home.0.join(".env"), set).expect("written");
}

/// A daemon that listens where its settings say, and who signs for it.
struct Lan {
    authority: Authority,
    home: Scratch,
    daemon: Daemon,
}

impl Lan {
    fn new() -> Option<Self> {
        let authority = Authority::new()?;
        authority.certify("first", "DNS:localhost", 90);
        let home = Scratch::new();
        let daemon = Daemon::start(&home.0);
        set(
            &home,
            "CLEUDOCODEBOT_PORT",
            &daemon.address.port().to_string(),
        );
        Some(Self {
            authority,
            home,
            daemon,
        })
    }

    fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.daemon.address.port())
    }

    /// A command that trusts whom one of the authority's files names.
    fn command(&self, arguments: &[&str], trusted: &str) -> Command {
        let mut command = program(&self.home.0, arguments);
        command
            .env("SSL_CERT_FILE", self.authority.file(trusted))
            .env_remove("SSL_CERT_DIR");
        command
    }

    /// Lets others in by the certificate `first`.
    fn onboard(&self, name: &str, trusted: &str) -> (i32, String) {
        let [certificate, key] = ["first.pem", "first.key"].map(|file| self.authority.file(file));
        let mut command = self.command(
            &[
                "onboard",
                "--reach",
                "lan",
                "--yes",
                "--no-install-daemon",
                "--host",
                "127.0.0.1",
            ],
            trusted,
        );
        command.args(["--allowed-hosts", name]);
        command
            .arg("--tls-cert")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key);
        let (code, out, error) = run(command);
        (code, out + &error)
    }

    /// What `doctor` says of the address.
    fn doctor(&self, trusted: &str) -> String {
        let (_, out, _) = run(self.command(&["doctor"], trusted));
        let lines: Vec<&str> = out.lines().collect();
        let at = lines.iter().position(|line| line.contains("  reach  "));
        let at = at.unwrap_or_else(|| panic!("no check of the address: {out}"));
        lines[at..(at + 2).min(lines.len())].join("\n")
    }

    /// Takes an address and has the daemon know it.
    fn take(&self, url: &str) {
        set(&self.home, "CLEUDOCODEBOT_PUBLIC_URL", url);
        self.daemon.raw_websocket(true).call("reload", &json!({}));
    }
}

#[test]
fn lan_is_asked_through_its_own_tls() {
    let Some(lan) = Lan::new() else { return };
    let (code, said) = lan.onboard("localhost", "ca.pem");
    assert_eq!(code, 0, "{said}");
    let url = lan.url("localhost");
    assert!(
        said.contains(&format!("reached at {url}, with a certificate until")),
        "{said}"
    );
    assert_eq!(
        setting(&lan.home, "CLEUDOCODEBOT_PUBLIC_URL"),
        Some(url.clone())
    );
    let told = lan.doctor("ca.pem");
    assert!(
        told.starts_with("ok") && told.contains(&format!("{url} leads here")),
        "{told}"
    );
    let told = lan.doctor("first.pem");
    assert!(
        told.contains("signed by nobody whom this machine trusts"),
        "{told}"
    );
    let (code, status, _) = run(program(&lan.home.0, &["status"]));
    assert!(code == 0 && status.contains(&url), "{status}");
}

#[test]
fn certificate_for_another_name_changes_nothing() {
    let Some(lan) = Lan::new() else { return };
    let (code, said) = lan.onboard("box.lan", "ca.pem");
    assert_eq!(code, 78, "{said}");
    assert!(
        said.contains("the certificate is not for box.lan"),
        "{said}"
    );
    assert_eq!(setting(&lan.home, "CLEUDOCODEBOT_PUBLIC_URL"), None);
    assert_eq!(setting(&lan.home, "CLEUDOCODEBOT_TLS_CERT"), None);
}

#[test]
fn what_is_wrong_with_an_address_is_told() {
    let Some(lan) = Lan::new() else { return };
    lan.take(&lan.url("localhost"));
    let told = lan.doctor("ca.pem");
    assert!(told.contains("does not speak TLS"), "{told}");

    assert_eq!(lan.onboard("localhost", "ca.pem").0, 0);
    lan.take(&lan.url("127.0.0.1"));
    let told = lan.doctor("ca.pem");
    assert!(told.contains("is for other names"), "{told}");

    let Some(other) = Lan::new() else { return };
    let (certificate, key) = (
        lan.authority.file("first.pem"),
        lan.authority.file("first.key"),
    );
    set(
        &other.home,
        "CLEUDOCODEBOT_TLS_CERT",
        &certificate.display().to_string(),
    );
    set(
        &other.home,
        "CLEUDOCODEBOT_TLS_KEY",
        &key.display().to_string(),
    );
    other.take(&other.url("localhost"));
    lan.take(&other.url("localhost"));
    let told = lan.doctor("ca.pem");
    assert!(told.contains("answered by somebody else"), "{told}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    lan.take(&format!("https://localhost:{port}"));
    let told = lan.doctor("ca.pem");
    assert!(told.contains("nothing listens at localhost"), "{told}");
}

/// A folder with a `tailscale` that answers as these files say, and notes what it was asked.
fn tailscale(status: &str, serving: &str) -> Scratch {
    let folder = Scratch::new();
    let file = |name: &str| folder.0.join(name).display().to_string();
    fs::write(file("status"), status).expect("written");
    fs::write(file("serving"), serving).expect("written");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n  status*) cat '{}';;\n  'serve status'*) cat '{}';;\n  \
         *) echo \"$*\" >> '{}';;\nesac\n",
        file("status"),
        file("serving"),
        file("asked")
    );
    fs::write(file("tailscale"), script).expect("written");
    fs::set_permissions(file("tailscale"), fs::Permissions::from_mode(0o755)).expect("set");
    folder
}

const RUNNING: &str = r#"{"BackendState": "Running", "Self": {"DNSName": "box.tail1.ts.net."},
    "CertDomains": ["box.tail1.ts.net"]}"#;

/// Runs a command that finds this Tailscale.
fn with(tailscale: &Scratch, home: &Scratch, arguments: &[&str]) -> (i32, String) {
    let mut command = program(&home.0, arguments);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", tailscale.0.display()));
    let (code, out, error) = run(command);
    (code, out + &error)
}

#[test]
fn tailscale_is_told_to_serve_and_to_end_it() {
    let (home, fresh) = (Scratch::new(), tailscale(RUNNING, "{}"));
    let asked = |folder: &Scratch| fs::read_to_string(folder.0.join("asked")).unwrap_or_default();
    let onboard = ["onboard", "--yes", "--no-install-daemon", "--reach"];
    let planned = [&onboard[..], &["tailscale", "--dry-run"]].concat();
    let (code, said) = with(&fresh, &home, &planned);
    assert!(
        code == 0 && said.contains("tailscale serve --bg 18789"),
        "{said}"
    );
    assert_eq!(asked(&fresh), "", "a dry run");

    let (code, said) = with(&fresh, &home, &[&onboard[..], &["tailscale"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("https://box.tail1.ts.net was not tried"),
        "{said}"
    );
    assert_eq!(asked(&fresh), "serve --bg 18789\n");
    let url = setting(&home, "CLEUDOCODEBOT_PUBLIC_URL");
    assert_eq!(url.as_deref(), Some("https://box.tail1.ts.net"));

    let ours = r#"{"Web": {"box.tail1.ts.net:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:18789"}}}}}"#;
    let serving = tailscale(RUNNING, ours);
    let (code, said) = with(&serving, &home, &[&onboard[..], &["none"]].concat());
    assert_eq!(code, 0, "{said}");
    assert_eq!(asked(&serving), "serve --https=443 --set-path=/ off\n");
    assert_eq!(setting(&home, "CLEUDOCODEBOT_PUBLIC_URL"), None);
}

#[test]
fn what_tailscale_lacks_changes_nothing_and_doctor_tells_it() {
    let home = Scratch::new();
    let logged_out = tailscale(r#"{"BackendState": "NeedsLogin"}"#, "{}");
    let onboard = [
        "onboard",
        "--yes",
        "--no-install-daemon",
        "--reach",
        "tailscale",
    ];
    let (code, said) = with(&logged_out, &home, &onboard);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("Tailscale is not logged in; log in: tailscale up"),
        "{said}"
    );
    assert!(!home.0.join(".env").exists(), "nothing is written");

    let daemon = Daemon::start(&home.0);
    set(
        &home,
        "CLEUDOCODEBOT_PUBLIC_URL",
        "https://box.tail1.ts.net",
    );
    let (_, told) = with(&logged_out, &home, &["doctor"]);
    assert!(told.contains("Tailscale is not logged in"), "{told}");
    let renamed = tailscale(&RUNNING.replace("box", "desk"), "{}");
    let (_, told) = with(&renamed, &home, &["doctor"]);
    assert!(told.contains("this machine is desk.tail1.ts.net"), "{told}");
    let idle = tailscale(RUNNING, "{}");
    let (_, told) = with(&idle, &home, &["doctor"]);
    assert!(told.contains("Tailscale does not serve port"), "{told}");
    drop(daemon);
}
