//! A Run value in the user's part of the registry: the default, which needs no administrator.

use std::path::PathBuf;

use super::{
    files::{check_home, copies, daemon_bat, is_windowless, mention_window},
    layout::{PROGRAMS, WINDOWLESS, below},
    reg_file::RegistryValue,
    registry::{self, NAME, RUN},
    supervisor,
};
use crate::{
    error::{Error, Result},
    service::{
        launchers::launcher::{Launcher, LauncherKind, Registration, SupervisorStatus},
        system::{artefact::Artefact, executor::Executor, utf16},
        target::InstallTarget,
    },
};

/// Windows ignores a longer value without a message.
const MAX_VALUE: usize = 260;

/// The Run value.
pub(in crate::service) struct RunKey;

/// The command that Windows runs. Without the windowless starter, `start` opens a minimised window. It
/// does so in the home folder, so that the command line of the inner `cmd` has no path in it.
pub fn command(home: &str, windowless: bool) -> String {
    if windowless {
        return format!("\"{}\"", below(home, &[PROGRAMS, WINDOWLESS]));
    }
    format!("cmd.exe /d /c start \"\" /min /d \"{home}\" cmd.exe /d /c .\\daemon.bat")
}

/// Why a Run value cannot be used for this home.
pub fn unfit(home: &str, windowless: bool) -> Option<String> {
    let length = utf16::length(&command(home, windowless));
    if length > MAX_VALUE {
        return Some(format!(
            "its Run value would have {length} characters, and Windows ignores those above {MAX_VALUE}"
        ));
    }
    // `cmd` expands variables on a command line as well, and there `%` cannot be escaped.
    let is_expanded = !windowless && home.contains('%');
    is_expanded
        .then(|| format!("{home} has a %, which a Run value without {WINDOWLESS} cannot name"))
}

impl Launcher for RunKey {
    fn kind(&self) -> LauncherKind {
        LauncherKind::RunKey
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        Ok(vec![daemon_bat(target)])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        copies(target)
    }

    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        check_home(target)?;
        if let Some(why) = unfit(InstallTarget::text(&target.home)?, is_windowless(target)) {
            return Err(Error::Failed(why));
        }
        mention_window(target, executor);
        Ok(())
    }

    fn must_stop_to_change(&self) -> bool {
        true
    }

    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        let Ok(home) = InstallTarget::text(&target.home) else {
            return Registration::None;
        };
        let text = match registry::read(target, executor, RUN, NAME) {
            None => return Registration::None,
            Some(RegistryValue::Text(text)) => text,
            Some(_) => String::new(),
        };
        if text == command(home, !is_windowless(target)) {
            return Registration::Different(
                "it starts the daemon with a window and could without, or the reverse".to_owned(),
            );
        }
        if text != command(home, is_windowless(target)) {
            return Registration::Elsewhere;
        }
        if registry::is_switched_off(target, executor, &registry::approved_run(), NAME) {
            return Registration::SwitchedOff("Task Manager".to_owned());
        }
        Registration::Complete
    }

    /// Reads the value back, because policies and security software may restore the old one after
    /// `reg` has succeeded.
    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let wanted = command(InstallTarget::text(&target.home)?, is_windowless(target));
        let key = format!(r"HKCU\{RUN}");
        let add = ["add", &key, "/v", NAME, "/t", "REG_SZ", "/d", &wanted, "/f"];
        executor.run(&registry::command(target, add))?;
        registry::switch_on(target, executor, &registry::approved_run());
        let complete =
            executor.mode.dry || self.registration(target, executor) == Registration::Complete;
        if complete {
            return Ok(());
        }
        Err(Error::Failed(
            "the Run value was written and is gone: a policy or security software may have restored the \
             old one"
                .to_owned(),
        ))
    }

    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if self.registration(target, executor).is_ours() {
            let key = format!(r"HKCU\{RUN}");
            executor.run(&registry::command(
                target,
                ["delete", &key, "/v", NAME, "/f"],
            ))?;
        }
        Ok(())
    }

    fn status(&self, target: &InstallTarget, _executor: &Executor<'_>) -> SupervisorStatus {
        supervisor::status(target)
    }

    fn last_output(&self, target: &InstallTarget, _executor: &Executor<'_>) -> String {
        supervisor::last_output(target)
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        supervisor::start(target, executor)
    }

    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        supervisor::stop(target, executor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        super::cmd_model::{FOLDER, LineContext, expand, parse},
        *,
    };

    proptest! {
        #[test]
        fn cmd_reads_a_fit_run_value_back(name in FOLDER) {
            let home = format!("D:\\{name}");
            let variables = BTreeMap::from([("PATH", "x & y")]);
            let line = command(&home, false);
            let line = line.strip_prefix("cmd.exe /d /c ").expect("a command line");
            let parsed = parse(&expand(line, LineContext::CommandLine, &variables));
            let expected = ["start", "", "/min", "/d", &home, "cmd.exe", "/d", "/c", r".\daemon.bat"];
            if unfit(&home, false).is_none() {
                prop_assert_eq!(parsed.words, expected);
                prop_assert_eq!(parsed.operators, Vec::<char>::new());
            } else {
                prop_assert!(name.contains('%'));
            }
            // The starter is run without `cmd`, so only the quotes matter.
            prop_assert_eq!(unfit(&home, true), None);
        }
    }

    #[test]
    fn a_value_of_260_characters_is_the_longest() {
        let home = |length: usize| format!("C:\\{}", "ö".repeat(length - 3));
        let overhead = command("", true).len();
        assert_eq!(unfit(&home(MAX_VALUE - overhead), true), None);
        assert!(unfit(&home(MAX_VALUE - overhead + 1), true).is_some());
    }
}
