//! What goes out for each message.

use serde_json::{Value, json};

use super::super::wire::{body, found, read_body, state_of};
use crate::{
    integrations::whatsapp::{
        NAME,
        sought::{Sought, names_of},
        steps::{jids, read_messages, steps},
    },
    message::{Content, Direction, Kind, Message, State, content::Person},
};

fn bodies(message: &Message) -> Vec<(&'static str, Value)> {
    steps(message).iter().map(body).collect()
}

fn message(text: &str, media: Value) -> Message {
    let media = Some(media).filter(|media| !media.is_null());
    Message {
        direction: Direction::Out,
        kind: Kind::of_media(media.as_ref()),
        text: text.to_owned(),
        media,
        state: State::Sending,
        attempts: 1,
        ..Message::sample(NAME, "5511")
    }
}

fn file(text: &str, media: Value) -> Vec<(&'static str, Value)> {
    bodies(&message(text, media))
}

const URL: &str = "https://a.example/f/v.bin";

#[cfg(feature = "markdown")]
#[test]
fn markdown_is_written_in_the_signs_of_whatsapp() {
    let mut formatted = message("**Café** [menu](https://a.example)", Value::Null);
    formatted.meta = Some(json!({"format": "markdown"}));
    let words = "*Café* menu (https://a.example)";
    let wanted = json!({"number": "5511", "text": words});
    assert_eq!(bodies(&formatted), [("/message/sendText", wanted)]);
    formatted.media = Some(json!({"kind": "image", "url": URL}));
    assert_eq!(bodies(&formatted)[0].1["caption"], words);
}

#[test]
fn a_file_without_words_has_no_caption_and_a_document_always_a_name() {
    let image = file(
        "",
        json!({"kind": "image", "url": URL, "mime": null, "name": ""}),
    );
    let wanted = json!({"number": "5511", "mediatype": "image", "media": URL});
    assert_eq!(image, [("/message/sendMedia", wanted)]);
    let film = file(
        "look",
        json!({"kind": "video", "url": URL, "mime": "video/mp4"}),
    );
    assert_eq!(film.len(), 1);
    assert_eq!(
        (&film[0].1["caption"], &film[0].1["mimetype"]),
        (&json!("look"), &json!("video/mp4"))
    );
    for (url, mime, name) in [
        ("https://a.example/f/may.pdf?x=1.2/3", None, "may.pdf"),
        (
            "https://a.example/f/may",
            Some("application/pdf"),
            "may.pdf",
        ),
        (
            "https://a.example",
            Some("text/plain; charset=utf-8"),
            "document.txt",
        ),
        ("https://a.example/", None, "document"),
    ] {
        let document = file("", json!({"kind": "document", "url": url, "mime": mime}));
        assert_eq!(document[0].1["fileName"], name, "{url}");
    }
    let named = file("", json!({"kind": "document", "url": URL, "name": "x.pdf"}));
    assert_eq!(named[0].1["fileName"], "x.pdf");
}

#[test]
fn sound_has_no_caption_so_its_words_go_behind_it() {
    let text = json!({"number": "5511", "text": "listen"});
    let voice = json!({"number": "5511", "audio": URL});
    for media in [
        json!({"kind": "voice", "url": URL}),
        json!({"kind": "audio", "url": URL, "mime": "audio/ogg; codecs=opus"}),
    ] {
        let sent = file("listen", media);
        assert_eq!(
            sent,
            [
                ("/message/sendWhatsAppAudio", voice.clone()),
                ("/message/sendText", text.clone())
            ]
        );
    }
    let music = file(
        "listen",
        json!({"kind": "audio", "url": URL, "mime": "audio/mpeg"}),
    );
    let body =
        json!({"number": "5511", "mediatype": "audio", "media": URL, "mimetype": "audio/mpeg"});
    assert_eq!(
        music,
        [("/message/sendMedia", body), ("/message/sendText", text)]
    );
    assert_eq!(file("", json!({"kind": "voice", "url": URL})).len(), 1);
}

#[test]
fn a_reaction_in_a_group_names_its_author_as_the_service_does() {
    let mut reaction = message("👍", Value::Null);
    reaction.peer = "1@g.us".to_owned();
    reaction.reply_to = Some("X1".to_owned());
    let mut key = |answered: Value| {
        reaction.meta = Some(json!({"reaction": true, "answered": answered}));
        bodies(&reaction).remove(0).1["key"].take()
    };
    let theirs = key(json!({"own": false, "sender": "5522", "address": "77@lid"}));
    assert_eq!(
        theirs,
        json!({"remoteJid": "1@g.us", "fromMe": false, "id": "X1", "participant": "77@lid"})
    );
    let by_number = key(json!({"own": false, "sender": "5522", "address": null}));
    assert_eq!(by_number["participant"], "5522@s.whatsapp.net");
    assert_eq!(
        key(json!({"own": false, "sender": "unknown"})).get("participant"),
        None
    );
}

