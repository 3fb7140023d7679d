//! A message on its way to the writer, with its row already encoded.
//!
//! Not here: the bytes of the row (`rows::body`), and storing it (`transaction`).

use serde_json::Value;

use crate::{
    message::{Kind, Message},
    store::{request::SendAt, rows::body::Body},
};

/// A message to be stored, encoded on the thread of the caller so that the writer need not.
pub(in crate::store) struct EncodedMessage {
    body: Body,
    /// The body as it will be stored, except for the time of creation.
    pub(in crate::store) row: Vec<u8>,
    /// The key of its row in `keys`.
    pub(in crate::store) key: Option<Vec<u8>>,
    /// When it is to be sent, where that is later.
    pub(in crate::store) at: Option<SendAt>,
    /// When another node of the cluster stored it, in ms since 1970, where one did.
    #[cfg(feature = "nats")]
    pub(in crate::store) created_ms: Option<u64>,
}

impl EncodedMessage {
    pub(in crate::store) fn new(body: Body) -> Self {
        Self {
            row: body.encode(),
            key: body.key_row(),
            at: None,
            #[cfg(feature = "nats")]
            created_ms: None,
            body,
        }
    }

    /// The message as it will be stored.
    pub(in crate::store) fn message(&self) -> &Message {
        &self.body.message
    }

    /// Replaces its files; the kind follows the first of them.
    pub(in crate::store) fn set_media(&mut self, media: Option<Value>) {
        let message = &mut self.body.message;
        message.media = media;
        if message.kind.is_file() {
            message.kind = Kind::of_media(message.media.as_ref());
        }
        self.row = self.body.encode();
    }

    /// About how many bytes it takes while it waits.
    pub(in crate::store) fn weight(&self) -> usize {
        2 * self.row.len()
    }
}
