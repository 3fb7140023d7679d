//! The text of a unit: a pure function of two paths.

use super::quote;
use crate::service::system::artefact::SEAL;

/// What a user's unit and the system's have in common. The start limits stand in `[Unit]`: in
/// `[Service]` they are ignored.
fn head(seal_line: &str, after: &str) -> String {
    format!(
        "{seal_line}\
         # A changed file is left alone: `cleudocodebot install --force` keeps it as .bak and writes anew.\n\
         [Unit]\n\
         Description=cleudocodebot, a personal messaging gateway\n\
         {after}\
         StartLimitIntervalSec=300\n\
         StartLimitBurst=6\n\
         \n\
         [Service]\n\
         Type=notify\n\
         NotifyAccess=main\n"
    )
}

/// 78 is a configuration error, which no restart mends; 75 asks for one.
const LIFE: &str = "\
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=78
RestartForceExitStatus=75
WatchdogSec=60
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes
RestrictSUIDSGID=yes
LockPersonality=yes
";

/// Everything a gateway can do without. Namespaces need a system unit.
const SANDBOX: &str = "\
AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
KeyringMode=private
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
";

fn seal_line() -> String {
    format!("# {SEAL}\n")
}

fn start(program: &str, home: &str) -> String {
    // systemd refuses a program with quotes or backslashes in its path, however they are written.
    let program = if program.contains(['\'', '"', '\\']) {
        let shell = quote::argument("exec \"$0\" \"$@\"");
        format!("/bin/sh -c {shell} {}", quote::argument(program))
    } else {
        quote::program(program)
    };
    format!("ExecStart={program} daemon{}\n", names_home(home))
}

/// What stands in a unit for the daemon of this home, and in no other.
pub(super) fn names_home(home: &str) -> String {
    format!(" --home {}", quote::argument(home))
}

/// A unit of the user's own manager.
pub fn user(program: &str, home: &str) -> String {
    format!(
        "{}{}{LIFE}\n[Install]\nWantedBy=default.target\n",
        head(&seal_line(), ""),
        start(program, home)
    )
}

/// A unit of the system's manager: an account that exists only while it runs, in a sandbox. `home`
/// is the state folder `name` below `/var/lib`, which the manager creates and gives to the account.
pub fn system(program: &str, home: &str, name: &str) -> String {
    let network = "Wants=network-online.target\nAfter=network-online.target\n";
    format!(
        "{}{}User={name}\nDynamicUser=yes\nStateDirectory={name}\nStateDirectoryMode=0700\n\
         {LIFE}{SANDBOX}\n[Install]\nWantedBy=multi-user.target\n",
        head(&seal_line(), network),
        start(program, home)
    )
}
