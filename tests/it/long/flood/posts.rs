//! What two services post under load: messages, receipts and repeats, in random order.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{
    dice::Dice,
    log_watch::MARK,
    services::{CLOUD_SECRET, cloud_change},
};

pub(crate) const HOOK_SECRET: &str = "webhook-secret-of-the-flood";

/// One webhook request.
pub(crate) struct Post {
    pub path: &'static str,
    pub header: String,
    pub body: String,
    /// The service's ids of the messages in it.
    pub names: Vec<String>,
}

/// All posts, and what must be stored once they were accepted.
#[derive(Default)]
pub(crate) struct Flood {
    pub posts: Vec<Post>,
    /// Channel and text of each inbound message, by the service's id.
    pub inbound: BTreeMap<String, (&'static str, String)>,
}

impl Flood {
    /// `count` posts, with receipts for the first `sent` messages that the daemon sends.
    pub(crate) fn new(count: usize, sent: usize, dice: &Dice) -> Self {
        let mut flood = Self::default();
        for number in 0..sent {
            flood.receipts(number);
        }
        while flood.posts.len() < count {
            let number = flood.inbound.len();
            match dice.below(5) {
                0 | 1 => flood.evolution(number, dice.percent(5)),
                2 | 3 => flood.cloud(number, 1 + dice.below(3)),
                _ => flood.repeat(dice),
            }
        }
        dice.shuffle(&mut flood.posts);
        flood.sign();
        flood
    }

    fn push(&mut self, path: &'static str, body: String, names: Vec<String>) {
        self.posts.push(Post {
            path,
            header: format!("x-cleudocodebot-secret: {HOOK_SECRET}"),
            body,
            names,
        });
    }

    fn repeat(&mut self, dice: &Dice) {
        if let Some(Post {
            path,
            header,
            body,
            names,
        }) = self.posts.get(dice.below(self.posts.len()))
        {
            let again = Post {
                path,
                header: header.clone(),
                body: body.clone(),
                names: names.clone(),
            };
            self.posts.push(again);
        }
    }

    fn expect(&mut self, name: &str, channel: &'static str) -> String {
        let text = format!("{MARK} in {name}");
        self.inbound
            .insert(name.to_owned(), (channel, text.clone()));
        text
    }

    fn evolution(&mut self, number: usize, is_own: bool) {
        let name = format!("IN{number}");
        let text = self.expect(&name, "whatsapp");
        let jid = format!("55{}@s.whatsapp.net", number % 50);
        let body = json!({"event": "messages.upsert", "instance": "Cleudocode", "data": {
            "key": {"id": name, "remoteJid": jid, "fromMe": is_own}, "message": {"conversation": text}}});
        self.push("/webhooks/whatsapp", body.to_string(), vec![name]);
    }

    fn cloud(&mut self, number: usize, together: usize) {
        let names: Vec<String> = (0..together)
            .map(|n| format!("wamid.IN{}", number + n))
            .collect();
        let mut messages = Vec::new();
        for name in &names {
            let text = self.expect(name, "whatsapp-cloud");
            let from = format!("55{}", number % 50);
            messages
                .push(json!({"from": from, "id": name, "type": "text", "text": {"body": text}}));
        }
        let body = cloud_change(&json!({"messages": messages}));
        self.push("/webhooks/whatsapp-cloud", body, names);
    }

    /// Every receipt for one message of each channel, and the Evolution API's echo of it.
    fn receipts(&mut self, number: usize) {
        for status in [
            "PENDING",
            "SERVER_ACK",
            "DELIVERY_ACK",
            "READ",
            "DELIVERY_ACK",
        ] {
            let data = json!({"keyId": format!("OUT{number}"), "fromMe": true, "status": status});
            let body = json!({"event": "messages.update", "data": data});
            self.push("/webhooks/whatsapp", body.to_string(), vec![]);
        }
        let key =
            json!({"id": format!("OUT{number}"), "remoteJid": "55@s.whatsapp.net", "fromMe": true});
        let body = json!({"event": "messages.upsert", "data": {"key": key, "message": {"conversation": MARK}}});
        self.push("/webhooks/whatsapp", body.to_string(), vec![]);
        for status in ["sent", "delivered", "read", "delivered"] {
            let status = json!({"id": format!("wamid.OUT{number}"), "status": status});
            let body = cloud_change(&json!({"statuses": [status]}));
            self.push("/webhooks/whatsapp-cloud", body, vec![]);
        }
    }

    /// Signs what the Cloud API posts, with an implementation other than ours.
    fn sign(&mut self) {
        let script = "import hmac,sys\nfor l in sys.stdin.buffer: print(hmac.new(sys.argv[1].encode(),l[:-1],'sha256').hexdigest(),flush=True)";
        let mut python = Command::new("python3")
            .args(["-c", script, CLOUD_SECRET])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut lines = BufReader::new(python.stdout.take().expect("piped")).lines();
        let mut bodies = python.stdin.take().expect("piped");
        let signed = self
            .posts
            .iter_mut()
            .filter(|post| post.path.ends_with("cloud"));
        for post in signed {
            writeln!(bodies, "{}", post.body).expect("written");
            let signature = lines.next().expect("a line").expect("a signature");
            post.header = format!("X-Hub-Signature-256: sha256={signature}");
        }
        drop(bodies);
        let _ = python.wait();
    }
}
