//! The models: each agent is one, and `default` stands for those of the settings, one after the other.

use serde_json::{Value, json};

use super::{error::ApiError, request::DEFAULT_MODEL};
use crate::gateway::Gateway;

/// The answer to `GET /v1/models`.
pub(in crate::gateway) fn list(gateway: &Gateway) -> Value {
    let names = names(gateway);
    let data: Value = names.iter().map(|name| row(gateway, name)).collect();
    json!({"object": "list", "data": data})
}

/// The answer to `GET /v1/models/NAME`.
pub(in crate::gateway) fn model(gateway: &Gateway, name: &str) -> Result<Value, ApiError> {
    expect_known(gateway, name)?;
    Ok(row(gateway, name))
}

/// Fails where no agent has this name.
pub(super) fn expect_known(gateway: &Gateway, name: &str) -> Result<(), ApiError> {
    let names = names(gateway);
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    let there = if names.is_empty() {
        "no agent is set or connected; set AGENT in .env".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    };
    Err(ApiError {
        status: 404,
        code: Some("model_not_found"),
        ..ApiError::of_param(
            "model",
            format!("the model {shown:?} does not exist; {there}"),
        )
    })
}

fn names(gateway: &Gateway) -> Vec<String> {
    let agents = gateway.agents.statuses();
    let default = (!agents.is_empty()).then(|| DEFAULT_MODEL.to_owned());
    let agents = agents.into_iter().map(|agent| agent.name);
    let others = agents.filter(|name| name != DEFAULT_MODEL);
    default.into_iter().chain(others).collect()
}

fn row(gateway: &Gateway, name: &str) -> Value {
    let created = gateway.started_ms / 1000;
    json!({"id": name, "object": "model", "created": created, "owned_by": env!("CARGO_PKG_NAME")})
}
