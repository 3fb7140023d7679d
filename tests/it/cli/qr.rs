//! QR codes against other libraries, where they are installed: `ZXing` must read them, and Python's qrcode
//! must produce the same ones.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use cleudocodebot::qr::Qr;
use serde_json::{Value, json};

/// Reads `[{text, rows}]` and prints, for each library it has, the codes that are wrong.
const READER: &str = r#"
import json, sys
codes = json.load(sys.stdin)
report = {}
try:
    import numpy, zxingcpp
    wrong = []
    for code in codes:
        rows = [[0 if c == "1" else 255 for c in row] for row in code["rows"]]
        image = numpy.pad(numpy.array(rows, numpy.uint8), 4, constant_values=255)
        image = image.repeat(6, 0).repeat(6, 1)
        read = [found.text for found in zxingcpp.read_barcodes(image)]
        if read != [code["text"]]: wrong.append([len(code["text"]), read])
    report["zxingcpp"] = wrong
except ImportError: pass
try:
    import qrcode
    wrong = []
    for code in codes:
        about = [bit == "1" for bit in code["rows"][8]]
        mask = (about[2] << 2 | about[3] << 1 | about[4]) ^ 0b101
        level = qrcode.constants.ERROR_CORRECT_L
        same = qrcode.QRCode(error_correction=level, mask_pattern=mask, border=0)
        same.add_data(qrcode.util.QRData(code["text"].encode(), mode=4))
        same.make()
        rows = ["".join("1" if bit else "0" for bit in row) for row in same.get_matrix()]
        if rows != code["rows"]: wrong.append([len(code["text"]), mask, same.version])
    report["qrcode"] = wrong
except ImportError: pass
print(json.dumps(report))
"#;

/// Texts for every version, and one that is not ASCII.
fn texts() -> Vec<String> {
    let lengths = (1..60).chain((60..2953).step_by(37)).chain([2953]);
    let texts = lengths.map(|length| {
        let letters =
            (0..length).map(|i: usize| char::from(b'!' + u8::try_from(i * 7 % 90).expect("small")));
        letters.collect::<String>()
    });
    texts.chain(["olá, açaí".to_owned()]).collect()
}

#[test]
fn other_libraries_read_every_version() {
    let codes = texts().into_iter().map(|text| {
        let rows = Qr::of(&text).expect("it fits").rows();
        json!({"text": text, "rows": rows})
    });
    let codes = codes.collect::<Value>().to_string();
    let python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        return eprintln!("SKIPPED: no python3 to read QR codes with");
    };
    let mut input = python.stdin.take().expect("piped");
    input.write_all(codes.as_bytes()).expect("written");
    drop(input);
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for library in ["zxingcpp", "qrcode"] {
        match report.get(library) {
            Some(wrong) => assert_eq!(wrong, &json!([]), "{library}"),
            None => eprintln!("SKIPPED: python3 has no {library} to check QR codes with"),
        }
    }
}
