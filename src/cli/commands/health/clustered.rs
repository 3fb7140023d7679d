//! The line of `status` about the cluster: whether the bus is up, since when not, and what waits.

use serde_json::Value;

use crate::cli::output::{Cell, TextStyle, Times, printable};

/// No row where the daemon is in no cluster.
pub(super) fn row(cluster: &Value, times: &Times) -> Option<Vec<Cell>> {
    let name = printable(cluster["name"].as_str()?);
    let count = |name: &str| cluster[name].as_u64().unwrap_or(0);
    let (waits, behind) = (count("to_publish"), count("behind"));
    let waiting = match (waits, behind) {
        (0, 0) => "nothing waits".to_owned(),
        (waits, 0) => format!("{waits} events wait for the bus"),
        (0, behind) => format!("{behind} events are not here yet"),
        (waits, behind) => {
            format!("{waits} events wait for the bus; {behind} events are not here yet")
        }
    };
    let cell = match cluster["away_since_ms"].as_u64() {
        Some(ms) => {
            let text = format!("{name}, bus away since {}; {waiting}", times.full(ms));
            Cell::word(TextStyle::Bad, text)
        }
        None => Cell::word(TextStyle::Good, format!("{name}, bus up; {waiting}")),
    };
    Some(vec![Cell::word(TextStyle::Dim, "cluster"), cell])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn one_line_says_how_the_bus_is_and_what_waits() {
        let times = Times::new(Some("UTC"), true, true);
        let shown = |cluster: Value| {
            let row = row(&cluster, &times);
            row.map(|row| columns(&[row], None, |_, text| text.to_owned()))
        };
        assert_eq!(shown(Value::Null), None);
        let up = shown(json!({"name": "home", "to_publish": 0, "behind": 0}));
        assert_eq!(
            up.as_deref(),
            Some("cluster  home, bus up; nothing waits\n")
        );
        let away = shown(json!({"name": "home", "to_publish": 3, "behind": 0, "away_since_ms": 0}));
        let text =
            "cluster  home, bus away since 1970-01-01 00:00 UTC; 3 events wait for the bus\n";
        assert_eq!(away.as_deref(), Some(text));
    }
}
