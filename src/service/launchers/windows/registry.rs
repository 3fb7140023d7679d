//! Looking into the registry through `reg.exe`.

use super::reg_file::{self, RegistryValue};
use crate::service::{
    system::{command::SystemCommand, executor::Executor},
    target::InstallTarget,
};

/// The value's name below every key.
pub(super) const NAME: &str = "Cleudocodebot";

/// What Windows runs at log-on.
pub(super) const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

/// What the user switched off of it.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved";

/// What the user switched off of `RUN`.
pub(super) fn approved_run() -> String {
    format!(r"{APPROVED}\Run")
}

/// What the user switched off of the Start-up folder.
pub(super) fn approved_startup() -> String {
    format!(r"{APPROVED}\StartupFolder")
}

/// A command of `reg.exe`.
pub(super) fn changes<const N: usize>(target: &InstallTarget, args: [&str; N]) -> SystemCommand {
    SystemCommand::modifying(&target.folders.windows_command("reg.exe"), args)
}

/// A value of a key of the user's; `None` where it is not there or cannot be read.
///
/// By way of a file: what `reg query` prints is in the code page of the console.
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

/// Takes back what the user switched off, where they did: installing it again says that it shall run.
pub(super) fn switch_on(target: &InstallTarget, executor: &mut Executor<'_>, key: &str) {
    if is_switched_off(target, executor, key, NAME) {
        let key = format!(r"HKCU\{key}");
        executor.try_run(&changes(target, ["delete", &key, "/v", NAME, "/f"]));
    }
}

/// Whether the user switched the entry off in Task Manager or in Settings. The first byte is even
/// for "on" and odd for "off", and the rest tells when.
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
