//! Prompts: turns that no channel brought, which are kept nowhere.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Turns, TurnsParts, states::AgentStates};
use crate::{
    config::{Environment, Lookup, Overrides, look_up},
    daemon::channels::{ChannelRegistry, RegistryParts},
    gateway::{
        CommitListeners,
        control::{
            AgentAnswer, AgentClient, AgentFailure, AgentLease, Agents, Prompt, PromptEvent,
        },
    },
    integrations::{Audience, bridge::Bridges, pairing::Pairings, plan::BuildContext},
    log::{Log, LogLevel},
    media::Media,
    protocol::error_code::ErrorCode,
    random,
    router::Router,
    shutdown,
    store::{self, Store},
};

/// Keeps what it is offered and told to stop.
#[derive(Default)]
struct Recorder {
    offered: Mutex<Vec<Value>>,
    aborted: Mutex<Vec<String>>,
}

impl AgentClient for Recorder {
    fn offer(&self, turn: &Value) -> bool {
        self.offered.lock().expect("whole").push(turn.clone());
        true
    }
    fn abort(&self, turn_id: &str, _: &str) {
        self.aborted.lock().expect("whole").push(turn_id.to_owned());
    }
    fn replaced(&self) {}
}

struct Fixture {
    folder: PathBuf,
    turns: Arc<Turns>,
    _trigger: shutdown::Trigger,
}

