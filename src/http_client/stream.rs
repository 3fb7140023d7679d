//! The body of an answer that is read as it comes, such as the server-sent events of a model.

use std::{future::poll_fn, pin::Pin};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::{
    Http,
    call::{HttpAnswer, HttpError, HttpLimits},
    connection::Open,
    no_answer,
};

/// What came of a call whose answer is read as it comes.
pub enum Streamed<'a> {
    /// The service answers.
    Pieces(HttpStream<'a>),
    /// It refused; whatever its status is, it is none of success.
    Refused(HttpAnswer),
}

/// An answer on its way. Its connection closes where this is dropped before the end.
pub struct HttpStream<'a> {
    client: &'a Http,
    body: Incoming,
    open: Option<Open>,
    limits: HttpLimits,
    due: Instant,
    taken: usize,
}

impl<'a> HttpStream<'a> {
    pub(super) fn new(client: &'a Http, body: Incoming, open: Open, limits: HttpLimits) -> Self {
        Self {
            client,
            body,
            open: Some(open),
            limits,
            due: Instant::now() + limits.body,
            taken: 0,
        }
    }

    /// The next piece, none at the end. May be cancelled: nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        let host = &self.client.base;
        let due = self.due.min(Instant::now() + self.limits.stall);
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            let frame = timeout_at(due, frame).await;
            let frame = frame.map_err(|_| no_answer(host, self.lateness()))?;
            let Some(frame) = frame else {
                if let Some(open) = self.open.take() {
                    self.client.keep(host, open);
                }
                return Ok(None);
            };
            let broken = "closed the connection in the middle of its answer";
            let frame = frame.map_err(|_| no_answer(host, broken))?;
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.taken += piece.len();
            if self.taken > self.limits.max_bytes {
                return Err(no_answer(host, "sent an answer that is too large"));
            }
            return Ok(Some(piece));
        }
    }

    fn lateness(&self) -> &'static str {
        if Instant::now() >= self.due {
            "did not send its whole answer in time"
        } else {
            "fell silent in the middle of its answer"
        }
    }
}
