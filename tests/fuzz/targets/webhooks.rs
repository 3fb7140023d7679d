//! What services tell: posts of the Evolution API and of Meta as they come in by HTTP, signed and all,
//! and updates of Telegram. Nothing panics, whatever stands in them.

#![no_main]

use std::{
    cell::RefCell,
    sync::{Arc, Weak},
};

use cleudocodebot::{
    config::{BaseUrl, FetchRule},
    integrations::{
        Audience, Hook, Integration, Typing,
        allow_list::AllowList,
        cloud::{Cloud, CloudSettings},
        ingress::Ingress,
        pairing::Pairings,
        support::hmac::hmac,
        telegram::{BotSettings, Telegram},
        whatsapp::{ServerKind, Whatsapp, WhatsappSettings},
    },
    log::{Log, LogLevel},
    media::Media,
    router::Router,
    store::{Store, StoreOptions},
};
use hyper::{HeaderMap, header::HeaderValue};
use libfuzzer_sys::fuzz_target;
use tokio::{runtime::Runtime, sync::mpsc};

const SECRET: &str = "fuzz-secret-0123456789";

struct Nobody;

impl Audience for Nobody {
    fn attends(&self, _: &str, _: &str) -> bool {
        false
    }
    fn reached(&self, _: &str, _: &str) -> mpsc::Receiver<()> {
        mpsc::channel(1).1
    }
    fn hears_typing(&self, _: &Typing<'_>) {}
}

struct Stage {
    runtime: Runtime,
    store: Store,
    whatsapp: Whatsapp,
    cloud: Cloud,
    telegram: Telegram,
}

fn stage() -> Stage {
    let home = std::env::temp_dir().join(format!("fuzz-webhooks-{}", std::process::id()));
    let options = StoreOptions {
        path: home.join("store"),
        ..StoreOptions::default()
    };
    let store = Store::open(options, |_| {}).expect("a store in memory");
    std::fs::create_dir_all(&home).expect("a folder");
    // No file grows beyond what one post may bring.
    let media = Media::open(&home, store.clone(), 1 << 20, 1 << 26).expect("a folder");
    let ingress = |channel: &str| {
        Ingress::new(
            channel,
            AllowList::read(channel, "*", None),
            Arc::new(Pairings::open(home.join("pairing.json"), store.clock())),
            store.clone(),
            Arc::new(Router::default()),
            Log::in_memory(LogLevel::Debug),
            Weak::<Nobody>::new(),
        )
    };
    let base = BaseUrl::parse("http://127.0.0.1:9").expect("an address");
    let whatsapp = WhatsappSettings {
        server: ServerKind::Evolution,
        base: base.clone(),
        token: "key".to_owned(),
        instance: "Fuzz".to_owned(),
        webhook_url: None,
        webhook_secret: Some(SECRET.to_owned()),
        fetches: FetchRule::All,
    };
    let cloud = CloudSettings {
        token: "token".to_owned(),
        phone_id: "1".to_owned(),
        app_secret: Some(SECRET.to_owned()),
        verify_token: Some(SECRET.to_owned()),
        base: base.clone(),
        fetches: FetchRule::All,
    };
    let telegram = BotSettings {
        token: "123456:secret".to_owned(),
        base,
        fetches: FetchRule::All,
    };
    Stage {
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime"),
        whatsapp: Whatsapp::new(&whatsapp, "127.0.0.1:1", ingress("whatsapp"), media.clone()),
        cloud: Cloud::new(&cloud, ingress("whatsapp-cloud"), media.clone()),
        telegram: Telegram::new("telegram", &telegram, ingress("telegram"), media),
        store,
    }
}

/// Posts that one store takes: it keeps every message in memory.
const POSTS: u32 = 2000;

thread_local!(static STAGE: RefCell<Option<(Stage, u32)>> = const { RefCell::new(None) });

fn posted(body: &[u8], name: &'static str, value: String) -> Hook {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(&value).expect("a header"));
    Hook {
        is_get: false,
        query: String::new(),
        headers,
        body: body.to_vec(),
    }
}

fn signature(body: &[u8]) -> String {
    let code = hmac(SECRET.as_bytes(), body);
    code.iter().fold("sha256=".to_owned(), |text, byte| {
        text + &format!("{byte:02x}")
    })
}

fuzz_target!(|body: &[u8]| {
    STAGE.with_borrow_mut(|current| {
        let (stage, posts) = current.get_or_insert_with(|| (stage(), 0));
        stage.runtime.block_on(take(stage, body));
        assert!(stage.store.health().error.is_none());
        *posts += 1;
        if *posts == POSTS {
            stage.store.close();
            *current = None;
        }
    });
});

async fn take(stage: &Stage, body: &[u8]) {
    let hook = posted(body, "x-cleudocodebot-secret", SECRET.to_owned());
    let status = stage.whatsapp.hook(&hook).await.status;
    assert!([200, 400, 503].contains(&status), "WhatsApp: {status}");
    let hook = posted(body, "x-hub-signature-256", signature(body));
    let status = stage.cloud.hook(&hook).await.status;
    assert!([200, 503].contains(&status), "Meta: {status}");
    if let Ok(update) = serde_json::from_slice(body) {
        let taken = stage.telegram.take_update(&update).await;
        assert!(taken.is_ok(), "Telegram: {taken:?}");
    }
}
