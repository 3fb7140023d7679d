//! What keeps a daemon from starting: it never speaks plain HTTP where TLS was asked for.

use std::fs;

use super::command;
use crate::support::{
    Daemon, Scratch,
    certificates::{Authority, connect, openssl},
    program, run,
};

/// The exit code and what was said.
fn started(home: &Scratch) -> (i32, String) {
    let (code, _, said) = run(command(home));
    (code, said)
}

#[test]
fn wrong_files_exit_with_78_and_say_what_to_do() {
    let Some(authority) = Authority::new() else {
        return;
    };
    authority.certify("first", "DNS:localhost", 90);
    authority.certify("second", "DNS:localhost", 90);
    let home = Scratch::new();
    let refused = |told: &str| {
        let (code, said) = started(&home);
        assert_eq!(code, 78, "{said}");
        assert!(said.contains(told), "{said}");
    };
    refused("CLEUDOCODEBOT_TLS_CERT: cannot read");
    authority.install("first", &home);
    let (certificate, key) = (home.0.join("cert.pem"), home.0.join("cert.key"));
    fs::copy(authority.file("second.key"), &key).expect("copied");
    refused("is not the key of the first certificate");
    fs::copy(&certificate, &key).expect("copied");
    refused("has no private key in PEM");
    let encrypted = [
        "pkcs8",
        "-topk8",
        "-in",
        "first.key",
        "-out",
        "locked.key",
        "-passout",
        "pass:x",
    ];
    assert!(openssl(&authority.0, &encrypted).0);
    fs::copy(authority.file("locked.key"), &key).expect("copied");
    refused("without a passphrase");
    fs::remove_file(&key).expect("removed");
    fs::create_dir(&key).expect("made");
    refused("is no PEM file");
    fs::write(&certificate, "not a certificate").expect("written");
    refused("has no certificate in PEM");
    fs::write(
        &certificate,
        "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n",
    )
    .expect("written");
    refused("CLEUDOCODEBOT_TLS_CERT: cannot read");
}

#[test]
fn half_a_pair_is_a_mistake_in_the_settings() {
    let home = Scratch::new();
    let mut half = command(&home);
    half.env_remove("CLEUDOCODEBOT_TLS_KEY");
    let (code, _, said) = run(half);
    assert_eq!(code, 78, "{said}");
    assert!(
        said.contains("CLEUDOCODEBOT_TLS_KEY is not; set both"),
        "{said}"
    );
}

#[test]
fn certificate_that_ends_soon_is_served_and_told() {
    let Some(authority) = Authority::new() else {
        return;
    };
    authority.certify("first", "DNS:localhost", 3);
    let home = Scratch::new();
    authority.install("first", &home);
    let daemon = Daemon::from_command(command(&home), &home.0);
    connect(&daemon, &authority.client());
    let (code, told, _) = run(program(&home.0, &["status"]));
    assert_eq!(code, 0);
    assert!(told.contains("the certificate ends on"), "{told}");
}

#[cfg(unix)]
#[test]
fn key_that_all_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(authority) = Authority::new() else {
        return;
    };
    authority.certify("first", "DNS:localhost", 90);
    let home = Scratch::new();
    authority.install("first", &home);
    let key = home.0.join("cert.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let daemon = Daemon::from_command(command(&home), &home.0);
    let (_, told, _) = run(program(&home.0, &["status"]));
    assert!(
        told.contains("everybody on this machine may read"),
        "{told}"
    );
    drop(daemon);
}
