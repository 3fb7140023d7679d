//! The summary and the JSON round trip of every content.

use serde_json::{Map, json};

use super::*;

fn every_content() -> Vec<(Content, &'static str)> {
    let ana = Person {
        name: "Ana Lima".to_owned(),
        phones: vec!["+55 11 98765-4321".to_owned()],
        emails: vec![],
    };
    let cake = Item {
        id: "sku-1".to_owned(),
        name: Some("Cake".to_owned()),
        quantity: 2,
        price: Some(9.5),
        currency: Some("BRL".to_owned()),
    };
    let square = Content::Location {
        lat: -23.5505,
        lng: -46.6333,
        name: Some("Praça da Sé".to_owned()),
        address: None,
        live: false,
    };
    let chosen = |title: &str| Content::Choice {
        id: "yes".to_owned(),
        title: title.to_owned(),
        description: None,
        values: None,
    };
    let reaction = |emoji: &str| Content::Reaction {
        to: "X1".to_owned(),
        emoji: emoji.to_owned(),
    };
    vec![
        (square, "[location] Praça da Sé, -23.5505, -46.6333"),
        (
            Content::Contact(vec![ana]),
            "[contact] Ana Lima +55 11 98765-4321",
        ),
        (
            Content::Poll {
                question: "Pizza?".to_owned(),
                options: vec!["yes".to_owned(), "no".to_owned()],
            },
            "[poll] Pizza? 1) yes 2) no",
        ),
        (
            Content::Vote {
                poll: Some("P1".to_owned()),
                options: vec!["yes".to_owned()],
            },
            "[vote] yes",
        ),
        (chosen("Yes, please"), "Yes, please"),
        (chosen(""), "yes"),
        (
            Content::Order {
                items: vec![cake],
                note: None,
            },
            "[order] 2 × Cake 9.50 BRL",
        ),
        (reaction("👍"), "👍"),
        (reaction(""), "[reaction removed]"),
        (
            Content::Call {
                video: true,
                outcome: Some("missed".to_owned()),
                seconds: None,
            },
            "[video call] missed",
        ),
        (
            Content::System {
                event: "number_changed".to_owned(),
                words: "number changed".to_owned(),
                details: Map::from_iter([("to".to_owned(), json!("5511"))]),
            },
            "[system] number changed",
        ),
        (
            Content::Unsupported {
                service_type: "x".to_owned(),
            },
            "[unsupported message]",
        ),
    ]
}

#[test]
fn every_content_is_readable_and_reads_back() {
    for (content, text) in every_content() {
        assert_eq!(content.text(), text);
        let read = Content::read(content.kind(), &content.json());
        assert_eq!(read, Ok(Some(content)));
    }
}

#[test]
fn every_kind_has_its_shape() {
    for kind in Kind::ALL {
        let read = Content::read(kind, &json!(7));
        let mut contents = every_content().into_iter();
        let has_content = contents.any(|(content, _)| content.kind() == kind);
        assert_eq!(read.is_err(), has_content, "{kind:?}");
    }
}

#[test]
fn places_off_the_globe_are_none() {
    for wrong in [
        json!({"lat": 91, "lng": 0}),
        json!({"lat": 0}),
        json!({"lat": "1", "lng": 1}),
    ] {
        assert!(Content::read(Kind::Location, &wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_without_a_caption_says_what_it_is() {
    assert_eq!(file_text(Kind::Voice, None), "[voice]");
    let named = file_text(Kind::Document, Some("may.pdf"));
    assert_eq!(named, "[document] may.pdf");
}
