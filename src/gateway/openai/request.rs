//! What a client asks for. What an agent cannot keep to is refused by name where the answer would be another
//! than the client expects, and left out where it would only be phrased otherwise (`temperature`, `top_p`,
//! `max_tokens`, `stop`, `seed`, …: the agent's own settings hold).

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use crate::message::{
    media::MAX_FILES,
    nesting::{MAX_NESTING, is_deeper},
};

/// The model that stands for the agents of the settings, one after the other.
pub(super) const DEFAULT_MODEL: &str = "default";

/// Messages in a request at most.
const MAX_MESSAGES: usize = 2_048;

/// Longest name of a model or a user, in bytes.
const MAX_NAME: usize = 256;

/// A request.
#[derive(Debug, PartialEq)]
pub(super) struct ChatRequest {
    /// The model as the client called it.
    pub(super) model: String,
    /// The session of its user, where it named one.
    pub(super) session: Option<String>,
    /// `[{role, content}]`, oldest first.
    pub(super) messages: Vec<Value>,
    /// The pictures of the last message.
    pub(super) pictures: Vec<Picture>,
    /// Whether the answer comes as it grows.
    pub(super) stream: bool,
    /// Whether a last chunk tells what was used.
    pub(super) include_usage: bool,
}

/// A picture in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// What the client says it is.
    pub(super) mime: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ApiError> {
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| ApiError::new(400, format!("the body is no JSON object: {error}")))?;
    expect_possible(&body)?;
    let model = name(&body, "model")?.ok_or_else(|| {
        ApiError::of_param(
            "model",
            "model must name an agent; GET /v1/models lists them",
        )
    })?;
    let Some(Value::Array(given)) = body.get("messages") else {
        return Err(ApiError::of_param(
            "messages",
            "messages must be an array of messages",
        ));
    };
    if given.is_empty() || given.len() > MAX_MESSAGES {
        let text = format!("messages must hold 1 to {MAX_MESSAGES} messages");
        return Err(ApiError::of_param("messages", text));
    }
    let mut messages = Vec::with_capacity(given.len());
    let mut pictures = Vec::new();
    for (at, message) in given.iter().enumerate() {
        pictures.clear();
        messages.push(read_message(at, message, &mut pictures)?);
    }
    let options = body.get("stream_options");
    Ok(ChatRequest {
        model,
        session: name(&body, "user")?.map(|user| session(&user)),
        messages,
        pictures,
        stream: flag(&body, "stream")?,
        include_usage: options.is_some_and(|options| options["include_usage"] == true),
    })
}

/// Stable for a user, and nothing but letters and digits.
fn session(user: &str) -> String {
    let hash = Sha256::digest(user.as_bytes());
    format!("user-{}", &HEXLOWER.encode(&hash)[..32])
}

fn is_set<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn flag(body: &Map<String, Value>, name: &str) -> Result<bool, ApiError> {
    match is_set(body, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(ApiError::of_param(
            name,
            format!("{name} must be true or false"),
        )),
    }
}

fn name(body: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match is_set(body, name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=MAX_NAME).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => {
            let text = format!("{name} must be a string of 1 to {MAX_NAME} bytes");
            Err(ApiError::of_param(name, text))
        }
    }
}

/// Refuses what would make the answer another than the client expects.
fn expect_possible(body: &Map<String, Value>) -> Result<(), ApiError> {
    let is_list = |name| {
        is_set(body, name).is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty()))
    };
    let is_other =
        |name, fine: &[Value]| is_set(body, name).is_some_and(|value| !fine.contains(value));
    let wants_tools = is_list("tools") && body.get("tool_choice") != Some(&json!("none"));
    let format = is_set(body, "response_format").map(|format| format["type"].clone());
    let refused = [
        (
            is_other("n", &[json!(1)]),
            "n",
            "there is one answer; n must be 1",
        ),
        (
            wants_tools,
            "tools",
            "agents here bring their own tools; leave tools out",
        ),
        (
            is_list("functions"),
            "functions",
            "agents here bring their own tools; leave functions out",
        ),
        (
            format.is_some_and(|format| format != "text"),
            "response_format",
            "answers are plain text; leave response_format out",
        ),
        (
            is_other("logprobs", &[json!(false)]),
            "logprobs",
            "there are no log probabilities; leave logprobs out",
        ),
        (
            is_other("modalities", &[json!(["text"])]) || is_set(body, "audio").is_some(),
            "modalities",
            "answers are text; leave modalities and audio out",
        ),
    ];
    match refused.iter().find(|(is_refused, ..)| *is_refused) {
        Some((_, param, text)) => Err(ApiError {
            code: Some("unsupported_parameter"),
            ..ApiError::of_param(*param, *text)
        }),
        None => Ok(()),
    }
}

/// One message with only what an agent reads of it.
fn read_message(
    at: usize,
    message: &Value,
    pictures: &mut Vec<Picture>,
) -> Result<Value, ApiError> {
    let wrong =
        |field: &str, text: String| ApiError::of_param(format!("messages[{at}].{field}"), text);
    let role = message["role"].as_str().unwrap_or_default();
    if !matches!(role, "system" | "developer" | "user" | "assistant") {
        let text =
            "role must be system, developer, user or assistant; results of tools are not taken";
        return Err(wrong("role", text.to_owned()));
    }
    if is_deeper(message, MAX_NESTING) {
        return Err(wrong(
            "content",
            format!("nested deeper than {MAX_NESTING} levels"),
        ));
    }
    let content = match &message["content"] {
        Value::String(text) => json!(text),
        // What only called a tool.
        Value::Null if role == "assistant" => json!(""),
        Value::Array(parts) if !parts.is_empty() => {
            let part = |(number, part)| {
                read_part(part, pictures).map_err(|text| wrong(&format!("content[{number}]"), text))
            };
            parts
                .iter()
                .enumerate()
                .map(part)
                .collect::<Result<_, _>>()?
        }
        _ => {
            let text = "content must be a string or an array of parts".to_owned();
            return Err(wrong("content", text));
        }
    };
    Ok(json!({"role": role, "content": content}))
}

