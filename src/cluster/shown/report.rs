//! What a machine says of itself on the bus, which one it is and what waits on it, and what was seen of all.

use std::collections::HashMap;

use serde_json::{Value, json};

/// What stands in the key of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cluster) struct NodeReport {
    /// Tells two machines of one name apart.
    pub(in crate::cluster) instance: String,
    /// Events of its own that the bus does not have yet.
    pub(super) to_publish: u64,
    /// Events of the bus that it has not applied yet.
    pub(super) behind: u64,
    /// Messages that it is to send or sends.
    pub(super) unsettled: u64,
}

impl NodeReport {
    pub(in crate::cluster) fn write(&self) -> bytes::Bytes {
        let mut json = json!({"instance": self.instance});
        self.add_to(&mut json);
        json.to_string().into()
    }

    /// An earlier version of the program writes its instance alone.
    pub(in crate::cluster) fn read(bytes: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let Some(instance) = json["instance"].as_str() else {
            let instance = String::from_utf8_lossy(bytes).into_owned();
            return Self {
                instance,
                ..Self::default()
            };
        };
        let count = |name: &str| json[name].as_u64().unwrap_or(0);
        Self {
            instance: instance.to_owned(),
            to_publish: count("to_publish"),
            behind: count("behind"),
            unsettled: count("unsettled"),
        }
    }

    /// Adds what waits.
    pub(super) fn add_to(&self, json: &mut Value) {
        json["to_publish"] = json!(self.to_publish);
        json["behind"] = json!(self.behind);
        json["unsettled"] = json!(self.unsettled);
    }
}

/// What was seen last.
#[derive(Default)]
pub(in crate::cluster) struct Survey {
    /// The last event on the stream.
    pub(super) events_end: u64,
    /// Messages on the bus that are still to be sent.
    pub(super) waiting: u64,
    /// The other machines, also those that are gone.
    pub(super) machines: HashMap<String, SeenNode>,
}

/// What another machine said of itself.
pub(in crate::cluster) struct SeenNode {
    /// Which of its reports: it is there as long as there are new ones.
    revision: u64,
    /// When that came, by the clock of this machine.
    pub(super) at_ms: u64,
    pub(super) report: NodeReport,
}

impl Survey {
    /// Takes one report; an old one says nothing of now.
    pub(super) fn take(&mut self, node: &str, revision: u64, report: &[u8], now_ms: u64) {
        let known = self.machines.get(node).map(|seen| seen.revision);
        if known == Some(revision) {
            return;
        }
        let seen = SeenNode {
            revision,
            at_ms: now_ms,
            report: NodeReport::read(report),
        };
        self.machines.insert(node.to_owned(), seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back_and_so_does_that_of_an_earlier_version() {
        let report = NodeReport {
            instance: "0123456789abcdef".into(),
            to_publish: 1,
            behind: 2,
            unsettled: 3,
        };
        assert_eq!(NodeReport::read(&report.write()), report);
        let earlier = NodeReport::read(b"0123456789abcdef");
        assert_eq!(earlier.instance, report.instance);
        assert_eq!(earlier.behind, 0);
    }

    #[test]
    fn a_machine_was_seen_when_its_last_report_came() {
        let mut survey = Survey::default();
        let report = br#"{"instance":"a","to_publish":1,"behind":2,"unsettled":3}"#;
        survey.take("desk", 7, report, 1000);
        survey.take("desk", 7, report, 2000);
        assert_eq!(survey.machines["desk"].at_ms, 1000, "nothing new");
        survey.take("desk", 8, report, 3000);
        assert_eq!(survey.machines["desk"].at_ms, 3000);
        assert_eq!(survey.machines["desk"].report.behind, 2);
    }
}
