//! Updates, which tell of messages and of what was done to them
//! (<https://core.telegram.org/bots/api#update>).

use serde_json::{Value, json};

use super::{
    inbound::{self, Received},
    polls::KnownPolls,
    reactions,
    said::Said,
    target::{Target, number_of},
    who::{Author, called, named},
};
use crate::message::{Content, text_at};

/// What is asked for. Reactions come only where they are named here; an administrator's rights are
/// needed for those of a group (<https://core.telegram.org/bots/api#getupdates>). Servers skip names that
/// they do not know.
pub(super) const ALLOWED: [&str; 11] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "callback_query",
    "poll_answer",
    "my_chat_member",
];

/// What an update tells.
#[derive(Debug, Clone)]
pub(super) enum Update {
    /// Something new.
    New(Box<Received>),
    /// A message as it is now.
    Edited(Box<Received>),
    /// Messages that are gone, by their names.
    Deleted(Vec<String>),
}

/// Reads an update; `None` where it tells nothing that can be kept. `me` is the bot.
pub(super) fn read(
    channel: &str,
    update: &Value,
    me: &Author,
    polls: &KnownPolls,
) -> Option<Update> {
    let id = &update["update_id"];
    let (kind, value) = ALLOWED
        .iter()
        .find_map(|kind| Some((*kind, update.get(*kind)?)))?;
    let message = || inbound::message(channel, value, id, me).map(Box::new);
    let key = format!("update:{id}");
    let new = match kind {
        "edited_message" | "edited_channel_post" | "edited_business_message" => {
            return message().map(Update::Edited);
        }
        "deleted_business_messages" => return deleted(value).map(Update::Deleted),
        "message_reaction" => reaction(channel, value, key).map(Box::new),
        "callback_query" => tapped(channel, value).map(Box::new),
        "poll_answer" => vote(channel, value, polls, key).map(Box::new),
        "my_chat_member" => membership(channel, value, key).map(Box::new),
        _ => message(),
    };
    new.map(Update::New)
}

/// <https://core.telegram.org/bots/api#businessmessagesdeleted>
fn deleted(value: &Value) -> Option<Vec<String>> {
    let place = Target::of_message(value)?;
    let numbers = value["message_ids"].as_array()?.iter();
    Some(
        numbers
            .map(|number| place.name_of(&number.to_string()))
            .collect(),
    )
}

/// <https://core.telegram.org/bots/api#messagereactionupdated>: it does not tell the topic, the message
/// reacted to does.
fn reaction(channel: &str, value: &Value, key: String) -> Option<Received> {
    let place = Target::of_message(value)?;
    let to = place.name_of(&number_of(value)?);
    let change = reactions::change(&value["old_reaction"], &value["new_reaction"]);
    let said = Said::from(Content::Reaction {
        to: to.clone(),
        emoji: change.emoji,
    });
    let author = Author::of(&value["user"], &value["actor_chat"], &value["chat"]);
    let mut received = Received::new(channel, place, author, &value["chat"], said, key);
    received.about = Some(to);
    Some(received.with("reactions", change.standing.map(Value::from)))
}

/// <https://core.telegram.org/bots/api#callbackquery>: a button below a message was tapped. Without the
/// message (it is too old, or was sent inline) it is said to the bot alone.
fn tapped(channel: &str, query: &Value) -> Option<Received> {
    let (id, message) = (text_at(query, "id")?, &query["message"]);
    let data = text_at(query, "data").or_else(|| text_at(query, "game_short_name"));
    let data = data.unwrap_or_default();
    let said = Said::from(Content::Choice {
        id: data.to_owned(),
        title: title(message, data).unwrap_or_default().to_owned(),
        description: None,
        values: None,
    });
    let alone = json!({"chat": query["from"]});
    let asked = if message["chat"].is_object() {
        message
    } else {
        &alone
    };
    let place = Target::of_message(asked)?;
    let to = number_of(asked).map(|number| place.name_of(&number));
    let author = Author::of(&query["from"], &Value::Null, &Value::Null);
    let mut received = Received::new(
        channel,
        place,
        author,
        &asked["chat"],
        said,
        format!("callback:{id}"),
    );
    received.inbound.reply_to.clone_from(&to);
    received.about = to;
    received.tapped = Some(id.to_owned());
    Some(received)
}

/// What stands on the button with this data.
fn title<'a>(message: &'a Value, data: &str) -> Option<&'a str> {
    let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    let button = buttons.find(|button| text_at(button, "callback_data") == Some(data))?;
    text_at(button, "text")
}

/// <https://core.telegram.org/bots/api#pollanswer>: it names neither chat nor options. Where the poll
/// was not seen, the vote is said to the bot alone, by the numbers of the options.
fn vote(channel: &str, answer: &Value, polls: &KnownPolls, key: String) -> Option<Received> {
    let id = text_at(answer, "poll_id")?;
    let known = polls.find(id);
    let numbers = answer["option_ids"].as_array().into_iter().flatten();
    let option = |number: &Value| {
        let place = number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        let text = place.and_then(|place| known?.options.get(place));
        text.cloned().unwrap_or_else(|| number.to_string())
    };
    let said = Said::from(Content::Vote {
        poll: Some(known.map_or_else(|| id.to_owned(), |known| known.name.clone())),
        options: numbers.map(option).collect(),
    });
    let author = Author::of(&answer["user"], &answer["voter_chat"], &Value::Null);
    let alone = json!({"chat": {"id": author.id}});
    let place = known.map_or_else(
        || Target::of_message(&alone),
        |known| Some(known.place.clone()),
    )?;
    let mut received = Received::new(channel, place, author, &Value::Null, said, key);
    received.inbound.reply_to = known.map(|known| known.name.clone());
    Some(received)
}

/// <https://core.telegram.org/bots/api#chatmemberupdated>: what the bot may do in a chat. In a chat with
/// one person it tells only that they blocked it, or do no longer.
fn membership(channel: &str, value: &Value, key: String) -> Option<Received> {
    let place = Target::of_message(value)?;
    let status = |member: &str| text_at(&value[member], "status").unwrap_or("unknown");
    let (before, now) = (status("old_chat_member"), status("new_chat_member"));
    let who = named(&value["from"]);
    let words = match (place.is_private(), now) {
        (true, "kicked") => format!("{who} blocked the bot"),
        (true, _) => format!("{who} let the bot write again"),
        (false, _) => {
            let chat = called(&value["chat"]).unwrap_or_default();
            format!("the bot is {now} in {chat} now ({before} before), by {who}")
        }
    };
    let details = json!({"before": before, "now": now});
    let said = Said::from(Content::System {
        event: "my_chat_member".to_owned(),
        words,
        details: details.as_object().cloned().unwrap_or_default(),
    });
    let author = Author::of(&value["from"], &Value::Null, &value["chat"]);
    let mut received = Received::new(channel, place, author, &value["chat"], said, key);
    // They wrote nothing; an answer would be refused besides.
    received.may_pair = false;
    Some(received)
}