fn read_part(part: &Value, pictures: &mut Vec<Picture>) -> Result<Value, String> {
    match part["type"].as_str() {
        Some("text" | "refusal") => {
            let text = part["text"].as_str().or(part["refusal"].as_str());
            let text = text.ok_or("a part of type text must have a text")?;
            Ok(json!({"type": "text", "text": text}))
        }
        Some("image_url") => {
            let url = part["image_url"]["url"].as_str().unwrap_or_default();
            let picture = picture(url).ok_or(
                "image_url.url must be a picture as data:image/…;base64,…; addresses are not fetched here",
            )?;
            if pictures.len() >= MAX_FILES {
                return Err(format!("a message has {MAX_FILES} pictures at most"));
            }
            pictures.push(picture);
            Ok(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        _ => Err("a part must be of type text or image_url".to_owned()),
    }
}

/// The picture in a data URL (RFC 2397).
fn picture(url: &str) -> Option<Picture> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let mime = head.strip_suffix(";base64")?;
    let mime = mime
        .split(';')
        .next()
        .filter(|mime| mime.starts_with("image/"))?;
    let bytes = BASE64.decode(data.as_bytes()).ok()?;
    (!bytes.is_empty()).then(|| Picture {
        mime: mime.to_owned(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(more: &Value) -> Result<ChatRequest, ApiError> {
        let mut body = json!({"model": "echo", "messages": [{"role": "user", "content": "hi"}]});
        let more = more.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(more);
        read(body.to_string().as_bytes())
    }

    #[test]
    fn a_plain_request_is_read_and_tuning_is_left_out() {
        let request = with(&json!({
            "stream": true, "stream_options": {"include_usage": true}, "user": "ana", "temperature": 0.2,
            "max_tokens": 7, "n": 1, "tools": [], "tool_choice": "auto", "response_format": {"type": "text"},
            "logprobs": false, "seed": null,
        }));
        let request = request.expect("fine");
        assert!(request.stream && request.include_usage);
        assert_eq!(request.messages, [json!({"role": "user", "content": "hi"})]);
        let session = request.session.expect("a session");
        assert_eq!(
            session,
            with(&json!({"user": "ana"}))
                .expect("fine")
                .session
                .expect("one")
        );
        assert_ne!(
            Some(session),
            with(&json!({"user": "bia"})).expect("fine").session
        );
        assert_eq!(with(&json!({})).expect("fine").session, None);
    }

    #[test]
    fn what_would_change_the_answer_is_refused_by_name() {
        for (more, param) in [
            (json!({"n": 2}), "n"),
            (json!({"tools": [{"type": "function"}]}), "tools"),
            (json!({"functions": [{"name": "a"}]}), "functions"),
            (
                json!({"response_format": {"type": "json_object"}}),
                "response_format",
            ),
            (json!({"logprobs": true}), "logprobs"),
            (json!({"modalities": ["text", "audio"]}), "modalities"),
            (json!({"model": ""}), "model"),
            (json!({"model": null}), "model"),
            (json!({"stream": "yes"}), "stream"),
            (json!({"user": 7}), "user"),
            (json!({"messages": []}), "messages"),
            (json!({"messages": "hi"}), "messages"),
            (
                json!({"messages": [{"role": "tool", "content": "x"}]}),
                "messages[0].role",
            ),
            (
                json!({"messages": [{"role": "user"}]}),
                "messages[0].content",
            ),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}),
                "messages[0].content[0]",
            ),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}]}]}),
                "messages[0].content[0]",
            ),
        ] {
            let error = with(&more).expect_err("refused");
            assert_eq!(
                (error.status, error.param.as_deref()),
                (400, Some(param)),
                "{more}"
            );
        }
        assert_eq!(read(b"[1]").expect_err("no object").status, 400);
    }

    #[test]
    fn the_pictures_of_the_last_message_are_taken_out_and_stay_in_it() {
        let url = "data:image/png;base64,aGVsbG8=";
        let parts = json!([{"type": "text", "text": "look", "extra": 1}, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]);
        let messages = json!([{"role": "user", "content": parts}, {"role": "assistant", "content": null, "tool_calls": []}, {"role": "user", "content": parts}]);
        let request = with(&json!({"messages": messages})).expect("fine");
        let expected = json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]);
        assert_eq!(request.messages[2]["content"], expected);
        assert_eq!(request.messages[1]["content"], "");
        let picture = Picture {
            mime: "image/png".to_owned(),
            bytes: b"hello".to_vec(),
        };
        assert_eq!(request.pictures, [picture]);
        for wrong in [
            "data:text/html;base64,aGVsbG8=",
            "data:image/png,hello",
            "data:image/png;base64,***",
            "data:image/png;base64,",
        ] {
            assert_eq!(super::picture(wrong), None, "{wrong}");
        }
    }
}
