//! Whom a person means by a word on the command line: an address, or somebody or a group by name.
//!
//! Not here: how numbers are written (`phone`; the gateway completes them by the country that is set).

use std::{collections::BTreeSet, slice, time::Duration};

use serde_json::{Value, json};

use super::waiting_line;
use crate::{
    cli::{
        connection::names,
        context::Context,
        output::{Names, printable, shown_peer},
    },
    client::Client,
    error::{Error, Result},
    integrations::addresses::lists_groups,
    language::Translator,
    phone,
};

/// The longest wait for the groups of a channel. The gateway gives its service less, and then says why there
/// are none.
const GROUPS_WAIT: Duration = Duration::from_secs(240);

/// The shortest number that somebody on `WhatsApp` has, in digits.
const MIN_NUMBER: usize = 7;

/// Puts addresses in the place of names in one field of a payload that names a channel: in a text, or in each
/// of a list. Who is in no conversation is looked for among the groups of the channel, where it can list them.
pub(crate) async fn resolve(
    client: &mut Client,
    payload: &mut Value,
    field: &str,
    context: &Context<'_>,
) -> Result<()> {
    let translator = context.terminal.translator();
    put_addresses(client, payload, field, Some(translator)).await
}

/// The same for what is about people alone: a name that no conversation has stays as it is.
pub(crate) async fn resolve_person(
    client: &mut Client,
    payload: &mut Value,
    field: &str,
) -> Result<()> {
    put_addresses(client, payload, field, None).await
}

/// As above; groups are asked for where somebody is to be told of that.
async fn put_addresses(
    client: &mut Client,
    payload: &mut Value,
    field: &str,
    told: Option<Translator>,
) -> Result<()> {
    let Some(channel) = payload["channel"].as_str().map(str::to_owned) else {
        return Ok(());
    };
    let all = match payload.get_mut(field) {
        None => return Ok(()),
        Some(Value::Array(all)) => all.as_mut_slice(),
        Some(one) => slice::from_mut(one),
    };
    let mut all = all.iter_mut().filter_map(|one| {
        let written = one.as_str().filter(|word| may_be_a_name(&channel, word))?;
        Some((written.to_owned(), one))
    });
    let Some(first) = all.next() else {
        return Ok(());
    };
    let known = names(client, Some(&channel)).await;
    let translator = told.filter(|_| lists_groups(&channel));
    let noted = match translator {
        Some(_) => noted_groups(client, &channel).await,
        None => Names::default(),
    };
    // They are asked for once, whatever the number of names.
    let mut groups = None;
    for (written, one) in std::iter::once(first).chain(all) {
        if let Some(address) = address(&known, &noted, &channel, &written)? {
            *one = json!(address);
            continue;
        }
        let Some(translator) = translator else {
            continue;
        };
        let groups = match &groups {
            Some(groups) => groups,
            None => groups.insert(listed_groups(client, &channel, &written, translator).await?),
        };
        if let Some(groups) = groups {
            let found = address(&known, groups, &channel, &written)?;
            *one = json!(found.ok_or_else(|| nobody(&channel, &written))?);
        }
    }
    Ok(())
}

/// Numbers and addresses with a server need not be looked up.
fn may_be_a_name(channel: &str, written: &str) -> bool {
    let is_number = phone::peer(channel, written) != written;
    let is_address = written.contains('@') && !written.contains(char::is_whitespace);
    // An emoji, or a year where addresses are longer numbers.
    let is_short = written.len() < MIN_NUMBER && written.bytes().all(|byte| byte.is_ascii_digit());
    let is_year = || lists_groups(channel) && is_short;
    let is_said = written.contains(char::is_alphabetic) || !written.is_ascii() || is_year();
    is_said && !is_address && !is_number
}

/// The address of the one who is called so; the word itself where it is an address; none where nobody is.
fn address(people: &Names, groups: &Names, channel: &str, written: &str) -> Result<Option<String>> {
    if people.knows(channel, written) || groups.knows(channel, written) {
        return Ok(Some(written.to_owned()));
    }
    let called: Vec<&str> = meant(people, groups, channel, written)
        .into_iter()
        .collect();
    match called[..] {
        [] => Ok(None),
        [one] => Ok(Some(one.to_owned())),
        _ => {
            let shown = called
                .iter()
                .map(|peer| shown_peer(channel, &printable(peer)));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let count = called.len();
            let name = printable(written);
            let of_groups = called.iter().filter(|peer| groups.knows(channel, peer));
            Err(Error::Usage(match of_groups.count() {
                0 => format!(
                    "{count} people on {channel} are called {name}; name one by the address: {shown}"
                ),
                groups if groups == count => format!(
                    "{count} groups of {channel} are called {name}; name one by the address: {shown}"
                ),
                _ => format!(
                    "a group and somebody else on {channel} are called {name}; name one by the address: {shown}"
                ),
            }))
        }
    }
}

