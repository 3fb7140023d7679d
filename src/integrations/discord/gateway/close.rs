//! What it means that the service closed the connection
//! (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>).

/// How it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AfterClose {
    /// With the same session, from where it stopped.
    Resume,
    /// With a new session.
    Anew,
    /// Not before the user changed something: what and where.
    Never(String),
}

/// Where a bot's switches are.
const PORTAL: &str = "https://discord.com/developers/applications";

/// What to do where the bot is not let read what is written.
pub(in super::super) const MISSING_INTENT: &str = "switch on Message Content Intent: https://discord.com/developers/applications, \
     your application, page Bot, Privileged Gateway Intents, then Save Changes";

/// What a code means; `key` is the setting of the token.
pub(super) fn after(code: Option<u16>, key: &str) -> AfterClose {
    AfterClose::Never(match code {
        Some(4004) => format!(
            "{key} is unknown there or was reset: copy it anew from the page Bot of {PORTAL}"
        ),
        Some(4010 | 4011) => {
            "the bot is in more than 2,500 servers, which takes several connections (sharding); this gateway has one for each bot"
                .to_owned()
        }
        Some(4012) => "it takes this version of the gateway no more: update cleudocodebot".to_owned(),
        Some(4013) => "it does not know what we ask to be told (intents): update cleudocodebot".to_owned(),
        Some(4014) => MISSING_INTENT.to_owned(),
        // The session is not known any more, or its number is wrong.
        Some(4003 | 4007 | 4009) => return AfterClose::Anew,
        _ => return AfterClose::Resume,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_documentation_says_how_it_goes_on() {
        for code in [4000, 4001, 4002, 4005, 4008, 1000, 1001, 1006, 4999] {
            assert_eq!(after(Some(code), "KEY"), AfterClose::Resume, "{code}");
        }
        assert_eq!(after(None, "KEY"), AfterClose::Resume);
        for code in [4003, 4007, 4009] {
            assert_eq!(after(Some(code), "KEY"), AfterClose::Anew, "{code}");
        }
        for (code, says) in [
            (4004, "KEY"),
            (4010, "sharding"),
            (4011, "2,500"),
            (4012, "update"),
            (4013, "intents"),
            (4014, "Message Content Intent"),
        ] {
            let AfterClose::Never(told) = after(Some(code), "KEY") else {
                panic!("{code} goes on");
            };
            assert!(told.contains(says), "{told}");
        }
    }
}
