//! Files both ways, against a server that takes and hands them out as Meta does.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{ANA, PHONE_ID, Stage, of};
use crate::{
    config::{BaseUrl, FetchRule},
    integrations::{
        Accepted, DeliveryError, FetchError,
        cloud::{Cloud, CloudSettings},
        testing::server::{Answer, Asked, Server},
    },
    media::MediaError,
    store::Draft,
};

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x0a\0\0\0\x14 and \r\n--more of it\0\xff";
const OGG: &[u8] = b"OggS and more of it";
const TOKEN: &str = "authorization: bearer token-of-the-test\r\n";

fn cloud(stage: &Stage, base: BaseUrl) -> Cloud {
    let settings = CloudSettings {
        token: "token-of-the-test".to_owned(),
        phone_id: PHONE_ID.to_owned(),
        app_secret: None,
        verify_token: None,
        base,
        fetches: FetchRule::All,
    };
    Cloud::new(&settings, stage.ingress.clone(), stage.media.clone())
}

fn meta_error(status: u16, code: i64, message: &str) -> Answer {
    let error =
        json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"});
    Answer::Json(status, json!({"error": error}))
}

/// Takes uploads and gives each another id; refuses messages with an id below `lost`.
fn uploads(lost: Arc<AtomicUsize>) -> impl Fn(&Asked) -> Answer + Send + Sync {
    let next = AtomicUsize::new(1);
    move |asked| {
        if asked.path == format!("/v23.0/{PHONE_ID}/media") {
            let texts = asked.texts();
            let product = ("messaging_product".to_owned(), "whatsapp".to_owned());
            if !texts.contains(&product) || asked.field("file").is_none() {
                return meta_error(
                    400,
                    100,
                    "(#100) The parameter messaging_product is required.",
                );
            }
            let id = next.fetch_add(1, Relaxed);
            return Answer::Json(200, json!({"id": id.to_string()}));
        }
        let body = asked.json();
        let kind = body["type"].as_str().unwrap_or_default();
        let id = body[kind]["id"].as_str().and_then(|id| id.parse().ok());
        if id.is_some_and(|id: usize| id < lost.load(Relaxed)) {
            let text = "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID";
            return meta_error(400, 100, text);
        }
        Answer::Json(200, json!({"messages": [{"id": "wamid.out"}]}))
    }
}

