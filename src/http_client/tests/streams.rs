//! Answers that are read as they come.

use super::*;

fn pieces(streamed: Result<Streamed<'_>, HttpError>) -> HttpStream<'_> {
    match streamed {
        Ok(Streamed::Pieces(stream)) => stream,
        Ok(Streamed::Refused(answer)) => panic!("refused: {answer:?}"),
        Err(error) => panic!("{error}"),
    }
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn an_answer_is_read_as_it_comes_and_its_connection_used_again() {
    let (http, served) = server(|mut stream| async move {
        for _ in 0..2 {
            read_request(&mut stream).await;
            stream.write_all(CHUNKED).await.expect("sent");
            for piece in ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"] {
                stream.write_all(piece.as_bytes()).await.expect("sent");
            }
        }
    })
    .await;
    for _ in 0..2 {
        let mut stream = pieces(http.stream(get("/events")).await);
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await.expect("a piece") {
            all.extend_from_slice(&piece);
        }
        assert_eq!(all, b"onetwo");
        assert_eq!(stream.next().await, Ok(None), "ended twice");
    }
    served.await.expect("one connection for both");
}

#[tokio::test]
async fn dropping_an_answer_closes_its_connection() {
    let (http, closed) = server(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(CHUNKED).await.expect("sent");
        stream.write_all(b"3\r\none\r\n").await.expect("sent");
        stream.read(&mut [0; 16]).await
    })
    .await;
    let mut stream = pieces(http.stream(get("/events")).await);
    assert_eq!(stream.next().await, Ok(Some(Bytes::from_static(b"one"))));
    drop(stream);
    let read = closed.await.expect("served");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_falls_silent_drips_or_floods_ends() {
    for (every, ending) in [
        (Duration::from_secs(3600), "fell silent"),
        (Duration::from_secs(7), "whole answer in time"),
        (Duration::ZERO, "too large"),
    ] {
        let (http, _) = server(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(CHUNKED).await.expect("sent");
            while stream.write_all(b"3\r\none\r\n").await.is_ok() {
                tokio::time::sleep(every).await;
            }
        })
        .await;
        let mut call = get("/events");
        (call.limits.stall, call.limits.max_bytes) = (Duration::from_secs(10), 3000);
        let mut stream = pieces(http.stream(call).await);
        let error = loop {
            match stream.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{ending}: it ended well"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(ending), "{error}");
    }
}

#[tokio::test]
async fn a_refused_stream_is_an_answer() {
    let (http, _) = server(|mut stream| async move {
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nslow";
        let _ = stream.write_all(head).await;
    })
    .await;
    let Ok(Streamed::Refused(answer)) = http.stream(get("/events")).await else {
        panic!("it was answered");
    };
    let seen = (answer.status, answer.retry_after, &answer.body[..]);
    assert_eq!(seen, (429, Some(Duration::from_secs(7)), &b"slow"[..]));
}
