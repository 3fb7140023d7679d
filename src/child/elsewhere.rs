//! Trees of processes, ended by `taskkill`.

use std::{
    io,
    process::{self, Stdio},
};

use tokio::process::{Child, Command};

#[derive(Debug, Clone, Default)]
pub(super) struct Keeper;

#[derive(Debug)]
pub(super) struct Group(Option<u32>);

impl Keeper {
    pub(super) fn start(&self, mut command: Command) -> io::Result<(Child, Group)> {
        let child = command.spawn()?;
        let id = child.id();
        Ok((child, Group(id)))
    }
}

impl Group {
    #[allow(clippy::unused_self, reason = "the same shape as on Unix")]
    pub(super) fn terminate(&self) {}

    pub(super) fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(id) = self.0 else {
            return;
        };
        let mut command = process::Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &id.to_string()]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _ = command.spawn();
    }
}
