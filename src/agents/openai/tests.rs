//! The agent against models that do what models do, and what they should not.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::*;
use crate::{
    agents::{Certainty, reply::Call},
    client::Endpoint,
    config::{BaseUrl, models::Prompts},
};

/// In the head of an answer behind which the connection stays open.
const LEFT_OPEN: &str = "x-left-open";

/// A model that answers each request with the next of these, then falls silent.
struct Model {
    base: BaseUrl,
    asked: Arc<Mutex<Vec<Value>>>,
    closed: Arc<tokio::sync::Notify>,
}

impl Model {
    async fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let requests: Arc<Mutex<Vec<Value>>> = Arc::default();
        let closed: Arc<tokio::sync::Notify> = Arc::default();
        let (kept, end) = (Arc::clone(&requests), Arc::clone(&closed));
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let body = request(&mut stream).await;
                kept.lock().expect("fine").push(body);
                if let Some(answer) = answers.next() {
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.contains(LEFT_OPEN) {
                        let _ = stream.read(&mut [0; 16]).await;
                    }
                } else {
                    // Ends once the client closes the connection.
                    let _ = stream.read(&mut [0; 16]).await;
                    end.notify_one();
                }
            }
        });
        Self {
            base: BaseUrl::parse(&format!("http://{address}/v1")).expect("an address"),
            asked: requests,
            closed,
        }
    }

    async fn agent(&self, change: impl FnOnce(&mut OpenAiOptions)) -> OpenAi {
        let mut options = OpenAiOptions {
            endpoint: ModelEndpoint {
                title: "Tried",
                base: self.base.clone(),
                key: Some("sk-secret".to_owned()),
                model: Some("m-1".to_owned()),
                model_key: "OPENAI_MODEL",
            },
            prompts: Prompts::default(),
            history: 0,
            vision: false,
            journal: Journal::to(|_| {}),
        };
        change(&mut options);
        OpenAi::open(options).await.expect("a model")
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("fine").clone()
    }
}

async fn request(stream: &mut TcpStream) -> Value {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.expect("a body");
    serde_json::from_slice(&body).unwrap_or(Value::Null)
}

/// An answer that is streamed; the connection ends it.
fn streamed(events: &[&str]) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let events = events.iter().map(|event| format!("data: {event}\n\n"));
    head.to_owned() + &events.collect::<String>()
}

