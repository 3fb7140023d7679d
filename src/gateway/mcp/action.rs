//! Doing an action of the protocol, as any other client does it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    gateway::{
        Gateway,
        actions::{answer::CommandResult, perform},
        permissions::Access,
    },
    protocol::{
        call::Call,
        describe::ActionId,
        dialect::Dialect,
        error_code::{ErrorCode, Fault},
    },
};

/// Whether a client may do an action at all.
pub(super) fn may(access: &Access, id: ActionId) -> bool {
    id.action().is_some_and(|action| access.may_do(action))
}

/// Does an action as any other client does it; its answer.
pub(super) async fn done(
    gateway: &Arc<Gateway>,
    access: &Access,
    id: ActionId,
    payload: &Map<String, Value>,
) -> Result<Value, Fault> {
    let text = answered(gateway, access, id, payload).await?;
    serde_json::from_str(&text).map_err(|error| {
        let text = format!("the answer cannot be read: {error}");
        Fault::new(ErrorCode::Internal, text)
    })
}

async fn answered(
    gateway: &Arc<Gateway>,
    access: &Access,
    id: ActionId,
    payload: &Map<String, Value>,
) -> CommandResult {
    let name = id.action().map_or("", |action| action.name);
    let payload = Value::Object(payload.clone()).to_string();
    let call = Call {
        dialect: Dialect::JsonRpc,
        action: name.into(),
        payload: Some(&payload),
        id: None,
        wants_answer: true,
    };
    let outcome = perform(gateway, access, &call, None).outcome();
    outcome.await
}
