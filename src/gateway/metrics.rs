//! Counters and gauges, and their Prometheus text (prometheus.io, exposition format 0.0.4).

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Map, Value};

use crate::config::keys::MAX_BODY_BYTES;

macro_rules! counters {
    ($($field:ident $help:literal;)*) => {
        /// Counts since the start. Each field is the metric `cleudocodebot_{field}_total`.
        #[derive(Debug, Default)]
        pub(super) struct GatewayCounters { $(#[doc = $help] pub(super) $field: AtomicU64,)* }

        impl GatewayCounters {
            fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($field), $help, self.$field.load(Ordering::Relaxed))),*]
            }
        }
    };
}

counters! {
    connections "TCP connections accepted.";
    accept_errors "Errors of accept, such as no free file descriptor.";
    tls_handshakes "TLS handshakes begun.";
    tls_failures "TLS handshakes that failed or took too long.";
    upgrades "WebSocket connections opened.";
    upgrade_refusals "Upgrade requests refused.";
    auth_failures "Wrong or missing tokens.";
    http_requests "HTTP requests other than upgrades.";
    commands "Commands taken, on any transport.";
    command_errors "Commands answered with an error.";
    unreadable "Messages that held no command.";
    bodies_too_large "HTTP bodies refused because they were larger than allowed.";
    bytes_in "Bytes read from WebSocket clients.";
    bytes_out "Bytes written to WebSocket clients.";
    slow_consumers "Clients dropped because they did not read.";
    violations "Clients dropped because they broke RFC 6455.";
    panics "Panics contained in a session or an integration.";
}

impl GatewayCounters {
    /// Adds one.
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What of it somebody should do something about, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let too_large = self.bodies_too_large.load(Ordering::Relaxed);
        let told = (too_large > 0).then(|| {
            let bodies = if too_large == 1 {
                "body was"
            } else {
                "bodies were"
            };
            format!(
                "{too_large} HTTP {bodies} larger than {MAX_BODY_BYTES} and refused; \
                 raise it if that was a service, and see the log for which"
            )
        });
        told.into_iter().collect()
    }

    /// All by name, for `status`.
    pub(super) fn json(&self) -> Value {
        Value::Object(
            self.rows()
                .into_iter()
                .map(|(name, _, value)| (name.to_owned(), value.into()))
                .collect::<Map<_, _>>(),
        )
    }

    /// All as Prometheus text.
    pub(super) fn prometheus(&self) -> String {
        let mut text = String::new();
        for (name, help, value) in self.rows() {
            push_metric(&mut text, &format!("{name}_total"), "counter", help, value);
        }
        text
    }
}

/// Appends one metric with its `HELP` and `TYPE`.
pub(super) fn push_metric(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    value: impl std::fmt::Display,
) {
    let _ = write!(
        text,
        "# HELP cleudocodebot_{name} {help}\n# TYPE cleudocodebot_{name} {kind}\ncleudocodebot_{name} {value}\n"
    );
}

/// Resident memory of this process in bytes, where the system tells it (Linux: `VmRSS` in proc(5)).
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_help_and_type() {
        let counters = GatewayCounters::default();
        GatewayCounters::add(&counters.commands);
        let text = counters.prometheus();
        assert!(text.contains(
            "# TYPE cleudocodebot_commands_total counter\ncleudocodebot_commands_total 1\n"
        ));
        assert_eq!(text.matches("# HELP ").count(), counters.rows().len());
        assert_eq!(counters.json()["commands"], 1);
    }
}
