//! The text of the unit files: pure functions of the paths in them.

use super::quote;
use crate::service::system::artefact::SEAL;

/// The beginning of both units. The start limits are in `[Unit]` because `[Service]` ignores them.
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

/// Restart rules and the restrictions that a user's manager can apply. The daemon exits with 78 for a
/// configuration error, which a restart does not repair, and with 75 to be restarted.
const SERVICE_RULES: &str = "\
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

/// Takes away what a gateway does not need. Most of it uses namespaces, which only the machine's
/// manager can set up.
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
    // systemd refuses a program path with quotes or backslashes even when they are escaped, so a
    // shell starts such a program.
    let program = if program.contains(['\'', '"', '\\']) {
        let shell = quote::argument("exec \"$0\" \"$@\"");
        format!("/bin/sh -c {shell} {}", quote::argument(program))
    } else {
        quote::program(program)
    };
    format!("ExecStart={program} daemon{}\n", home_marker(home))
}

/// The text by which a unit of this home differs from those of other homes.
pub(super) fn home_marker(home: &str) -> String {
    format!(" --home {}", quote::argument(home))
}

/// The unit for the user's manager.
pub fn user(program: &str, home: &str) -> String {
    format!(
        "{}{}{SERVICE_RULES}\n[Install]\nWantedBy=default.target\n",
        head(&seal_line(), ""),
        start(program, home)
    )
}

/// The unit for the machine's manager: in a sandbox, with an account that exists only while the daemon
/// runs. `home` is the state folder `name` below `/var/lib`, which systemd creates for that account.
pub fn system(program: &str, home: &str, name: &str) -> String {
    let network = "Wants=network-online.target\nAfter=network-online.target\n";
    format!(
        "{}{}User={name}\nDynamicUser=yes\nStateDirectory={name}\nStateDirectoryMode=0700\n\
         {SERVICE_RULES}{SANDBOX}\n[Install]\nWantedBy=multi-user.target\n",
        head(&seal_line(), network),
        start(program, home)
    )
}
