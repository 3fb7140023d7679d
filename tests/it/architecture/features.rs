//! What features put into the program, and what the default build has nothing of: the bus of several machines, which
//! is behind the feature `nats`.

/// Names that the client of the bus, and our part of it, leave in a program: in symbols, in addresses, in streams.
#[cfg(not(feature = "nats"))]
const OF_THE_BUS: [&str; 3] = ["async_nats", "$JS.API", "CDB_OUT_"];

/// The text of the program that holds one of these, if it does.
fn found(program: &[u8], wanted: &str) -> Option<String> {
    let (first, rest) = wanted.as_bytes().split_first()?;
    let mut left = program;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            let text = &left[..left.len().min(60)];
            return Some(format!(
                "{wanted}{}",
                String::from_utf8_lossy(&text[rest.len()..])
            ));
        }
    }
    None
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_default_build_has_nothing_of_the_bus() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_cleudocodebot")).expect("the program");
    let found: Vec<String> = OF_THE_BUS
        .iter()
        .filter_map(|name| found(&program, name))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_in_a_program_is_found() {
    let program = b"\0_ZN3cdb\0aasync_nats6client\0";
    assert_eq!(
        found(program, "async_nats").as_deref(),
        Some("async_nats6client\0")
    );
    assert_eq!(found(program, "$JS.API"), None);
}

/// jemalloc tells each setting that it takes, on standard error (`opt.confirm_conf`, jemalloc(3)).
#[cfg(all(feature = "allocator", target_os = "linux"))]
#[test]
fn the_allocator_takes_every_setting_of_the_program() {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_cleudocodebot"))
        .arg("--version")
        .env("_RJEM_MALLOC_CONF", "confirm_conf:true")
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&out.stderr);
    let source = include_str!("../../../src/link/allocator.c");
    let (_, settings) = source.split_once('=').expect("a definition");
    let settings: Vec<&str> = settings
        .split(['"', ',', ';', '\n', ' '])
        .filter(|setting| !setting.is_empty())
        .collect();
    assert!(settings.contains(&"narenas:1"), "{settings:?}");
    for setting in settings {
        let line = format!("Set conf value: {setting}\n");
        assert!(told.contains(&line), "{setting} is not in:\n{told}");
    }
    assert!(!told.contains("Invalid conf"), "{told}");
}
