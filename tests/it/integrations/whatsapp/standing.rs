//! How the account stands at each server: missing, not paired, connected, refused.

use serde_json::{Value, json};

use super::{
    servers::{Engine, Evolution, EvolutionGo, Gowa, Told, Waha, WhatsappFake, Wuzapi},
    stage::{ANA, Setup, Stage},
};
use crate::support::{
    Daemon, Scratch, assert_field, assert_fields, assert_mentions, daemon_command, event_where,
    fake::{Fake, Reply},
    integration, program, refusal, run, until_running, until_state,
};

/// An account that is not there is made or told to be paired, shows a code, and what waits goes out once it
/// is connected. When the phone logs the device out, that is told.
pub(super) async fn pairing(server: impl WhatsappFake) {
    let setup = Setup::new(server);
    {
        let mut account = setup.account();
        (account.is_there, account.is_connected) = (false, false);
    }
    let mut stage = Stage::on(setup).await;
    let impaired = stage.until("impaired").await;
    assert_mentions(
        &impaired,
        "advice",
        "cleudocodebot integrations connect whatsapp",
    );
    let payload = json!({"channel": "whatsapp", "to": ANA.number, "text": "waits"});
    let mut messages = stage.daemon.listener(&["message.*"]).await;
    let queued = stage.client.call("send", &payload).await.expect("queued");
    let connect = json!({"name": "whatsapp"});
    let pairing = stage
        .client
        .call("integration.connect", &connect)
        .await
        .expect("a code");
    let has_code = pairing["code"] == "2@code";
    let has_picture = pairing["image"]
        .as_str()
        .is_some_and(|image| image == "data:image/png;base64,aGVsbG8gd29ybGQ=");
    assert!(has_code || has_picture, "{pairing}");
    {
        let mut account = stage.setup.account();
        (account.is_there, account.is_connected) = (true, true);
    }
    let pairing = stage
        .client
        .call("integration.connect", &connect)
        .await
        .expect("asked");
    assert_field(&pairing, "state", "connected");
    event_where(&mut messages, |event| {
        event["message_id"] == queued["message_id"] && event["state"] == "sent"
    })
    .await;
    assert!(
        !stage.setup.account().url.is_empty(),
        "the webhook is registered"
    );
    stage.setup.account().is_connected = false;
    if stage.post(&Told::LoggedOut) {
        let impaired = stage.until("impaired").await;
        assert_mentions(&impaired, "last_error", "logged this device out");
    }
}

/// The groups of the account, with the addresses to send to: by the action and by the command line, in which the community
/// itself is left out, and why there are none while no phone is connected. A group in which only the owner wrote is known by
/// its name from then on.
pub(super) async fn groups(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let asked = json!({"name": "whatsapp"});
    let answer = stage.client.call("integration.groups", &asked).await;
    let counts = |one: &Value| one["members"].clone();
    let answer = answer.expect("groups");
    let [announced, family] = &answer["groups"].as_array().expect("a list")[..] else {
        panic!("{answer}")
    };
    assert_eq!((counts(announced), counts(family)), (json!(3), json!(2)));
    assert_fields(
        announced,
        &json!({"name": "Avisos", "peer": "120363405032205087@g.us", "only_admins": true}),
    );
    assert_fields(
        family,
        &json!({"name": "Família", "peer": "79993488709-1588883724@g.us"}),
    );
    assert_eq!(family.get("only_admins"), None);
    let words = ["integrations", "groups", "whatsapp"];
    let output = program(&stage.home.0, &words).output().expect("it runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("Família  79993488709-1588883724@g.us  2 members"),
        "{shown}"
    );
    let payload = json!({"channel": "whatsapp", "to": family["peer"], "text": "olá"});
    stage.client.call("send", &payload).await.expect("queued");
    let listed = stage.client.call("conversations", &json!({})).await;
    let listed = listed.expect("conversations");
    assert_field(&listed["conversations"][0], "name", "Família");
    let known = json!({"name": "whatsapp", "known": true});
    let known = stage.client.call("integration.groups", &known).await;
    assert_eq!(
        known.expect("noted")["groups"].as_array().map(Vec::len),
        Some(2)
    );
    for asked in [
        json!({"name": "nowhere"}),
        json!({"name": "nowhere", "known": true}),
    ] {
        let code = refusal(&mut stage.client, "integration.groups", asked).await;
        assert_eq!(code, "unknown_channel");
    }
    stage.setup.account().is_connected = false;
    let refused = stage.client.call("integration.groups", &asked).await;
    let refused = refused.expect_err("no phone is connected").to_string();
    assert!(refused.contains("WhatsApp is not connected"), "{refused}");
}

