//! Figures as a table for people and as JSON lines for programs.

use serde_json::json;

use crate::support::{
    measure::{Figures, Stalled},
    scenario::{Mode, Scenario},
};

/// One server's figures under one scenario.
pub(crate) struct Row {
    pub scenario: Scenario,
    pub server: String,
    pub figures: Figures,
}

/// Prints one scenario's rows; the first server is what the others are compared with.
pub(crate) fn table(scenario: Scenario, rows: &[Row]) {
    let ours = rows
        .first()
        .and_then(|row| compared_figure(scenario, &row.figures));
    println!("\n{}", scenario.name());
    println!(
        "  {:<24}{:>10}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{:>10}{:>8}",
        "server",
        "msg/s",
        "p50 µs",
        "p90",
        "p99",
        "p99.9",
        "CPU µs",
        "RSS MiB",
        "KiB/conn",
        "ours/it"
    );
    for row in rows {
        let (figures, latency) = (&row.figures, row.figures.latency);
        let ratio = ours
            .zip(compared_figure(scenario, figures))
            .map(|(ours, theirs)| ours / theirs);
        println!(
            "  {:<24}{:>10.0}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{:>10}{:>8}",
            row.server,
            figures.per_second,
            latency.p50,
            latency.p90,
            latency.p99,
            latency.p999,
            shown(figures.cpu_us),
            shown(figures.resident_kib.map(|kib| kib as f64 / 1024.0)),
            shown(figures.kib_per_connection),
            shown(ratio),
        );
        if scenario.stalled > 0 {
            let Stalled {
                told,
                dropped,
                kept,
            } = figures.stalled;
            println!(
                "    of those that never read: {told} told and dropped, {dropped} only dropped, {kept} kept"
            );
        }
    }
}

/// The figure that servers are compared by: CPU time, or memory where connections are idle.
pub(crate) fn compared_figure(scenario: Scenario, figures: &Figures) -> Option<f64> {
    match scenario.mode {
        Mode::Idle => figures.kib_per_connection,
        _ => figures.cpu_us,
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

/// Prints one row as a JSON line.
pub(crate) fn json_line(row: &Row) {
    let (figures, latency) = (&row.figures, row.figures.latency);
    println!(
        "{}",
        json!({
            "scenario": row.scenario.name(), "mode": row.scenario.mode.name(), "server": row.server,
            "connections": row.scenario.connections, "in_flight": row.scenario.in_flight,
            "size": row.scenario.size, "messages": figures.messages,
            "messages_per_second": figures.per_second,
            "p50_us": latency.p50, "p90_us": latency.p90, "p99_us": latency.p99, "p999_us": latency.p999,
            "server_cpu_us_per_message": figures.cpu_us, "resident_kib": figures.resident_kib,
            "kib_per_connection": figures.kib_per_connection,
            "stalled": {"told": figures.stalled.told, "dropped": figures.stalled.dropped, "kept": figures.stalled.kept},
        })
    );
}
