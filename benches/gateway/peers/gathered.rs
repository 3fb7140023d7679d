//! tokio-tungstenite tuned by measurement: one task for each connection, buffers of 4 KiB, answers and
//! events fed until there are no more, then one flush.

use std::rc::Rc;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

use super::answers::{self, Asked, Subscribers};
use crate::support::{Result, stream::Stream, tls::Acceptor};

/// Bytes of each buffer.
const BUFFER: usize = 4096;

pub(super) async fn serve(tls: Option<Acceptor>) -> Result<()> {
    let listener = super::listen().await?;
    let subscribers = Subscribers::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(session(stream, tls.clone(), Rc::clone(&subscribers)));
    }
}

struct Session {
    socket: WebSocketStream<Stream>,
    subscribers: Subscribers,
    out: mpsc::UnboundedSender<Utf8Bytes>,
}

async fn session(stream: TcpStream, tls: Option<Acceptor>, subscribers: Subscribers) {
    let Some(stream) = super::opened(stream, tls.as_ref()).await else {
        return;
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let accepted = accept_hdr_async_with_config(stream, answers::check, Some(config)).await;
    let Ok(socket) = accepted else { return };
    let (out, events) = mpsc::unbounded_channel();
    let session = Session {
        socket,
        subscribers,
        out,
    };
    let _ = session.run(events).await;
}

impl Session {
    /// `None` once the connection is over.
    async fn run(mut self, mut events: mpsc::UnboundedReceiver<Utf8Bytes>) -> Option<()> {
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    let now_ms = answers::now_ms();
                    self.hear(message?.ok()?, now_ms).await?;
                    while let Some(message) = self.socket.next().now_or_never() {
                        self.hear(message?.ok()?, now_ms).await?;
                    }
                }
                event = events.recv() => {
                    self.feed(event?).await?;
                    while let Ok(event) = events.try_recv() {
                        self.feed(event).await?;
                    }
                }
            }
            self.socket.flush().await.ok()?;
        }
    }

    async fn feed(&mut self, text: Utf8Bytes) -> Option<()> {
        self.socket.feed(Message::Text(text)).await.ok()
    }

    async fn hear(&mut self, message: Message, now_ms: u64) -> Option<()> {
        let Message::Text(text) = message else {
            return Some(());
        };
        match answers::answer(&text, now_ms) {
            Asked::Answer(answer) => self.feed(answer.into()).await,
            Asked::Subscribed(answer) => {
                self.subscribers.borrow_mut().push(self.out.clone());
                self.feed(answer.into()).await
            }
            Asked::Publish(answer, event) => {
                answers::publish(&self.subscribers, &event);
                self.feed(answer.into()).await
            }
        }
    }
}
