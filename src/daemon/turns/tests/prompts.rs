//! Prompts: turns that no channel brought, which are kept nowhere.

use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use super::Fixture;
use crate::{
    gateway::control::{AgentAnswer, AgentFailure, Agents, Prompt, PromptEvent},
    protocol::error_code::ErrorCode,
};

impl Fixture {
    fn ask(&self) -> mpsc::Receiver<PromptEvent> {
        let prompt = Prompt {
            messages: vec![json!({"role": "user", "content": "why?"})],
            ..Prompt::default()
        };
        self.turns.prompt(prompt).expect("an agent is set")
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
        is_markdown: false,
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
    for _ in 0..2 {
        let Some(PromptEvent::Delta(rest)) = events.recv().await else {
            panic!("no rest")
        };
        text.push_str(&rest);
    }
    let numbers: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let all = numbers.join(" ");
    assert_eq!(text, all + " end");
}

#[tokio::test(start_paused = true)]
async fn one_who_reads_again_gets_what_waited_also_at_the_end() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (_client, lease) = fixture.agent("pi");
    let mut events = fixture.ask();
    begun(&mut events).await;
    tokio::task::yield_now().await;
    // The queue is full, and what waits behind it nearly so.
    for _ in 0..300 {
        fixture.turns.delta(&lease, "t-x1", "x").expect("room");
    }
    let long = "y".repeat((1 << 20) - 300);
    fixture.turns.delta(&lease, "t-x1", &long).expect("room");
    let mut text = String::new();
    while let Ok(PromptEvent::Delta(piece)) = events.try_recv() {
        text.push_str(&piece);
    }
    let more = "z".repeat(1000);
    for _ in 0..300 {
        fixture.turns.delta(&lease, "t-x1", &more).expect("room");
    }
    let read = async {
        while let Some(PromptEvent::Delta(piece)) = events.recv().await {
            text.push_str(&piece);
        }
    };
    let done = fixture.turns.done(&lease, "t-x1", answer("whole"));
    let (ended, ()) = tokio::join!(done, read);
    assert_eq!(ended.expect("held").state, "done");
    assert_eq!(text.len(), 300 + long.len() + 300 * more.len());
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
