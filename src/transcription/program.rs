//! A program on this machine, as a line for the system's shell: the path of the file is its last argument,
//! what it prints is the text.

use std::{path::Path, process::Stdio};

use tokio::{
    io::AsyncReadExt as _,
    process::{ChildStderr, ChildStdout, Command},
};

use super::MAX_TEXT;
use crate::{
    child::{Group, Keeper},
    config::keys,
    log::{Log, printable},
};

/// How much is kept of what a program says of its failure: the end of it.
const MAX_COMPLAINT: usize = 4096;

pub(super) struct Program {
    line: String,
    keeper: Keeper,
    log: Log,
}

impl Program {
    pub(super) fn new(line: String, log: Log) -> Self {
        Self {
            line,
            log,
            keeper: Keeper::default(),
        }
    }

    pub(super) async fn ask(&self, file: &Path) -> Result<String, String> {
        let mut command = shell(&self.line, file);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = self.keeper.start(command);
        let (mut child, group) = started.map_err(|error| format!("cannot be started: {error}"))?;
        let (said, complaint) = tokio::join!(
            beginning(child.stdout.take(), group),
            end(child.stderr.take())
        );
        let (said, group) = said;
        // Kept until here: dropping it kills the program.
        let Some(mut group) = group else {
            return Ok(said);
        };
        let status = child.wait().await;
        let status = status.map_err(|error| format!("cannot be waited for: {error}"))?;
        group.ended();
        if status.success() {
            return Ok(said);
        }
        // It may say what it heard, which is in the log only where that is asked for.
        let last = complaint.lines().rfind(|line| !line.trim().is_empty());
        self.log.debug(
            "agent",
            "the command of TRANSCRIBE_COMMAND failed",
            &[("said", &printable(last.unwrap_or_default()))],
        );
        Err(format!(
            "the command of TRANSCRIBE_COMMAND failed ({status}); what it said is in the log at the level debug"
        ))
    }
}

/// The shell with this line, and the file behind it. No secret of the settings is its own but the key of what
/// transcribes.
fn shell(line: &str, file: &Path) -> Command {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/D", "/C", line]);
        command.arg(file);
        command
    } else {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{line} \"$1\""), "sh"]);
        command.arg(file);
        command
    };
    for name in keys::withheld_secrets(&[keys::transcription::API_KEY]) {
        command.env_remove(name);
    }
    command
}

/// What is printed, up to its end. A program that prints more than is taken is ended, and there is no group.
async fn beginning(pipe: Option<ChildStdout>, group: Group) -> (String, Option<Group>) {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What came before an error is all there is.
        let _ = pipe.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).await;
    }
    let group = Some(group).filter(|_| bytes.len() <= MAX_TEXT);
    (String::from_utf8_lossy(&bytes).into_owned(), group)
}

/// The end of what is printed. All of it is read: a full pipe would hold the program up.
async fn end(pipe: Option<ChildStderr>) -> String {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        while pipe.read_buf(&mut kept).await.is_ok_and(|read| read > 0) {
            let excess = kept.len().saturating_sub(MAX_COMPLAINT);
            kept.drain(..excess);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_inherits_no_secret_but_its_own() {
        let command = shell("whisper", Path::new("a.ogg"));
        let removed: Vec<_> = command.as_std().get_envs().map(|(name, _)| name).collect();
        for name in [
            "CLEUDOCODEBOT_TOKEN",
            "TELEGRAM_BOT_TOKEN",
            "OPENAI_API_KEY",
        ] {
            assert!(removed.contains(&name.as_ref()), "{name}");
        }
        assert!(!removed.contains(&"TRANSCRIBE_API_KEY".as_ref()));
    }
}
