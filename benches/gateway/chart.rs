//! Figures as a drawing: one panel a scenario, one bar a server, as an SVG that follows the reader's light or
//! dark theme (`prefers-color-scheme`, Media Queries 5 §12.5). It needs no script and no font of its own, so a
//! README can show it.

use std::{fmt::Write as _, fs, path::Path};

use crate::{
    report::{Row, compared_figure},
    support::{Result, scenario::Mode},
};

const WIDTH: f64 = 760.0;
/// Where the bars begin, and the room right of them for their figures.
const LEFT: f64 = 232.0;
const RIGHT: f64 = 72.0;
const BAR: f64 = 16.0;
const STEP: f64 = 22.0;
const TITLE: f64 = 34.0;

/// Rules of the drawing; ours stands out by colour and by weight, for who sees no colours.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-weight:600}.ours{font-weight:600}.bar{fill:#8c959f}.bar.ours{fill:#0a7f3f}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6e7681}.bar.ours{fill:#3fb950}}";

/// Draws the scenarios into a file.
pub(crate) fn write(path: &Path, scenarios: &[Vec<Row>]) -> Result<()> {
    fs::write(path, draw(scenarios))?;
    Ok(())
}

fn draw(scenarios: &[Vec<Row>]) -> String {
    let (mut body, mut y) = (String::new(), 0.0);
    for rows in scenarios.iter().filter(|rows| !rows.is_empty()) {
        y = panel(&mut body, rows, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y:.0}\" role=\"img\" \
         aria-label=\"What servers cost, by kind of load; shorter is better\">\n\
         <style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// One scenario, from the height `top` on. Returns where the next one begins.
fn panel(body: &mut String, rows: &[Row], top: f64) -> f64 {
    let figures: Vec<(&Row, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, compared_figure(row.scenario, &row.figures)?)))
        .collect();
    let greatest = figures
        .iter()
        .map(|(_, figure)| *figure)
        .fold(0.0, f64::max);
    let Some((first, _)) = figures.first() else {
        return top;
    };
    let _ = writeln!(
        body,
        "<text class=\"title\" x=\"0\" y=\"{:.0}\">{}</text>",
        top + 20.0,
        title(first)
    );
    let mut y = top + TITLE;
    for (row, figure) in &figures {
        let length = (WIDTH - LEFT - RIGHT) * figure / greatest.max(f64::MIN_POSITIVE);
        let class = if row.server == first.server {
            " ours"
        } else {
            ""
        };
        let _ = writeln!(
            body,
            "<text class=\"{}\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar{class}\" x=\"{LEFT}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            class.trim(),
            LEFT - 8.0,
            y + 13.0,
            escaped(&row.server),
            length.max(1.0),
            LEFT + length + 6.0,
            y + 13.0,
            shown(*figure),
        );
        y += STEP;
    }
    y + 10.0
}

/// What a scenario is, for readers who do not know the bench.
fn title(row: &Row) -> String {
    let scenario = row.scenario;
    match scenario.mode {
        Mode::Ping => format!(
            "Ping, {} clients with {} in flight: µs of processor time a message",
            scenario.connections, scenario.in_flight
        ),
        Mode::Send => format!(
            "Durable send, {} in flight: µs of processor time a message",
            scenario.in_flight
        ),
        Mode::Fanout => format!(
            "An event to {} subscribers, {} in flight: µs a delivery",
            scenario.connections, scenario.in_flight
        ),
        Mode::Connect => "Connect with a token: µs of processor time".to_owned(),
        Mode::Idle => format!("{} idle clients: KiB of memory each", scenario.connections),
    }
}

fn shown(figure: f64) -> String {
    if figure >= 10.0 {
        format!("{figure:.0}")
    } else {
        format!("{figure:.2}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
