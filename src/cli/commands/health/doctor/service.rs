//! Checks of the installation: the same findings that `status` shows.

use super::{
    super::{context::Context, service_lines},
    Check,
};
use crate::service::diagnosis::Severity;

/// What the checks of settings, port and daemon have told already.
const TOLD: [&str; 4] = [
    "settings_broken",
    "other_version",
    "not_ready",
    "port_taken",
];

pub(super) fn checks(context: &Context<'_>) -> Vec<Check> {
    // For a daemon elsewhere, or one of a file of its own, nothing here is installed.
    let Ok(Some(found)) = service_lines::gather(context, false) else {
        return Vec::new();
    };
    let news = found
        .list
        .iter()
        .filter(|finding| !TOLD.contains(&finding.code));
    let mut checks: Vec<Check> = news
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
