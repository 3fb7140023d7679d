//! What the guide says: what came in, and how to go on. Each paragraph is a sentence of its own, so that
//! it can be said in the language of who asked.

use crate::{
    language::{Language, translated},
    message::{Kind, Message, media::files, text_at},
};

/// Longest text of theirs that is taken for the name of a topic, in bytes.
const MAX_TOPIC_BYTES: usize = 60;

/// One thing to ask about.
struct Topic {
    /// What asks for it, in small letters: a number or words of English and Portuguese.
    names: &'static [&'static str],
    paragraphs: &'static [&'static str],
}

/// In the order of the numbers in [`MENU`].
const TOPICS: [Topic; 6] = [
    Topic {
        names: &["1", "whatsapp", "zap", "whats"],
        paragraphs: &[
            "WhatsApp comes by a server of your own (Evolution API, Evolution Go, GOWA, WAHA or wuzapi), or by Meta's Cloud API. On the page open Control and press Connect WhatsApp: it asks for the server's address and key, and shows the code that your phone scans. In a terminal: cleudocodebot onboard",
            "Who may write there is up to you: strangers get a code, and you let them in on the page or with: cleudocodebot pairing",
        ],
    },
    Topic {
        names: &["2", "telegram"],
        paragraphs: &[
            "Write to @BotFather on Telegram, send /newbot, and copy the token that it gives you. On the page open Control and press Connect Telegram, or in a terminal: cleudocodebot onboard",
            "Then write to your bot. The first message gets a code; with it you let yourself in.",
        ],
    },
    Topic {
        names: &[
            "3", "model", "modelo", "agent", "agente", "ai", "ia", "ollama", "pi",
        ],
        paragraphs: &[
            "A model on this machine (Ollama, llama.cpp), one behind an API, the Pi agent or a script of yours can answer here in my place. On the page open Control and press Let a model answer: it shows what is found. In a terminal: cleudocodebot agents",
            "Once one is set, I am silent.",
        ],
    },
    Topic {
        names: &["4", "script", "api", "curl", "python", "programa"],
        paragraphs: &[
            "From a terminal or a script, a message goes out like this: cleudocodebot send --channel webchat --to visitor \"Hello\"",
            "A program of your own is a WebSocket client of a few lines: the README has them in Python and JavaScript. What the gateway understands: cleudocodebot call describe",
        ],
    },
    Topic {
        names: &["5", "phone", "celular", "telefone", "mobile", "app"],
        paragraphs: &[
            "Your phone gets a key of its own: on the page open Control, Devices and keys, or in a terminal: cleudocodebot keys pair phone. Scan the code, and this page is an app there. How other devices reach this machine: cleudocodebot onboard --reach tailscale",
        ],
    },
    Topic {
        names: &["6", "discord"],
        paragraphs: &[
            "Make an application at discord.com/developers/applications, switch Message Content Intent on at its page Bot, and copy the token there. On the page open Control, press Add a channel and then Discord, or in a terminal: cleudocodebot onboard",
            "Then invite the bot to your server by the link that you are shown, or write to it. The first direct message gets a code; with it you let yourself in.",
        ],
    },
];

/// What can be asked for.
const MENU: &str = "Answer with a number: 1 WhatsApp, 2 Telegram, 3 a model that answers, 4 a script, 5 your phone, 6 Discord.";

/// Why there is an answer at all, and how there is none.
const WHO: &str = "This is the guide of your gateway, not a model. It is silent once an agent is set, or with GUIDE=0 in .env.";

/// The answer to a message, in this language.
pub(super) fn answer(message: &Message, language: Language) -> String {
    let paragraphs: Vec<String> = match topic(&message.text).filter(|_| message.kind == Kind::Text)
    {
        Some(topic) => topic.paragraphs.iter().map(|it| (*it).to_owned()).collect(),
        None => vec![received(message), MENU.to_owned(), WHO.to_owned()],
    };
    let paragraphs = paragraphs.iter().map(|text| translated(language, text));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The topic that a text names as a whole, or by one of its first words.
fn topic(text: &str) -> Option<&'static Topic> {
    let text = text.trim().to_lowercase();
    if text.len() > MAX_TOPIC_BYTES {
        return None;
    }
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.find_map(|word| TOPICS.iter().find(|topic| topic.names.contains(&word)))
}

/// What came in and what became of it.
fn received(message: &Message) -> String {
    let id = message.id;
    let file = files(message.media.as_ref()).first();
    let name = file.and_then(|file| text_at(file, "name"));
    match (message.kind, name) {
        (Kind::Text, _) => format!(
            "Your message arrived as {id} and is kept on this machine. Every client that listens has it now."
        ),
        (Kind::Voice | Kind::Audio, _) => format!(
            "Your recording arrived as {id} and is kept on this machine. With a model of speech set, it is written out as well."
        ),
        (_, Some(name)) => format!("Your file {name} arrived as {id} and is kept on this machine."),
        (Kind::Image | Kind::Video | Kind::Document | Kind::Sticker, None) => {
            format!("Your file arrived as {id} and is kept on this machine.")
        }
        _ => format!("What you sent arrived as {id} and is kept on this machine."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn to(text: &str) -> String {
        let message = Message {
            text: text.to_owned(),
            ..Message::sample("webchat", "visitor")
        };
        answer(&message, Language::English)
    }

    #[test]
    fn what_came_in_is_named_and_everything_can_be_asked_for() {
        let first = to("Olá!");
        assert!(first.contains("arrived as m-1"), "{first}");
        for (at, topic) in TOPICS.iter().enumerate() {
            assert!(first.contains(&format!("{} ", at + 1)), "{first}");
            for name in topic.names {
                assert_eq!(to(name), topic.paragraphs.join("\n\n"));
            }
        }
        assert!(first.contains("GUIDE=0"), "{first}");
    }

    #[test]
    fn a_topic_is_found_in_a_short_question_only() {
        assert_eq!(to("Como conecto o WhatsApp?"), to("1"));
        assert_eq!(to(" 2. "), to("telegram"));
        let long = format!("telegram {}", "x".repeat(MAX_TOPIC_BYTES));
        assert_ne!(to(&long), to("telegram"));
        assert_ne!(to("12"), to("1"));
    }

    #[test]
    fn a_file_is_called_by_its_name() {
        let message = Message {
            kind: Kind::Document,
            media: Some(json!({"kind": "document", "name": "1"})),
            text: "1".to_owned(),
            ..Message::sample("webchat", "visitor")
        };
        assert!(answer(&message, Language::English).starts_with("Your file 1 arrived as m-1"));
    }
}
