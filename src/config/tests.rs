//! Loading as a whole: precedence, errors, warnings, and the rules for listening beyond loopback.

use std::{collections::BTreeMap, net::Ipv4Addr, path::Path};

use super::*;
use crate::fs::scratch::Scratch;

const LONG: &str = "0123456789abcdef0123456789abcdef";

/// These settings and nothing else, with this home folder.
pub(super) fn lookup(folder: &Scratch, pairs: &[(&str, &str)]) -> Lookup {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        home: Some(folder.path().to_owned()),
        settings: pairs.iter().map(pair).collect(),
        ..Overrides::default()
    };
    look_up(&overrides, &Environment::default()).expect("read")
}

/// A home folder, an environment and a command line for one test.
struct Case {
    home: Scratch,
    overrides: Overrides,
    environment: BTreeMap<String, String>,
}

impl Case {
    fn with_file(text: &str) -> Self {
        let home = Scratch::new();
        home.private_file(".env", text.as_bytes());
        let overrides = Overrides {
            home: Some(home.path().to_owned()),
            ..Overrides::default()
        };
        Self {
            home,
            overrides,
            environment: BTreeMap::new(),
        }
    }

    fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn typed(mut self, name: &str, value: &str) -> Self {
        self.overrides
            .settings
            .push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded> {
        load(
            &self.overrides,
            &Environment::from_pairs(self.environment.clone()),
        )
    }

    fn loaded(&self) -> Loaded {
        self.load().expect("loads")
    }

    fn refused(&self) -> String {
        let error = self.load().expect_err("refused");
        assert_eq!(error.exit_code(), 78);
        error.to_string()
    }

    fn explained(&self, key: &str) -> Setting {
        let environment = Environment::from_pairs(self.environment.clone());
        let settings = explain(&self.overrides, &environment).expect("explains");
        let known = settings.iter().zip(keys::all());
        assert!(
            known.clone().count() == keys::all().count()
                && known.clone().all(|(s, k)| s.key == k.name)
        );
        settings
            .into_iter()
            .find(|setting| setting.key == key)
            .expect("a known key")
    }

    fn file(&self) -> String {
        self.home.path().join(".env").display().to_string()
    }
}

#[test]
fn without_any_setting_the_defaults_hold() {
    let home = Scratch::new();
    let overrides = Overrides {
        home: Some(home.path().to_owned()),
        ..Overrides::default()
    };
    let loaded = load(&overrides, &Environment::default()).expect("loads");
    let expected = Config {
        home: home.path().to_owned(),
        env_file: home.path().join(".env"),
        host: Ipv4Addr::LOCALHOST.into(),
        port: 18_789,
        token: None,
        allowed_origins: Vec::new(),
        allowed_hosts: Vec::new(),
        tls: None,
        hsts: None,
        public_url: None,
        limits: Limits::default(),
        backups: None,
        history_days: 90,
        language: None,
        country: None,
        zone: crate::calendar::Zone::system(),
        log_level: LogLevel::Info,
        log_format: LogFormat::Text,
    };
    assert_eq!(loaded.config, expected);
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file() {
    let key = "CLEUDOCODEBOT_PORT";
    let case = Case::with_file("CLEUDOCODEBOT_PORT=1");
    assert_eq!(case.loaded().config.port, 1);
    assert_eq!(case.explained(key).source, Source::EnvFile { line: 1 });
    let case = case.environment(key, "2");
    assert_eq!(case.loaded().config.port, 2);
    assert_eq!(case.explained(key).source, Source::Environment);
    let case = case.typed(key, "3").typed(key, "4");
    assert_eq!(case.loaded().config.port, 4);
    assert_eq!(case.explained(key).source, Source::CommandLine);
}

#[test]
fn a_mistake_of_one_service_is_a_warning_and_names_its_key() {
    let case = Case::with_file("WHATSAPP_BASE_URL='nowhere'\nTELEGRAM_BOT_TOKEN_2=1 2\n");
    let warnings = case.loaded().warnings.join("\n");
    assert!(
        warnings.contains("WHATSAPP_BASE_URL is \"nowhere\""),
        "{warnings}"
    );
    assert!(warnings.contains("TELEGRAM_BOT_TOKEN_2 is …"), "{warnings}");
    assert!(warnings.contains("white space in it"), "{warnings}");
    let case = case.environment("CLEUDOCODEBOT_LOG_LEVEL", "\"info\"");
    let refused = case.refused();
    assert!(refused.contains("take the quotes away"), "{refused}");
    assert!(
        refused.contains("WHATSAPP_BASE_URL"),
        "all at once: {refused}"
    );
}

#[test]
fn white_space_around_a_secret_is_left_out_and_told() {
    let case = Case::with_file("").environment("TELEGRAM_TOKEN", "123456:AA\n");
    let loaded = case.loaded();
    assert_eq!(loaded.lookup.get("TELEGRAM_TOKEN"), Some("123456:AA"));
    let warnings = loaded.warnings.join("\n");
    assert!(
        warnings.contains("environment: TELEGRAM_TOKEN has white space"),
        "{warnings}"
    );
    assert!(!warnings.contains("123456"), "{warnings}");
}

#[test]
fn a_variable_without_braces_stays_and_is_told_where_it_exists() {
    let text = "TG=1\nA=$TG\nB='$TG'\nC=pa$word\nD=\"\\$TG\"\n";
    let loaded = Case::with_file(text).loaded();
    assert_eq!(loaded.lookup.get("A"), Some("$TG"));
    let told: Vec<_> = loaded
        .warnings
        .iter()
        .filter(|warning| warning.contains("stays as it is"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(":2: $TG in A") && told[0].contains("${TG}"));
}

#[test]
fn every_kind_of_setting_arrives_typed() {
    let case = Case::with_file(
        "CLEUDOCODEBOT_HOST=::1\nCLEUDOCODEBOT_ALLOWED_ORIGINS=https://A.example\n\
         CLEUDOCODEBOT_ALLOWED_HOSTS=a.example,b:1\nCLEUDOCODEBOT_AUTH_TIMEOUT_MS=1500\n\
         CLEUDOCODEBOT_MAX_QUEUE_BYTES=2097152\nCLEUDOCODEBOT_HISTORY_DAYS=0\n\
         CLEUDOCODEBOT_LOG_LEVEL=DEBUG\nCLEUDOCODEBOT_LOG_FORMAT=json\n",
    );
    let config = case.loaded().config;
    assert_eq!(config.endpoint(), ("::1".to_owned(), 18_789));
    assert_eq!(config.authority(7), "[::1]:7");
    assert_eq!(config.allowed_origins, ["https://a.example"]);
    assert_eq!(config.allowed_hosts, ["a.example", "b:1"]);
    assert_eq!(config.limits.auth_timeout.as_millis(), 1500);
    assert_eq!(config.limits.max_queue_bytes, 2 << 20);
    assert_eq!(config.history_days, 0);
    assert_eq!(
        (config.log_level, config.log_format),
        (LogLevel::Debug, LogFormat::Json)
    );
}

#[test]
fn a_complaint_names_key_value_source_and_expectation_and_comes_with_all_others() {
    let case = Case::with_file("A=1\nCLEUDOCODEBOT_PORT=http\n")
        .environment("CLEUDOCODEBOT_MAX_HEADER_BYTES", "8191")
        .typed("CLEUDOCODEBOT_LOG_LEVEL", "");
    let expected = format!(
        "CLEUDOCODEBOT_PORT is \"http\" ({}:2); expected a whole number from 0 to 65535\n\
         CLEUDOCODEBOT_LOG_LEVEL is \"\" (command line); \
         expected one of error, warn, info, debug, trace\n\
         CLEUDOCODEBOT_MAX_HEADER_BYTES is \"8191\" (environment); \
         expected a whole number from 8192 to 1048576",
        case.file()
    );
    assert_eq!(case.refused(), expected);
    assert_eq!(case.explained("CLEUDOCODEBOT_PORT").value, "http");
}

#[test]
fn an_empty_value_leaves_the_next_source_its_say_but_an_empty_list_is_a_list() {
    let case = Case::with_file("CLEUDOCODEBOT_PORT=1\nCLEUDOCODEBOT_ALLOWED_HOSTS=a")
        .environment("CLEUDOCODEBOT_PORT", "")
        .environment("CLEUDOCODEBOT_ALLOWED_HOSTS", "");
    let config = case.loaded().config;
    assert_eq!(config.port, 1);
    assert_eq!(config.allowed_hosts, [""; 0]);
    assert_eq!(
        Case::with_file("CLEUDOCODEBOT_TOKEN=\n")
            .loaded()
            .config
            .token,
        None
    );
}

#[test]
fn listening_beyond_loopback_needs_a_long_token_and_names() {
    let open = || Case::with_file("CLEUDOCODEBOT_HOST=0.0.0.0");
    assert!(
        open()
            .refused()
            .contains("CLEUDOCODEBOT_TOKEN with at least 32")
    );
    let short = open()
        .environment(TOKEN, &LONG[1..])
        .environment(ALLOWED_HOSTS, "a");
    let told = short.refused();
    assert!(
        told.contains("at least 32") && !told.contains(&LONG[1..5]),
        "{told}"
    );
    let nameless = open().environment(TOKEN, LONG);
    assert!(nameless.refused().contains(ALLOWED_HOSTS));
    let config = nameless.environment(ALLOWED_HOSTS, "a").loaded().config;
    assert_eq!(config.endpoint(), ("127.0.0.1".to_owned(), 18_789));
}

#[test]
fn the_loopback_of_the_same_family_stands_for_all_interfaces() {
    let case = Case::with_file("CLEUDOCODEBOT_HOST=::")
        .environment(TOKEN, LONG)
        .environment(ALLOWED_HOSTS, "a");
    assert_eq!(case.loaded().config.endpoint().0, "::1");
}

#[test]
fn what_was_ignored_doubled_mistyped_or_doubtful_is_told() {
    let case = Case::with_file(
        "CLEUDOCODEBOT_HOME=/x\nCLEUDOCODEBOT_PORT=1\nCLEUDOCODEBOT_PORT=2\n\
         CLEUDOCODEBOT_PROT=3\nTELEGRAM_BOT_TOKN=5\nTELEGRAM_SESSION=6\nCLEUDOCODEBOT_TOKEN=sixteen-and-more\nCLEUDOCODEBOT_MAX_QUEUE_BYTES=4096\n",
    )
    .environment("CLEUDOCODEBOT_FROBNICATION", "1")
    .environment("TELEGRAM_BOT_TOKNE", "of another program");
    let loaded = case.loaded();
    assert_eq!(loaded.config.home, case.home.path());
    assert_eq!(loaded.config.port, 2);
    let file = case.file();
    let expected = [
        format!("{file}:2: CLEUDOCODEBOT_PORT is set again on line 3"),
        format!("{file}: CLEUDOCODEBOT_HOME is ignored here"),
        format!(
            "{file}:4: CLEUDOCODEBOT_PROT is not a key of this program; did you mean CLEUDOCODEBOT_PORT?"
        ),
        format!(
            "{file}:5: TELEGRAM_BOT_TOKN is not a key of this program; did you mean TELEGRAM_BOT_TOKEN?"
        ),
        "environment: CLEUDOCODEBOT_FROBNICATION is not a key of this program; `cleudocodebot config show` lists".to_owned(),
        "CLEUDOCODEBOT_TOKEN has fewer than 32 characters".to_owned(),
        "CLEUDOCODEBOT_MAX_QUEUE_BYTES is smaller than".to_owned(),
    ];
    assert_eq!(
        loaded.warnings.len(),
        expected.len(),
        "{:#?}",
        loaded.warnings
    );
    for (warning, start) in loaded.warnings.iter().zip(expected) {
        assert!(warning.starts_with(&start), "{warning}\n{start}");
    }
}

#[test]
fn keys_of_integrations_are_kept_and_can_be_asked_for() {
    let case = Case::with_file("TELEGRAM_TOKEN=${PREFIX}-b\nWHATSAPP_URL=file\nEMPTY=\n")
        .environment("PREFIX", "a")
        .environment("WHATSAPP_URL", "environment");
    let lookup = case.loaded().lookup;
    assert_eq!(lookup.get("TELEGRAM_TOKEN"), Some("a-b"));
    assert_eq!(lookup.get("WHATSAPP_URL"), Some("environment"));
    assert_eq!((lookup.get("EMPTY"), lookup.get("NOBODY")), (None, None));
}

#[test]
fn an_error_in_the_file_names_file_line_column_and_what_to_do() {
    let case = Case::with_file("A=1\nB=\"${C\"\n");
    let expected = format!("{}:2:4: this `${{` is not closed", case.file());
    let told = case.refused();
    assert!(told.starts_with(&expected), "{told}");
}

#[test]
fn another_file_can_be_named_and_its_absence_is_told() {
    let mut case = Case::with_file("CLEUDOCODEBOT_PORT=1");
    case.overrides.env_file = Some(case.home.private_file("other", b"CLEUDOCODEBOT_PORT=2"));
    assert_eq!(case.loaded().config.port, 2);
    case.overrides.env_file = Some(case.home.path().join("missing"));
    let loaded = case.loaded();
    assert_eq!(loaded.config.port, 18_789);
    assert!(
        loaded.warnings[0].starts_with("there is no "),
        "{:?}",
        loaded.warnings
    );
}

#[cfg(unix)]
#[test]
fn a_home_folder_open_to_others_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = Case::with_file("");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(case.home.path(), open).expect("set");
    assert!(case.loaded().warnings[0].contains("chmod 700"));
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_text_is_refused_rather_than_missed() {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = std::ffi::OsString::from_vec(vec![0xff]);
    let environment = Environment::from_os_pairs([(TOKEN.into(), bytes)]);
    let error = load(&Overrides::default(), &environment).expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("CLEUDOCODEBOT_TOKEN (environment) is not Unicode")
    );
}

#[test]
fn no_secret_is_shown_by_explaining_or_debugging() {
    let case = Case::with_file(&format!("CLEUDOCODEBOT_TOKEN={LONG}\nA_SECRET={LONG}"))
        .typed("B_PASSWORD", LONG);
    let token = case.explained(TOKEN);
    assert_eq!((token.value.as_str(), token.secret), ("0123…", true));
    let foreign = case.explained("A_SECRET");
    assert_eq!((foreign.value.as_str(), foreign.doc), ("0123…", None));
    let environment = Environment::from_pairs([(TOKEN, LONG)]);
    let document = dotenv::read_file(Path::new(&case.file())).expect("reads");
    let shown = format!(
        "{:?}{:?}{environment:?}{document:?}",
        case.loaded(),
        case.overrides
    );
    assert!(!shown.contains(LONG), "{shown}");
}
