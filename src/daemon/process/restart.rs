//! Whether the daemon is started again once it ends.

use crate::config::Environment;

/// Whether something that started the daemon starts it again: systemd (systemd.exec(5)), launchd, a container.
pub(in crate::daemon) fn comes_back(environment: &Environment) -> bool {
    let is_set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
    let of_launchd = environment.get("XPC_SERVICE_NAME");
    is_set("INVOCATION_ID")
        || of_launchd.is_some_and(|name| name.contains("cleudocodebot"))
        || std::process::id() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_started_by_something_comes_back() {
        let of = |pairs: &[(&str, &str)]| comes_back(&Environment::from_pairs(pairs.to_vec()));
        assert!(of(&[("INVOCATION_ID", "a1")]));
        assert!(of(&[("XPC_SERVICE_NAME", "com.cleudocodebot.daemon")]));
        assert!(!of(&[("XPC_SERVICE_NAME", "0"), ("INVOCATION_ID", "")]));
        assert!(!of(&[]));
    }
}
