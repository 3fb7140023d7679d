//! The client against servers that do what servers do, and what they should not.

mod sockets;
mod streams;

use std::fmt::Write as _;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;
use crate::body::{FileBody, Multipart, scratch::file_of};

/// A server for one connection, which `serve` talks on.
async fn server<F, T>(serve: F) -> (Http, JoinHandle<T::Output>)
where
    F: FnOnce(TcpStream) -> T + Send + 'static,
    T: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        serve(stream).await
    });
    let base = BaseUrl::parse(&format!("http://{address}/base")).expect("an address");
    (Http::new(base), task)
}

/// Reads up to the end of a request's head, and a body of the length it tells.
async fn read_request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = name.eq_ignore_ascii_case("content-length");
        named.then(|| value.trim().parse::<usize>().expect("a length"))
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.expect("a body");
    (head, body)
}

fn get(path: &str) -> HttpCall<'_> {
    HttpCall {
        method: Method::GET,
        path,
        headers: &[("authorization", "Bearer secret")],
        body: HttpBody::Empty,
        limits: HttpLimits::default(),
    }
}

fn post(form: Multipart) -> HttpCall<'static> {
    HttpCall {
        method: Method::POST,
        path: "/upload",
        headers: &[],
        body: HttpBody::Form(form),
        limits: HttpLimits::default(),
    }
}

/// A form with one file of so many zeros.
fn form(length: usize) -> Multipart {
    let file = FileBody::new(file_of(&vec![0; length]), 0, length as u64);
    Multipart::with_boundary("b0".to_owned()).file("file", "a.bin", "image/png", file)
}

/// Collects what is downloaded, up to a limit.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    most: Option<usize>,
}

impl Sink for Collected {
    type Error = &'static str;

