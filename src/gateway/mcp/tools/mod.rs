//! The tools: which there are, what each says of itself, and calling one.
//!
//! Names, descriptions and arguments come from the table of actions. `table` says which action a tool is
//! and which of its fields it offers; `schema` writes those as JSON Schema; `arguments` checks what a model
//! wrote; `media` hands out the bytes of a file.

mod arguments;
mod media;
mod schema;
mod table;

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Map, Value, json};

use self::table::{TOOLS, Tool, Work};
use super::{
    action::{done, may},
    exchange::{Called, Caller, Done, needed},
    message::Request,
    rpc::{INVALID_PARAMS, RpcError},
    wait,
};
use crate::{
    gateway::{Gateway, permissions::Access},
    protocol::{describe::ActionId, error_code::Fault},
};

/// The result of `tools/list`: those that this client may call.
pub(super) fn list(access: &Access) -> Value {
    let allowed = TOOLS.iter().filter(|tool| may(access, tool.action()));
    json!({"tools": allowed.map(described).collect::<Value>()})
}

fn described(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description(),
        "inputSchema": schema::closed(&tool.arguments()),
        "outputSchema": schema::open(&tool.answer()),
        "annotations": {
            "title": tool.title,
            "readOnlyHint": tool.only_reads(),
            "destructiveHint": tool.is_destructive(),
            "openWorldHint": !tool.only_reads(),
        },
    })
}

/// The result of `tools/call`. What a model can mend is a result that says so, no error.
pub(super) async fn call(
    gateway: &Arc<Gateway>,
    caller: &Caller<'_>,
    request: &Request<'_>,
) -> Result<Done, RpcError> {
    let name = needed(request, "name")?;
    let arguments = match request.params.get("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(arguments)) => arguments.clone(),
        Some(_) => {
            let text = "params.arguments must be an object";
            return Err(RpcError::new(INVALID_PARAMS, text));
        }
    };
    let outcome = match find(name, caller.access) {
        Ok(tool) => carried_out(gateway, caller, tool, arguments)
            .await
            .map_err(|fault| explained(tool, &fault)),
        Err(why) => Err(why),
    };
    Ok(outcome.map_or_else(|why| failed(&why), succeeded))
}

fn find(name: &str, access: &Access) -> Result<&'static Tool, String> {
    let allowed = || TOOLS.iter().filter(|tool| may(access, tool.action()));
    allowed().find(|tool| tool.name == name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        let names: Vec<_> = allowed().map(|tool| tool.name).collect();
        format!("there is no tool {shown:?}; there are {}", names.join(", "))
    })
}

async fn carried_out(
    gateway: &Arc<Gateway>,
    caller: &Caller<'_>,
    tool: &Tool,
    arguments: Map<String, Value>,
) -> Result<Called, Fault> {
    let arguments = arguments::checked(tool, arguments)?;
    match tool.work {
        Work::Action(id) => Ok(done(gateway, caller.access, id, &arguments).await?.into()),
        Work::Wait => wait::wait(gateway, caller, &arguments).await,
        Work::File => {
            let row = done(gateway, caller.access, ActionId::Media, &arguments).await?;
            media::handed_out(gateway, caller.base, row).await
        }
    }
}

fn explained(tool: &Tool, fault: &Fault) -> String {
    let mut text = format!("{}: {} ({})", tool.name, fault.message, fault.code.as_str());
    if let Some(wait_ms) = fault.retry_after_ms {
        let _ = write!(text, "; try again in {wait_ms} ms");
    }
    text
}

fn failed(why: &str) -> Done {
    Done::now(json!({"content": [{"type": "text", "text": why}], "isError": true}))
}

fn succeeded(called: Called) -> Done {
    let text = called.answer.to_string();
    let mut content = vec![json!({"type": "text", "text": text})];
    content.extend(called.more);
    Done {
        on_sent: called.on_sent,
        ..Done::now(
            json!({"content": content, "structuredContent": called.answer, "isError": false}),
        )
    }
}
