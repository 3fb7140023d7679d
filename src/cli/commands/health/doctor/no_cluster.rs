//! The check of a cluster in a program that can be in none.

use super::check::Check;
use crate::cli::context::Context;

/// One check, where the settings name a cluster.
pub(super) fn check(context: &Context<'_>) -> Option<Check> {
    let loaded = context.client_settings().ok()?;
    let url = loaded.lookup.get("CLUSTER_URL")?;
    (!url.is_empty() && context.common.host.is_none()).then(cannot)
}

fn cannot() -> Check {
    Check::broken(
        "cluster",
        "CLUSTER_URL needs a build with --features nats",
        "cargo install --path . --features nats, or take CLUSTER_URL out of the settings",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::check::CheckResult, *};

    #[test]
    fn a_build_without_the_bus_says_how_to_get_one() {
        let check = cannot();
        assert_eq!(check.result, CheckResult::Broken);
        let remedy = check.remedy.unwrap_or_default();
        assert!(remedy.contains("--features nats"), "{remedy}");
    }
}
