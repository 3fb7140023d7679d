//! What ping(8) prints at its end: how many came back, and minimum, mean, maximum and mean
//! deviation of their times.

use std::time::Duration;

use serde_json::{Value, json};

use crate::language::Translator;

/// Sums over the round trips so far, enough for mean and deviation without keeping each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RoundTripStatistics {
    sent: u64,
    received: u64,
    least_ms: f64,
    most_ms: f64,
    sum: f64,
    sum_of_squares: f64,
}

impl RoundTripStatistics {
    /// Counts one more ping; `reply` is how long it took, `None` if it was lost.
    pub(super) fn count(&mut self, reply: Option<Duration>) {
        self.sent += 1;
        let Some(ms) = reply.map(milliseconds) else {
            return;
        };
        self.least_ms = if self.received == 0 {
            ms
        } else {
            self.least_ms.min(ms)
        };
        self.most_ms = self.most_ms.max(ms);
        self.received += 1;
        self.sum += ms;
        self.sum_of_squares += ms * ms;
    }

    /// Whether something was lost.
    pub(super) fn has_losses(&self) -> bool {
        self.received < self.sent
    }

    fn loss_percent(&self) -> f64 {
        let lost = self.sent - self.received;
        100.0 * lost as f64 / self.sent.max(1) as f64
    }

    fn mean_ms(&self) -> f64 {
        self.sum / self.received.max(1) as f64
    }

    /// The standard deviation, which ping(8) calls mdev. Rounding can push the difference below
    /// zero if all times are the same.
    fn deviation_ms(&self) -> f64 {
        let mean_of_squares = self.sum_of_squares / self.received.max(1) as f64;
        (mean_of_squares - self.mean_ms().powi(2)).max(0.0).sqrt()
    }

    /// The same for scripts; times are left out if nothing came back.
    pub(super) fn json(&self) -> Value {
        let mut value = json!({"sent": self.sent, "received": self.received,
            "loss_percent": rounded(self.loss_percent())});
        if self.received > 0 {
            value["min_ms"] = rounded(self.least_ms);
            value["avg_ms"] = rounded(self.mean_ms());
            value["max_ms"] = rounded(self.most_ms);
            value["mdev_ms"] = rounded(self.deviation_ms());
        }
        value
    }

    /// What is told at the end, with the decimal mark of who reads it.
    pub(super) fn told(&self, translator: Translator) -> String {
        let Self { sent, received, .. } = self;
        let lost = self.loss_percent();
        let told = format!("{sent} sent, {received} received, {lost:.0}% lost");
        if *received == 0 {
            return told;
        }
        let all = [
            self.least_ms,
            self.mean_ms(),
            self.most_ms,
            self.deviation_ms(),
        ];
        let [least, mean, most, deviation] = all.map(|ms| shown(ms, translator));
        let times = format!("rtt min/avg/max/mdev = {least}/{mean}/{most}/{deviation} ms");
        format!("{told}\n{times}")
    }
}

/// A time in milliseconds with the decimal mark of who reads it.
pub(super) fn shown(ms: f64, translator: Translator) -> String {
    translator.number(&format!("{ms:.3}")).into_owned()
}

/// A time in milliseconds with its fraction.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Three digits behind the point: a microsecond.
pub(super) fn rounded(ms: f64) -> Value {
    json!((ms * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn the_numbers_are_those_of_ping() {
        let mut statistics = RoundTripStatistics::default();
        for ms in [2, 4, 4, 4, 5, 5, 7, 9] {
            statistics.count(Some(Duration::from_millis(ms)));
        }
        assert!(!statistics.has_losses());
        statistics.count(None);
        statistics.count(None);
        assert!(statistics.has_losses());
        assert_eq!(
            statistics.told(Translator::default()),
            "10 sent, 8 received, 20% lost\nrtt min/avg/max/mdev = 2.000/5.000/9.000/2.000 ms"
        );
        assert_eq!(
            statistics.json(),
            json!({"sent": 10, "received": 8, "loss_percent": 20.0,
                "min_ms": 2.0, "avg_ms": 5.0, "max_ms": 9.0, "mdev_ms": 2.0})
        );
    }

    #[test]
    fn without_a_reply_there_are_no_times() {
        let mut statistics = RoundTripStatistics::default();
        let told = |statistics: &RoundTripStatistics| statistics.told(Translator::default());
        assert_eq!(told(&statistics), "0 sent, 0 received, 0% lost");
        statistics.count(None);
        assert_eq!(told(&statistics), "1 sent, 0 received, 100% lost");
        assert!(statistics.json().get("min_ms").is_none());
    }

    #[test]
    fn all_times_have_the_decimal_mark_of_the_language() {
        let mut statistics = RoundTripStatistics::default();
        statistics.count(Some(Duration::from_micros(1500)));
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        assert_eq!(
            portuguese.sentence(&statistics.told(portuguese)),
            "1 enviados, 1 recebidos, 0% perdidos\nrtt mín/méd/máx/mdev = 1,500/1,500/1,500/0,000 ms"
        );
    }

    #[test]
    fn equal_times_have_no_deviation() {
        let mut statistics = RoundTripStatistics::default();
        for _ in 0..3 {
            statistics.count(Some(Duration::from_micros(100)));
        }
        assert!(statistics.deviation_ms() < 1e-6);
    }
}
