//! The protocol as a document of `AsyncAPI` 3.0 (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>)
//! with JSON Schema (draft 7, which the schema object of that extends), made from the table. Programs that make
//! clients, mocks and manuals read it.
//!
//! Of the two dialects it describes the frames `{type, action, id, payload}`; JSON-RPC carries the same
//! payloads as `params` and `result`.

use serde_json::{Map, Value, json};

use super::{
    actions::{ACTIONS, Action},
    events::EVENTS,
    shape::{EventSpec, FieldKind, FieldSpec, MAX_NAME, MAX_NAMES, MAX_TARGETS},
};
use crate::{
    message::media::MAX_FILES,
    protocol::{VERSION, error_code},
};

/// The release of this program since which all actions and events without a row of their own here are there.
const SINCE: &str = "0.1.0";

/// The document for whom these tests let see an action and an event. `endpoint` is the authority of the
/// gateway, such as `127.0.0.1:18789`; `is_tls` whether it speaks TLS.
pub fn asyncapi(
    endpoint: &str,
    is_tls: bool,
    may_do: impl Fn(&Action) -> bool,
    may_hear: impl Fn(&EventSpec) -> bool,
) -> Value {
    let actions: Vec<&Action> = ACTIONS.iter().filter(|action| may_do(action)).collect();
    let events: Vec<&EventSpec> = EVENTS.iter().filter(|event| may_hear(event)).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "cleudocodebot",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The control gateway of cleudocodebot: one WebSocket, text messages, one JSON object each. A command is answered by a response or an error with the same id; events come to those who subscribed to them.",
        },
        "defaultContentType": "application/json",
        "servers": {"gateway": {
            "host": endpoint,
            "protocol": if is_tls { "wss" } else { "ws" },
            "description": "The token goes into the header Authorization of the upgrade, or into the action auth.",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        }},
        "channels": {"gateway": {
            "address": "/ws",
            "description": "Everything goes over one socket. The path / is the same.",
            "messages": messages(&actions, &events, |key| json!({"$ref": format!("#/components/messages/{key}")})),
        }},
        "operations": operations(&actions, &events),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer",
                "description": "The owner's token of .env, or a key (cleudocodebot keys)."}},
            "schemas": {"error": error_payload()},
            "messages": components(&actions, &events),
        },
        "x-protocol": VERSION,
    })
}

/// The keys of the messages of an action.
fn command_key(action: &Action) -> String {
    format!("{}.command", action.name)
}

fn response_key(action: &Action) -> String {
    format!("{}.response", action.name)
}

/// The key of the message of an event. Names of topics hold a `*`, which keys may not
/// (`AsyncAPI` 3.0, Components Object).
fn event_key(event: &EventSpec) -> String {
    format!("{}.event", event.name.replace('*', "any"))
}

const ERROR_KEY: &str = "error";

/// A map with one entry for each message, made from its key.
fn messages(actions: &[&Action], events: &[&EventSpec], entry: impl Fn(&str) -> Value) -> Value {
    let of_actions = actions
        .iter()
        .flat_map(|it| [command_key(it), response_key(it)]);
    let keys = of_actions.chain(events.iter().map(|event| event_key(event)));
    let all = keys.chain([ERROR_KEY.to_owned()]);
    all.map(|key| (key.clone(), entry(&key)))
        .collect::<Map<_, _>>()
        .into()
}

fn reference(key: &str) -> Value {
    json!({"$ref": format!("#/channels/gateway/messages/{key}")})
}

fn operations(actions: &[&Action], events: &[&EventSpec]) -> Value {
    let channel = json!({"$ref": "#/channels/gateway"});
    let commands = actions.iter().map(|action| {
        let operation = json!({
            "action": "receive", "channel": channel, "summary": action.summary,
            "messages": [reference(&command_key(action))],
            "reply": {"channel": channel,
                "messages": [reference(&response_key(action)), reference(ERROR_KEY)]},
            "x-least-role": action.least.role.as_str(),
            "x-also": super::roles_json(action.least),
            "x-aliases": action.aliases,
            "x-since": SINCE,
        });
        (action.name.to_owned(), operation)
    });
    let told = events.iter().map(|event| {
        let operation = json!({
            "action": "send", "channel": channel, "summary": event.summary,
            "messages": [reference(&event_key(event))],
            "x-least-role": event.least.role.as_str(),
            "x-also": super::roles_json(event.least),
            "x-since": SINCE,
        });
        (event_key(event), operation)
    });
    commands.chain(told).collect::<Map<_, _>>().into()
}

fn components(actions: &[&Action], events: &[&EventSpec]) -> Value {
    let mut all = Map::new();
    for action in actions {
        let command = object(action.request);
        let frame = frame(
            "command",
            &json!({"const": action.name}),
            &command,
            Id::Optional,
        );
        all.insert(
            command_key(action),
            message(action.name, action.summary, &frame),
        );
        let response = object(action.response);
        let frame = frame_of_answer("response", action, &response);
        all.insert(
            response_key(action),
            message(action.name, "The answer.", &frame),
        );
    }
    for event in events {
        let payload = object(event.payload);
        let frame = frame("event", &topic(event.name), &payload, Id::None);
        all.insert(event_key(event), message(event.name, event.summary, &frame));
    }
    let error = json!({"$ref": "#/components/schemas/error"});
    let frame = frame("error", &json!({"type": "string"}), &error, Id::Optional);
    all.insert(
        ERROR_KEY.to_owned(),
        message(ERROR_KEY, "Why a command was not done.", &frame),
    );
    all.into()
}