impl Fixture {
    fn new(settings: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        crate::fs::create_private_dir(&folder).expect("a scratch folder");
        let options = store::StoreOptions {
            path: folder.join("messages.redb"),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let listeners = Arc::new(CommitListeners::default());
        let log = Log::in_memory(LogLevel::Info);
        let (trigger, shutdown) = shutdown::channel();
        let (bridges, _) = Bridges::open(folder.join("external.json"));
        let router = Arc::new(Router::default());
        let media = Media::open(&folder, store.clone(), 1 << 20, 1 << 30).expect("a folder");
        let build_context = BuildContext {
            audience: Arc::clone(&listeners.bus) as Arc<dyn Audience>,
            store: store.clone(),
            media: media.clone(),
            bridges: Arc::new(bridges),
            router: Arc::clone(&router),
            pairings: Arc::new(Pairings::open(folder.join("pairing.json"), store.clock())),
            log: log.clone(),
            address: "127.0.0.1:1".to_owned(),
        };
        let registry = ChannelRegistry::new(RegistryParts {
            router,
            store: store.clone(),
            log: log.clone(),
            shutdown,
            build_context,
            on_change: Arc::new(|_| {}),
        });
        let turns = Turns::new(TurnsParts {
            store,
            media,
            log,
            listeners,
            channels: Arc::new(registry),
            states: Arc::new(AgentStates::new(Arc::new(|_| {}))),
        });
        let fixture = Self {
            turns,
            _trigger: trigger,
            folder,
        };
        // The reader of messages stays out of it: the store works in real time, and here time is paused.
        let settings = fixture.lookup(settings);
        let agents = crate::config::agents::AgentSettings::read(&settings);
        fixture.turns.inner.configure(agents, None);
        fixture
    }

    fn lookup(&self, settings: &[(&str, &str)]) -> Lookup {
        let settings = settings.iter();
        let overrides = Overrides {
            home: Some(self.folder.clone()),
            settings: settings
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Overrides::default()
        };
        look_up(&overrides, &Environment::default()).expect("read")
    }

    fn agent(&self, name: &str) -> (Arc<Recorder>, AgentLease) {
        let client = Arc::new(Recorder::default());
        let lease = Arc::clone(&self.turns).announce(name, 4, Arc::clone(&client) as _);
        (client, lease)
    }

    fn ask(&self) -> mpsc::Receiver<PromptEvent> {
        let prompt = Prompt {
            messages: vec![json!({"role": "user", "content": "why?"})],
            ..Prompt::default()
        };
        self.turns.prompt(prompt).expect("an agent is set")
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn begun(events: &mut mpsc::Receiver<PromptEvent>) -> String {
    match events.recv().await {
        Some(PromptEvent::Began { agent }) => agent,
        other => panic!("{other:?}"),
    }
}

fn answer(text: &str) -> AgentAnswer {
    AgentAnswer {
        text: text.to_owned(),
        media: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_streams_its_pieces_and_ends_with_the_answer() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (client, lease) = fixture.agent("pi");
    let mut events = fixture.ask();
    assert_eq!(begun(&mut events).await, "pi");
    tokio::task::yield_now().await;
    let turn = client.offered.lock().expect("whole")[0].clone();
    assert_eq!(
        (&turn["message"], &turn["turn_id"]),
        (&json!("why?"), &json!("t-x1"))
    );
    assert_eq!(turn["prompt"][0]["role"], "user");
    for piece in ["be", "cause"] {
        fixture.turns.delta(&lease, "t-x1", piece).expect("held");
        assert_eq!(
            events.recv().await,
            Some(PromptEvent::Delta(piece.to_owned()))
        );
    }
    let ended = fixture.turns.done(&lease, "t-x1", answer("because")).await;
    assert_eq!(ended.expect("waited for").state, "done");
    assert_eq!(
        events.recv().await,
        Some(PromptEvent::Done(answer("because")))
    );
    assert_eq!(events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_stops_the_agent() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (client, lease) = fixture.agent("pi");
    let mut events = fixture.ask();
    begun(&mut events).await;
    tokio::task::yield_now().await;
    drop(events);
    while client.aborted.lock().expect("whole").is_empty() {
        tokio::task::yield_now().await;
    }
    let late = fixture.turns.done(&lease, "t-x1", answer("late")).await;
    assert_eq!(late.map_err(|fault| fault.code), Err(ErrorCode::Conflict));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_began_is_not_begun_anew_by_another() {
    let fixture = Fixture::new(&[("AGENT", "pi,second")]);
    let (_client, lease) = fixture.agent("pi");
    let (second, _second_lease) = fixture.agent("second");
    let mut events = fixture.ask();
    begun(&mut events).await;
    tokio::task::yield_now().await;
    fixture.turns.delta(&lease, "t-x1", "be").expect("held");
    drop(lease);
    assert_eq!(
        events.recv().await,
        Some(PromptEvent::Delta("be".to_owned()))
    );
    let Some(PromptEvent::Failed(why)) = events.recv().await else {
        panic!("it did not fail")
    };
    assert!(why.contains("pi left"), "{why}");
    assert!(second.offered.lock().expect("whole").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_next_agent_answers_where_the_first_fails_before_it_began() {
    let fixture = Fixture::new(&[("AGENT", "pi,second")]);
    let (_client, lease) = fixture.agent("pi");
    let (_second, second_lease) = fixture.agent("second");
    let mut events = fixture.ask();
    begun(&mut events).await;
    tokio::task::yield_now().await;
    let failure = AgentFailure {
        error: "no model".to_owned(),
        is_transient: false,
        retry_after: None,
    };
    let state = fixture.turns.failed(&lease, "t-x1", failure).await;
    assert_eq!(state.expect("held").state, "waiting");
    assert_eq!(begun(&mut events).await, "second");
    tokio::task::yield_now().await;
    let ended = fixture
        .turns
        .done(&second_lease, "t-x1", answer("yes"))
        .await;
    assert!(ended.is_ok());
    assert_eq!(events.recv().await, Some(PromptEvent::Done(answer("yes"))));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_every_piece_or_a_refusal() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (_client, lease) = fixture.agent("pi");
    let mut events = fixture.ask();
    begun(&mut events).await;
    tokio::task::yield_now().await;
    for number in 0..1000 {
        fixture
            .turns
            .delta(&lease, "t-x1", &format!("{number} "))
            .expect("room");
    }
    let long = "x".repeat(1 << 20);
    let refused = fixture.turns.delta(&lease, "t-x1", &long);
    assert_eq!(
        refused.map_err(|fault| fault.code),
        Err(ErrorCode::QueueFull)
    );
    let mut text = String::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(1), events.recv()).await {
        match event {
            PromptEvent::Delta(piece) => text.push_str(&piece),
            other => panic!("{other:?}"),
        }
    }
    fixture.turns.delta(&lease, "t-x1", "end").expect("room");
    let Some(PromptEvent::Delta(rest)) = events.recv().await else {
        panic!("no rest")
    };
    text.push_str(&rest);
    let numbers: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let all = numbers.join(" ");
    assert_eq!(text, all + " end");
}

#[tokio::test(start_paused = true)]
async fn without_an_agent_a_prompt_is_refused_or_fails_in_time() {
    let fixture = Fixture::new(&[]);
    let refused = fixture.turns.prompt(Prompt::default()).map(drop);
    assert_eq!(
        refused.map_err(|fault| fault.code),
        Err(ErrorCode::ChannelUnavailable)
    );
    let named = Prompt {
        agent: Some("nobody".to_owned()),
        messages: vec![json!({"role": "user", "content": "hi"})],
        ..Prompt::default()
    };
    let mut events = fixture.turns.prompt(named).expect("it may connect yet");
    let Some(PromptEvent::Failed(why)) = events.recv().await else {
        panic!("it did not fail")
    };
    assert!(why.contains("nobody is not connected"), "{why}");
}
