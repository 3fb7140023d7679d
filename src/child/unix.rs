//! Process groups, and the shell that ends them.

use std::{
    io::{self, Write as _},
    process::{self, ChildStdin, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::process::{Child, Command};

/// Reads `+ GROUP`, `- GROUP` and `SIGNAL GROUP`; kills the groups that are left when its input ends.
const SCRIPT: &str = r#"
groups=
while read -r what group; do
  case $what in
    +) groups="$groups $group" ;;
    -) kept=
       for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
       groups=$kept ;;
    '') ;;
    *) kill -s "$what" -- "-$group" ;;
  esac
done
for one in $groups; do kill -s KILL -- "-$one"; done
"#;

#[derive(Debug, Clone, Default)]
pub(super) struct Keeper(Arc<Mutex<Option<ChildStdin>>>);

#[derive(Debug)]
pub(super) struct Group {
    keeper: Keeper,
    /// Of a program that ended at once, none.
    id: Option<u32>,
}

impl Keeper {
    pub(super) fn start(&self, mut command: Command) -> io::Result<(Child, Group)> {
        self.ensure_shell()?;
        let child = command.process_group(0).spawn()?;
        let group = Group {
            keeper: self.clone(),
            id: child.id(),
        };
        group.tell("+");
        Ok((child, group))
    }

    fn pipe(&self) -> MutexGuard<'_, Option<ChildStdin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the shell where none runs. It is in a group of its own, so that what ends us from a terminal
    /// does not end it first.
    fn ensure_shell(&self) -> io::Result<()> {
        let mut pipe = self.pipe();
        let runs = pipe
            .as_mut()
            .is_some_and(|pipe| pipe.write_all(b"\n").is_ok());
        if runs {
            return Ok(());
        }
        let mut shell = process::Command::new("/bin/sh");
        shell.args(["-c", SCRIPT]).env_clear().current_dir("/");
        shell.stdin(Stdio::piped());
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        *pipe = shell.spawn()?.stdin.take();
        Ok(())
    }
}

impl Group {
    #[allow(clippy::unused_self, reason = "the same shape as elsewhere")]
    pub(super) fn ended(&mut self) {}

    pub(super) fn terminate(&self) {
        self.tell("TERM");
    }

    /// A few bytes into a pipe that is read at once: this does not block.
    fn tell(&self, what: &str) {
        if let (Some(pipe), Some(id)) = (self.keeper.pipe().as_mut(), self.id) {
            let _ = pipe.write_all(format!("{what} {id}\n").as_bytes());
        }
    }

    #[cfg(test)]
    pub(super) fn forget_pipe(&self) {
        *self.keeper.pipe() = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.tell("KILL");
        self.tell("-");
    }
}
