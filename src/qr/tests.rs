//! Whole codes. Those in `golden` were made by another encoder, the `qrcode` of Python; the
//! integration tests ask it again, and a reader, where a machine has them.

use super::*;

#[test]
fn codes_are_those_that_another_encoder_makes() {
    for golden in [
        include_str!("golden/short.txt"),
        include_str!("golden/pairing.txt"),
    ] {
        let (text, rows) = golden.split_once('\n').expect("a text above its rows");
        let ours = Qr::masked(text, Some(mask_of(rows))).expect("it fits");
        assert_eq!(ours.rows().join("\n"), rows.trim_end(), "{text}");
        let chosen = Qr::of(text).expect("it fits");
        assert_eq!(chosen.size(), ours.size(), "{text}");
    }
}

/// The mask a code says it has: encoders may weigh the eight differently, and each is valid.
fn mask_of(rows: &str) -> Mask {
    let format = rows.lines().nth(8).expect("a row of format information");
    let bits = u8::from_str_radix(&format[2..5], 2).expect("binary digits");
    Mask::new(bits ^ 0b101)
}

#[test]
fn what_does_not_fit_is_refused_and_around_a_code_it_is_light() {
    assert_eq!(Qr::of(&"x".repeat(2954)), None);
    let largest = Qr::of(&"x".repeat(2953)).expect("it fits");
    assert_eq!(largest.size(), 177);
    assert!(largest.is_dark(0, 0));
    assert!(!largest.is_dark(177, 0) && !largest.is_dark(0, 177));
}
