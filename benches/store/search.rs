//! Searching for words among many messages, and what their index costs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cleudocodebot::{
    store::{Draft, HistoryQuery, Inbound, Store, StoreOptions},
    words::WordQuery,
};

use super::{
    StoreBenchOptions,
    support::{Result, daemon, process},
    workload::{FILE, median, open},
};

/// Words there are.
const VOCABULARY: u64 = 50_000;

/// Words in a message.
const WORDS: u64 = 10;

/// Searches of each kind.
const SEARCHES: u64 = 500;

/// Fills a store, waits until its words are indexed, and searches.
pub(crate) async fn run(options: &StoreBenchOptions) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let home = scratch.0.join("search");
    cleudocodebot::fs::create_private_dir(&home)?;
    send_costs(&scratch.0, options).await?;
    let store = open(&home)?;
    let mut chance = Chance(11);
    let begun = Instant::now();
    let text_bytes = fill(&store, options, &mut chance).await?;
    let filled = begun.elapsed();
    while options.searched as u64 > store.indexed_words().messages + 2048 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "  {} messages, {} MB of text, stored in {filled:.1?}, indexed {:.1?} later; the index takes {:.1} % of the text, the file {} MB",
        options.searched,
        text_bytes / 1_000_000,
        begun.elapsed().saturating_sub(filled),
        store.indexed_words().bytes as f64 * 100.0 / text_bytes as f64,
        std::fs::metadata(Path::new(&home).join(FILE))?.len() / 1_000_000,
    );
    println!(
        "  {:<34}{:>10}{:>10}{:>10}{:>12}{:>10}",
        "500 searches", "p50 µs", "p99 µs", "max µs", "CPU p99 µs", "found"
    );
    for (name, make) in KINDS {
        measure(&store, name, options.conversations, *make, &mut chance)?;
    }
    store.close();
    Ok(())
}

/// Sends of which the cost is compared.
const SENDS: usize = 200_000;

/// Compares the CPU time of sends in a store that indexes them, until it has, and in one that does not.
async fn send_costs(scratch: &Path, options: &StoreBenchOptions) -> Result<()> {
    let mut costs = Vec::new();
    for round in 0..2 * options.rounds {
        let is_indexed = round % 2 == 1;
        let home = scratch.join(format!("sends-{round}"));
        cleudocodebot::fs::create_private_dir(&home)?;
        let store = Store::open(
            StoreOptions {
                path: home.join(FILE),
                word_batch: if is_indexed {
                    StoreOptions::default().word_batch
                } else {
                    u64::MAX
                },
                ..StoreOptions::default()
            },
            drop,
        )?;
        let cpu = || process::cpu_time(std::process::id()).unwrap_or_default();
        let (mut chance, before) = (Chance(7), cpu());
        let mut waiting = Vec::new();
        for _ in 0..SENDS {
            let said: Vec<String> = (0..WORDS).map(|_| word(chance.rank())).collect();
            waiting.push(store.queue(Draft {
                channel: "webchat".to_owned(),
                peer: format!("bench-{}", chance.below(1000)),
                text: said.join(" "),
                ..Draft::default()
            })?);
            if waiting.len() == 128 {
                for pending in waiting.drain(..) {
                    pending.await?;
                }
            }
        }
        while is_indexed && store.indexed_words().messages + 2048 < SENDS as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        costs.push(cpu().saturating_sub(before).as_secs_f64() * 1e6 / SENDS as f64);
        store.close();
        std::fs::remove_dir_all(&home)?;
    }
    let of = |which: usize| {
        let mut all: Vec<f64> = costs.iter().skip(which).step_by(2).copied().collect();
        median(&mut all)
    };
    println!(
        "  {:.2} µs of CPU for a send to the store, 128 at a time, {:.2} with its words indexed: {:.2} times",
        of(0),
        of(1),
        of(1) / of(0)
    );
    Ok(())
}

type Make = fn(&mut Chance, usize) -> HistoryQuery;

