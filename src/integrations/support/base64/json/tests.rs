//! Answers whole, cut, damaged, and made up.

use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::json;

use super::*;

#[derive(Default)]
struct Collected(Vec<u8>);

impl Sink for Collected {
    type Error = String;

    async fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        self.0.extend_from_slice(piece);
        Ok(())
    }
}

type Read = Result<(Map<String, Value>, Vec<u8>), Base64Error<String>>;

/// What comes of an answer that arrives in pieces of this length.
fn read(answer: &[u8], piece: usize) -> Read {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let mut sink = Collected::default();
        let mut json = Base64Json::new("base64", &["mimetype", "size"], &mut sink);
        for piece in answer.chunks(piece) {
            json.take(piece).await?;
        }
        let fields = json.finish()?;
        Ok((fields, sink.0))
    })
}

/// In the shape of Evolution's `getBase64FromMediaMessage`.
fn answer(file: &[u8]) -> Value {
    json!({"mediaType": "imageMessage", "fileName": "a \"b\" {.png", "caption": "base64 } \\",
        "size": {"fileLength": "9", "more": [1, {"base64": "no, \" }"}], "height": null},
        "mimetype": "image/png", "base64": BASE64.encode(file), "buffer": null})
}

#[test]
fn the_file_is_decoded_and_the_wanted_fields_are_kept() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_001).collect();
    let answer = answer(&bytes);
    for text in [answer.to_string(), format!("{answer:#}")] {
        for piece in [1, 7, 4096, usize::MAX] {
            let (fields, file) = read(text.as_bytes(), piece).expect("a file");
            assert!(file == bytes);
            let kept = json!({"mimetype": "image/png", "size": answer["size"]});
            assert_eq!(Value::Object(fields), kept);
        }
    }
}

#[test]
fn a_data_url_inside_an_object_is_decoded_from_its_comma_on() {
    let read = |text: &str, piece: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let mut sink = Collected::default();
            let mut json =
                Base64Json::new("Data", &["Mimetype"], &mut sink).data_url_within("data");
            for piece in text.as_bytes().chunks(piece) {
                json.take(piece).await?;
            }
            let fields = json.finish()?;
            Ok::<_, Base64Error<String>>((fields, sink.0))
        })
    };
    let text = r#"{"code":200,"more":{"Data":"x"},"data":{"Mimetype":"text/plain","Data":"data:text/plain;base64,aGVsbG8="},"success":true}"#;
    for piece in [1, 5, 1000] {
        let (fields, file) = read(text, piece).expect("a file");
        assert_eq!(
            (fields["Mimetype"].as_str(), file.as_slice()),
            (Some("text/plain"), &b"hello"[..])
        );
    }
    assert!(read(r#"{"data":{"Data":"aGVsbG8="}}"#, 3).is_err());
    assert!(read(r#"{"data":{"Data":"data:a;base64,aGVs"#, 3).is_err());
}

#[test]
fn padding_may_be_missing_and_slashes_escaped() {
    for text in [
        r#"{"base64":"/\/+A"}"#,
        r#"{"a":1,"base64":"\/\/+A","b":[]}"#,
        " {\"base64\" : \"//+A\" } ",
    ] {
        let (_, file) = read(text.as_bytes(), 1).expect("a file");
        assert_eq!(file, [0xff, 0xff, 0x80], "{text}");
    }
    for (text, bytes) in [
        ("", ""),
        ("YQ", "a"),
        ("YQ==", "a"),
        ("YWI", "ab"),
        ("YWJj", "abc"),
    ] {
        let text = format!("{{\"base64\":\"{text}\"}}");
        let (_, file) = read(text.as_bytes(), 3).expect("a file");
        assert_eq!(file, bytes.as_bytes());
    }
}

#[test]
fn what_is_no_answer_with_a_file_says_what_is_wrong() {
    for (text, what) in [
        ("", "cut off"),
        ("[]", "not a JSON object"),
        ("<html>", "not a JSON object"),
        ("{}", "no file"),
        (r#"{"base64":null}"#, "no file"),
        (r#"{"base64":"YWJj"#, "cut off"),
        (r#"{"base64":"YWJj""#, "cut off"),
        (r#"{"base64":"Y"}"#, "not base64"),
        (r#"{"base64":"*WJj"}"#, "not base64"),
        (r#"{"base64":"\u0041"}"#, "not base64"),
        (r#"{"base64":"YWJj","base64":"YWJj"}"#, "more than one"),
        (r#"{"base64":"YWJj"}{"#, "not JSON"),
        (r#"{"base64":"YWJj" "a"}"#, "not JSON"),
        (r#"{base64:"YWJj"}"#, "not JSON"),
    ] {
        let error = read(text.as_bytes(), 2).expect_err(text).to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100));
    let error = read(deep.as_bytes(), 9).expect_err("too deep").to_string();
    assert!(error.contains("nested"), "{error}");
}

#[test]
fn long_fields_are_skipped_and_long_names_refused() {
    let long = "x".repeat(1 << 20);
    let text = json!({"a": long, "mimetype": long, "size": [long], "base64": "YWJj"});
    let (fields, file) = read(text.to_string().as_bytes(), 999).expect("a file");
    assert_eq!((fields.len(), &file[..]), (0, &b"abc"[..]));
    let text = json!({long: 1}).to_string();
    assert!(read(text.as_bytes(), 999).is_err());
}

proptest! {
    #[test]
    fn any_object_is_read_as_a_whole_parser_reads_it(
        file: Vec<u8>, name: String, text: String, piece in 1usize..64,
    ) {
        prop_assume!(name != "base64");
        let whole = json!({name.as_str(): {"a": [text, null, 1.5e3, {"b": text}]}, "mimetype": text,
            "base64": BASE64.encode(&file)});
        let (fields, decoded) = read(whole.to_string().as_bytes(), piece).expect("a file");
        prop_assert_eq!(decoded, file);
        if name != "mimetype" && text.len() < 100 {
            prop_assert_eq!(fields.get("mimetype"), whole.get("mimetype"));
        }
    }

    #[test]
    fn nothing_panics(bytes: Vec<u8>, piece in 1usize..64) {
        let _ = read(&bytes, piece);
        let _ = read(&[b"{\"base64\":\"", &bytes[..]].concat(), piece);
        let _ = read(&[b"{\"a\":", &bytes[..]].concat(), piece);
    }
}
