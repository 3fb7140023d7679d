//! What each command does on the machine in memory: systemd, launchd, the registry, the scheduler.

use std::{fs, path::Path};

use cleudocodebot::service::system::{
    command::{CommandOutcome, SystemCommand},
    utf16,
};

use super::machine::{Machine, exited, printed};

/// The keys of the programs that Windows runs at log-on, and of the switches for them.
const RUN: &str = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run";
const APPROVED: &str =
    r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";

fn done() -> CommandOutcome {
    exited(0)
}

/// What a program of this machine prints of itself: it is that text.
fn says(program: &str) -> CommandOutcome {
    let text = fs::read_to_string(program).expect("a program");
    if text.contains("\"runs\":false") {
        return exited(1);
    }
    printed(&text)
}

impl Machine {
    fn systemctl(&self, args: &[&str]) -> CommandOutcome {
        match args {
            ["show-environment" | "daemon-reload"] | ["reset-failed", _] => done(),
            ["is-enabled", ..] => exited(i32::from(!self.knows("enabled"))),
            ["show", ..] => {
                let pid = self.pid();
                let state = if pid == 0 { "inactive" } else { "active" };
                printed(&format!(
                    "LoadState=loaded\nActiveState={state}\nMainPID={pid}\nResult=success\n\
                     ExecMainStatus=0\nExecMainCode=0\nNeedDaemonReload=no\n"
                ))
            }
            ["enable", ..] => self.learn("enabled"),
            ["disable", ..] => self.forget("enabled"),
            ["restart", _] => {
                self.begin(true);
                done()
            }
            ["stop", _] => {
                self.end();
                done()
            }
            other => panic!("systemctl {other:?}"),
        }
    }

    fn launchctl(&self, args: &[&str]) -> CommandOutcome {
        let loaded = self.knows("loaded");
        match args {
            ["print", target] if target.ends_with("cleudocodebot.daemon") => {
                if !loaded {
                    return exited(113);
                }
                printed(&format!("{target} = {{\n\tpid = {}\n}}\n", self.pid()))
            }
            ["print" | "enable", _] => done(),
            ["bootstrap", ..] if loaded => exited(5),
            ["bootstrap", ..] => {
                self.begin(true);
                self.learn("loaded")
            }
            ["bootout", _] => {
                self.end();
                self.forget("loaded")
            }
            ["kickstart", "-k", _] => {
                self.begin(true);
                done()
            }
            other => panic!("launchctl {other:?}"),
        }
    }

    fn reg(&self, args: &[&str]) -> CommandOutcome {
        match args {
            ["export", key, file, "/y"] => self.export(key, Path::new(file)),
            ["add", _, "/v", _, "/t", "REG_SZ", "/d", value, "/f"] => {
                *self.run_value.borrow_mut() = Some((*value).to_owned());
                done()
            }
            ["delete", key, ..] if key.ends_with(r"StartupApproved\Run") => self.forget("off"),
            ["delete", ..] => {
                *self.run_value.borrow_mut() = None;
                done()
            }
            other => panic!("reg {other:?}"),
        }
    }

    fn export(&self, key: &str, file: &Path) -> CommandOutcome {
        let value = if key.ends_with(r"CurrentVersion\Run") {
            let value = self.run_value.borrow();
            value.as_ref().map(|text| {
                let text = text.replace('\\', r"\\").replace('"', "\\\"");
                (RUN, format!("\"{text}\""))
            })
        } else {
            self.knows("off")
                .then(|| (APPROVED, "hex:03,00,00,00,\\\r\n  00".to_owned()))
        };
        let Some((key, data)) = value else {
            return exited(1);
        };
        let text = format!(
            "Windows Registry Editor Version 5.00\r\n\r\n[{key}]\r\n\"Cleudocodebot\"={data}\r\n"
        );
        fs::write(file, utf16::encode(&text)).expect("written");
        done()
    }

    fn schtasks(&self, args: &[&str]) -> CommandOutcome {
        match args {
            ["/query", ..] => exited(i32::from(!self.knows("task"))),
            ["/create", ..] => self.learn("task"),
            ["/delete", ..] => self.forget("task"),
            ["/run", ..] => {
                self.begin(true);
                done()
            }
            other => panic!("schtasks {other:?}"),
        }
    }

    /// Executes a command that was not made to fail.
    pub(super) fn execute(&self, command: &SystemCommand) -> CommandOutcome {
        let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
        if args == ["version", "--json"] {
            return says(&command.program);
        }
        let name = command.program.rsplit('\\').next().unwrap_or_default();
        match name {
            "systemctl" if args.first() == Some(&"--user") => self.systemctl(&args[1..]),
            "systemctl" => self.systemctl(&args),
            "loginctl" => {
                let linger = self.path("var/lib/systemd/linger");
                fs::create_dir_all(&linger).expect("a folder");
                fs::write(linger.join("ada"), "").expect("written");
                done()
            }
            "journalctl" => printed("the last words\n"),
            "launchctl" => self.launchctl(&args),
            "reg.exe" => self.reg(&args),
            "schtasks.exe" => self.schtasks(&args),
            "icacls.exe" => done(),
            "kill" | "taskkill.exe" => {
                self.end();
                done()
            }
            other => panic!("{other}"),
        }
    }
}
