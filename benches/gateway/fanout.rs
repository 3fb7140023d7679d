//! One publisher, many subscribers. A publication is done when the last subscriber has it; only then
//! is the next one published in its place.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinSet, time::timeout};

use crate::support::{
    Result, Target,
    connection::Connection,
    latency::Latencies,
    measure::{Figures, Measurement},
    scenario::Scenario,
};

const SUBSCRIBE: &str =
    r#"{"type":"command","action":"subscribe","id":1,"payload":{"topics":["app.bench"]}}"#;

/// The close code of a client whose queue is full.
const SLOW_CONSUMER: u16 = 4408;

/// Once a stalled subscriber reads again, the time in which it must see its connection end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Publications under way, shared by publisher and subscribers.
#[derive(Default)]
struct Publications {
    /// When each publication left and how many subscribers still lack it, oldest first.
    under_way: VecDeque<(Instant, usize)>,
    /// Publications that every subscriber has received.
    done: usize,
    latencies: Latencies,
}

impl Publications {
    /// A subscriber received its `n`th publication.
    fn arrived(&mut self, n: usize) {
        let Some((sent, left)) = self.under_way.get_mut(n - self.done) else {
            return;
        };
        *left -= 1;
        self.latencies.add(sent.elapsed());
        while self.under_way.front().is_some_and(|(_, left)| *left == 0) {
            self.under_way.pop_front();
            self.done += 1;
        }
    }
}

pub(crate) async fn run(scenario: Scenario, target: &Target, time: Duration) -> Result<Figures> {
    let (publications, arrivals) = (
        Rc::new(RefCell::new(Publications::default())),
        Rc::new(Notify::new()),
    );
    let mut tasks = JoinSet::new();
    for mut subscriber in Connection::open_many(target, scenario.connections).await? {
        subscriber.ask(SUBSCRIBE).await?;
        tasks.spawn_local(listen(
            subscriber,
            Rc::clone(&publications),
            Rc::clone(&arrivals),
        ));
    }
    let mut stalled = Connection::open_many(target, scenario.stalled).await?;
    for subscriber in &mut stalled {
        subscriber.ask(SUBSCRIBE).await?;
    }
    let mut publisher = Connection::open(target).await?;
    let measurement = Measurement::begin(target);
    let until = Instant::now() + time;
    publish(scenario, &mut publisher, &publications, &arrivals, until).await?;
    let mut figures = measurement.end(&mut publications.borrow_mut().latencies);
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

async fn listen(
    mut subscriber: Connection,
    publications: Rc<RefCell<Publications>>,
    arrivals: Rc<Notify>,
) {
    let mut heard = 0;
    let mut on_event = |_: &[u8]| {
        publications.borrow_mut().arrived(heard);
        heard += 1;
    };
    while subscriber.read(&mut on_event).await.is_ok() && subscriber.flush().await.is_ok() {
        arrivals.notify_one();
    }
}

async fn publish(
    scenario: Scenario,
    publisher: &mut Connection,
    publications: &RefCell<Publications>,
    arrivals: &Notify,
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
            let under_way = &mut publications.borrow_mut().under_way;
            room = scenario.in_flight - under_way.len().min(scenario.in_flight);
            under_way.extend(std::iter::repeat_n((now, scenario.connections), room));
        } else if publications.borrow().under_way.is_empty() && unanswered == 0 {
            return Ok(());
        }
        (0..room).for_each(|_| publisher.push(&text));
        unanswered += room;
        publisher.flush().await?;
        tokio::select! {
            answers = publisher.read(|_| {}), if unanswered > 0 => unanswered -= answers?,
            () = arrivals.notified() => {}
        }
    }
}