#[test]
fn what_was_read_is_named_by_the_number_where_it_is_known() {
    let read = |peer: &str, address: Value| {
        let mut one = message("hi", Value::Null);
        one.peer = peer.to_owned();
        one.meta = Some(json!({"id": "A", "address": address}));
        let body = read_body(&read_messages(&[one]));
        body["readMessages"][0]["remoteJid"].clone()
    };
    assert_eq!(read("5511", json!("77@lid")), "5511@s.whatsapp.net");
    assert_eq!(read("77@lid", Value::Null), "77@lid");
    assert_eq!(
        read("5511987654321", json!("551187654321@s.whatsapp.net")),
        "551187654321@s.whatsapp.net"
    );
    assert_eq!(read("1@g.us", json!("77@lid")), "1@g.us");
}

#[test]
fn receipts_are_words_or_numbers() {
    for (status, state) in [
        (json!("SERVER_ACK"), Some(State::Sent)),
        (json!(3), Some(State::Delivered)),
        (json!("4"), Some(State::Read)),
        (json!(5), Some(State::Read)),
        (json!("ERROR"), Some(State::Failed)),
        (json!(0), Some(State::Failed)),
        (json!(1), None),
        (json!("DELETED"), None),
        (json!(-1), None),
        (Value::Null, None),
    ] {
        assert_eq!(state_of(&status), state, "{status}");
    }
}

#[test]
fn a_message_is_found_by_its_text_and_any_spelling_of_its_time() {
    let record = |time: Value| json!({"key": {"id": "F"}, "message": {"conversation": "hi"}, "messageTimestamp": time});
    let long = json!({"low": 2000, "high": 0, "unsigned": true});
    let records = [
        record(json!(2000)),
        record(json!("2000")),
        record(long),
        record(json!(5)),
    ];
    let found = found(&json!({"messages": {"records": records}})).expect("records");
    assert_eq!(names_of(&found, &Sought::Text("hi"), 1900).len(), 3);
    assert_eq!(jids("77@lid"), ["77@lid"]);
}

fn of_content(content: &Content) -> Message {
    let mut message = message(&content.text(), Value::Null);
    message.kind = content.kind();
    message.content = Some(content.json());
    message
}

#[test]
fn a_place_contacts_and_a_poll_go_by_calls_of_their_own_without_their_text() {
    let place = Content::Location {
        lat: -23.5,
        lng: -46.6,
        name: Some("Praça".to_owned()),
        address: None,
        live: false,
    };
    let wanted = json!({"number": "5511", "latitude": -23.5, "longitude": -46.6, "name": "Praça",
        "address": ""});
    assert_eq!(
        bodies(&of_content(&place)),
        [("/message/sendLocation", wanted)]
    );
    let person = |name: &str, phone: &str| Person {
        name: name.to_owned(),
        phones: vec![phone.to_owned()],
        emails: vec!["a@b.example\nTEL:1".to_owned()],
    };
    let people = Content::Contact(vec![
        person("Ana\r\nTEL:2", "+5511987654321"),
        person("", "190"),
    ]);
    let wanted = json!({"number": "5511", "contact": [{"fullName": "Ana  TEL:2",
        "phoneNumber": "+5511987654321", "email": "a@b.example TEL:1"}]});
    assert_eq!(
        bodies(&of_content(&people)),
        [("/message/sendContact", wanted)]
    );
    let poll = Content::Poll {
        question: "When?".to_owned(),
        options: vec!["today".to_owned(), "tomorrow".to_owned()],
    };
    let wanted = json!({"number": "5511", "name": "When?", "selectableCount": 1,
        "values": ["today", "tomorrow"]});
    assert_eq!(bodies(&of_content(&poll)), [("/message/sendPoll", wanted)]);
    // Of contacts without a number that WhatsApp has, the text is left.
    let nobody = Content::Contact(vec![person("Police", "190")]);
    assert_eq!(bodies(&of_content(&nobody))[0].0, "/message/sendText");
}

#[test]
fn a_file_whose_answer_was_lost_is_known_by_its_kind_and_caption() {
    let id = "ab".repeat(32);
    let image = json!({"imageMessage": {"caption": "look"}});
    let wrapped = json!({"documentWithCaptionMessage": {"message": {"documentMessage": {"caption": "look"}}}});
    for (kind, text, content, is_it) in [
        ("image", "look", image.clone(), true),
        ("image", "", image.clone(), false),
        ("video", "look", image, false),
        ("document", "look", wrapped, true),
        ("voice", "", json!({"audioMessage": {"ptt": true}}), true),
        ("sticker", "", json!({"stickerMessage": {}}), true),
        ("image", "", json!({"conversation": "look"}), false),
    ] {
        let message = message(text, json!({"kind": kind, "media_id": id}));
        let steps = steps(&message);
        let sought = Sought::of(&steps[0]).expect("told from others");
        let record = json!({"key": {"id": "N"}, "message": content, "messageTimestamp": 2000});
        let found = found(&json!({"messages": {"records": [record]}})).expect("records");
        assert_eq!(
            names_of(&found, &sought, 1900).len(),
            usize::from(is_it),
            "{kind} {text}: {content}"
        );
    }
}
