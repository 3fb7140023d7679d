//! An Evolution API that refuses for every reason it has, and then is not connected to `WhatsApp` for ten
//! minutes, which are a second here: the delays between attempts are a thousandth of the usual ones, so that
//! whatever counted attempts meanwhile would give up.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::support::{
    Daemon, PATIENCE, Scratch, daemon_command,
    dice::Dice,
    fake::{Fake, Reply, Request},
    log_watch::MARK,
    services::use_evolution,
};

const SECRET: &str = "webhook-secret-of-the-outage";

/// A thousandth of the usual table.
const DELAYS: &str = "5ms,25ms,120ms,600ms";

/// Looks at the connection in a row that found it closed: longer than the whole table.
const LOOKS: usize = 2;

const PEERS: usize = 6;

/// How the service fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// It refuses some calls, for reasons that pass.
    Stormy,
    /// It is not connected to `WhatsApp`.
    Out,
    /// It takes everything.
    Fair,
}

struct Service {
    weather: Mutex<Weather>,
    ledger: Ledger,
    dice: Dice,
    next_id: AtomicUsize,
    /// Looks while it was not connected.
    looks: Mutex<usize>,
    looked: Condvar,
}

impl Service {
    fn weather(&self) -> Weather {
        *self.weather.lock().expect("not poisoned")
    }

    fn becomes(&self, weather: Weather) {
        *self.weather.lock().expect("not poisoned") = weather;
    }

    fn await_looks(&self, count: usize) {
        let looks = self.looks.lock().expect("not poisoned");
        let seen = self
            .looked
            .wait_timeout_while(looks, PATIENCE, |looks| *looks < count);
        assert!(!seen.expect("not poisoned").1.timed_out(), "nobody looked");
    }

    fn answer(&self, request: &Request) -> Reply {
        let weather = self.weather();
        match request.path.as_str() {
            "/instance/connectionState/Cleudocode" => {
                let is_out = weather == Weather::Out;
                if is_out {
                    *self.looks.lock().expect("not poisoned") += 1;
                    self.looked.notify_all();
                }
                let state = if is_out { "close" } else { "open" };
                Reply::Json(200, json!({"instance": {"state": state}}))
            }
            "/message/sendText/Cleudocode" => match weather {
                Weather::Out => because(400, &json!(["Error: Connection Closed"])),
                Weather::Stormy if self.dice.percent(12) => self.refusal(),
                _ => self.take(&request.body),
            },
            "/chat/findMessages/Cleudocode" => {
                Reply::Json(200, json!({"messages": {"records": []}}))
            }
            _ => Reply::Json(201, json!({})),
        }
    }

    fn refusal(&self) -> Reply {
        match self.dice.below(12) {
            0 => Reply::Text(404, "404 page not found\n"),
            1 => Reply::Json(
                503,
                json!({"code": "LICENSE_REQUIRED", "error": "service not activated"}),
            ),
            2 => because(500, &json!("Connection Closed")),
            3..6 => Reply::Text(503, "<html>Service Unavailable</html>"),
            6..9 => because(400, &json!(["Error: Timed Out"])),
            _ => because(400, &json!(["Error: nobody has seen this"])),
        }
    }

    fn take(&self, body: &Value) -> Reply {
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        self.ledger
            .note("whatsapp", text("number"), text("text"), true);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        Reply::Json(201, json!({"key": {"id": format!("E{id}")}}))
    }
}

fn because(status: u16, message: &Value) -> Reply {
    Reply::Json(
        status,
        json!({"status": status, "response": {"message": message}}),
    )
}

#[tokio::test]
async fn an_outage_of_ten_minutes_fails_nothing() {
    let service = Arc::new(Service {
        weather: Mutex::new(Weather::Stormy),
        ledger: Ledger::default(),
        dice: Dice::thrown("outage"),
        next_id: AtomicUsize::new(1),
        looks: Mutex::default(),
        looked: Condvar::new(),
    });
    let answering = Arc::clone(&service);
    let fake = Fake::start(move |request| answering.answer(request));
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    use_evolution(&mut command, &fake)
        .env("WHATSAPP_WEBHOOK_SECRET", SECRET)
        .env("WHATSAPP_RATE", "0")
        .env("CLEUDOCODEBOT_RETRY_DELAYS", DELAYS);
    let daemon = Daemon::from_command(command, &home.0);
    let mut client = daemon.client().await;
    let mut expected = super::ledger::Texts::new();
    let mut sent = Vec::new();
    for (weather, count) in [
        (Weather::Stormy, 60),
        (Weather::Out, 30),
        (Weather::Fair, 30),
    ] {
        service.becomes(weather);
        for number in sent.len()..sent.len() + count {
            let peer = format!("49151{:08}", number % PEERS);
            let text = format!("{MARK}-{number}");
            let payload = json!({"channel": "whatsapp", "to": peer, "text": text});
            let queued = client.call("send", &payload).await.expect("queued");
            sent.push(queued["message_id"].clone());
            let of = expected.entry(("whatsapp", peer)).or_default();
            of.push_str(&text);
            of.push(' ');
        }
        if weather == Weather::Out {
            let before = service.ledger.count();
            service.await_looks(LOOKS);
            assert_eq!(service.ledger.count(), before, "nothing was sent meanwhile");
        }
    }
    let open =
        json!({"event": "connection.update", "data": {"state": "open", "statusReason": 200}});
    let header = format!("x-cleudocodebot-secret: {SECRET}");
    assert_eq!(
        daemon
            .post("/webhooks/whatsapp", &header, &open.to_string())
            .0,
        200
    );
    service.ledger.await_count(sent.len());
    for id in &sent {
        let mut now = crate::support::message(&mut client, id).await;
        // The answer to the last one may be on its way.
        while now["state"] == "sending" || now["state"] == "queued" {
            now = crate::support::message(&mut client, id).await;
        }
        assert_eq!(now["state"], "sent", "{now}");
    }
    let (texts, again) = service.ledger.settle();
    assert_eq!(texts, expected, "every text, once, in order");
    assert!(again.is_empty(), "{again:?}");
}
