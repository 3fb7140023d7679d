//! The release daemon in a home of its own, which goes away with it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
};

use super::{Result, process, server::Server, tls};

/// Shown in the tables.
pub(crate) const NAME: &str = "cleudocodebot";

/// A folder that goes away when dropped.
pub(crate) struct Scratch(pub PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let name = format!("cleudocodebot-bench-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        cleudocodebot::fs::create_private_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Starts it on a free port, inside TLS with the certificate of a folder where one is given, and waits until it says
/// that it is ready.
pub(crate) fn start(home: &Path, tls: Option<&Path>, pinned: bool) -> Result<Server> {
    let program = Path::new(env!("CARGO_BIN_EXE_cleudocodebot"));
    let mut command = process::on_server_core(program, pinned);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLEUDOCODEBOT_")) {
        command.env_remove(name);
    }
    command
        .arg("daemon")
        .env("CLEUDOCODEBOT_HOME", home)
        .env("CLEUDOCODEBOT_PORT", "0")
        .env("GUIDE", "0");
    if let Some(folder) = tls {
        command
            .env("CLEUDOCODEBOT_TLS_CERT", folder.join(tls::CERTIFICATE))
            .env("CLEUDOCODEBOT_TLS_KEY", folder.join(tls::KEY));
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut log = BufReader::new(child.stderr.take().ok_or("no log")?).lines();
    let ready = log
        .by_ref()
        .map_while(std::io::Result::ok)
        .find_map(|line| {
            let (_, rest) = line.split_once("daemon ready address=")?;
            rest.split(' ').next()?.parse().ok()
        });
    // Keep reading its log: a full pipe would block the daemon.
    std::thread::spawn(move || log.map_while(std::io::Result::ok).for_each(drop));
    let address = ready.ok_or("the daemon did not become ready")?;
    let mut server = Server::new(child, NAME, address, &token(home)?);
    server.target.keeps_messages = true;
    Ok(server)
}

fn token(home: &Path) -> Result<String> {
    let text = fs::read_to_string(home.join(".env"))?;
    let token = text
        .lines()
        .find_map(|line| line.strip_prefix("CLEUDOCODEBOT_TOKEN="));
    Ok(token
        .ok_or("no token in the home's .env")?
        .trim_matches('"')
        .to_owned())
}
