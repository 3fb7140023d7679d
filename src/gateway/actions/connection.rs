//! The actions about the connection that do not change it: ping and describe.
//!
//! Not here: `auth` (`session::auth`).

use std::sync::LazyLock;

use crate::{
    clock,
    gateway::permissions::Access,
    protocol::{self, reply::push_number},
};

/// As far as the client may do and hear what is in it.
pub(super) fn describe(access: &Access) -> String {
    static WHOLE: LazyLock<String> =
        LazyLock::new(|| protocol::describe::describe(|_| true, |_| true).to_string());
    if access.is_owner() {
        return WHOLE.clone();
    }
    let seen = protocol::describe::describe(
        |action| access.may_do(action),
        |event| access.may_hear(event),
    );
    seen.to_string()
}

/// Writes the payload of a ping's answer at this time.
pub(in crate::gateway) fn push_pong(out: &mut String, now_ms: u64, echo: Option<&str>) {
    out.push_str("{\"pong\":true,\"time_ms\":");
    push_number(out, now_ms);
    if let Some(echo) = echo {
        out.push_str(",\"echo\":");
        out.push_str(echo);
    }
    out.push('}');
}

/// The payload of a ping's answer.
pub(in crate::gateway) fn pong_text(echo: Option<&str>) -> String {
    let mut text = String::new();
    push_pong(&mut text, clock::now_ms(), echo);
    text
}
