//! The gateway of the fake: sessions that are resumed, cut, invalidated.

use std::{
    io::Write as _,
    net::{Shutdown, TcpStream},
    sync::Arc,
};

use cleudocodebot::protocol::websocket::push_text;
use serde_json::{Value, json};
use tungstenite::{
    Message,
    handshake::derive_accept_key,
    protocol::{Role, WebSocket},
};

use super::{BOT, Shared, bot_user, contract, shape};

/// An open connection with a session.
pub(super) struct Live {
    number: usize,
    stream: TcpStream,
}

impl Live {
    pub(super) fn send(&mut self, payload: &Value) {
        let mut frame = Vec::new();
        push_text(&mut frame, &payload.to_string());
        // Whoever has gone reads it by the next connection.
        let _ = self.stream.write_all(&frame);
    }

    pub(super) fn close(&mut self, code: u16) {
        let [high, low] = code.to_be_bytes();
        let _ = self.stream.write_all(&[0x88, 2, high, low]);
    }

    pub(super) fn cut(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// A session: all that was told in it, from the first.
#[derive(Default)]
pub(super) struct FakeSession {
    pub(super) id: String,
    pub(super) told: Vec<(String, Value)>,
}

/// Answers the upgrade, and serves the connection until it ends.
pub(super) fn serve(shared: &Arc<Shared>, head: &str, stream: &TcpStream) {
    let lower = head.to_ascii_lowercase();
    let at = lower.find("sec-websocket-key:").expect("a key") + "sec-websocket-key:".len();
    let key = head[at..].lines().next().unwrap_or_default().trim();
    if !head.contains("v=10&encoding=json") {
        shared.fault(format!("the gateway is asked for as {head:?}"));
    }
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let copy = || stream.try_clone().expect("a copy");
    if copy().write_all(answer.as_bytes()).is_err() {
        return;
    }
    let number = {
        let mut state = shared.state();
        state.connections += 1;
        state.connections
    };
    let mut live = Live {
        number,
        stream: copy(),
    };
    live.send(&json!({"t": null, "s": null, "op": 10,
        "d": {"heartbeat_interval": shared.state().interval_ms}}));
    let mut socket = WebSocket::from_raw_socket(copy(), Role::Server, None);
    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else {
            continue;
        };
        let said: Value = serde_json::from_str(text.as_str()).expect("JSON");
        if text.len() > 4096 {
            shared.fault(format!("{} bytes on the gateway", text.len()));
        }
        heard(shared, &said, &mut live);
    }
    let mut state = shared.state();
    if state
        .live
        .as_ref()
        .is_some_and(|live| live.number == number)
    {
        state.live = None;
    }
}

fn heard(shared: &Arc<Shared>, said: &Value, live: &mut Live) {
    let op = said["op"].as_u64().unwrap_or_default();
    let mut found = Vec::new();
    match contract::SAID.iter().find(|(known, _)| *known == op) {
        Some((_, shape)) => shape::misfits(&said["d"], *shape, &format!("op {op}"), &mut found),
        None => found.push(format!("op {op} is none that bots say")),
    }
    for fault in found {
        shared.fault(fault);
    }
    match op {
        1 if !shared.state().is_deaf => live.send(&json!({"op": 11})),
        2 => identify(shared, said, live),
        6 => resume(shared, said, live),
        _ => {}
    }
    // Told only now, so that what a test does next comes behind it.
    let _ = shared.said.send((op, said["d"].clone()));
}

fn identify(shared: &Arc<Shared>, said: &Value, live: &mut Live) {
    let mut state = shared.state();
    if said["d"]["token"] != super::DISCORD_TOKEN {
        live.close(4004);
        return;
    }
    if let Some(code) = state.close_next.take() {
        live.close(code);
        return;
    }
    state.sessions += 1;
    let url = shared.gateway_url();
    let id = format!("session-{}", state.sessions);
    let guilds: Vec<Value> = state
        .guilds
        .iter()
        .map(|guild| json!({"id": guild["id"], "unavailable": true}))
        .collect();
    let ready = json!({"v": 10, "user": bot_user(), "guilds": guilds, "session_id": id,
        "resume_gateway_url": url, "application": {"id": BOT.to_string(), "flags": 1 << 19}});
    let mut told = vec![("READY".to_owned(), ready)];
    let guilds = state.guilds.iter();
    told.extend(guilds.map(|guild| ("GUILD_CREATE".to_owned(), guild.clone())));
    state.session = FakeSession {
        id,
        told: Vec::new(),
    };
    state.live = Some(Live {
        number: live.number,
        stream: live.stream.try_clone().expect("a copy"),
    });
    for (event, data) in told {
        state.tell(&event, &data);
    }
}

fn resume(shared: &Arc<Shared>, said: &Value, live: &mut Live) {
    let mut state = shared.state();
    let from = said["d"]["seq"]
        .as_u64()
        .and_then(|seq| usize::try_from(seq).ok());
    let from = from.unwrap_or(usize::MAX);
    let is_known = said["d"]["session_id"] == state.session.id.as_str();
    if !is_known || from > state.session.told.len() {
        live.send(&json!({"op": 9, "d": false}));
        return;
    }
    let missed: Vec<Value> = state.session.told[from..]
        .iter()
        .zip(from + 1..)
        .map(|((event, data), sequence)| json!({"op": 0, "t": event, "s": sequence, "d": data}))
        .collect();
    for payload in missed {
        live.send(&payload);
    }
    state.live = Some(Live {
        number: live.number,
        stream: live.stream.try_clone().expect("a copy"),
    });
    state.tell("RESUMED", &json!({}));
}
