//! The groups of an account, as its server lists them: in Baileys' words or in those of whatsmeow.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::{api::Api, words};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{DeliveryError, Group, whatsapp::who::GROUP},
    message::text_at,
};

/// The Evolution API asks for the picture of each group, one after the other (`fetchAllGroups` in
/// `whatsapp.baileys.service.ts`, issue 1883).
const FIRST_BYTE: Duration = Duration::from_secs(180);

/// Longest answer, in bytes: some tell of everybody in each group.
const MAX_BYTES: usize = 16 << 20;

/// Asks for the groups there; `opened` is what an answer holds, or why it holds nothing.
pub(super) async fn listed(
    api: &Api,
    path: &str,
    opened: impl Fn(&HttpAnswer) -> Result<Value, DeliveryError>,
) -> Result<Vec<Group>, String> {
    let answer = ask(api, path).await?;
    opened(&answer).map(|all| groups(&all)).map_err(words)
}

/// Asks for the groups there.
pub(super) async fn ask(api: &Api, path: &str) -> Result<HttpAnswer, String> {
    let limits = HttpLimits {
        first_byte: FIRST_BYTE,
        max_bytes: MAX_BYTES,
        ..HttpLimits::default()
    };
    let asked = api.call(Method::GET, path, HttpBody::Empty, limits).await;
    asked.map_err(|error| error.to_string())
}

/// The groups in a list, or in an object that has them by their addresses (WAHA with NOWEB), by name. Those without a
/// name come last: of some `WhatsApp` tells nothing but that they are there.
pub(super) fn groups(all: &Value) -> Vec<Group> {
    let mut groups: Vec<_> = match all {
        Value::Array(all) => all.iter().filter_map(group).collect(),
        Value::Object(all) => all.values().filter_map(group).collect(),
        _ => Vec::new(),
    };
    groups.sort_by_cached_key(|group| (group.name.is_empty(), group.name.to_lowercase()));
    groups
}

/// One of them, as Baileys has it (`GroupMetadata`, `src/Types/GroupMetadata.ts`), whatsmeow (`GroupInfo`,
/// `types/group.go`) or whatsapp-web.js (a chat with `groupMetadata`). The group that a community consists of has no
/// conversation: its announcements are a group of their own.
fn group(found: &Value) -> Option<Group> {
    let more = &found["groupMetadata"];
    let text = |names: &[&str]| names.iter().find_map(|name| text_at(found, name));
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| found[name] == true || more[name] == true)
    };
    let id = text(&["id", "JID"]).or(text_at(&found["id"], "_serialized"))?;
    if !id.ends_with(GROUP) || is(&["isCommunity", "IsParent", "isParentGroup"]) {
        return None;
    }
    let name = text(&["subject", "Name", "name"]).or(text_at(more, "subject"));
    let listed = found["Participants"].as_array().map(Vec::len);
    let counted = |one: &Value, name: &str| one[name].as_u64().filter(|members| *members > 0);
    let members = listed
        .and_then(|members| u64::try_from(members).ok())
        .or(counted(found, "ParticipantCount"))
        .or(counted(found, "size"))
        .or(counted(more, "size"));
    Some(Group {
        name: name.unwrap_or_default().to_owned(),
        peer: id.to_owned(),
        members,
        only_admins: is(&["announce", "IsAnnounce"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_group_is_read_in_the_words_of_each_library() {
        let baileys = json!({"id": "1203@g.us", "subject": "Bairro", "size": 4, "announce": false, "restrict": true});
        let whatsmeow = json!({"JID": "1203@g.us", "Name": "Bairro", "IsAnnounce": false, "IsLocked": true,
            "IsParent": false, "Participants": [{}, {}, {}, {}], "ParticipantCount": 0});
        let web = json!({"id": {"server": "g.us", "_serialized": "1203@g.us"}, "name": "Bairro",
            "groupMetadata": {"subject": "Bairro", "size": 4, "announce": false, "isParentGroup": false}});
        let by_address = json!({"1203@g.us": baileys});
        for all in [
            json!([baileys]),
            json!([whatsmeow]),
            json!([web]),
            by_address,
        ] {
            let expected = Group {
                name: "Bairro".to_owned(),
                peer: "1203@g.us".to_owned(),
                members: Some(4),
                only_admins: false,
            };
            assert_eq!(groups(&all), [expected], "{all}");
        }
        assert_eq!(groups(&Value::Null), []);
    }

    #[test]
    fn those_without_a_name_come_last_and_communities_not_at_all() {
        let all = json!([{"id": "1@g.us", "size": 0}, {"id": "2@g.us", "subject": "Zumba", "announce": true},
            {"id": "3@g.us", "subject": "Vila", "isCommunity": true}, {"JID": "4@g.us", "Name": "vila", "IsParent": true},
            {"id": "5@g.us", "subject": "água"}, {"id": "5511@s.whatsapp.net", "name": "Ana"}, 7]);
        let found = groups(&all);
        let told: Vec<_> = found
            .iter()
            .map(|group| (&*group.peer, group.members, group.only_admins))
            .collect();
        assert_eq!(
            told,
            [
                ("2@g.us", None, true),
                ("5@g.us", None, false),
                ("1@g.us", None, false)
            ]
        );
    }
}
