//! Texts with names for the ids that the service writes into them
//! (<https://docs.discord.com/developers/reference#message-formatting>).

use serde_json::Value;

use crate::{integrations::discord::who::called, message::text_at};

/// Longest stretch between `<` and `>` that is looked at.
const MAX_TOKEN: usize = 80;

/// A text as people see it: `@Ana` for `<@80351110224678912>`, `:party:` for `<:party:3>`, `/ban` for `</ban:3>`.
/// Roles and channels keep their ids: nothing tells their names.
pub(in super::super) fn readable(text: &str, mentions: &Value) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, token) = rest.split_at(start);
        out.push_str(before);
        let end = token.bytes().take(MAX_TOKEN).position(|byte| byte == b'>');
        let named = end.and_then(|end| Some((end, named(&token[1..end], mentions)?)));
        if let Some((end, name)) = named {
            out.push_str(&name);
            rest = &token[end + 1..];
        } else {
            out.push('<');
            rest = &token[1..];
        }
    }
    out.push_str(rest);
    out
}

fn named(token: &str, mentions: &Value) -> Option<String> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(id) = token.strip_prefix('@') {
        let id = id.trim_start_matches('!');
        let mut people = mentions.as_array()?.iter();
        let person = people.find(|person| text_at(person, "id") == Some(id))?;
        return Some(format!("@{}", called(person, &person["member"])?));
    }
    if let Some(command) = token.strip_prefix('/') {
        let (name, id) = command.rsplit_once(':')?;
        return is_id(id).then(|| format!("/{name}"));
    }
    let emoji = token
        .strip_prefix("a:")
        .or_else(|| token.strip_prefix(':'))?;
    let (name, id) = emoji.split_once(':')?;
    is_id(id).then(|| format!(":{name}:"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_become_names_and_everything_else_stays() {
        let mentions = json!([
            {"id": "7", "username": "ana_l", "global_name": "Ana", "member": {"nick": "Aninha"}},
            {"id": "8", "username": "bot"},
        ]);
        for (text, shown) in [
            ("hi <@7> and <@!8>", "hi @Aninha and @bot"),
            ("<@9> <@&7> <#7>", "<@9> <@&7> <#7>"),
            ("<:party:3><a:dance:4>", ":party::dance:"),
            ("</ban user:3>", "/ban user"),
            ("1 < 2 > 1 <", "1 < 2 > 1 <"),
            ("<t:1618953630:R>", "<t:1618953630:R>"),
            ("é<é", "é<é"),
        ] {
            assert_eq!(readable(text, &mentions), shown);
        }
    }
}
