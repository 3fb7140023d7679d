//! A program on this machine, as a line for the system's shell: the path of the file is its last argument,
//! what it prints is the text.

use std::{path::Path, process::Stdio};

use tokio::{
    io::AsyncReadExt as _,
    process::{ChildStdout, Command},
};

use super::MAX_TEXT;
use crate::{
    child::{self, Keeper, Tail},
    config::keys,
    log::{Log, printable},
};

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
        let (mut child, mut group) =
            started.map_err(|error| format!("cannot be started: {error}"))?;
        let (tail, mut said) = (Tail::default(), Vec::new());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let complaint = async {
            if let Some(stderr) = stderr {
                tail.follow(stderr).await;
            }
            Ok::<(), Full>(())
        };
        let streams = async {
            tokio::try_join!(beginning(stdout, &mut said), complaint)?;
            Ok::<(), Full>(())
        };
        let ended = child::ended(&mut child, streams).await;
        let said = String::from_utf8_lossy(&said).into_owned();
        // Dropping the group ends a program that goes on.
        let Ok(status) = ended else { return Ok(said) };
        let status = status.map_err(|error| format!("cannot be waited for: {error}"))?;
        group.ended();
        if status.success() {
            return Ok(said);
        }
        // It may say what it heard, which is in the log only where that is asked for.
        let last = tail.last_line(|_| true).unwrap_or_default();
        self.log.debug(
            "agent",
            "the command of TRANSCRIBE_COMMAND failed",
            &[("said", &printable(&last))],
        );
        Err(format!(
            "the command of TRANSCRIBE_COMMAND failed ({status}); what it said is in the log at the level debug"
        ))
    }
}

/// The shell with this line, and the file behind it. No secret of the settings is its own but the key of what
/// transcribes.
fn shell(line: &str, file: &Path) -> Command {
    let mut words = if cfg!(windows) {
        child::shell(line)
    } else {
        child::shell(&format!("{line} \"$1\""))
    };
    if cfg!(unix) {
        words.push("sh".to_owned());
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(file);
    for name in keys::withheld_secrets(&[keys::transcription::API_KEY]) {
        command.env_remove(name);
    }
    command
}

/// More was printed than is taken.
struct Full;

/// Reads what is printed, up to its end.
async fn beginning(pipe: Option<ChildStdout>, bytes: &mut Vec<u8>) -> Result<(), Full> {
    if let Some(pipe) = pipe {
        // What came before an error is all there is.
        let _ = pipe.take(MAX_TEXT as u64 + 1).read_to_end(bytes).await;
    }
    if bytes.len() > MAX_TEXT {
        return Err(Full);
    }
    Ok(())
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
