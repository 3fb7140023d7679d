//! Questions with answers to choose from, what was chosen, reactions.

use serde_json::Value;

use super::{Said, number::count};
use crate::{
    http_client::read_json,
    message::{Content, text_at},
};

pub(super) fn poll(value: &Value) -> Option<Said> {
    let options = value["options"].as_array().into_iter().flatten();
    let options = options.filter_map(|option| text_at(option, "optionName"));
    let options: Vec<String> = options.map(str::to_owned).collect();
    let question = text_at(value, "name").unwrap_or_default().to_owned();
    if question.is_empty() && options.is_empty() {
        return None;
    }
    Some(Said::of(&Content::Poll { question, options }))
}

/// A poll with its votes so far, which stand in the text alone.
pub(super) fn poll_result(value: &Value) -> Option<Said> {
    let votes = value["pollVotes"].as_array().into_iter().flatten();
    let votes: Vec<(&str, u64)> = votes
        .filter_map(|vote| {
            let name = text_at(vote, "optionName")?;
            Some((name, count(&vote["optionVoteCount"]).unwrap_or(0)))
        })
        .collect();
    let question = text_at(value, "name").unwrap_or_default().to_owned();
    if question.is_empty() && votes.is_empty() {
        return None;
    }
    let of = |options: Vec<String>| Content::Poll {
        question: question.clone(),
        options,
    };
    let counted = votes
        .iter()
        .map(|(name, count)| format!("{name} ({count})"));
    let text = of(counted.collect()).text();
    let options = votes.iter().map(|(name, _)| (*name).to_owned()).collect();
    Some(Said {
        text,
        ..Said::of(&of(options))
    })
}

/// The chosen options are names where Evolution could decrypt the vote, and encrypted bytes where it
/// could not.
pub(super) fn vote(value: &Value) -> Said {
    let options = value["vote"]["selectedOptions"]
        .as_array()
        .into_iter()
        .flatten();
    let options = options
        .filter_map(Value::as_str)
        .filter(|name| !name.is_empty());
    Said::of(&Content::Vote {
        poll: text_at(&value["pollCreationMessageKey"], "id").map(str::to_owned),
        options: options.map(str::to_owned).collect(),
    })
}

pub(super) fn list(value: &Value) -> Option<Said> {
    let row = &value["singleSelectReply"];
    choice(
        text_at(row, "selectedRowId"),
        text_at(value, "title").or(text_at(row, "title")),
        text_at(value, "description"),
        None,
    )
}

pub(super) fn button(value: &Value) -> Option<Said> {
    let (id, title) = ("selectedButtonId", "selectedDisplayText");
    choice(text_at(value, id), text_at(value, title), None, None)
}

pub(super) fn template_button(value: &Value) -> Option<Said> {
    let (id, title) = ("selectedId", "selectedDisplayText");
    choice(text_at(value, id), text_at(value, title), None, None)
}

/// A native flow answers with JSON in a text: the id of a button, or all answers of a form.
pub(super) fn interactive(value: &Value) -> Option<Said> {
    let flow = &value["nativeFlowResponseMessage"];
    let written = text_at(flow, "paramsJson").unwrap_or_default();
    let params: Value = read_json(written).unwrap_or_else(|_| written.into());
    let title = text_at(&value["body"], "text");
    let keys = ["title", "display_text"];
    let title = title.or_else(|| keys.iter().find_map(|key| text_at(&params, key)));
    let is_form = match &params {
        Value::Object(answers) => answers
            .keys()
            .any(|key| !OF_A_BUTTON.contains(&key.as_str())),
        Value::String(text) => !text.is_empty(),
        _ => false,
    };
    choice(
        text_at(&params, "id").or(text_at(flow, "name")),
        title,
        text_at(&params, "description"),
        is_form.then(|| params.clone()),
    )
}

/// What a tapped button or row says of itself.
const OF_A_BUTTON: [&str; 4] = ["id", "title", "display_text", "description"];

fn choice(
    id: Option<&str>,
    title: Option<&str>,
    description: Option<&str>,
    values: Option<Value>,
) -> Option<Said> {
    if id.or(title).is_none() && values.is_none() {
        return None;
    }
    Some(Said::of(&Content::Choice {
        id: id.unwrap_or_default().to_owned(),
        title: title.unwrap_or_default().to_owned(),
        description: description.map(str::to_owned),
        values,
    }))
}

pub(super) fn reaction(value: &Value) -> Option<Said> {
    let emoji = text_at(value, "text").unwrap_or_default();
    reacted(value, emoji)
}

/// A sticker put on a status; which one is not told.
pub(super) fn sticker_reaction(value: &Value) -> Option<Said> {
    reacted(value, "[sticker]")
}

fn reacted(value: &Value, emoji: &str) -> Option<Said> {
    let said = Said::of(&Content::Reaction {
        to: text_at(&value["key"], "id")?.to_owned(),
        emoji: emoji.to_owned(),
    });
    Some(Said {
        words: emoji.to_owned(),
        ..said
    })
}
