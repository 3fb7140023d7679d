//! TLS against a real server with a temporary authority: what is trusted, what is refused, and that nothing
//! was sent to a server that was refused. Without openssl or python3 the tests say that they are skipped.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::json;

use crate::support::{
    Daemon, Scratch, daemon_command,
    discord::{DISCORD_TOKEN, DiscordFake},
    event_where,
    fake::{Fake, Reply},
    integration, next_event,
};

/// A Cloud API behind TLS. It prints its port.
const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b'{"id": "555", "messages": [{"id": "wamid.tls"}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
    def log_message(self, *_): pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// TLS in front of what listens on the port that is its argument. It prints its own.
const IN_FRONT: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pass_on(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for one in (source, sink):
        try: one.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw):
    try:
        outside = context.wrap_socket(raw, server_side=True)
    except OSError:
        return
    inside = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=pass_on, args=(inside, outside), daemon=True).start()
    pass_on(outside, inside)
while True:
    raw, _ = listener.accept()
    threading.Thread(target=serve, args=(raw,), daemon=True).start()
"#;

/// Two authorities, and a server whose certificate for `localhost` the first one signed.
struct TlsServer {
    folder: Scratch,
    python: Child,
    port: String,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

impl TlsServer {
    /// `None`, with a message, if openssl or python3 is not installed.
    fn new() -> Option<Self> {
        Self::running(SERVER, "")
    }

    /// The same with another server, which gets this argument.
    fn running(script: &str, argument: &str) -> Option<Self> {
        for (program, argument) in [("openssl", "version"), ("python3", "--version")] {
            let found = Command::new(program).arg(argument).output();
            if !found.is_ok_and(|output| output.status.success()) {
                eprintln!("SKIPPED: TLS was not tested, because {program} is missing");
                return None;
            }
        }
        let folder = Scratch::new();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        fs::write(folder.0.join("names"), "subjectAltName=DNS:localhost\n").expect("written");
        for command in [
            format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ours"),
            format!("req -x509 {key} -keyout other.key -out other.pem -days 2 -subj /CN=other"),
            format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names".to_owned(),
        ] {
            let mut openssl = Command::new("openssl");
            let made = openssl.args(command.split(' ')).current_dir(&folder.0).output();
            let made = made.expect("openssl");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let mut python = Command::new("python3")
            .args(["-c", script, argument])
            .current_dir(&folder.0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut port = String::new();
        let mut said = BufReader::new(python.stdout.take().expect("piped"));
        said.read_line(&mut port).expect("a port");
        let port = port.trim().to_owned();
        Some(Self {
            folder,
            python,
            port,
        })
    }

    fn authority(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }
}

fn daemon(home: &Scratch, base: &str, trusted: &PathBuf) -> Daemon {
    let mut command = daemon_command(&home.0);
    command
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .env("WHATSAPP_CLOUD_BASE_URL", base)
        .env("WHATSAPP_CLOUD_TOKEN", "cloud-token-of-the-test")
        .env("WHATSAPP_CLOUD_PHONE_ID", "555");
    Daemon::from_command(command, &home.0)
}

#[tokio::test]
async fn trusted_certificate_connects() {
    let Some(server) = TlsServer::new() else {
        return;
    };
    let home = Scratch::new();
    let base = format!("https://localhost:{}", server.port);
    let daemon = daemon(&home, &base, &server.authority("ca.pem"));
    let mut client = daemon.client().await;
    let payload =
        json!({"channel": "whatsapp-cloud", "to": "551133334444", "text": "hi", "wait": true});
    for _ in 0..3 {
        let sent = client.call("send", &payload).await.expect("an outcome");
        assert_eq!(sent["state"], "sent", "{sent}");
    }
}

/// Sends a message that cannot be sent; its error. Checks that its outcome was never unknown.
async fn refused(base: &str, trusted: &PathBuf) -> String {
    let home = Scratch::new();
    let daemon = daemon(&home, base, trusted);
    let mut client = daemon.listener(&["message.status"]).await;
    let payload = json!({"channel": "whatsapp-cloud", "to": "551133334444", "text": "hi"});
    client.call("send", &payload).await.expect("queued");
    let error = loop {
        let event = next_event(&mut client).await.payload;
        if let Some(error) = event["error"].as_str() {
            assert_eq!(event["state"], "sending", "it is tried again");
            break error.to_owned();
        }
    };
    let cloud = integration(&mut client, "whatsapp-cloud")
        .await
        .expect("there");
    assert_eq!(cloud["counters"]["unknown"], 0, "nothing was sent: {cloud}");
    error
}

#[tokio::test]
async fn wrong_name_and_authority_refused() {
    let Some(server) = TlsServer::new() else {
        return;
    };
    let by_number = format!("https://127.0.0.1:{}", server.port);
    let error = refused(&by_number, &server.authority("ca.pem")).await;
    assert!(error.starts_with(&by_number[8..]), "{error}");
    assert!(
        error.contains("cannot be trusted") && error.contains("not valid for name"),
        "{error}"
    );
    let by_name = format!("https://localhost:{}", server.port);
    let error = refused(&by_name, &server.authority("other.pem")).await;
    assert!(
        error.contains("cannot be trusted") && error.contains("UnknownIssuer"),
        "{error}"
    );
    let error = refused(&by_name, &server.authority("nothing.pem")).await;
    assert!(error.contains("no certificates"), "{error}");
}

#[tokio::test]
async fn plain_service_is_reported() {
    let fake = Fake::start(|_| Reply::Json(200, json!({"id": "555"})));
    let Some(server) = TlsServer::new() else {
        return;
    };
    let base = format!("https://{}", fake.address);
    let error = refused(&base, &server.authority("ca.pem")).await;
    assert!(error.contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn a_socket_goes_through_tls() {
    let fake = DiscordFake::start();
    let Some(server) = TlsServer::running(IN_FRONT, &fake.port()) else {
        return;
    };
    fake.is_reached_at(&format!("wss://localhost:{}", server.port));
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command
        .env("SSL_CERT_FILE", server.authority("ca.pem"))
        .env_remove("SSL_CERT_DIR")
        .env(
            "DISCORD_BASE_URL",
            format!("https://localhost:{}", server.port),
        )
        .env("DISCORD_BOT_TOKEN", DISCORD_TOKEN)
        .env("DISCORD_ALLOW_FROM", "*");
    let daemon = Daemon::from_command(command, &home.0);
    let mut listener = daemon.listener(&["message.received"]).await;
    fake.heard(2);
    fake.says("through");
    event_where(&mut listener, |payload| payload["text"] == "through").await;
    fake.cut();
    fake.says("again");
    event_where(&mut listener, |payload| payload["text"] == "again").await;
}
