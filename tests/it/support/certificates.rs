//! Two authorities of a test's own, and a certificate for `localhost` that the first one signed.

use std::{fs, path::PathBuf, process::Command};

use super::Scratch;

/// The folder of `ca.pem`, `other.pem`, `server.pem` and `server.key`.
pub(crate) struct Certificates(pub Scratch);

impl Certificates {
    /// `None`, with a message, if openssl is not installed.
    pub(crate) fn new() -> Option<Self> {
        if !has_program("openssl", "version") {
            return None;
        }
        let folder = Scratch::new();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        fs::write(folder.0.join("names"), "subjectAltName=DNS:localhost\n").expect("written");
        for command in [
            format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ours"),
            format!("req -x509 {key} -keyout other.key -out other.pem -days 2 -subj /CN=other"),
            format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names".to_owned(),
        ] {
            let mut openssl = Command::new("openssl");
            let made = openssl.args(command.split(' ')).current_dir(&folder.0).output();
            let made = made.expect("openssl");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        Some(Self(folder))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }
}

/// Whether a program can be run; says what is not tested otherwise.
pub(crate) fn has_program(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).output();
    let is_there = found.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("SKIPPED: TLS was not tested, because {program} is missing");
    }
    is_there
}