/// A group that nobody wrote in yet is written to by its name, without its accents too; one that is not there, and groups
/// that cannot be listed, are told with what to do.
#[tokio::test]
async fn a_group_is_written_to_by_its_name() {
    let mut stage = Stage::open(Evolution).await;
    let send = |to: &str| {
        let words = ["send", "-c", "whatsapp", "-t", to, "olá"];
        run(program(&stage.home.0, &words))
    };
    for name in ["Família", "familia"] {
        let (code, _, said) = send(name);
        assert_eq!(code, 0, "{said}");
    }
    let (code, _, said) = send("Familiares");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("is called Familiares") && said.contains("integrations groups whatsapp"),
        "{said}"
    );
    stage.setup.account().groups_called = Some("Vizinhos");
    let (code, _, said) = send("vizinhos");
    let both = "120363405032205087@g.us, 79993488709-1588883724@g.us";
    assert!(code == 2 && said.contains(both), "{said}");
    stage.setup.account().is_connected = false;
    let (code, _, said) = send("Ninguém");
    assert!(
        code == 1 && said.contains("cannot be listed: WhatsApp is not connected"),
        "{said}"
    );
    let stored = stage.stored().await;
    let peers = stored.iter().map(|message| &message["peer"]);
    let family = json!("79993488709-1588883724@g.us");
    assert_eq!(peers.collect::<Vec<_>>(), [&family, &family]);
}

/// A list that is longer than what may wait for a client is told as that, and the client stays.
#[tokio::test]
async fn a_list_of_groups_without_room_is_told_and_drops_nobody() {
    let setup = Setup::new(Evolution);
    let home = Scratch::new();
    let settings = [
        ("WHATSAPP_ALLOW_FROM", "*"),
        ("CLEUDOCODEBOT_MAX_QUEUE_BYTES", "8192"),
    ];
    let daemon = setup.daemon(&home, &settings);
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    let asked = json!({"name": "whatsapp"});
    for (length, is_told) in [(3_000, true), (6_000, false)] {
        setup.account().groups_called = Some(Box::leak("x".repeat(length).into_boxed_str()));
        let answer = client.call("integration.groups", &asked).await;
        match answer {
            Ok(_) => assert!(is_told, "{length}"),
            Err(error) => {
                let error = error.to_string();
                assert!(
                    !is_told && error.contains("may wait for a client"),
                    "{error}"
                );
            }
        }
    }
    let known = client.call("ping", &json!({})).await;
    known.expect("it is connected still");
}

/// Whoever calls themself as a group is called gets nothing that is meant for the group, once the groups were listed.
#[tokio::test]
async fn nobody_takes_the_place_of_a_group_by_a_name() {
    let mut stage = Stage::open(Evolution).await;
    stage.message(ANA, "A1", &json!({"conversation": "oi"}));
    stage.stored().await;
    stage.setup.account().groups_called = Some("Ana Lima");
    let groups = ["integrations", "groups", "whatsapp"];
    let (code, _, said) = run(program(&stage.home.0, &groups));
    assert_eq!(code, 0, "{said}");
    let words = ["send", "-c", "whatsapp", "-t", "ana lima", "olá"];
    let (code, _, said) = run(program(&stage.home.0, &words));
    let all = "a group and somebody else on whatsapp are called ana lima";
    assert!(code == 2 && said.contains(all), "{said}");
    assert!(said.contains("+55 (11) 98765-4321"), "{said}");
}

/// A key for a conversation is for the one that is meant by a name or a number, and for none that cannot be.
#[tokio::test]
async fn a_key_is_for_who_is_meant_by_a_name_or_a_number() {
    let mut stage = Stage::open(Evolution).await;
    stage.message(ANA, "A1", &json!({"conversation": "oi"}));
    stage.stored().await;
    let keys = |peers: &str| {
        let words = ["keys", "add", peers, "--peers", peers, "--json"];
        run(program(&stage.home.0, &words))
    };
    let (code, group, said) = keys("whatsapp/família");
    assert_eq!(code, 0, "{said}");
    assert!(
        group.contains("whatsapp/79993488709-1588883724@g.us\""),
        "{group}"
    );
    let (code, ana, said) = keys("whatsapp/+55 (11) 98765-4321");
    assert_eq!(code, 0, "{said}");
    assert!(ana.contains("whatsapp/5511987654321\""), "{ana}");
    for (wrong, why) in [
        ("whatsap/5511987654321", "no channel \"whatsap\""),
        ("whatsap/*", "no channel \"whatsap\""),
        ("whatsapp/551198", "is called 551198"),
        ("whatsapp/+5511", "the field \"peers\" must be"),
        ("whatsapp/Ninguém", "is called Ninguém"),
    ] {
        let (code, _, said) = keys(wrong);
        assert!(code != 0 && said.contains(why), "{wrong}: {said}");
    }
}

