//! Every kind of content, by the fields of the protocol's `Message`.

use serde_json::json;

use super::{Stage, upsert};

#[tokio::test]
async fn words_and_files_are_kept() {
    let image = json!({"mimetype": "image/jpeg", "caption": "this one"});
    let rows = vec![
        (
            "a text",
            json!({"conversation": "hello"}),
            json!({"kind": null, "text": "hello"}),
        ),
        (
            "a text with a preview",
            json!({"extendedTextMessage": {"text": "see https://example.invalid/a", "title": "A page"}}),
            json!({"kind": null, "text": "see https://example.invalid/a"}),
        ),
        (
            "a text beside keys",
            json!({"senderKeyDistributionMessage": {"groupId": "1@g.us"}, "messageContextInfo": {}, "conversation": "hi"}),
            json!({"kind": null, "text": "hi"}),
        ),
        (
            "an image",
            json!({"imageMessage": image}),
            json!({"kind": "image", "text": "this one", "media.kind": "image", "media.mime": "image/jpeg"}),
        ),
        (
            "an image without words",
            json!({"imageMessage": {"mimetype": "image/png"}}),
            json!({"kind": "image", "text": "[image]"}),
        ),
        (
            "an image with an empty caption",
            json!({"imageMessage": {"mimetype": "image/png", "caption": ""}}),
            json!({"kind": "image", "text": "[image]"}),
        ),
        (
            "a film",
            json!({"videoMessage": {"mimetype": "video/mp4"}}),
            json!({"kind": "video", "media.kind": "video"}),
        ),
        (
            "a film without sound",
            json!({"videoMessage": {"mimetype": "video/mp4", "gifPlayback": true}}),
            json!({"kind": "video"}),
        ),
        (
            "a round film",
            json!({"ptvMessage": {"mimetype": "video/mp4", "seconds": 4}}),
            json!({"kind": "video"}),
        ),
        (
            "music",
            json!({"audioMessage": {"mimetype": "audio/mpeg", "ptt": false}}),
            json!({"kind": "audio"}),
        ),
        (
            "a voice message",
            json!({"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "ptt": true, "seconds": 3}}),
            json!({"kind": "voice", "text": "[voice]", "media.kind": "audio"}),
        ),
        (
            "a document",
            json!({"documentMessage": {"mimetype": "application/pdf", "fileName": "invoice.pdf"}}),
            json!({"kind": "document", "text~": "invoice.pdf", "media.name": "invoice.pdf"}),
        ),
        (
            "a document with a caption, as older senders have it",
            json!({"documentWithCaptionMessage": {"message": {"documentMessage":
                {"mimetype": "application/pdf", "fileName": "invoice.pdf", "caption": "May invoice"}}}}),
            json!({"kind": "document", "text": "May invoice", "media.name": "invoice.pdf"}),
        ),
        (
            "a sticker",
            json!({"stickerMessage": {"mimetype": "image/webp"}}),
            json!({"kind": "sticker", "text": "[sticker]"}),
        ),
        (
            "a moving sticker",
            json!({"lottieStickerMessage": {"message": {"stickerMessage": {"mimetype": "application/was"}}}}),
            json!({"kind": "sticker"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn places_and_people_are_kept() {
    let bia = "BEGIN:VCARD\nVERSION:3.0\nFN:Bia Souza\nTEL;waid=5521900001111:+55 21 90000-1111\n\
        item1.EMAIL;type=HOME:bia@example.invalid\nEND:VCARD";
    let card = |name: &str| json!({"displayName": name, "vcard": format!("BEGIN:VCARD\nFN:{name}\nEND:VCARD")});
    let rows = vec![
        (
            "a place with a name",
            json!({"locationMessage": {"degreesLatitude": -23.55, "degreesLongitude": -46.63,
                "name": "Cafe Girassol", "address": "Rua Inventada 10"}}),
            json!({"kind": "location", "text": "[location] Cafe Girassol, Rua Inventada 10, -23.55, -46.63",
                "content": {"lat": -23.55, "lng": -46.63, "name": "Cafe Girassol", "address": "Rua Inventada 10"}}),
        ),
        (
            "a bare place",
            json!({"locationMessage": {"degreesLatitude": 0, "degreesLongitude": 12.5, "name": ""}}),
            json!({"kind": "location", "content": {"lat": 0.0, "lng": 12.5}}),
        ),
        (
            "a place that moves",
            json!({"liveLocationMessage": {"degreesLatitude": -23.55, "degreesLongitude": -46.63, "caption": "on my way"}}),
            json!({"kind": "location", "text~": "on my way", "content.live": true, "content.lat": -23.55}),
        ),
        (
            "a person",
            json!({"contactMessage": {"displayName": "Bia Souza", "vcard": bia}}),
            json!({"kind": "contact", "text~": "[contact] Bia Souza +55 21 90000-1111", "content":
                [{"name": "Bia Souza", "phones": ["+55 21 90000-1111"], "emails": ["bia@example.invalid"]}]}),
        ),
        (
            "two people",
            json!({"contactsArrayMessage": {"displayName": "2 contacts", "contacts": [card("Bia"), card("Caio")]}}),
            json!({"kind": "contact", "text": "[contact] Bia; Caio", "content.0.name": "Bia", "content.1.name": "Caio"}),
        ),
        (
            "a person without a card",
            json!({"contactMessage": {"displayName": "Davi"}}),
            json!({"kind": "contact", "content.0.name": "Davi"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn questions_and_what_was_chosen_are_kept() {
    let poll = json!({"name": "Pizza?", "options": [{"optionName": "yes"}, {"optionName": "no"}], "selectableOptionsCount": 1});
    let is_poll = json!({"kind": "poll", "text": "[poll] Pizza? 1) yes 2) no",
        "content": {"question": "Pizza?", "options": ["yes", "no"]}});
    let rows = vec![
        (
            "a poll",
            json!({"pollCreationMessage": poll}),
            is_poll.clone(),
        ),
        (
            "a poll, version 2",
            json!({"pollCreationMessageV2": poll}),
            is_poll.clone(),
        ),
        (
            "a poll, version 3",
            json!({"pollCreationMessageV3": poll}),
            is_poll.clone(),
        ),
        (
            "a poll, version 4",
            json!({"pollCreationMessageV4": {"message": {"pollCreationMessage": poll}}}),
            is_poll,
        ),
        (
            "a vote",
            json!({"pollUpdateMessage": {"pollCreationMessageKey": {"id": "3EB0POLL", "fromMe": true},
                "vote": {"selectedOptions": ["yes"]}}}),
            json!({"kind": "vote", "text": "[vote] yes", "content": {"poll": "3EB0POLL", "options": ["yes"]}}),
        ),
        (
            "a vote that cannot be read",
            json!({"pollUpdateMessage": {"pollCreationMessageKey": {"id": "3EB0POLL"}, "vote": {"encPayload": "AAAA", "encIv": "AA"}}}),
            json!({"kind": "vote", "content.poll": "3EB0POLL", "content.options": []}),
        ),
        (
            "a row of a list",
            json!({"listResponseMessage": {"title": "Morning", "listType": 1,
                "singleSelectReply": {"selectedRowId": "slot-1"}, "contextInfo": {"stanzaId": "3EB0LIST"}}}),
            json!({"kind": "choice", "text": "Morning", "content.id": "slot-1", "content.title": "Morning", "reply_to": "3EB0LIST"}),
        ),
        (
            "a button",
            json!({"buttonsResponseMessage": {"selectedButtonId": "yes", "selectedDisplayText": "Yes, please"}}),
            json!({"kind": "choice", "text": "Yes, please", "content": {"id": "yes", "title": "Yes, please"}}),
        ),
        (
            "a button of a template",
            json!({"templateButtonReplyMessage": {"selectedId": "no", "selectedDisplayText": "No, thanks", "selectedIndex": 1}}),
            json!({"kind": "choice", "text": "No, thanks", "content.id": "no"}),
        ),
        (
            "an answer to a flow",
            json!({"interactiveResponseMessage": {"body": {"text": "Pay now"},
                "nativeFlowResponseMessage": {"name": "quick_reply", "paramsJson": "{\"id\":\"pay\"}"}}}),
            json!({"kind": "choice", "text": "Pay now", "content.id": "pay", "content.title": "Pay now"}),
        ),
        (
            "a form that was filled in",
            json!({"interactiveResponseMessage": {"body": {"text": "Sent"},
                "nativeFlowResponseMessage": {"name": "flow", "paramsJson": "{\"city\":\"Recife\"}"}}}),
            json!({"kind": "choice", "content.values": {"city": "Recife"}}),
        ),
        (
            "a button whose words are missing",
            json!({"buttonsResponseMessage": {"selectedButtonId": "yes", "selectedDisplayText": ""}}),
            json!({"kind": "choice", "text": "yes", "content.id": "yes"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn goods_calls_and_invitations_are_kept() {
    let rows = vec![
        (
            "an order",
            json!({"orderMessage": {"orderId": "77001", "itemCount": 2, "orderTitle": "Cakes",
                "message": "for Sunday", "totalAmount1000": "59800", "totalCurrencyCode": "BRL"}}),
            json!({"kind": "order", "text~": "[order]"}),
        ),
        (
            "a product",
            json!({"productMessage": {"businessOwnerJid": "5511900000000@s.whatsapp.net", "product":
                {"productId": "9", "title": "Carrot cake", "priceAmount1000": "29900", "currencyCode": "BRL"}}}),
            json!({"kind": "order", "text~": "Carrot cake", "content.items.0.name": "Carrot cake",
                "content.items.0.price": 29.9, "content.items.0.currency": "BRL"}),
        ),
        (
            "an invitation to a group",
            json!({"groupInviteMessage": {"groupJid": "120363021234567890@g.us", "inviteCode": "abc", "groupName": "Choir", "caption": "join us"}}),
            json!({"text~": "Choir"}),
        ),
        (
            "an event",
            json!({"eventMessage": {"name": "Rehearsal", "description": "bring scores", "startTime": "1780000000"}}),
            json!({"text~": "Rehearsal"}),
        ),
        (
            "a call that was missed",
            json!({"callLogMesssage": {"isVideo": true, "callOutcome": "MISSED", "durationSecs": "0"}}),
            json!({"kind": "call", "content.video": true, "content.outcome~": "missed"}),
        ),
        (
            "a call that was taken, by numbers",
            json!({"callLogMesssage": {"isVideo": false, "callOutcome": 0, "durationSecs": {"low": 65, "high": 0, "unsigned": false}}}),
            json!({"kind": "call", "content.video": false, "content.outcome": "connected", "content.seconds": 65}),
        ),
        (
            "words with buttons",
            json!({"buttonsMessage": {"contentText": "Delivered?", "buttons":
                [{"buttonId": "y", "buttonText": {"displayText": "Yes"}}]}}),
            json!({"text~": "Delivered?"}),
        ),
        (
            "a template",
            json!({"templateMessage": {"hydratedTemplate": {"hydratedContentText": "Your code is 12", "hydratedFooterText": "Bank"}}}),
            json!({"text~": "Your code is 12"}),
        ),
        (
            "a pinned message",
            json!({"pinInChatMessage": {"key": {"id": "3EB0PIN"}, "type": "PIN_FOR_ALL"}}),
            json!({"kind": "system", "text~": "[system]"}),
        ),
        (
            "an album",
            json!({"albumMessage": {"expectedImageCount": 2, "expectedVideoCount": 0}}),
            json!({"kind": "system", "text~": "2 images"}),
        ),
        (
            "a payment",
            json!({"sendPaymentMessage": {"noteMessage": {"extendedTextMessage": {"text": "for the cake"}}}}),
            json!({"kind": "system", "text~": "for the cake"}),
        ),
        (
            "disappearing messages",
            json!({"protocolMessage": {"type": "EPHEMERAL_SETTING", "ephemeralExpiration": 86400}}),
            json!({"kind": "system", "text~": "24 hours"}),
        ),
        (
            "what no rule knows",
            json!({"hologramMessage": {"depth": 3}}),
            json!({"kind": "unsupported", "text": "[unsupported message]", "content": {"type": "hologramMessage"}}),
        ),
        (
            "only keys",
            json!({"senderKeyDistributionMessage": {"groupId": "1@g.us"}}),
            json!(null),
        ),
        (
            "syncing between programs",
            json!({"protocolMessage": {"type": "APP_STATE_SYNC_KEY_SHARE"}}),
            json!(null),
        ),
    ];
    Stage::open().await.check(rows).await;
}

/// `messageStubType` and calls come without a `message`.
#[tokio::test]
async fn calls_come_as_an_event_of_their_own() {
    let mut stage = Stage::open().await;
    let call = |status: &str| {
        json!({"id": "CALL1", "from": "5511987654321@s.whatsapp.net", "chatId": "5511987654321@s.whatsapp.net",
            "status": status, "isVideo": false, "isGroup": false})
    };
    stage.post("call", &call("offer"));
    stage.post("call", &call("timeout"));
    let stored = stage.stored("5511987654321").await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(stored[0]["kind"], "call", "{stored:?}");
    assert_eq!(stored[0]["content"]["outcome"], "missed", "{stored:?}");
}

/// Events bring one object or an array, and are spelled in two ways.
#[tokio::test]
async fn arrays_and_both_spellings_are_read() {
    let mut stage = Stage::open().await;
    let jid = "5511987654321@s.whatsapp.net";
    let key = |id: &str| json!({"id": id, "remoteJid": jid, "fromMe": false});
    stage.post(
        "MESSAGES_UPSERT",
        &json!([
            {"key": key("Z1"), "message": {"conversation": "first"}},
            {"key": key("Z2"), "message": null},
            {"key": key("Z3"), "messageStubType": 27, "messageStubParameters": ["x"]},
            {"key": key("Z4"), "message": {"protocolMessage": {"type": "APP_STATE_SYNC_KEY_SHARE"}}},
            {"key": key("Z5"), "message": {"conversation": "last"}},
        ]),
    );
    stage.post(
        "messages.upsert",
        &upsert("Z6", jid, &json!({"conversation": "alone"})),
    );
    stage.post(
        "Messages.Upsert",
        &upsert("Z7", jid, &json!({"conversation": "in capitals"})),
    );
    let stored = stage.stored("5511987654321").await;
    let texts: Vec<_> = stored
        .iter()
        .map(|one| one["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(texts, ["first", "last", "alone", "in capitals"]);
}