fn draft(media: Value, text: &str) -> Draft {
    Draft {
        peer: ANA.to_owned(),
        text: text.to_owned(),
        media: Some(media),
        ..Draft::default()
    }
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_again_only_where_meta_lost_it() {
    let lost = Arc::new(AtomicUsize::new(0));
    let server = Server::start(uploads(Arc::clone(&lost))).await;
    let stage = Stage::new("*");
    let cloud = cloud(&stage, server.base.clone());
    let row = stage.keep(PNG, Some("a\"b.png"), "image/png").await;
    let media = json!({"kind": "image", "media_id": row.id.to_string()});
    let sent = Ok(Accepted::Sent(vec!["wamid.out".to_owned()]));
    for _ in 0..2 {
        assert_eq!(
            stage.deliver(&cloud, draft(media.clone(), "look")).await,
            sent
        );
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 3, "one upload and two messages");
    assert!(asked.iter().all(|asked| asked.head.contains(TOKEN)));
    let texts = [("messaging_product", "whatsapp"), ("type", "image/png")];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(asked[0].texts(), texts);
    let file = asked[0].field("file").expect("a file");
    assert_eq!(
        (file.file_name.as_deref(), file.mime.as_deref()),
        (Some("a%22b.png"), Some("image/png"))
    );
    assert!(file.content == PNG);
    for asked in &asked[1..] {
        assert_eq!(asked.json()["image"], json!({"id": "1", "caption": "look"}));
    }
    lost.store(2, Relaxed);
    assert_eq!(stage.deliver(&cloud, draft(media.clone(), "")).await, sent);
    let paths: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    let [messages, upload] = ["messages", "media"].map(|end| format!("/v23.0/{PHONE_ID}/{end}"));
    assert_eq!(paths, [&messages, &upload, &messages].map(String::clone));
    // An id as old as Meta keeps files is not even tried.
    let key = format!("whatsapp-cloud/{PHONE_ID}");
    let old = stage.media.set_service_id(row.id, &key, "1000 2").await;
    old.expect("stored");
    assert_eq!(stage.deliver(&cloud, draft(media, "")).await, sent);
    assert_eq!(server.asked()[0].path, upload);
}

#[tokio::test]
async fn each_kind_has_the_fields_that_meta_takes_and_a_list_goes_one_by_one() {
    let server = Server::start(uploads(Arc::default())).await;
    let stage = Stage::new("*");
    let cloud = cloud(&stage, server.base.clone());
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let ogg = stage
        .keep(OGG, None, "audio/ogg; codecs=opus")
        .await
        .id
        .to_string();
    let pdf = stage
        .keep(b"%PDF-1.7", None, "application/pdf")
        .await
        .id
        .to_string();
    let list = json!([{"kind": "document", "media_id": pdf}, {"kind": "voice", "media_id": ogg},
        {"kind": "audio", "media_id": ogg}, {"kind": "image", "media_id": png},
        {"kind": "image", "url": "https://a.example/b.png"}]);
    let sent = stage.deliver(&cloud, draft(list, "all")).await;
    assert!(
        matches!(&sent, Ok(Accepted::Sent(ids)) if ids.len() == 5),
        "{sent:?}"
    );
    let asked = server.asked();
    let messages = asked
        .iter()
        .filter(|asked| asked.path.ends_with("/messages"));
    let messages: Vec<Value> = messages.map(Asked::json).collect();
    let wanted = [
        (
            "document",
            json!({"id": "1", "filename": "document.pdf", "caption": "all"}),
        ),
        ("audio", json!({"id": "2", "voice": true})),
        ("audio", json!({"id": "2"})),
        ("image", json!({"id": "3"})),
        ("image", json!({"link": "https://a.example/b.png"})),
    ];
    for (message, (kind, body)) in messages.iter().zip(wanted) {
        assert_eq!((&message["type"], &message[kind]), (&json!(kind), &body));
    }
}

#[tokio::test]
async fn what_meta_does_not_take_is_refused_before_the_upload() {
    let server = Server::start(uploads(Arc::default())).await;
    let stage = Stage::new("*");
    let cloud = cloud(&stage, server.base.clone());
    let large = stage
        .keep(
            &[PNG, &vec![0; 5 << 20]].concat(),
            Some("a.png"),
            "image/png",
        )
        .await;
    let media = json!({"kind": "image", "media_id": large.id.to_string()});
    let sent = stage.deliver(&cloud, draft(media, "")).await;
    let Err(DeliveryError::Permanent(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(
        why.contains("at most 5242880 bytes as image, and a.png has 5242925 bytes"),
        "{why}"
    );
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn an_upload_without_an_answer_is_tried_again_and_one_refused_is_not() {
    let stage = Stage::new("*");
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let media = json!({"kind": "image", "media_id": png});
    let silent = Server::start(|_| Answer::Raw(vec![])).await;
    let sent = stage
        .deliver(&cloud(&stage, silent.base), draft(media.clone(), ""))
        .await;
    assert!(
        matches!(sent, Err(DeliveryError::Transient(..))),
        "{sent:?}"
    );
    let refusing = Server::start(|_| meta_error(401, 190, "Error validating access token")).await;
    let sent = stage
        .deliver(&cloud(&stage, refusing.base), draft(media, ""))
        .await;
    assert!(
        matches!(sent, Err(DeliveryError::Unauthorized(_))),
        "{sent:?}"
    );
}

/// A picture of Ana's that is to be fetched from a server that answers about it like this, `HOST` standing for
/// the server; whatever else is asked for is `file`.
async fn fetching(about: Value, file: fn() -> Answer) -> (Stage, Cloud, Server) {
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/v23.0/1037543291543636" => {
            let host = asked.head.split("\r\nhost: ").nth(1);
            let host = host.and_then(|rest| rest.lines().next()).expect("a host");
            let about = about.to_string().replace("HOST", &format!("http://{host}"));
            Answer::Json(200, serde_json::from_str(&about).expect("JSON"))
        }
        _ => file(),
    })
    .await;
    let stage = Stage::new("*");
    let image = json!({"id": "1037543291543636", "mime_type": "image/png", "sha256": "…", "caption": "look"});
    assert_eq!(stage.write(json!([of("image", image)])).await, 200);
    assert_eq!(stage.only().media.expect("a file")["state"], "fetching");
    let cloud = cloud(&stage, server.base.clone());
    (stage, cloud, server)
}

fn about(bytes: usize, sha256: &[u8]) -> Value {
    json!({"messaging_product": "whatsapp", "url": "HOST/whatsapp_business/attachments/?mid=1&hash=x",
        "mime_type": "image/png", "sha256": HEXLOWER.encode(sha256), "file_size": bytes.to_string(),
        "id": "1037543291543636"})
}

fn png() -> Answer {
    Answer::File("image/png", PNG.to_vec())
}

#[tokio::test]
async fn a_file_is_fetched_by_the_address_its_id_leads_to_and_checked() {
    let digest = Sha256::digest(PNG);
    let (stage, cloud, server) = fetching(about(PNG.len(), &digest), png).await;
    let (fetched, content) = stage.fetch(&cloud, 1 << 20).await.expect("a file");
    assert!(content == PNG);
    assert_eq!(fetched.mime.as_deref(), Some("image/png"));
    assert_eq!(
        fetched.sha256.as_ref().map(<[u8; 32]>::as_slice),
        Some(digest.as_slice())
    );
    let asked = server.asked();
    assert_eq!(
        asked[1].path,
        "/whatsapp_business/attachments/?mid=1&hash=x"
    );
    assert!(
        asked
            .iter()
            .all(|asked| asked.method == "GET" && asked.head.contains(TOKEN))
    );
}

#[tokio::test]
async fn a_file_with_other_bytes_or_another_length_than_announced_is_not_kept() {
    let (stage, cloud, _server) = fetching(about(PNG.len(), &[1; 32]), png).await;
    let fetched = stage.fetch(&cloud, 1 << 20).await;
    assert_eq!(fetched, Err(FetchError::Media(MediaError::Different)));
    let (stage, cloud, _server) = fetching(about(9, &Sha256::digest(PNG)), png).await;
    let fetched = stage.fetch(&cloud, 1 << 20).await;
    assert!(
        matches!(fetched, Err(FetchError::Transient(..))),
        "{fetched:?}"
    );
    assert_eq!(stage.media.totals().files, 0);
}

#[tokio::test]
async fn a_file_too_large_is_not_asked_for_and_one_that_hides_it_is_cut_off() {
    let digest = Sha256::digest(PNG);
    let (stage, cloud, server) = fetching(about(1 << 30, &digest), png).await;
    let too_large = Err(FetchError::Media(MediaError::TooLarge(1 << 20)));
    assert_eq!(stage.fetch(&cloud, 1 << 20).await, too_large);
    assert_eq!(server.asked().len(), 1);
    let endless = || {
        Answer::Endless(
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
            "more and more",
        )
    };
    let (stage, cloud, _server) = fetching(about(9, &digest), endless).await;
    assert_eq!(stage.fetch(&cloud, 1 << 20).await, too_large);
}

#[tokio::test]
async fn neither_an_address_nor_a_redirect_leads_elsewhere() {
    let mut inward = about(PNG.len(), &[1; 32]);
    inward["url"] = json!("http://169.254.169.254/latest/meta-data");
    let (stage, cloud, _server) = fetching(inward, png).await;
    let fetched = stage.fetch(&cloud, 1 << 20).await;
    let Err(FetchError::Permanent(why)) = fetched else {
        panic!("{fetched:?}");
    };
    assert!(why.contains("is not https"), "{why}");
    let redirect = || {
        let answer =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:6379/x\r\ncontent-length: 0\r\n\r\n";
        Answer::Raw(answer.into())
    };
    let (stage, cloud, server) = fetching(about(PNG.len(), &[1; 32]), redirect).await;
    let fetched = stage.fetch(&cloud, 1 << 20).await;
    let Err(FetchError::Permanent(why)) = fetched else {
        panic!("{fetched:?}");
    };
    assert!(
        why.contains("redirects to 127.0.0.1:6379") && !why.contains("token"),
        "{why}"
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn an_address_that_became_too_old_is_asked_for_anew() {
    let refused = || meta_error(404, 131_052, "expired");
    let (stage, cloud, _server) = fetching(about(PNG.len(), &[1; 32]), refused).await;
    let fetched = stage.fetch(&cloud, 1 << 20).await;
    assert!(
        matches!(fetched, Err(FetchError::Transient(..))),
        "{fetched:?}"
    );
}