/// A key that is refused parks the channel, in words without it.
pub(super) async fn refused_key(server: impl WhatsappFake) {
    let setup = Setup::new(server);
    setup.account().refuses_key = true;
    let key = setup.server.key();
    let stage = Stage::on(setup).await;
    let parked = stage.until("parked").await;
    assert_mentions(&parked, "last_error", "WHATSAPP_API_TOKEN_INSTANCE");
    assert!(!parked.to_string().contains(key), "{parked}");
}

/// `doctor` says which server answers, and what to do where the settings have another.
#[test]
fn doctor_tells_which_server_answers() {
    let setups = [
        Setup::new(Evolution),
        Setup::new(EvolutionGo),
        Setup::new(Gowa),
        Setup::new(Waha(Engine::Noweb)),
        Setup::new(Wuzapi),
    ];
    for (number, setup) in setups.iter().enumerate() {
        let server = setup.server.server();
        let other = setups[(number + 1) % setups.len()].server.server();
        let right = found(setup, server);
        assert_fields(&right, &json!({"verdict": "ok", "text~": "answers at"}));
        let wrong = found(setup, other);
        assert_fields(
            &wrong,
            &json!({"verdict": "fail", "text~": format!("WHATSAPP_SERVER is {other}"),
                "remedy": format!("cleudocodebot config set WHATSAPP_SERVER {server}")}),
        );
    }
    let nobody = Setup::new(Evolution);
    nobody.fake.vanish();
    assert_fields(
        &found(&nobody, "evolution"),
        &json!({"verdict": "warn", "text~": "cannot be reached"}),
    );
}

/// What `doctor` finds at the address of this server.
fn found(setup: &Setup, server: &str) -> Value {
    let home = Scratch::new();
    let output = program(&home.0, &["doctor", "--json"])
        .env("WHATSAPP_SERVER", server)
        .env("WHATSAPP_BASE_URL", setup.fake.url())
        .env("WHATSAPP_API_TOKEN_INSTANCE", setup.server.key())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let check = lines.find(|check| check["check"] == "whatsapp server");
    check.unwrap_or_else(|| panic!("no check of it: {text}"))
}

/// What the Evolution API 2.4 answers until it is registered with its maker.
#[tokio::test]
async fn a_missing_license_says_what_to_do() {
    let license = json!({"error": "service not activated", "code": "LICENSE_REQUIRED",
        "register_url": "http://evolution.example/manager/login"});
    for server in ["evolution", "evolution-go"] {
        let answer = license.clone();
        let fake = Fake::start(move |_| Reply::Json(503, answer.clone()));
        let home = Scratch::new();
        let mut command = daemon_command(&home.0);
        command
            .env("WHATSAPP_SERVER", server)
            .env("WHATSAPP_BASE_URL", fake.url())
            .env("WHATSAPP_API_TOKEN_INSTANCE", "a-key");
        let daemon = Daemon::from_command(command, &home.0);
        let mut states = daemon.listener(&["integration.state"]).await;
        let now = integration(&mut daemon.client().await, "whatsapp").await;
        let impaired = match now.filter(|now| now["state"] == "impaired") {
            Some(now) => now,
            None => until_state(&mut states, "whatsapp", "impaired").await,
        };
        assert_mentions(&impaired, "last_error", "LICENSE_REQUIRED");
        assert_mentions(
            &impaired,
            "advice",
            "activate it at http://evolution.example/manager/login",
        );
        assert_mentions(&impaired, "advice", "set WHATSAPP_SERVER to another server");
    }
}

/// Another word than those is refused where settings are read.
#[test]
fn a_server_that_is_none_of_them_is_refused_with_the_names() {
    let home = Scratch::new();
    let arguments = ["config", "set", "WHATSAPP_SERVER", "baileys"];
    let output = program(&home.0, &arguments).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for name in ["evolution", "evolution-go", "gowa", "waha", "wuzapi"] {
        assert!(said.contains(name), "{said}");
    }
}
