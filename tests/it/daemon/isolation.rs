//! A channel that fails or hangs neither stops nor delays the others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Daemon, PATIENCE, Raw, Scratch, assert_field, assert_mentions, daemon_command,
    fake::{Fake, Reply, Request},
    services::{use_cloud, use_telegram},
};

/// A Cloud API that works, a Bot API that never answers, and an Evolution API that refuses the key.
fn answer(request: &Request) -> Reply {
    match request.path.as_str() {
        path if path.starts_with("/bot") => Reply::Hang,
        path if path.ends_with("/Cleudocode") => Reply::Json(401, json!({"status": 401})),
        _ => Reply::Json(200, json!({"id": "555", "messages": [{"id": "wamid.1"}]})),
    }
}

/// A daemon with the channel that works, and on request with the two that do not.
fn start(home: &Scratch, fake: &Fake, with_trouble: bool) -> Daemon {
    let mut command = daemon_command(&home.0);
    use_cloud(&mut command, fake).env("WHATSAPP_CLOUD_RATE", "0");
    if with_trouble {
        use_telegram(&mut command, fake)
            .env("TELEGRAM_RATE", "0")
            .env("WHATSAPP_BASE_URL", fake.url())
            .env("WHATSAPP_API_TOKEN_INSTANCE", "wrong-key-of-the-test");
    }
    Daemon::from_command(command, &home.0)
}

fn send(raw: &mut Raw, channel: &str, wait: bool) -> Value {
    let payload = json!({"channel": channel, "to": "551133334444", "text": "hi", "wait": wait});
    raw.call("send", &payload)
}

/// Waits until a channel is in this state; its status then.
fn status_of(raw: &mut Raw, name: &str, state: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut status = raw.call("status", &json!({}));
        let all = status["integrations"].as_array_mut().expect("a list");
        let found = all.iter_mut().find(|one| one["name"] == name);
        let found = found.expect("there").take();
        if found["state"] == state {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}");
    }
}

#[test]
fn troubled_channels_delay_no_other() {
    let (home, fake) = (Scratch::new(), Fake::start(answer));
    let daemon = start(&home, &fake, true);
    assert_eq!(daemon.get("GET", "/readyz", "").0, 200);
    let mut raw = daemon.raw_websocket(true);
    for channel in ["telegram", "whatsapp"] {
        assert_field(&send(&mut raw, channel, false), "state", "queued");
    }
    assert_field(&send(&mut raw, "whatsapp-cloud", true), "state", "sent");
    let parked = status_of(&mut raw, "whatsapp", "parked");
    assert_mentions(&parked, "last_error", "WHATSAPP_API_TOKEN_INSTANCE");
    assert_mentions(&parked, "advice", "reload");
    let hanging = status_of(&mut raw, "telegram", "starting");
    assert_mentions(&hanging, "advice", "has not answered yet");
    for status in [parked, hanging] {
        let since = status["since_ms"].as_u64().expect("since when");
        assert!(cleudocodebot::clock::now_ms() - since < 60_000, "{status}");
    }
}

#[test]
fn unreachable_service_is_reported() {
    let (home, fake) = (Scratch::new(), Fake::start(answer));
    fake.vanish();
    let daemon = start(&home, &fake, true);
    let mut raw = daemon.raw_websocket(true);
    let first = status_of(&mut raw, "telegram", "backing_off");
    assert_mentions(&first, "last_error", &fake.address.to_string());
    assert_mentions(&first, "advice", "restart telegram");
    // A second failed attempt continues the same outage.
    let restarts = |status: &Value| status["counters"]["restarts"].as_u64();
    let again = loop {
        let again = status_of(&mut raw, "telegram", "backing_off");
        if restarts(&again) > restarts(&first) {
            break again;
        }
    };
    assert_field(&again, "since_ms", json!(first["since_ms"]));
    fake.come_back();
}

/// The time until the fake receives each message, for two daemons in turn.
fn latencies(count: usize, setups: &mut [(Raw, &Fake); 2]) -> [Vec<Duration>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..2 * count {
        // The order alternates, so that neither daemon always runs right after the other.
        let one = (turn + turn / 2) % 2;
        let (raw, fake) = &mut setups[one];
        let begun = Instant::now();
        send(raw, "whatsapp-cloud", false);
        fake.saw("/messages");
        times[one].push(begun.elapsed());
    }
    times
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// `cargo test --release --test it -- --ignored --nocapture isolation`
#[test]
#[ignore = "measures"]
fn dead_channels_cost_no_latency() {
    const ROUNDS: usize = 9;
    const EACH: usize = 1500;
    let fakes = [Fake::start(answer), Fake::start(answer)];
    let homes = [Scratch::new(), Scratch::new()];
    let mut starts = [Vec::new(), Vec::new()];
    for round in 0..2 * ROUNDS {
        let one = (round + round / 2) % 2;
        let begun = Instant::now();
        drop(start(&homes[one], &fakes[one], one == 1));
        starts[one].push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let daemons = [0, 1].map(|one| start(&homes[one], &fakes[one], one == 1));
    let mut setups = [0, 1].map(|one| (daemons[one].raw_websocket(true), &fakes[one]));
    for number in 0..1000 {
        // A backlog for the dead channels to many peers, so that all their delivery slots are in use.
        for channel in ["telegram", "whatsapp"] {
            let payload =
                json!({"channel": channel, "to": (5000 + number).to_string(), "text": "x"});
            setups[1].0.call("send", &payload);
        }
    }
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let [mut without, mut with] = latencies(EACH, &mut setups);
        let mut shown = Vec::new();
        for (place, percent) in [50, 99].into_iter().enumerate() {
            let pair = [
                percentile(&mut without, percent),
                percentile(&mut with, percent),
            ];
            ratios[place].push(pair[1] / pair[0]);
            shown.push(format!(
                "p{percent} {:.0} µs without, {:.0} µs with",
                pair[0], pair[1]
            ));
        }
        println!("{}", shown.join("; "));
    }
    let [half, most] = ratios.map(median);
    println!("medians of {ROUNDS} rounds of {EACH}: p50 × {half:.3}, p99 × {most:.3}");
    let [without, with] = starts.map(median);
    println!("start and end: {without:.0} ms without, {with:.0} ms with");
    assert!(most <= 1.1, "p99 grew {most:.3} times");
}
