//! The session as the actions see it that change the connection they come by.

use std::sync::Arc;

use super::command_handler::CommandHandler;
use crate::{
    gateway::{
        actions::{Connection, answer::Answer},
        clients::handle::ClientHandle,
    },
    protocol::{error_code::Fault, payload::Payload},
};

impl Connection for CommandHandler {
    fn auth(&mut self, payload: &Payload) -> Answer {
        self.authenticate(payload)
    }

    fn subscribe(&mut self, payload: &Payload) -> Answer {
        Answer::Now(self.add_topics(payload))
    }

    fn unsubscribe(&mut self, payload: &Payload) -> Answer {
        Answer::Now(self.remove_topics(payload))
    }

    fn client(&self) -> &Arc<ClientHandle> {
        &self.handle
    }

    fn expect_room_to_wait(&mut self) -> Result<(), Fault> {
        self.expect_room_for_wait()
    }
}
