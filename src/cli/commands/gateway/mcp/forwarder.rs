//! Messages on their way to the gateway, several at a time, and its answers on their way back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hyper::Method;
use serde_json::Value;
use tokio::{
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::message::Message;
use crate::{
    client::Endpoint,
    config::BaseUrl,
    error::Error,
    http_client::{Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpLimits},
};

/// Requests under way; more wait until one is answered.
pub(super) const MAX_AT_A_TIME: usize = 128;

/// A gateway answers a wait for messages after minutes, and a file may be large: how long that takes is for
/// the client to judge.
const LIMITS: HttpLimits = HttpLimits {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(600),
    body: Duration::from_secs(600),
    stall: Duration::from_secs(60),
    max_bytes: 256 << 20,
};

/// How long a notification may take.
const TELLING: Duration = Duration::from_secs(2);

/// Where a gateway may be, and the client to ask there.
type Place = (Arc<Http>, Endpoint);

/// The answer of one request: its id, and its line where it has one.
pub(super) type Answered = (Option<Value>, Option<String>);

/// What is under way.
pub(super) struct Forwarder {
    path: String,
    /// Where the gateway may be.
    places: Vec<Place>,
    /// A client for each place where the gateway was.
    clients: HashMap<String, Arc<Http>>,
    running: JoinSet<Answered>,
    /// The requests whose answer is still to come.
    requests: Vec<(Value, AbortHandle)>,
}

impl Forwarder {
    pub(super) fn new(path: String) -> Self {
        Self {
            path,
            places: Vec::new(),
            clients: HashMap::new(),
            running: JoinSet::new(),
            requests: Vec::new(),
        }
    }

    /// How many are under way.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Sends a message to the first of these places where something answers. One that gives a request up is
    /// there when this returns: what follows it must not come before it.
    pub(super) async fn forward(&mut self, message: Message, endpoints: Vec<Endpoint>) {
        self.places = endpoints
            .into_iter()
            .filter_map(|endpoint| Some((self.client(&endpoint)?, endpoint)))
            .collect();
        if let Some(id) = message.cancels.clone() {
            self.cancel(&id);
            return self.tell(message).await;
        }
        let places = self.places.clone();
        let (id, path) = (message.id.clone(), self.path.clone());
        let task = self.running.spawn(async move {
            let id = message.id.clone();
            (id, answered(message, &path, &places).await)
        });
        self.requests.extend(id.map(|id| (id, task)));
    }

    /// The next answer; its line is empty where there is nothing to write. `None` where nothing is under way.
    pub(super) async fn answer(&mut self) -> Option<Answered> {
        let answered = self.running.join_next().await?;
        // One that was cancelled has no answer.
        let (id, answer) = answered.unwrap_or_default();
        self.requests
            .retain(|(other, task)| !task.is_finished() && Some(other) != id.as_ref());
        Some((id, answer))
    }

    /// Says that nobody reads the answers that are still to come, nor the one to `unread`.
    pub(super) async fn give_up(&mut self, unread: Option<Value>) {
        let running = std::mem::take(&mut self.requests);
        for (_, task) in &running {
            task.abort();
        }
        let ids = running.into_iter().map(|(id, _)| id).chain(unread);
        for id in ids {
            self.tell(Message::giving_up(&id)).await;
        }
    }

    /// Sends a notification and waits until it was taken.
    async fn tell(&self, message: Message) {
        let told = answered(message, &self.path, &self.places);
        let _ = timeout(TELLING, told).await;
    }

    /// Closes the connection that the answer would come by, so that the gateway hears of it.
    fn cancel(&mut self, id: &Value) {
        for (_, task) in self.requests.iter().filter(|(other, _)| other == id) {
            task.abort();
        }
        self.requests.retain(|(other, _)| other != id);
    }

    fn client(&mut self, endpoint: &Endpoint) -> Option<Arc<Http>> {
        let authority = endpoint.authority();
        if let Some(known) = self.clients.get(&authority) {
            return Some(Arc::clone(known));
        }
        let base = BaseUrl::parse(&format!("http://{authority}")).ok()?;
        let client = Arc::new(Http::new(base));
        self.clients.insert(authority, Arc::clone(&client));
        Some(client)
    }
}

async fn answered(mut message: Message, path: &str, places: &[Place]) -> Option<String> {
    let mut why = String::new();
    let text = std::mem::take(&mut message.text);
    for (client, endpoint) in places {
        match post(client, endpoint, path, &message, text.clone()).await {
            Ok(answer) => return line(&message, &answer),
            Err(HttpError::NotSent(_)) => {
                let endpoint = endpoint.authority();
                why = Error::NotRunning { endpoint }.to_string();
            }
            Err(HttpError::NoAnswer(what)) => {
                why = format!(
                    "the daemon gave no answer: {what}; whether it did what was asked is not known"
                );
                break;
            }
        }
    }
    message.error(&why)
}

async fn post(
    client: &Http,
    endpoint: &Endpoint,
    path: &str,
    message: &Message,
    text: String,
) -> Result<HttpAnswer, HttpError> {
    let token = endpoint.token.as_deref().unwrap_or_default();
    let authorization = format!("Bearer {token}");
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        ("accept", "application/json, text/event-stream"),
    ];
    let repeated = message.headers.iter();
    headers.extend(repeated.map(|(name, value)| (*name, value.as_str())));
    client
        .call(HttpCall {
            method: Method::POST,
            path,
            headers: &headers,
            body: HttpBody::JsonText(text),
            limits: LIMITS,
        })
        .await
}

/// An answer as a line. What the gateway refused before it read the message is made one.
fn line(message: &Message, answer: &HttpAnswer) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.starts_with("{\"jsonrpc\"") || text.starts_with('[') {
        // One line is one message.
        return Some(text.replace(['\r', '\n'], " "));
    }
    let said = answer.json();
    let why = said["message"]
        .as_str()
        .unwrap_or("is another program on its port?");
    let status = answer.status;
    let text = if status == 401 {
        format!(
            "the gateway refused the token of .env: {why}; name the daemon's home folder with --home"
        )
    } else {
        format!("the gateway refused the message ({status}): {why}")
    };
    message.error(&text)
}
