//! tokio-tungstenite as its examples show it: the socket split, a task that writes, default buffers,
//! every answer flushed.

use std::rc::Rc;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{Message, Utf8Bytes},
};

use super::answers::{self, Asked, Subscribers};
use crate::support::Result;

pub(super) async fn serve() -> Result<()> {
    let listener = super::listen().await?;
    let subscribers = Subscribers::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(session(stream, Rc::clone(&subscribers)));
    }
}

async fn session(stream: TcpStream, subscribers: Subscribers) {
    let Ok(socket) = accept_hdr_async(stream, answers::check).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    let (out, mut queue) = mpsc::unbounded_channel::<Utf8Bytes>();
    let writer = tokio::task::spawn_local(async move {
        while let Some(text) = queue.recv().await {
            if sink.send(Message::Text(text)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = source.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let answer = match answers::answer(&text, answers::now_ms()) {
            Asked::Answer(answer) => answer,
            Asked::Subscribed(answer) => {
                subscribers.borrow_mut().push(out.clone());
                answer
            }
            Asked::Publish(answer, event) => {
                answers::publish(&subscribers, &event);
                answer
            }
        };
        let _ = out.send(answer.into());
    }
    writer.abort();
}