fn refusal(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn piece(text: &str) -> String {
    json!({"choices": [{"delta": {"content": text}}]}).to_string()
}

fn end(why: &str) -> String {
    json!({"choices": [{"delta": {}, "finish_reason": why}]}).to_string()
}

fn good(text: &str) -> String {
    streamed(&[&piece(text), &end("stop"), "[DONE]"])
}

fn turn(more: &Value) -> Turn {
    let mut all = json!({"turn_id": "t-1", "session": "webchat.ana", "message": "what is up today",
        "kind": "text", "attempt": 1, "group": false, "messages": ["m-1"]});
    let more = more.as_object().cloned().expect("an object");
    all.as_object_mut().expect("an object").extend(more);
    Turn::parse(all).expect("a turn")
}

fn reply() -> (Reply, tokio::sync::mpsc::Receiver<Call>) {
    Reply::unheard(Endpoint {
        host: "127.0.0.1".to_owned(),
        port: 9,
        token: None,
    })
}

async fn answered(model: &Model) -> (Result<Answer, Failure>, String) {
    let agent = model.agent(|_| {}).await;
    let (reply, _) = reply();
    let answer = agent.answer(&turn(&json!({})), &reply).await;
    (answer, reply.shown())
}

async fn failure(answers: &[String]) -> Failure {
    let model = Model::new(answers.to_vec()).await;
    answered(&model).await.0.expect_err("a failure")
}

#[tokio::test]
async fn a_server_that_leaves_the_stream_open_is_not_waited_for() {
    let head = format!("connection: close\r\n{LEFT_OPEN}: 1\r\n");
    let model = Model::new(vec![good("olá").replace("connection: close\r\n", &head)]).await;
    let answer = tokio::time::timeout(Duration::from_secs(60), answered(&model)).await;
    let (answer, _) = answer.expect("no wait for the end of the stream");
    assert_eq!(answer, Ok(Answer::markdown("olá")));
}

#[tokio::test]
async fn what_is_streamed_is_shown_and_answered_and_the_key_goes_along() {
    let model = Model::new(vec![streamed(&[
        &piece("olá "),
        &piece("Ana"),
        &end("stop"),
        "[DONE]",
    ])])
    .await;
    let (answer, shown) = answered(&model).await;
    assert_eq!(answer, Ok(Answer::markdown("olá Ana")));
    assert_eq!(shown, "olá Ana");
    let asked = &model.asked()[0];
    assert_eq!(
        (&asked["model"], &asked["stream"]),
        (&json!("m-1"), &json!(true))
    );
    assert_eq!(
        asked["messages"],
        json!([{"role": "user", "content": "what is up today"}])
    );
}

#[tokio::test]
async fn the_history_is_the_memory_and_is_cut_by_characters() {
    let model = Model::new(vec![good("fine")]).await;
    let agent = model
        .agent(|options| {
            options.history = 12;
            options.prompts = Prompts::everywhere("Be kind.");
        })
        .await;
    let turn = turn(&json!({"history": {"channel": "webchat", "peer": "ana", "before": "m-1"}}));
    let (reply, mut calls) = reply();
    let gateway = async {
        let call = calls.recv().await.expect("a call");
        assert_eq!(call.action, "history");
        assert_eq!(call.payload["before"], "m-1");
        let message = |direction: &str, text: &str| json!({"direction": direction, "text": text, "state": "sent"});
        let messages = [
            message("in", "too long ago"),
            message("out", "12345"),
            message("in", "ab"),
            message("in", "cd"),
            message("out", "é"),
        ];
        call.answer
            .send(Ok(json!({"messages": messages})))
            .expect("taken");
    };
    let (answer, ()) = tokio::join!(agent.answer(&turn, &reply), gateway);
    assert_eq!(answer, Ok(Answer::markdown("fine")));
    assert_eq!(
        model.asked()[0]["messages"],
        json!([
            {"role": "system", "content": "Be kind.\n\nYou wrote to them before:\n12345"},
            {"role": "user", "content": "ab\ncd"},
            {"role": "assistant", "content": "é"},
            {"role": "user", "content": "what is up today"},
        ])
    );
}

#[tokio::test]
async fn a_conversation_has_the_system_prompt_of_its_route() {
    let model = Model::new(vec![good("fine"), good("fine")]).await;
    let agent = model
        .agent(|options| {
            let routes = Prompts::everywhere("Be kind.").with_routes("telegram/*=Be formal.");
            options.prompts = routes.expect("a route");
        })
        .await;
    for (asked, (channel, told)) in [("telegram", "Be formal."), ("webchat", "Be kind.")]
        .into_iter()
        .enumerate()
    {
        let turn = turn(&json!({"channel": channel, "peer": "42"}));
        agent.answer(&turn, &reply().0).await.expect("an answer");
        let system = json!({"role": "system", "content": told});
        assert_eq!(model.asked()[asked]["messages"][0], system);
    }
}

#[tokio::test]
async fn a_prompt_over_http_is_used_as_it_is() {
    let model = Model::new(vec![good("fine")]).await;
    let agent = model
        .agent(|options| options.prompts = Prompts::everywhere("no"))
        .await;
    let prompt = json!([{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]);
    let (reply, _) = reply();
    let asked = turn(&json!({"prompt": prompt}));
    agent.answer(&asked, &reply).await.expect("an answer");
    assert_eq!(model.asked()[0]["messages"], prompt);
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_asked_again_after_the_wait_it_wants_and_before_the_first_word_only() {
    let busy = refusal(
        "429 Slow",
        "retry-after: 7\r\n",
        "{\"error\":{\"message\":\"slow\"}}",
    );
    let model = Model::new(vec![
        busy.clone(),
        refusal("503 No", "", ""),
        good("at last"),
    ])
    .await;
    let begun = Instant::now();
    let (answer, _) = answered(&model).await;
    assert_eq!(answer, Ok(Answer::markdown("at last")));
    let waited = begun.elapsed();
    assert!((9..11).contains(&waited.as_secs()), "{waited:?}");
    // Three are enough.
    let failed = failure(&[busy.clone(), busy.clone(), busy]).await;
    assert_eq!(failed.certainty, Certainty::Transient);
    assert_eq!(failed.retry_after, Some(Duration::from_secs(7)));
    assert!(failed.error.contains("429: slow"), "{failed:?}");
    // One that says nothing may be starting: the gateway is to give it time.
    let failed = failure(&[(); 3].map(|()| refusal("503 No", "", ""))).await;
    assert_eq!(failed.retry_after, Some(LATER));
    // A wait that is too long is the gateway's.
    let later = refusal("429 Slow", "retry-after: 600\r\n", "");
    let failed = failure(&[later]).await;
    assert_eq!(failed.retry_after, Some(Duration::from_secs(600)));
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_is_a_failure_and_asked_anew_only_where_no_word_came() {
    let half = streamed(&[&piece("half an ans")]);
    let model = Model::new(vec![half, good("never asked for")]).await;
    let (answer, shown) = answered(&model).await;
    let failed = answer.expect_err("half");
    assert!(failed.error.contains("broke off"), "{failed:?}");
    assert_eq!(
        (failed.certainty, shown.as_str()),
        (Certainty::Transient, "half an ans")
    );
    assert_eq!(model.asked().len(), 1);
    let model = Model::new(vec![streamed(&[]), good("second")]).await;
    assert_eq!(answered(&model).await.0, Ok(Answer::markdown("second")));
}

#[tokio::test(start_paused = true)]
async fn refusals_errors_and_nonsense_are_clear_failures() {
    let tools = json!({"choices": [{"delta": {"tool_calls": [{"index": 0}]}, "finish_reason": "tool_calls"}]});
    let wrong_key = "{\"error\":{\"message\":\"Incorrect key sk-secret for 'what is up today'\"}}";
    for (answer, certainty, told) in [
        (
            refusal("401 No", "", wrong_key),
            Certainty::Permanent,
            "is the key right?",
        ),
        (
            refusal("404 No", "", "<html>gone</html>"),
            Certainty::Permanent,
            "model right?",
        ),
        (
            refusal("302 Found", "location: /x\r\n", ""),
            Certainty::Permanent,
            "refused with 302",
        ),
        (
            streamed(&[&piece("a"), "{\"error\":{\"message\":\"out of memory\"}}"]),
            Certainty::Transient,
            "out of memory",
        ),
        (
            streamed(&[&piece("a"), "<html>"]),
            Certainty::Transient,
            "no answer of a model",
        ),
        (
            streamed(&["[DONE]"]),
            Certainty::Transient,
            "answered with nothing",
        ),
        (good("  \n"), Certainty::Transient, "answered with nothing"),
        (
            streamed(&[&tools.to_string(), "[DONE]"]),
            Certainty::Permanent,
            "there are none here",
        ),
    ] {
        let failed = failure(&[answer]).await;
        assert!(failed.error.contains(told), "{failed:?}");
        assert_eq!(failed.certainty, certainty, "{failed:?}");
        assert!(!failed.error.contains("sk-secret"), "{failed:?}");
        assert!(!failed.error.contains("what is up"), "{failed:?}");
    }
}

#[tokio::test]
async fn an_answer_that_the_model_cut_is_continued_once() {
    let cut = streamed(&[&piece("one "), &end("length"), "[DONE]"]);
    let model = Model::new(vec![cut.clone(), good("two")]).await;
    assert_eq!(answered(&model).await.0, Ok(Answer::markdown("one two")));
    let second = &model.asked()[1]["messages"];
    assert_eq!(second[1], json!({"role": "assistant", "content": "one "}));
    let model = Model::new(vec![cut.clone(), cut]).await;
    let text = answered(&model).await.0.expect("an answer").text;
    assert_eq!(
        text,
        format!("one one {}", cut::MARK),
        "the user sees that it is cut"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_the_request_closed() {
    let pieces: Vec<String> = (0..1024).map(|_| piece(&"x".repeat(1024))).collect();
    let events: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let model = Model::new(vec![streamed(&events)]).await;
    let (answer, shown) = answered(&model).await;
    let text = answer.expect("an answer").text;
    assert!(text.len() <= MAX_ANSWER_BYTES && text.ends_with(cut::MARK));
    assert!(shown.len() <= MAX_ANSWER_BYTES);
}

#[tokio::test]
async fn dropping_an_answer_closes_its_request() {
    let model = Model::new(Vec::new()).await;
    let agent = model.agent(|_| {}).await;
    let (reply, _) = reply();
    let turn = turn(&json!({}));
    let answer = agent.answer(&turn, &reply);
    tokio::select! {
        answer = answer => panic!("{answer:?}"),
        () = async { while model.asked().is_empty() { tokio::task::yield_now().await } } => {}
    }
    model.closed.notified().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_answers_is_given_up() {
    let model = Model::new(Vec::new()).await;
    let failed = answered(&model).await.0.expect_err("silence");
    assert!(
        failed.error.contains("did not answer in time"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn the_only_model_is_taken_and_of_several_one_must_be_named() {
    let list = |ids: &[&str]| {
        let data: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        refusal("200 OK", "", &json!({"data": data}).to_string())
    };
    let model = Model::new(vec![list(&["only"]), good("hi")]).await;
    let agent = model.agent(|options| options.endpoint.model = None).await;
    let (reply, _) = reply();
    agent
        .answer(&turn(&json!({})), &reply)
        .await
        .expect("an answer");
    assert_eq!(model.asked()[1]["model"], "only");
    let model = Model::new(vec![list(&["a", "b"])]).await;
    let mut options = None;
    let _ = model.agent(|given| options = Some(given.clone())).await;
    let mut options = options.expect("given");
    options.endpoint.model = None;
    let error = OpenAi::open(options).await.err().expect("several");
    assert_eq!(error.exit_code(), 78);
    assert!(
        error.to_string().contains("name one in OPENAI_MODEL: a, b"),
        "{error}"
    );
}
