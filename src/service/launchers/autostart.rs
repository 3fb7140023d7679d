//! Without systemd: an autostart entry of a freedesktop.org desktop. Until the next log-on the daemon
//! runs as a background process.

use std::path::PathBuf;

use super::{
    launcher::{
        Launcher, LauncherKind, Registration, SupervisorStatus, read_log, registration_in_file,
    },
    program,
};
use crate::{
    error::{Error, Result},
    service::{
        system::{
            artefact::{Artefact, SEAL},
            command::Launch,
            executor::Executor,
        },
        target::InstallTarget,
    },
};

/// An autostart entry. There is no supervisor, so nothing restarts the daemon after a crash.
pub(super) struct Autostart;

impl Autostart {
    fn path(target: &InstallTarget) -> PathBuf {
        target
            .folders
            .config
            .join("autostart/cleudocodebot.desktop")
    }
}

impl Launcher for Autostart {
    fn kind(&self) -> LauncherKind {
        LauncherKind::Autostart
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        let text = entry(
            InstallTarget::text(&program::kept(target))?,
            InstallTarget::text(&target.home)?,
        )?;
        Ok(vec![Artefact::text(Self::path(target), &text)])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        program::copies(target)
    }

    fn check_available(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) -> Result<()> {
        Ok(())
    }

    /// The desktop reads the file itself, so there is nothing else to register.
    fn registration(&self, target: &InstallTarget, _executor: &Executor<'_>) -> Registration {
        let Ok(home) = InstallTarget::text(&target.home) else {
            return Registration::None;
        };
        registration_in_file(
            &Self::path(target),
            &[format!(" --home {}\n", quoted(home))],
        )
    }

    fn register(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) -> Result<()> {
        Ok(())
    }

    fn unregister(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) -> Result<()> {
        Ok(())
    }

    fn status(&self, _target: &InstallTarget, _executor: &Executor<'_>) -> SupervisorStatus {
        SupervisorStatus::default()
    }

    fn last_output(&self, target: &InstallTarget, _executor: &Executor<'_>) -> String {
        read_log(&start_log(target))
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        executor.launch(&launch(target)?).map(drop)
    }

    fn stop(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) -> Result<()> {
        Ok(())
    }
}

/// The daemon as a background process. Its standard error, which is used until its log is open, goes to
/// a file that each start truncates.
fn launch(target: &InstallTarget) -> Result<Launch> {
    let home = InstallTarget::text(&target.home)?;
    Ok(Launch {
        program: program::kept(target),
        args: ["daemon", "--quiet", "--home", home]
            .map(str::to_owned)
            .to_vec(),
        folder: target.home.clone(),
        stderr_file: Some(start_log(target)),
    })
}

fn start_log(target: &InstallTarget) -> PathBuf {
    target.logs().join("start.log")
}

/// The text of the entry; see the Desktop Entry Specification 1.5.
pub fn entry(program: &str, home: &str) -> Result<String> {
    if program.contains('=') {
        return Err(Error::Config(format!(
            "{program} has a = in its path, which no desktop entry can name; move the program"
        )));
    }
    Ok(format!(
        "# {SEAL}\n\
         [Desktop Entry]\n\
         Type=Application\n\
         Name=cleudocodebot\n\
         Comment=A personal messaging gateway\n\
         Exec={} daemon --quiet --home {}\n\
         Terminal=false\n\
         NoDisplay=true\n",
        quoted(program),
        quoted(home)
    ))
}

/// A word of `Exec=`, escaped three times: for its quotes, for the string that the value is, and for
/// field codes (`%`).
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '`' | '$' => text.extend(['\\', '\\', c]),
            '\\' => text.push_str(r"\\\\"),
            '%' => text.push_str("%%"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `Exec=` as a desktop does: string escapes first, then quotes, then field codes.
    fn read(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let (mut in_quotes, mut escaped) = (false, false);
        for c in unescaped(line).chars() {
            let word = words.last_mut().expect("never empty");
            match c {
                c if escaped => {
                    word.push(c);
                    escaped = false;
                }
                '\\' if in_quotes => escaped = true,
                '"' => in_quotes = !in_quotes,
                ' ' if !in_quotes => words.push(String::new()),
                c => word.push(c),
            }
        }
        words.iter().map(|word| without_codes(word)).collect()
    }

    fn unescaped(line: &str) -> String {
        let mut chars = line.chars();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            out.push(match c {
                '\\' => match chars.next().expect("something behind the backslash") {
                    's' => ' ',
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    c => c,
                },
                c => c,
            });
        }
        out
    }

    fn without_codes(word: &str) -> String {
        let mut chars = word.chars();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            if c != '%' || chars.next() == Some('%') {
                out.push(c);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn a_desktop_reads_back_the_same_words(path in "/[^\0-\x1f=]{0,30}", home in "/[^\0-\x1f]{0,30}") {
            let text = entry(&path, &home).expect("an entry");
            let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).expect("a line");
            prop_assert_eq!(read(line), [&path, "daemon", "--quiet", "--home", &home]);
        }
    }

    #[test]
    fn a_path_with_an_equals_sign_is_refused() {
        assert!(entry("/a=b", "/c").is_err());
    }
}
