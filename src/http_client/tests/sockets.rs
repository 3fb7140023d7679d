//! A WebSocket of a service: the upgrade, messages, and what is not accepted.

use tungstenite::handshake::derive_accept_key;

use super::*;
use crate::protocol::websocket::push_text;

/// Answers an upgrade.
async fn upgraded(stream: &mut TcpStream) -> String {
    let (head, _) = read_request(stream).await;
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = derive_accept_key(key.expect("a key").as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.expect("sent");
    head
}

fn url(http: &Http, path: &str) -> String {
    format!("ws://{}{path}", http.host())
}

fn limits(max_bytes: usize) -> HttpLimits {
    HttpLimits {
        max_bytes,
        ..HttpLimits::default()
    }
}

#[tokio::test]
async fn messages_go_both_ways_and_a_closing_has_its_code() {
    let (http, served) = server(|mut stream| async move {
        let head = upgraded(&mut stream).await;
        let mut frames = Vec::new();
        push_text(&mut frames, "hello");
        push_text(&mut frames, &"x".repeat(70_000));
        frames.extend_from_slice(&[0x88, 6, 0x0f, 0xae, b'g', b'o', b'n', b'e']);
        stream.write_all(&frames).await.expect("sent");
        let mut said = [0; 8];
        stream.read_exact(&mut said).await.expect("a frame");
        (head, said[0], said[1])
    })
    .await;
    let mut socket = http
        .websocket(&url(&http, "/?v=10"), limits(1 << 20))
        .await
        .expect("open");
    socket.send("hi".to_owned()).await.expect("sent");
    let texts = [socket.next().await, socket.next().await];
    let lengths = texts.map(|text| match text {
        Ok(SocketMessage::Text(text)) => text.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!(lengths, [5, 70_000]);
    let closed = socket.next().await;
    assert_eq!(
        closed,
        Ok(SocketMessage::Closed(Some(4014), "gone".to_owned()))
    );
    let (head, opcode, length) = served.await.expect("served");
    assert!(head.starts_with("GET /?v=10 HTTP/1.1\r\n"), "{head}");
    // A text of two bytes, masked.
    assert_eq!((opcode, length), (0x81, 0x82));
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    let (http, served) = server(|mut stream| async move {
        upgraded(&mut stream).await;
        let mut frame = Vec::new();
        push_text(&mut frame, &"x".repeat(2000));
        stream.write_all(&frame).await.expect("sent");
        stream
    })
    .await;
    let mut socket = http
        .websocket(&url(&http, "/"), limits(1000))
        .await
        .expect("open");
    let error = socket.next().await.expect_err("too large").to_string();
    assert!(
        error.contains("too long") || error.contains("Space limit") || error.contains("too large"),
        "{error}"
    );
    served.await.expect("served");
}

#[tokio::test]
async fn an_upgrade_that_is_refused_or_forged_opens_nothing() {
    for (answer, why) in [
        (
            "HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n",
            "status 503",
        ),
        (
            "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: bm90IHRoaXM=\r\n\r\n",
            "somebody else",
        ),
        ("HTTP/1.1 101 Yes\r\n\r\n", "somebody else"),
    ] {
        let (http, served) = server(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.expect("sent");
        })
        .await;
        let opened = http.websocket(&url(&http, "/"), limits(1000)).await;
        let error = opened.err().expect("refused").to_string();
        assert!(error.contains(why), "{error}");
        served.await.expect("served");
    }
}

#[tokio::test]
async fn only_the_service_itself_may_be_spoken_to_in_the_clear() {
    let (http, _) = server(|_| async {}).await;
    for (url, why) in [
        ("ws://elsewhere.example/", "is not https"),
        ("http://elsewhere.example/", "is none"),
        ("nowhere", "is none"),
    ] {
        let opened = http.websocket(url, limits(1000)).await;
        let error = opened.err().expect("refused");
        assert!(
            matches!(&error, HttpError::NotSent(said) if said.contains(why)),
            "{error}"
        );
    }
}
