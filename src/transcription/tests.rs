//! Transcription by a server and by a program.

use serde_json::json;

use super::*;
use crate::{
    config::BaseUrl,
    integrations::testing::{
        Desk,
        server::{Answer, Server as TestServer},
    },
    log::LogLevel,
};

/// A beginning of an Ogg file with Opus in it.
const VOICE: &[u8] = b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00";

fn by_server(base: BaseUrl) -> TranscribedBy {
    TranscribedBy::Server {
        base,
        key: Some("sk-very-secret".to_owned()),
        model: "whisper-1".to_owned(),
        language: Some("pt".to_owned()),
    }
}

async fn transcript(by: TranscribedBy, seconds: u64) -> Result<String, String> {
    let desk = Desk::new("whatsapp", "*");
    let row = desk.keep(VOICE, None, "audio/ogg; codecs=opus").await;
    let settings = TranscriptionSettings {
        by,
        timeout: Duration::from_secs(seconds),
    };
    Transcriber::new(
        &settings,
        desk.media.clone(),
        Log::in_memory(LogLevel::Info),
    )
    .transcript(row.id)
    .await
}

#[tokio::test]
async fn a_server_gets_the_file_as_a_form_and_its_text_is_cleaned() {
    let server =
        TestServer::start(|_| Answer::Json(200, json!({"text": " bom dia\u{1b}[2J \n"}))).await;
    let said = transcript(by_server(server.base.clone()), 60).await;
    assert_eq!(said.as_deref(), Ok("bom dia[2J"));
    let asked = server.asked().remove(0);
    assert_eq!(asked.path, "/v1/audio/transcriptions");
    assert!(asked.head.contains("authorization: bearer sk-very-secret"));
    let file = asked.field("file").expect("a file");
    assert_eq!(file.content, VOICE);
    assert_eq!(file.mime.as_deref(), Some("audio/ogg"));
    let name = file.file_name.expect("a name");
    assert!(
        matches!(name.rsplit_once('.'), Some(("voice", "ogg" | "oga"))),
        "{name}"
    );
    let texts = asked.texts();
    for (field, value) in [
        ("model", "whisper-1"),
        ("language", "pt"),
        ("response_format", "json"),
    ] {
        let field = (field.to_owned(), value.to_owned());
        assert!(texts.contains(&field), "{texts:?}");
    }
}

