//! What is sold and paid: invoices and payments, as orders.

use serde_json::Value;

use crate::message::{Content, content::Item, text_at};

/// Currencies whose smallest unit is the whole (ISO 4217), and Telegram's stars, `XTR`.
const WHOLE: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF", "XTR",
];

/// Currencies whose smallest unit is a thousandth.
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// An amount, which comes "in the smallest units of the currency"
/// (<https://core.telegram.org/bots/api#invoice>).
fn amount(value: &Value) -> Option<f64> {
    let smallest = value["total_amount"]
        .as_i64()
        .or(value["amount"].as_i64())?;
    let currency = text_at(value, "currency").unwrap_or_default();
    let units = match currency {
        // A billionth: what `suggested_post_paid` counts in.
        "TON" => 1e9,
        _ if WHOLE.contains(&currency) => 1.0,
        _ if THOUSANDTHS.contains(&currency) => 1000.0,
        _ => 100.0,
    };
    Some(smallest as f64 / units)
}

/// An amount in words: `9.5 BRL`.
pub(super) fn price(value: &Value) -> String {
    let currency = text_at(value, "currency").unwrap_or_default();
    let words = amount(value).map(|amount| format!("{amount} {currency}"));
    words.unwrap_or_default().trim_end().to_owned()
}

fn item(id: &str, name: Option<&str>, value: &Value) -> Item {
    Item {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        quantity: 1,
        price: amount(value),
        currency: text_at(value, "currency").map(str::to_owned),
    }
}

/// <https://core.telegram.org/bots/api#invoice>
pub(super) fn invoice(invoice: &Value) -> Option<Content> {
    let title = text_at(invoice, "title")?;
    let id = text_at(invoice, "start_parameter").unwrap_or_default();
    Some(Content::Order {
        items: vec![item(id, Some(title), invoice)],
        note: text_at(invoice, "description").map(str::to_owned),
    })
}

/// <https://core.telegram.org/bots/api#successfulpayment>
pub(super) fn paid(payment: &Value) -> Option<Content> {
    let id = text_at(payment, "invoice_payload")?;
    let info = &payment["order_info"];
    let address = &info["shipping_address"];
    let lines = [
        "street_line1",
        "street_line2",
        "post_code",
        "city",
        "state",
        "country_code",
    ];
    let of_info = ["name", "phone_number", "email"].map(|key| text_at(info, key));
    let of_address = lines.map(|key| text_at(address, key));
    let buyer: Vec<&str> = of_info.into_iter().chain(of_address).flatten().collect();
    let note = format!("paid {}", buyer.join(", "));
    Some(Content::Order {
        items: vec![item(id, None, payment)],
        note: Some(note.trim_end().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_in_whole_units() {
        for (currency, smallest, expected) in [
            ("BRL", 950, "9.5 BRL"),
            ("JPY", 500, "500 JPY"),
            ("XTR", 7, "7 XTR"),
            ("KWD", 1250, "1.25 KWD"),
        ] {
            let value = json!({"currency": currency, "total_amount": smallest});
            assert_eq!(price(&value), expected);
        }
        assert_eq!(price(&json!({})), "");
    }

    #[test]
    fn a_payment_says_what_for_and_who_paid() {
        let payment = json!({"currency": "BRL", "total_amount": 1900, "invoice_payload": "cake-7",
            "order_info": {"name": "Ana Lima", "shipping_address": {"street_line1": "Rua 1", "street_line2": "", "city": "Rio"}}});
        let text = paid(&payment).map(|order| order.text());
        assert_eq!(
            text.as_deref(),
            Some("[order] paid Ana Lima, Rua 1, Rio: 1 × cake-7 19.00 BRL")
        );
        assert_eq!(paid(&json!({})), None);
    }
}
