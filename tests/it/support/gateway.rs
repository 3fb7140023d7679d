//! Where a daemon listens, and the ways to connect to it.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpStream},
};

use cleudocodebot::client::{Client, Endpoint};
use serde_json::{Value, json};

use super::{
    PATIENCE,
    raw::{Raw, upgrade_request},
};

/// The address of a running daemon, and its token.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub address: SocketAddr,
    pub token: String,
}

impl Gateway {
    pub(crate) fn endpoint(&self) -> Endpoint {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        Endpoint {
            host,
            port,
            token: Some(self.token.clone()),
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.endpoint())
            .await
            .expect("a connection")
    }

    /// A client that is subscribed to these topics.
    pub(crate) async fn listener(&self, topics: &[&str]) -> Client {
        let mut client = self.client().await;
        client
            .call("subscribe", &json!({"topics": topics}))
            .await
            .expect("subscribed");
        client
    }

    pub(crate) fn raw(&self) -> Raw {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        Raw {
            stream,
            rest: Vec::new(),
        }
    }

    /// A raw WebSocket connection, authenticated by the header or not at all.
    pub(crate) fn raw_websocket(&self, authenticated: bool) -> Raw {
        let authorization = authenticated.then(|| self.authorization());
        self.raw_upgraded(&authorization.unwrap_or_default())
    }

    /// A raw WebSocket connection that speaks JSON-RPC, authenticated.
    pub(crate) fn raw_json_rpc(&self) -> Raw {
        let more = self.authorization() + "Sec-WebSocket-Protocol: jsonrpc\r\n";
        self.raw_upgraded(&more)
    }

    fn raw_upgraded(&self, more: &str) -> Raw {
        let mut raw = self.raw();
        raw.send(upgrade_request(&self.address.to_string(), more).as_bytes());
        let (status, head) = raw.head();
        assert_eq!(status, 101, "{head}");
        raw
    }

    /// The header that carries the token.
    pub(crate) fn authorization(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// One HTTP request; status, head and body.
    pub(crate) fn http(&self, request: &str) -> (u16, String, String) {
        let mut raw = self.raw();
        raw.send(request.as_bytes());
        let (status, head) = raw.head();
        let mut body = std::mem::take(&mut raw.rest);
        let _ = raw.stream.read_to_end(&mut body);
        (status, head, String::from_utf8_lossy(&body).into_owned())
    }

    /// A request without a body; the connection closes after the answer.
    pub(crate) fn get(&self, method: &str, path: &str, more: &str) -> (u16, String, String) {
        self.http(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}\r\n",
            self.address
        ))
    }

    /// Posts a body with one more header line; status and body of the answer.
    pub(crate) fn post(&self, path: &str, header: &str, body: &str) -> (u16, String) {
        let (host, length) = (self.address, body.len());
        let (status, _, answer) = self.http(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             {header}\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        (status, answer)
    }

    /// `POST /rpc` with the token.
    pub(crate) fn rpc(&self, body: &str) -> (u16, Value) {
        let (status, answer) = self.post("/rpc", self.authorization().trim_end(), body);
        (status, serde_json::from_str(&answer).unwrap_or_default())
    }
}
