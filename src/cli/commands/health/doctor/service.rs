//! Checks of the installation: the same findings that `status` shows.

use super::check::Check;
use crate::{
    cli::{context::Context, installed_daemon::Findings},
    service::diagnosis::Severity,
};

/// Findings that the checks of settings, port and daemon report already.
const REPORTED: [&str; 4] = [
    "settings_broken",
    "other_version",
    "not_ready",
    "port_taken",
];

pub(super) fn checks(context: &Context<'_>) -> Vec<Check> {
    // `None`: the command line is about a daemon that cannot be installed here.
    let Ok(Some(found)) = Findings::gather(context, false) else {
        return Vec::new();
    };
    let new = found
        .list
        .iter()
        .filter(|finding| !REPORTED.contains(&finding.code));
    let mut checks: Vec<Check> = new
        .map(|finding| match finding.severity {
            Severity::Broken => Check::broken("service", &finding.text, &finding.command),
            Severity::Doubtful => Check::doubtful("service", &finding.text, &finding.command),
        })
        .collect();
    if checks.is_empty() && found.is_installed() {
        checks.push(Check::fine("service", found.moment()));
    }
    checks
}