fn message(name: &str, summary: &str, payload: &Value) -> Value {
    json!({"name": name, "summary": summary, "contentType": "application/json", "payload": payload})
}

/// Whether a frame carries the id of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    None,
    Optional,
}

fn frame(kind: &str, action: &Value, payload: &Value, id: Id) -> Value {
    let mut properties = json!({"type": {"const": kind}, "action": action, "payload": payload});
    if id == Id::Optional {
        properties["id"] = json!({"type": ["string", "integer"],
            "description": "of the client's choice; the answer brings it back"});
    }
    let required: &[&str] = match kind {
        // A payload without fields may be left out of a command.
        "command" => &["type", "action"],
        _ => &["type", "action", "payload"],
    };
    json!({"type": "object", "required": required, "properties": properties})
}

/// The action of an answer is the name that the client used.
fn frame_of_answer(kind: &str, action: &Action, payload: &Value) -> Value {
    let names: Vec<&str> = std::iter::once(action.name)
        .chain(action.aliases.iter().copied())
        .collect();
    frame(kind, &json!({"enum": names}), payload, Id::Optional)
}

/// The name of an event, in which `*` stands for what the publisher chose.
fn topic(name: &str) -> Value {
    match name.strip_suffix('*') {
        Some(prefix) => {
            json!({"type": "string", "pattern": format!("^{}", prefix.replace('.', "\\."))})
        }
        None => json!({"const": name}),
    }
}

fn error_payload() -> Value {
    let codes: Vec<&str> = error_code::ROWS.iter().map(|row| row.name).collect();
    let meanings: Vec<String> = error_code::ROWS
        .iter()
        .map(|row| format!("{}: {}", row.name, row.meaning))
        .collect();
    json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"enum": codes, "description": meanings.join("\n")},
            "message": {"type": "string", "description": "what is wrong, where, and what to do"},
            "retry_after_ms": integer(0, MAX_SAFE),
        },
    })
}

/// The largest whole number that every client can hold (RFC 8259 §6).
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A payload. The gateway ignores fields that are not in the table, and clients are to do so too.
fn object(fields: &[FieldSpec]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), described(field)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn described(field: &FieldSpec) -> Value {
    let mut schema = schema(field.kind);
    schema["description"] = json!(field.summary);
    schema
}

fn integer(low: u64, high: u64) -> Value {
    json!({"type": "integer", "minimum": low, "maximum": high})
}

/// The schema of a kind of value. It takes what `FieldKind::fits` takes, except that a JSON Schema counts
/// the characters of a name where the gateway counts its bytes.
fn schema(kind: FieldKind) -> Value {
    let name = json!({"type": "string", "minLength": 1, "maxLength": MAX_NAME,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"});
    match kind {
        FieldKind::Text => json!({"type": "string"}),
        FieldKind::Name => name,
        FieldKind::Integer(low, high) => integer(low, high),
        FieldKind::Since => json!({"oneOf": [{"type": "integer", "minimum": 0}, name]}),
        FieldKind::Boolean => json!({"type": "boolean"}),
        FieldKind::Object => json!({"type": "object"}),
        FieldKind::Files => json!({"oneOf": [{"type": "object"},
            {"type": "array", "minItems": 1, "maxItems": MAX_FILES, "items": {"type": "object"}}]}),
        FieldKind::Names => {
            json!({"type": "array", "minItems": 1, "maxItems": MAX_NAMES, "items": name})
        }
        FieldKind::Targets => json!({"oneOf": [name,
            {"type": "array", "minItems": 1, "maxItems": MAX_TARGETS, "items": name}]}),
        FieldKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        FieldKind::Objects => json!({"type": "array", "items": {"type": "object"}}),
        FieldKind::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        asyncapi("127.0.0.1:18789", false, |_| true, |_| true)
    }

    /// Every `$ref` below a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(all) => {
                if let Some(target) = all.get("$ref").and_then(Value::as_str) {
                    found.push(target.to_owned());
                }
                all.values().for_each(|value| references(value, found));
            }
            Value::Array(all) => all.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_action_and_event_is_an_operation_and_every_reference_leads_somewhere() {
        let document = document();
        let operations = document["operations"].as_object().expect("operations");
        assert_eq!(operations.len(), ACTIONS.len() + EVENTS.len());
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > operations.len());
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn keys_have_no_character_that_the_specification_forbids() {
        let document = document();
        let components = document["components"]["messages"].as_object();
        for key in components.expect("messages").keys() {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            assert!(key.chars().all(allowed), "{key}");
        }
    }

    #[test]
    fn what_a_role_may_not_do_is_not_in_its_document() {
        let all = asyncapi("x", true, |action| action.name == "ping", |_| false);
        let text = all.to_string();
        assert!(text.contains("ping.command") && !text.contains("key.add"));
        assert_eq!(all["servers"]["gateway"]["protocol"], "wss");
    }

    #[test]
    fn a_send_is_described_with_its_bounds() {
        let document = document();
        let payload = &document["components"]["messages"]["send.command"]["payload"];
        let fields = &payload["properties"]["payload"];
        assert_eq!(fields["required"], json!(["channel", "to"]));
        let to = &fields["properties"]["to"]["oneOf"];
        assert_eq!(to[0]["maxLength"], MAX_NAME);
        assert_eq!(to[1]["maxItems"], MAX_TARGETS);
        assert_eq!(payload["properties"]["action"]["const"], "send");
    }
}