    async fn take(&mut self, piece: &[u8]) -> Result<(), &'static str> {
        self.bytes.extend_from_slice(piece);
        match self.most {
            Some(most) if self.bytes.len() > most => Err("full"),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_an_error() {
    let (http, _) = server(|mut stream| async move {
        let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n";
        while stream.write_all(interim).await.is_ok() {}
    })
    .await;
    let answer = http.call(get("/")).await;
    assert!(matches!(answer, Err(HttpError::NoAnswer(_))), "{answer:?}");
}

#[tokio::test]
async fn a_form_goes_out_whole_with_its_exact_length_and_the_connection_is_used_again() {
    let length = 300_000;
    let (http, seen) = server(move |mut stream| async move {
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.push(read_request(&mut stream).await);
            let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer).await.expect("sent");
        }
        seen
    })
    .await;
    for _ in 0..2 {
        let answer = http.call(post(form(length))).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (201, &b"{}"[..]));
    }
    let mut expected = b"--b0\r\nContent-Disposition: form-data; name=\"file\"; \
        filename=\"a.bin\"\r\nContent-Type: image/png\r\n\r\n"
        .to_vec();
    expected.extend(vec![0; length]);
    expected.extend(b"\r\n--b0--\r\n");
    for (head, body) in seen.await.expect("served") {
        assert!(head.starts_with("POST /base/upload HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("multipart/form-data; boundary=b0"), "{head}");
        assert!(!head.contains("chunked"), "{head}");
        assert!(body == expected, "the body is another");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stops_taking_a_file_is_given_up_and_nothing_was_sent() {
    let (http, stream) = server(|mut stream| async move {
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.expect("some of it");
        stream
    })
    .await;
    let begun = Instant::now();
    let answer = http.call(post(form(64 << 20))).await;
    let Err(HttpError::NotSent(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("stopped taking a file"), "{why}");
    assert!(begun.elapsed() < 3 * HttpLimits::default().stall);
    drop(stream);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_a_file_and_is_silent_may_have_it() {
    let (http, _stream) = server(|mut stream| async move {
        read_request(&mut stream).await;
        stream
    })
    .await;
    let answer = http.call(post(form(100_000))).await;
    assert!(matches!(answer, Err(HttpError::NoAnswer(_))), "{answer:?}");
}

#[tokio::test]
async fn a_service_that_breaks_off_in_the_middle_of_a_file_has_nothing() {
    let (http, _) = server(|mut stream| async move {
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.expect("some of it");
    })
    .await;
    let answer = http.call(post(form(64 << 20))).await;
    assert!(matches!(answer, Err(HttpError::NotSent(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_in_the_middle_of_a_file_is_read_and_the_rest_is_not_sent() {
    let (http, rest) = server(|mut stream| async move {
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.expect("some of it");
        let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno";
        stream.write_all(answer).await.expect("sent");
        let (mut rest, mut buffer) = (0, vec![0; 65536]);
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            rest += read;
        }
        rest
    })
    .await;
    let length = 64 << 20;
    let answer = http.call(post(form(length))).await.expect("an answer");
    assert_eq!((answer.status, &answer.body[..]), (413, &b"no"[..]));
    assert!(rest.await.expect("closed") < length / 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_so() {
    let (http, _) = server(|mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let file = FileBody::new(file_of(b"short"), 0, 99);
    let form = Multipart::default().file("file", "a", "image/png", file);
    let answer = http.call(post(form)).await;
    let Err(HttpError::NotSent(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("shorter than expected"), "{why}");
}

/// Downloads what a server answers with these bytes, up to `max_bytes`.
async fn downloaded(
    answer: Vec<u8>,
    max_bytes: usize,
) -> (Result<Downloaded, DownloadError<&'static str>>, Vec<u8>) {
    let (http, _) = server(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(&answer).await;
    })
    .await;
    let mut call = get("/file");
    call.limits.max_bytes = max_bytes;
    let mut sink = Collected::default();
    let downloaded = http.download(call, &mut sink).await;
    (downloaded, sink.bytes)
}

#[tokio::test]
async fn a_file_comes_whole_with_its_type() {
    let mut answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 200000\r\n\r\n".to_vec();
    answer.extend(vec![7; 200_000]);
    let (result, bytes) = downloaded(answer, 200_000).await;
    assert_eq!(result, Ok(Downloaded::Whole(Some("image/png".to_owned()))));
    assert!(bytes == vec![7; 200_000]);
}

#[tokio::test]
async fn a_file_larger_than_allowed_ends_whether_it_says_so_or_not() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nxx".to_vec();
    let (result, bytes) = downloaded(announced, 1000).await;
    assert_eq!(
        (result, bytes.len()),
        (Err(DownloadError::TooLarge(1000)), 0)
    );
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.extend(vec![0; 100_000]);
    let (result, bytes) = downloaded(endless, 1000).await;
    assert_eq!(result, Err(DownloadError::TooLarge(1000)));
    assert!(bytes.len() <= 1000);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_an_error() {
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec();
    let (result, _) = downloaded(short, 1000).await;
    let Err(DownloadError::Http(error)) = result else {
        panic!("{result:?}");
    };
    assert!(
        error.to_string().contains("in the middle of a file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_is_no_file_and_a_redirect_is_not_followed() {
    let refusal = b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone".to_vec();
    let (result, bytes) = downloaded(refusal, 1000).await;
    let Ok(Downloaded::Refused(answer)) = result else {
        panic!("{result:?}");
    };
    assert_eq!((answer.status, bytes.len()), (404, 0));
    for (location, host) in [
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("/elsewhere", "another address"),
    ] {
        let mut redirect = String::new();
        let _ = write!(redirect, "HTTP/1.1 302 Found\r\nlocation: {location}\r\n");
        redirect.push_str("content-length: 0\r\n\r\n");
        let (result, _) = downloaded(redirect.into(), 1000).await;
        let Err(DownloadError::Forbidden(why)) = result else {
            panic!("{result:?}");
        };
        assert!(why.contains(host) && !why.contains("latest"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_drips_is_given_up() {
    let (http, _) = server(|mut stream| async move {
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
        stream.write_all(head).await.expect("sent");
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let begun = Instant::now();
    let result = http.download(get("/file"), &mut Collected::default()).await;
    assert!(matches!(result, Err(DownloadError::Http(_))), "{result:?}");
    assert!(begun.elapsed() < 2 * HttpLimits::default().stall);
}

#[tokio::test]
async fn a_full_sink_ends_the_download_with_its_own_error() {
    let (http, _) = server(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789")
            .await;
    })
    .await;
    let mut sink = Collected {
        most: Some(3),
        ..Collected::default()
    };
    let result = http.download(get("/file"), &mut sink).await;
    assert_eq!(result, Err(DownloadError::Sink("full")));
}

#[tokio::test]
async fn a_named_address_of_the_service_itself_is_fetched_with_its_headers() {
    let (http, seen) = server(|mut stream| async move {
        let (head, _) = read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfile")
            .await;
        head
    })
    .await;
    let url = format!("http://{}/elsewhere?mid=1&hash=x", http.base.authority());
    let (limits, mut sink) = (HttpLimits::default(), Collected::default());
    let headers = [("authorization", "Bearer secret")];
    let result = http.download_from(&url, &headers, limits, &mut sink).await;
    assert_eq!(result, Ok(Downloaded::Whole(None)));
    assert_eq!(sink.bytes, b"file");
    let head = seen.await.expect("served");
    assert!(
        head.starts_with("GET /elsewhere?mid=1&hash=x HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("authorization: Bearer secret\r\n"), "{head}");
    assert!(head.contains("user-agent: cleudocodebot/"), "{head}");
}

#[tokio::test]
async fn a_named_address_elsewhere_must_be_https_and_outside() {
    let service = |base: &str| Http::new(BaseUrl::parse(base).expect("an address"));
    let outside = service("https://192.88.98.1");
    for (url, why) in [
        ("http://192.88.98.1/a", "is not https"),
        ("http://127.0.0.1:1/a", "is not https"),
        ("https://127.0.0.1:1/a", "a private network"),
        ("https://[::ffff:10.0.0.1]/a", "a private network"),
        ("https://169.254.169.254/a", "a private network"),
        ("ftp://192.88.98.1/a", "is none"),
        ("/a", "is none"),
    ] {
        let (limits, mut sink) = (HttpLimits::default(), Collected::default());
        let result = outside.download_from(url, &[], limits, &mut sink).await;
        let Err(DownloadError::Forbidden(told)) = result else {
            panic!("{url}: {result:?}");
        };
        assert!(told.contains(why), "{url}: {told}");
    }
    // Where the service is inside as well, so may be what it names; nothing listens there.
    let inside = service("http://127.0.0.1:9");
    let (limits, mut sink) = (HttpLimits::default(), Collected::default());
    let result = inside
        .download_from("https://127.0.0.1:1/a", &[], limits, &mut sink)
        .await;
    assert!(matches!(result, Err(DownloadError::Http(_))), "{result:?}");
}
