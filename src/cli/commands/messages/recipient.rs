//! Whom a person means by a word on the command line: an address, or somebody by name.
//!
//! Not here: how numbers are written (`phone`; the gateway completes them by the country that is set).

use serde_json::{Value, json};

use crate::{
    cli::{
        connection::names,
        output::{Names, printable, shown_peer},
    },
    client::Client,
    error::{Error, Result},
};

/// Puts the address in the place of a name in one field of a payload that names a channel.
pub(crate) async fn resolve(client: &mut Client, payload: &mut Value, field: &str) -> Result<()> {
    let text = |field: &str| payload[field].as_str().map(str::to_owned);
    let (Some(channel), Some(written)) = (text("channel"), text(field)) else {
        return Ok(());
    };
    if !may_be_a_name(&written) {
        return Ok(());
    }
    let names = names(client, Some(&channel)).await;
    payload[field] = json!(address(&names, &channel, &written)?);
    Ok(())
}

/// Numbers and addresses with a server need not be looked up.
fn may_be_a_name(written: &str) -> bool {
    written.contains(char::is_alphabetic) && !written.contains('@')
}

/// The address of the one who is called so; the word itself where it is an address, or nobody is.
fn address(names: &Names, channel: &str, written: &str) -> Result<String> {
    if names.knows(channel, written) {
        return Ok(written.to_owned());
    }
    let mut called: Vec<&str> = names.named(channel, written).collect();
    called.sort_unstable();
    match called[..] {
        [] => Ok(written.to_owned()),
        [one] => Ok(one.to_owned()),
        _ => {
            let shown = called
                .iter()
                .map(|peer| shown_peer(channel, &printable(peer)));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let count = called.len();
            let name = printable(written);
            Err(Error::Usage(format!(
                "{count} people on {channel} are called {name}; name one by the address: {shown}"
            )))
        }
    }
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
        let address = |written: &str| address(&names, "whatsapp", written);
        assert_eq!(address("ana lima").expect("one"), "5511987654321");
        assert_eq!(address("nobody").expect("as it is"), "nobody");
        assert_eq!(address("eve").expect("an address goes first"), "eve");
        let error = address("Rui").expect_err("two").to_string();
        assert!(
            error.contains("+55 (11) 93333-4444, +55 (11) 95555-6666"),
            "{error}"
        );
    }

    #[test]
    fn numbers_and_addresses_are_not_looked_up() {
        for address in ["11 98765-4321", "+55 11", "1203@g.us", "@ana"] {
            assert!(!may_be_a_name(address), "{address}");
        }
        assert!(may_be_a_name("Ana"));
    }
}
