//! One publisher, many subscribers. A publication is done when the last subscriber has it; only
//! then the next one goes out in its place.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinSet, time::timeout};

use super::{
    Result, Target,
    connection::Connection,
    latency::Latencies,
    measure::{Cost, Figures},
    scenario::Scenario,
};

const SUBSCRIBE: &str =
    r#"{"type":"command","action":"subscribe","id":1,"payload":{"topics":["app.bench"]}}"#;

/// The close code of a client whose queue is full.
const SLOW_CONSUMER: u16 = 4408;

/// Time in which a subscriber that begins to read must find the end of its connection.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is on its way, as publisher and subscribers see it.
#[derive(Default)]
struct Board {
    /// When each publication left and how many have yet to get it, the oldest first.
    on_the_way: VecDeque<(Instant, usize)>,
    /// Publications that every subscriber has.
    done: usize,
    latencies: Latencies,
}

impl Board {
    /// A subscriber has its `n`th publication.
    fn arrived(&mut self, n: usize) {
        let Some((sent, left)) = self.on_the_way.get_mut(n - self.done) else {
            return;
        };
        *left -= 1;
        self.latencies.add(sent.elapsed());
        while self.on_the_way.front().is_some_and(|(_, left)| *left == 0) {
            self.on_the_way.pop_front();
            self.done += 1;
        }
    }
}

pub(super) async fn run(scenario: Scenario, target: &Target, time: Duration) -> Result<Figures> {
    let (board, news) = (
        Rc::new(RefCell::new(Board::default())),
        Rc::new(Notify::new()),
    );
    let mut tasks = JoinSet::new();
    for mut subscriber in Scenario::open(target, scenario.connections).await? {
        subscriber.ask(SUBSCRIBE).await?;
        tasks.spawn_local(hear(subscriber, Rc::clone(&board), Rc::clone(&news)));
    }
    let mut stalled = Scenario::open(target, scenario.stalled).await?;
    for subscriber in &mut stalled {
        subscriber.ask(SUBSCRIBE).await?;
    }
    let mut publisher = Connection::open(target).await?;
    let cost = Cost::begin(target);
    let until = Instant::now() + time;
    publish(scenario, &mut publisher, &board, &news, until).await?;
    let mut figures = cost.end(&mut board.borrow_mut().latencies);
    tasks.shutdown().await;
    for subscriber in stalled {
        match timeout(FAREWELL, subscriber.parting()).await {
            Ok(Some(SLOW_CONSUMER)) => figures.stalled.told += 1,
            Ok(_) => figures.stalled.dropped += 1,
            Err(_) => figures.stalled.kept += 1,
        }
    }
    Ok(figures)
}

async fn hear(mut subscriber: Connection, board: Rc<RefCell<Board>>, news: Rc<Notify>) {
    let mut heard = 0;
    let mut on_event = |_: &[u8]| {
        board.borrow_mut().arrived(heard);
        heard += 1;
    };
    while subscriber.read(&mut on_event).await.is_ok() && subscriber.flush().await.is_ok() {
        news.notify_one();
    }
}

async fn publish(
    scenario: Scenario,
    publisher: &mut Connection,
    board: &RefCell<Board>,
    news: &Notify,
    until: Instant,
) -> Result<()> {
    let text = format!(
        r#"{{"type":"command","action":"publish","id":1,"payload":{{"topic":"app.bench","data":{{"text":"{}"}}}}}}"#,
        scenario.filling()
    );
    let mut unanswered = 0;
    loop {
        let (now, mut room) = (Instant::now(), 0);
        if now < until {
            let on_the_way = &mut board.borrow_mut().on_the_way;
            room = scenario.in_flight - on_the_way.len().min(scenario.in_flight);
            on_the_way.extend(std::iter::repeat_n((now, scenario.connections), room));
        } else if board.borrow().on_the_way.is_empty() && unanswered == 0 {
            return Ok(());
        }
        (0..room).for_each(|_| publisher.push(&text));
        unanswered += room;
        publisher.flush().await?;
        tokio::select! {
            answers = publisher.read(|_| {}), if unanswered > 0 => unanswered -= answers?,
            () = news.notified() => {}
        }
    }
}
