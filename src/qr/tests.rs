//! Whole codes. Those in `golden` were made by another encoder, the `qrcode` of Python, under the same
//! mask; `tests/it/cli/qr.rs` asks it anew, and a reader, where a machine has them.

use super::*;

#[test]
fn codes_are_those_that_another_encoder_makes() {
    for golden in [
        include_str!("golden/short.txt"),
        include_str!("golden/pairing.txt"),
    ] {
        let (text, rows) = golden.split_once('\n').expect("a text above its rows");
        let ours = Qr::of(text).expect("it fits").rows().join("\n");
        assert_eq!(ours, rows.trim_end());
    }
}

#[test]
fn what_does_not_fit_is_refused_and_around_a_code_it_is_light() {
    assert_eq!(Qr::of(&"x".repeat(2954)), None);
    let largest = Qr::of(&"x".repeat(2953)).expect("it fits");
    assert_eq!(largest.size(), 177);
    assert!(largest.is_dark(0, 0));
    assert!(!largest.is_dark(177, 0) && !largest.is_dark(0, 177));
}
