//! Places, people, goods.

use serde_json::Value;

use super::{
    Said,
    number::{count, decimal, thousandths},
};
use crate::{
    integrations::support::vcard,
    message::{
        Content,
        content::{Item, Person},
        text_at,
    },
};

pub(super) fn location(value: &Value) -> Option<Said> {
    place(value, text_at(value, "name"), value["isLive"] == true)
}

/// Has a caption where another has a name.
pub(super) fn live_location(value: &Value) -> Option<Said> {
    place(value, text_at(value, "caption"), true)
}

fn place(value: &Value, what: Option<&str>, is_live: bool) -> Option<Said> {
    let comment = text_at(value, "comment");
    let degrees = |key: &str| decimal(&value[key]);
    let bare = degrees("degreesLatitude")
        .zip(degrees("degreesLongitude"))
        .and_then(|(lat, lng)| Content::at(lat, lng));
    let Some(Content::Location { lat, lng, .. }) = bare else {
        let words = [what, text_at(value, "address"), comment];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
        return Said::text(words).map(|said| Said {
            text: format!("[location] {}", said.text),
            ..said
        });
    };
    let mut said = Said::of(&Content::Location {
        lat,
        lng,
        name: what.or(comment).map(str::to_owned),
        address: text_at(value, "address").map(str::to_owned),
        live: is_live,
    });
    if let Some(comment) = comment.filter(|_| what.is_some()) {
        said.text = format!("{}: {comment}", said.text);
    }
    Some(said)
}

pub(super) fn contact(value: &Value) -> Option<Said> {
    everyone(people(value))
}

/// Its own `displayName` is only a count.
pub(super) fn contacts(value: &Value) -> Option<Said> {
    let all = value["contacts"].as_array()?.iter();
    everyone(all.flat_map(people).collect())
}

fn everyone(people: Vec<Person>) -> Option<Said> {
    (!people.is_empty()).then(|| Said::of(&Content::Contact(people)))
}

fn people(value: &Value) -> Vec<Person> {
    let card = text_at(value, "vcard").unwrap_or_default();
    vcard::people(card, text_at(value, "displayName"))
}

/// What was ordered is not in the message, only how much of it and for how much in all.
pub(super) fn order(value: &Value) -> Said {
    let text = |key: &str| text_at(value, key).map(str::to_owned);
    let currency = text("totalCurrencyCode");
    let total = thousandths(&value["totalAmount1000"]).filter(|total| *total > 0.0);
    let total = total.map(|total| {
        let total = format!("{total:.2} {}", currency.as_deref().unwrap_or_default());
        total.trim_end().to_owned()
    });
    let note = [text("message"), total].into_iter().flatten();
    let note = note.collect::<Vec<_>>().join(", ");
    let item = Item {
        id: text("orderId").unwrap_or_default(),
        name: text("orderTitle").or_else(|| Some("item".to_owned())),
        quantity: count(&value["itemCount"]).unwrap_or(1),
        price: None,
        currency,
    };
    Said::of(&Content::Order {
        items: vec![item],
        note: Some(note).filter(|note| !note.is_empty()),
    })
}

pub(super) fn product(value: &Value) -> Option<Said> {
    let product = &value["product"];
    let text = |json: &Value, key: &str| text_at(json, key).map(str::to_owned);
    let price = thousandths(&product["salePriceAmount1000"]).filter(|price| *price > 0.0);
    let id = text(product, "productId").or_else(|| text(product, "retailerId"));
    let item = Item {
        id: id.unwrap_or_default(),
        name: text(product, "title").or_else(|| text(&value["catalog"], "title")),
        quantity: 1,
        price: price.or_else(|| thousandths(&product["priceAmount1000"])),
        currency: text(product, "currencyCode"),
    };
    if item.id.is_empty() && item.name.is_none() {
        return None;
    }
    Some(Said::of(&Content::Order {
        items: vec![item],
        note: text(value, "body"),
    }))
}

pub(super) fn invoice(value: &Value) -> Said {
    Said::of(&Content::Order {
        items: vec![],
        note: Some(text_at(value, "note").unwrap_or("invoice").to_owned()),
    })
}