/// Those who may be meant by a name. People choose what they are called: whoever calls themself as a group is called
/// gets nothing that is meant for the group.
fn meant<'n>(
    people: &'n Names,
    groups: &'n Names,
    channel: &'n str,
    written: &str,
) -> BTreeSet<&'n str> {
    let is_group = groups.named(channel, written).next().is_some();
    if is_group {
        let exactly = people.named(channel, written);
        return exactly.chain(groups.named(channel, written)).collect();
    }
    let mut meant = groups.meant(channel, written);
    meant.extend(people.meant(channel, written));
    meant.into_iter().collect()
}

/// The groups of a channel as they were last told, without asking their service.
async fn noted_groups(client: &mut Client, channel: &str) -> Names {
    let payload = json!({"name": channel, "known": true});
    let noted = client.call("integration.groups", &payload).await;
    // Refused, as to a key that may not ask, the people alone are known.
    noted.map_or_else(
        |_| Names::default(),
        |answer| Names::of_groups(channel, &answer),
    )
}

/// The groups of a channel; none where the gateway has no such channel, which the command itself is told.
async fn listed_groups(
    client: &mut Client,
    channel: &str,
    written: &str,
    translator: Translator,
) -> Result<Option<Names>> {
    let what = format!("asking {} for its groups", printable(channel));
    let what = translator.sentence(&what);
    let payload = json!({"name": channel});
    let asked = client.call("integration.groups", &payload);
    let why = match waiting_line::wait(&what, Some(GROUPS_WAIT), asked).await {
        Some(Ok(answer)) => return Ok(Some(Names::of_groups(channel, &answer))),
        Some(Err(Error::Refused { code, .. })) if code == "unknown_channel" => return Ok(None),
        Some(Err(Error::Refused { message, .. })) => printable(&message),
        Some(Err(error)) => return Err(error),
        None => format!("no answer within {} s", GROUPS_WAIT.as_secs()),
    };
    Err(Error::Failed(format!(
        "nobody on {} is known as {}, and its groups cannot be listed: {why}; \
         try again, or name the group by its address",
        printable(channel),
        printable(written)
    )))
}

fn nobody(channel: &str, written: &str) -> Error {
    Error::Failed(format!(
        "neither a person nor a group on {channel} is called {}; who there is: \
         cleudocodebot conversations; the groups: cleudocodebot integrations groups {channel}",
        printable(written)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_the_one_who_is_called_so() {
        let one =
            |peer: &str, name: &str| json!({"channel": "whatsapp", "peer": peer, "name": name});
        let names = Names::of(&json!({"conversations": [
            one("5511987654321", "Ana Lima"), one("5511933334444", "Rui"), one("5511955556666", "rui"),
            one("eve", ""), one("5511911112222", "eve"),
        ]}));
        let address = |written: &str| address(&names, &Names::default(), "whatsapp", written);
        let found = |written: &str| address(written).expect("at most one");
        assert_eq!(found("ana lima").as_deref(), Some("5511987654321"));
        assert_eq!(found("Aná Limã").as_deref(), Some("5511987654321"));
        assert_eq!(found("nobody"), None);
        assert_eq!(
            found("eve").as_deref(),
            Some("eve"),
            "an address goes first"
        );
        let error = address("Rui").expect_err("two").to_string();
        assert!(
            error.contains("+55 (11) 93333-4444, +55 (11) 95555-6666"),
            "{error}"
        );
    }

    #[test]
    fn nobody_gets_what_is_meant_for_a_group_by_a_name() {
        let one =
            |peer: &str, name: &str| json!({"channel": "whatsapp", "peer": peer, "name": name});
        let people = Names::of(&json!({"conversations": [
            one("1", "familia"), one("2", "Avisos"), one("5@g.us", "Time"),
        ]}));
        let groups = Names::of_groups(
            "whatsapp",
            &json!({"groups": [
                {"name": "Família", "peer": "3@g.us"}, {"name": "Avisos", "peer": "4@g.us"},
                {"name": "Time", "peer": "5@g.us"},
            ]}),
        );
        let address = |written: &str| address(&people, &groups, "whatsapp", written);
        assert_eq!(address("Família").expect("one").as_deref(), Some("3@g.us"));
        assert_eq!(address("time").expect("one").as_deref(), Some("5@g.us"));
        for (name, both) in [("familia", "1, 3@g.us"), ("Avisos", "2, 4@g.us")] {
            let error = address(name).expect_err("two").to_string();
            assert!(
                error.contains("a group and somebody else") && error.ends_with(both),
                "{error}"
            );
        }
    }

    #[test]
    fn numbers_and_addresses_are_not_looked_up() {
        for address in [
            "11 98765-4321",
            "+55 11",
            "1203@g.us",
            "@ana",
            "tel:+55-11-98765-4321",
        ] {
            assert!(!may_be_a_name("whatsapp", address), "{address}");
        }
        for name in ["Ana", "🎉🎉", "Amigos @ SP"] {
            assert!(may_be_a_name("whatsapp", name), "{name}");
            assert!(may_be_a_name("telegram", name), "{name}");
        }
        assert!(may_be_a_name("whatsapp", "2024") && !may_be_a_name("telegram", "2024"));
    }
}