/// What is looked for.
const KINDS: &[(&str, Make)] = &[
    ("a word", |chance, _| words(&word(chance.rank()))),
    ("a rare word", |chance, _| {
        words(&word(VOCABULARY - 1 - chance.below(1000)))
    }),
    ("a word nobody said", |chance, _| {
        words(&format!("zz{}", word(chance.rank())))
    }),
    ("a beginning of two letters", |chance, _| {
        words(&word(chance.rank()).chars().take(2).collect::<String>())
    }),
    ("two words", |chance, _| {
        words(&format!("{} {}", word(chance.rank()), word(chance.rank())))
    }),
    ("two rare words", |chance, _| {
        let rare = |chance: &mut Chance| word(VOCABULARY / 2 + chance.below(1000));
        words(&format!("{} {}", rare(chance), rare(chance)))
    }),
    ("accents and case", |chance, _| {
        words(&word(chance.rank()).replace('a', "Á"))
    }),
    ("two words in order", |chance, _| {
        words(&format!(
            "\"{} {}\"",
            word(chance.rank()),
            word(chance.rank())
        ))
    }),
    ("a word in one conversation", |chance, conversations| {
        let peer = usize::try_from(chance.below(conversations as u64)).unwrap_or(0);
        HistoryQuery {
            channel: Some("webchat".to_owned()),
            peer: Some(format!("bench-{peer}")),
            ..words(&word(chance.rank()))
        }
    }),
    ("any part of a text (contains)", |chance, _| HistoryQuery {
        contains: Some(word(VOCABULARY - 1 - chance.below(1000))),
        ..HistoryQuery::default()
    }),
];

fn words(text: &str) -> HistoryQuery {
    HistoryQuery {
        words: WordQuery::parse(text).ok(),
        ..HistoryQuery::default()
    }
}

fn measure(
    store: &Store,
    name: &str,
    conversations: usize,
    make: Make,
    chance: &mut Chance,
) -> Result<()> {
    let (mut times, mut cpu, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..SEARCHES {
        let query = make(chance, conversations);
        let (begun, before) = (Instant::now(), cpu_us());
        found += store.history(&query)?.messages.len();
        times.push(begun.elapsed().as_micros());
        cpu.push(cpu_us() - before);
    }
    times.sort_unstable();
    cpu.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!(
        "  {name:<34}{:>10}{:>10}{:>10}{:>12}{:>10.1}",
        at(50),
        at(99),
        at(100),
        cpu[(cpu.len() - 1) * 99 / 100],
        found as f64 / SEARCHES as f64
    );
    Ok(())
}

/// What this thread has computed so far, in µs: unlike the clock it does not count what others on the machine do.
/// 0 where the system does not tell.
fn cpu_us() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = told.split(' ').next().and_then(|ns| ns.parse().ok());
    ns.unwrap_or(0_u64) / 1000
}

async fn fill(store: &Store, options: &StoreBenchOptions, chance: &mut Chance) -> Result<usize> {
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    for number in 0..options.searched {
        let said: Vec<String> = (0..WORDS).map(|_| word(chance.rank())).collect();
        let text = said.join(" ");
        bytes += text.len();
        waiting.push(store.receive(Inbound {
            channel: "webchat".to_owned(),
            peer: format!("bench-{}", number % options.conversations),
            text,
            ..Inbound::default()
        })?);
        if waiting.len() == 4096 || number + 1 == options.searched {
            for pending in waiting.drain(..) {
                pending.await?;
            }
        }
    }
    Ok(bytes)
}

/// The word of a rank, some with an accent: the rarer, the longer, as in languages.
fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ca", "de", "mi", "não", "pu", "ra", "se", "ti", "vo", "lã", "be", "gi", "fô", "ju", "za",
        "que",
    ];
    let mut left = rank + 16;
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES[usize::try_from(left % 16).unwrap_or(0)]);
        left /= 16;
    }
    word
}

/// The same sequence each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() * limit as f64) as u64
    }

    /// A rank as languages use them: the n-th word comes half as often as that of half its rank.
    fn rank(&mut self) -> u64 {
        (VOCABULARY as f64).powf(self.next()) as u64 - 1
    }
}
