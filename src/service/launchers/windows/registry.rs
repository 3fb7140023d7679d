//! Access to the registry through `reg.exe`.

use super::reg_file::{self, RegistryValue};
use crate::service::{
    system::{command::SystemCommand, executor::Executor},
    target::InstallTarget,
};

/// The name of our value in each of these keys.
pub(super) const NAME: &str = "Cleudocodebot";

/// The programs that Windows runs at log-on.
pub(super) const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

/// Whether the user switched those programs off.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved";

/// The switches of the values in [`RUN`].
pub(super) fn approved_run() -> String {
    format!(r"{APPROVED}\Run")
}

/// The switches of the entries in the Start-up folder.
pub(super) fn approved_startup() -> String {
    format!(r"{APPROVED}\StartupFolder")
}

/// A call of `reg.exe` that changes something.
pub(super) fn command<const N: usize>(target: &InstallTarget, args: [&str; N]) -> SystemCommand {
    SystemCommand::modifying(&target.folders.windows_command("reg.exe"), args)
}

/// A value of a key below `HKEY_CURRENT_USER`; `None` where it is missing or cannot be read.
///
/// It is exported to a file, because `reg query` prints in the code page of the console.
pub(super) fn read(
    target: &InstallTarget,
    executor: &Executor<'_>,
    key: &str,
    name: &str,
) -> Option<RegistryValue> {
    let file = std::env::temp_dir().join(format!(
        "cleudocodebot-{}.reg",
        crate::random::hex(&crate::random::bytes::<6>())
    ));
    let program = target.folders.windows_command("reg.exe");
    let short = format!(r"HKCU\{key}");
    let command = SystemCommand::read_only(&program, ["export", &short, file.to_str()?, "/y"]);
    let exported = executor.query(&command).succeeded();
    let bytes = std::fs::read(&file);
    let _ = std::fs::remove_file(&file);
    let bytes = bytes.ok().filter(|_| exported)?;
    reg_file::value(&bytes, &format!(r"HKEY_CURRENT_USER\{key}"), name)
}

/// Switches an entry on again that the user had switched off: they ask for it by installing.
pub(super) fn switch_on(target: &InstallTarget, executor: &mut Executor<'_>, key: &str) {
    if is_switched_off(target, executor, key, NAME) {
        let key = format!(r"HKCU\{key}");
        executor.try_run(&command(target, ["delete", &key, "/v", NAME, "/f"]));
    }
}

/// Whether the user switched the entry off in Task Manager or in Settings. The first byte is even for
/// on and odd for off; the others are the time of that.
pub(super) fn is_switched_off(
    target: &InstallTarget,
    executor: &Executor<'_>,
    key: &str,
    name: &str,
) -> bool {
    match read(target, executor, key, name) {
        Some(RegistryValue::Bytes(bytes)) => bytes.first().is_some_and(|first| first % 2 == 1),
        _ => false,
    }
}
