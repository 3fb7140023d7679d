//! JSON-RPC 2.0 (jsonrpc.org/specification): reading calls, notifications and batches.
//!
//! Answers are written in `reply`, the numbers of errors are in `error_code`.

use serde_json::value::RawValue;

use super::{
    call::{Call, ClientMessage, Unreadable},
    dialect::Dialect,
    envelope::{Envelope, bad_frame, kind_of, string},
    error_code::{ErrorCode, Fault},
};

/// Calls in one batch at most; a longer one is refused whole, before anything of it is done.
pub const MAX_BATCH: usize = 256;

/// Reads one object that has the member `jsonrpc`.
pub(super) fn call<'a>(envelope: &Envelope<'a>) -> Result<Call<'a>, Unreadable<'a>> {
    let id = envelope.id.filter(|id| is_id(id));
    let unreadable = |fault| Unreadable {
        dialect: Dialect::JsonRpc,
        action: None,
        id,
        no_object: false,
        wants_answer: true,
        fault,
    };
    check_shape(envelope).map_err(unreadable)?;
    let action = envelope.method.and_then(string);
    let action =
        action.ok_or_else(|| unreadable(bad_frame("\"method\" must be a string".to_owned())))?;
    let is_notification = envelope.id.is_none();
    let payload = params(envelope.params).map_err(|fault| Unreadable {
        wants_answer: !is_notification,
        ..unreadable(fault)
    })?;
    Ok(Call {
        dialect: Dialect::JsonRpc,
        action,
        payload,
        id,
        wants_answer: !is_notification,
    })
}

fn check_shape(envelope: &Envelope<'_>) -> Result<(), Fault> {
    if let Some(fault) = &envelope.out_of_range {
        return Err(Fault::clone(fault));
    }
    if let Some(name) = envelope.twice {
        return Err(bad_frame(format!("the member \"{name}\" stands twice")));
    }
    if envelope.jsonrpc != Some("\"2.0\"") {
        return Err(bad_frame(
            "\"jsonrpc\" must be the string \"2.0\"".to_owned(),
        ));
    }
    match envelope.id {
        Some(id) if !is_id(id) => Err(bad_frame(format!(
            "\"id\" must be a string, a number or null, not {}",
            kind_of(id)
        ))),
        _ => Ok(()),
    }
}

/// Parameters by position have no meaning here: every action names its fields. No parameters are
/// written in three ways by the clients there are: left out, `null`, and an empty array.
fn params(json: Option<&str>) -> Result<Option<&str>, Fault> {
    match json {
        Some(json) if json == "null" || is_empty_array(json) => Ok(None),
        Some(json) if !json.starts_with('{') => {
            let message = format!("\"params\" must be an object, not {}", kind_of(json));
            Err(Fault::new(ErrorCode::BadPayload, message))
        }
        other => Ok(other),
    }
}

fn is_empty_array(text: &str) -> bool {
    let inside = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|inside| inside.trim().is_empty())
}

fn is_id(json: &str) -> bool {
    !matches!(json.as_bytes().first(), Some(b'{' | b'[' | b't' | b'f'))
}

/// Reads an array of calls. A wrong element does not spoil the others (§6).
pub(super) fn read_batch(text: &str) -> ClientMessage<'_> {
    let refuse =
        |fault| ClientMessage::Unreadable(Unreadable::without_object(Dialect::JsonRpc, fault));
    let elements: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(elements) => elements,
        Err(error) => return refuse(Fault::new(ErrorCode::BadJson, format!("not JSON: {error}"))),
    };
    match elements.len() {
        0 => refuse(bad_frame("an empty batch holds no call".to_owned())),
        count if count > MAX_BATCH => {
            let message = format!("a batch of {count} calls is over the limit of {MAX_BATCH}");
            refuse(Fault::new(ErrorCode::TooLarge, message))
        }
        _ => ClientMessage::Batch(elements.into_iter().map(element).collect()),
    }
}

fn element(raw: &RawValue) -> Result<Call<'_>, Unreadable<'_>> {
    let unreadable = |fault| Unreadable::without_object(Dialect::JsonRpc, fault);
    let envelope = Envelope::parse(raw.get()).map_err(unreadable)?;
    call(&envelope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Call<'_>, Unreadable<'_>> {
        if !text.starts_with('[') {
            return call(&Envelope::parse(text).expect("an object"));
        }
        match read_batch(text) {
            ClientMessage::Unreadable(unreadable) => Err(unreadable),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_parameters_are_written_in_several_ways() {
        for none in [
            "",
            r#""params":null,"#,
            r#""params":[],"#,
            "\"params\":[ \n\t],",
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0",{none}"method":"ping","id":1}}"#);
            assert!(one(&text).expect("a call").payload.is_none(), "{text}");
        }
        for wrong in ["[1]", "[{}]", "7", "\"\""] {
            let text = format!(r#"{{"jsonrpc":"2.0","params":{wrong},"method":"ping","id":1}}"#);
            assert!(one(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_call_and_a_notification_differ_by_their_id() {
        let call =
            one(r#"{"jsonrpc":"2.0","method":"ping","params":{"a":1},"id":null}"#).expect("a call");
        assert!(call.wants_answer && call.id == Some("null"));
        let notification = one(r#"{"jsonrpc":"2.0","method":"ping"}"#).expect("a notification");
        assert!(!notification.wants_answer);
    }

    #[test]
    fn wrong_members_are_named_with_their_code() {
        for (text, code) in [
            (
                r#"{"jsonrpc":"1.0","method":"ping","id":1}"#,
                ErrorCode::BadFrame,
            ),
            (
                r#"{"jsonrpc":"2.0","method":1,"id":1}"#,
                ErrorCode::BadFrame,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"ping","id":{}}"#,
                ErrorCode::BadFrame,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"ping","params":[1],"id":1}"#,
                ErrorCode::BadPayload,
            ),
            ("[]", ErrorCode::BadFrame),
            ("[1,", ErrorCode::BadJson),
        ] {
            let unreadable = one(text).expect_err(text);
            assert_eq!(
                (unreadable.fault.code, unreadable.dialect),
                (code, Dialect::JsonRpc),
                "{text}"
            );
        }
    }

    #[test]
    fn elements_of_a_batch_stand_for_themselves() {
        let text = r#"[{"jsonrpc":"2.0","method":"ping","id":1}, 1, {"foo":"bar"}]"#;
        let ClientMessage::Batch(elements) = read_batch(text) else {
            panic!("no batch")
        };
        assert_eq!(
            elements.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, false, false]
        );
    }
}