#[tokio::test]
async fn an_address_may_be_given_with_the_path_or_without() {
    let server = TestServer::start(|_| Answer::Json(200, json!({"text": "oi"}))).await;
    for prefix in ["", "/v1", "/v1/audio/transcriptions"] {
        let base = format!("http://{}{prefix}", server.base.authority());
        let base = BaseUrl::parse(&base).expect("an address");
        assert_eq!(transcript(by_server(base), 60).await.as_deref(), Ok("oi"));
        assert_eq!(
            server.asked()[0].path,
            "/v1/audio/transcriptions",
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn a_server_that_fails_is_quoted_without_the_key() {
    let refused = json!({"error": {"message": "Incorrect API key provided: sk-very-secret"}});
    let answers = [
        (401, refused, "401: Incorrect API key provided"),
        (200, json!({"words": []}), "no text"),
        (422, json!({"detail": "no model"}), "422: no model"),
        (200, json!({"text": " \n"}), "nothing was heard"),
    ];
    for (status, json, expected) in answers {
        let server = TestServer::start(move |_| Answer::Json(status, json.clone())).await;
        let why = transcript(by_server(server.base.clone()), 60).await;
        let why = why.expect_err("no text");
        assert!(why.contains(expected) && !why.contains("sk-very"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_others_is_not_the_time_of_a_note() {
    let desk = Desk::new("whatsapp", "*");
    let settings = TranscriptionSettings {
        by: TranscribedBy::Command("true".to_owned()),
        timeout: Duration::from_secs(60),
    };
    let log = Log::in_memory(LogLevel::Info);
    let transcriber = Transcriber::new(&settings, desk.media.clone(), log);
    let others = transcriber.room.acquire_many(2).await.expect("open");
    let mut waits = std::pin::pin!(transcriber.in_turn(async { Ok(7) }));
    assert!(timeout(Duration::from_secs(600), &mut waits).await.is_err());
    drop(others);
    assert_eq!(waits.await, Ok(7));
    let never = transcriber.in_turn(std::future::pending::<Result<(), String>>());
    assert!(never.await.is_err_and(|why| why.contains("60s")));
}

#[tokio::test]
async fn a_text_without_end_is_cut() {
    let long = "olá ".repeat(MAX_TEXT);
    let server = TestServer::start(move |_| Answer::Json(200, json!({"text": long.clone()}))).await;
    let said = transcript(by_server(server.base.clone()), 60)
        .await
        .expect("a text");
    assert!(said.len() <= MAX_TEXT && said.ends_with(cut::MARK));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_gone_is_not_sent() {
    let server = TestServer::start(|_| Answer::Json(200, json!({"text": "oi"}))).await;
    let desk = Desk::new("whatsapp", "*");
    let length = usize::try_from(MAX_BYTES).expect("small") + 1;
    let large = desk.keep(&vec![7; length], None, "audio/ogg").await;
    let settings = TranscriptionSettings {
        by: by_server(server.base.clone()),
        timeout: Duration::from_secs(60),
    };
    let transcriber = Transcriber::new(
        &settings,
        desk.media.clone(),
        Log::in_memory(LogLevel::Info),
    );
    let why = transcriber
        .transcript(large.id)
        .await
        .expect_err("too large");
    assert!(why.contains("26214401 bytes"), "{why}");
    let small = desk.keep(VOICE, None, "audio/ogg").await;
    desk.lose_files();
    assert!(transcriber.transcript(small.id).await.is_err());
    assert!(server.asked().is_empty());
}

#[cfg(unix)]
mod programs {
    use std::io::{BufRead as _, BufReader, Read as _};

    use super::*;

    fn command(line: &str) -> TranscribedBy {
        TranscribedBy::Command(line.to_owned())
    }

    #[tokio::test]
    async fn a_program_gets_the_path_and_prints_the_text() {
        let said = transcript(command("head -c 4"), 60).await;
        assert_eq!(said.as_deref(), Ok("OggS"));
        let quiet = transcript(command("true"), 60).await;
        assert_eq!(quiet, Err("nothing was heard in the file".to_owned()));
    }

    #[tokio::test]
    async fn a_program_that_fails_is_told_of_and_what_it_said_is_not() {
        let why = transcript(
            command("echo loading >&2; echo no model >&2; exit 3; :"),
            60,
        )
        .await;
        let why = why.expect_err("failed");
        assert!(
            why.contains("exit status: 3") && !why.contains("no model"),
            "{why}"
        );
        let why = transcript(command("/no/such/program"), 60).await;
        assert!(why.expect_err("failed").contains("127"));
    }

    #[tokio::test]
    async fn a_program_that_prints_without_end_or_complains_at_length_does_not_hang() {
        let said = transcript(command("yes palavra; :"), 60)
            .await
            .expect("a text");
        assert!(said.ends_with(cut::MARK));
        let line = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo oi; :";
        assert_eq!(transcript(command(line), 60).await.as_deref(), Ok("oi"));
        // What it leaves behind holds its output open.
        let line = "sleep 600 & echo oi; :";
        assert_eq!(transcript(command(line), 60).await.as_deref(), Ok("oi"));
    }

    #[tokio::test]
    async fn a_program_that_is_not_waited_for_any_more_ends_with_all_it_started() {
        let desk = Desk::new("whatsapp", "*");
        let fifo = desk.folder().join("alive");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("mkfifo").success());
        let line = format!("(echo up; sleep 600) > '{}' & wait; :", fifo.display());
        let (up, is_up) = tokio::sync::oneshot::channel();
        let reader = tokio::task::spawn_blocking(move || {
            let mut reader = BufReader::new(std::fs::File::open(fifo).expect("opened"));
            let mut line = String::new();
            reader.read_line(&mut line).expect("up");
            up.send(()).expect("awaited");
            // It ends once nobody holds the other end any more.
            reader.read_to_string(&mut line).expect("ended");
            line
        });
        tokio::select! {
            _ = transcript(command(&line), 600) => panic!("the program ended by itself"),
            up = is_up => up.expect("up"),
        }
        assert_eq!(reader.await.expect("ended"), "up\n");
    }
}
