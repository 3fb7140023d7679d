//! Everything that can happen next: what nodes do, what time does, and what goes wrong.
//!
//! Not here: what is promised (`state`).

use super::{
    rules::Rules,
    state::{Call, Lease, Life, NODES, World, holds, put},
};

type Steps = Vec<(String, World)>;

/// Every next step, with the world after it.
pub(super) fn steps(world: &World, rules: Rules) -> Steps {
    let mut all = Vec::new();
    for node in 0..NODES {
        client(world, rules, node, &mut all);
        lease(world, rules, node, &mut all);
        delivery(world, rules, node, &mut all);
        faults(world, node, &mut all);
    }
    time(world, &mut all);
    all
}

fn step(world: &World, all: &mut Steps, what: String, change: impl FnOnce(&mut World)) {
    let mut next = world.clone();
    change(&mut next);
    all.push((what, next));
}

/// The client sends, and the node passes it on and answers.
fn client(world: &World, rules: Rules, node: usize, all: &mut Steps) {
    let it = &world.nodes[node];
    if it.life != Life::Runs {
        return;
    }
    if world.asked.is_none() && world.next < world.messages {
        step(world, all, format!("{node} accepts {}", world.next), |w| {
            put(&mut w.nodes[node].accepted, w.next);
            w.asked = Some((node, w.next));
            w.next += 1;
        });
    }
    for message in (0..world.messages).filter(|one| holds(it.accepted, *one)) {
        if it.is_cut_off {
            continue;
        }
        step(world, all, format!("{node} publishes {message}"), |w| {
            if !holds(w.seen, message) {
                put(&mut w.seen, message);
                w.out.push(message);
            }
            w.nodes[node].accepted &= !(1 << message);
        });
    }
    if let Some((asked, message)) = world.asked
        && asked == node
        && (!rules.waits_for_stream || holds(world.seen, message))
    {
        step(world, all, format!("{node} acknowledges {message}"), |w| {
            put(&mut w.acknowledged, message);
            w.asked = None;
        });
    }
}

/// A node takes the lease, renews it, or learns that it is gone.
fn lease(world: &World, rules: Rules, node: usize, all: &mut Steps) {
    let it = &world.nodes[node];
    if it.life != Life::Runs || it.is_cut_off {
        return;
    }
    match world.lease {
        None => step(world, all, format!("{node} takes the lease"), |w| {
            take(w, rules, node);
        }),
        Some(lease) if it.token == Some(lease.token) && lease.is_late => {
            step(world, all, format!("{node} renews"), |w| {
                w.lease = Some(Lease {
                    is_late: false,
                    ..lease
                });
            });
        }
        Some(lease) if it.token.is_some_and(|token| token != lease.token) => {
            step(world, all, format!("{node} learns of another owner"), |w| {
                let it = &mut w.nodes[node];
                it.token = None;
                it.queue.clear();
            });
        }
        Some(_) => {}
    }
}

fn take(world: &mut World, rules: Rules, node: usize) {
    world.tokens += 1;
    world.lease = Some(Lease {
        node,
        token: world.tokens,
        is_late: false,
    });
    if rules.reads_from_start {
        world.read = 0;
    }
    for call in &mut world.calls {
        call.answer_lost |= !call.told && call.node != node;
    }
    let events = world.events;
    let it = &mut world.nodes[node];
    it.token = Some(world.tokens);
    it.queue.clear();
    if rules.catches_up {
        it.sent |= events;
    }
}

/// The owner reads the stream, calls the service, and tells the bus.
fn delivery(world: &World, rules: Rules, node: usize, all: &mut Steps) {
    let it = &world.nodes[node];
    if it.life != Life::Runs {
        return;
    }
    let owns = world
        .lease
        .is_some_and(|lease| lease.node == node && it.token == Some(lease.token));
    let unread = world.out.iter().filter(|one| !holds(world.read, **one));
    let unread = unread.take(if rules.reads_in_order { 1 } else { usize::MAX });
    let may_read = owns || (!rules.names_readers && it.token.is_some());
    for message in unread.filter(|_| may_read && !it.is_cut_off) {
        step(world, all, format!("{node} reads {message}"), |w| {
            put(&mut w.read, *message);
            if !holds(w.nodes[node].sent, *message) {
                w.nodes[node].queue.push(*message);
            }
        });
    }
    let believes = owns && world.lease.is_some_and(|lease| !lease.is_late);
    let may_call = if rules.checks_lease {
        believes
    } else {
        it.token.is_some()
    };
    let is_idle = it.calling.is_none() && it.untold.is_none();
    let first = it.queue.first().copied();
    if let (true, Some(message)) = (is_idle, first.filter(|one| holds(it.sent, *one))) {
        step(world, all, format!("{node} has sent {message}"), |w| {
            w.nodes[node].queue.remove(0);
        });
    } else if let (true, true, Some(message)) = (may_call, is_idle, first) {
        step(world, all, format!("{node} calls with {message}"), |w| {
            w.calls.push(Call {
                message,
                node,
                by_owner: owns,
                told: false,
                answer_lost: false,
            });
            w.nodes[node].queue.remove(0);
            w.nodes[node].calling = Some(message);
        });
    }
    if let Some(message) = it.calling {
        step(
            world,
            all,
            format!("{node} is answered for {message}"),
            |w| {
                let it = &mut w.nodes[node];
                (it.calling, it.untold) = (None, Some(message));
                put(&mut it.sent, message);
            },
        );
    }
    if let (Some(message), false) = (it.untold, it.is_cut_off) {
        step(world, all, format!("{node} tells of {message}"), |w| {
            w.nodes[node].untold = None;
            tell(w, node, message);
        });
    }
    let settled = world.out.iter().filter(|one| {
        let answered = holds(it.sent, **one) && holds(world.events, **one);
        answered || (!rules.settles_after_answer && it.queue.contains(one))
    });
    for message in settled.copied().filter(|_| owns && !it.is_cut_off) {
        step(world, all, format!("{node} settles {message}"), |w| {
            w.out.retain(|one| *one != message);
        });
    }
}

fn tell(world: &mut World, node: usize, message: u8) {
    put(&mut world.events, message);
    let mut calls = world.calls.iter_mut();
    if let Some(call) = calls.rfind(|call| call.node == node && call.message == message) {
        call.told = true;
    }
}

/// Time passes for the lease: first its holder no longer goes by it, then the server forgets it.
fn time(world: &World, all: &mut Steps) {
    let Some(lease) = world.lease else {
        return;
    };
    if lease.is_late {
        step(world, all, "the lease expires".to_owned(), |w| {
            w.lease = None;
        });
        return;
    }
    let holder = &world.nodes[lease.node];
    // A holder that is well renews in time.
    if holder.is_in_trouble() || holder.token != Some(lease.token) {
        step(world, all, "the lease gets late".to_owned(), |w| {
            w.lease = Some(Lease {
                is_late: true,
                ..lease
            });
        });
    }
}

/// What goes wrong, as often as the bound allows, and gets well again.
fn faults(world: &World, node: usize, all: &mut Steps) {
    let it = &world.nodes[node];
    match it.life {
        Life::Paused => step(world, all, format!("{node} goes on"), |w| {
            w.nodes[node].life = Life::Runs;
        }),
        Life::Down => step(world, all, format!("{node} starts again"), |w| {
            let it = &mut w.nodes[node];
            it.life = Life::Runs;
            // What its disk says was answered it tells of again.
            it.untold = (0..w.messages).find(|one| holds(it.sent, *one) && !holds(w.events, *one));
        }),
        Life::Runs | Life::Burnt => {}
    }
    if it.is_cut_off {
        step(world, all, format!("{node} reaches the bus again"), |w| {
            w.nodes[node].is_cut_off = false;
        });
    }
    if world.faults == 0 || it.life != Life::Runs {
        return;
    }
    for life in [Life::Paused, Life::Down, Life::Burnt] {
        step(world, all, format!("{node} is {life:?}"), |w| {
            w.faults -= 1;
            w.nodes[node].life = life;
            if life != Life::Paused {
                dies(w, node);
            }
        });
    }
    if !it.is_cut_off {
        step(world, all, format!("{node} is cut off"), |w| {
            w.faults -= 1;
            w.nodes[node].is_cut_off = true;
        });
    }
}

/// What was in memory is gone, the client's question with it.
fn dies(world: &mut World, node: usize) {
    let it = &mut world.nodes[node];
    it.token = None;
    it.queue.clear();
    let under_way = it.calling.take().or(it.untold.take());
    for call in &mut world.calls {
        if call.node == node && Some(call.message) == under_way {
            call.answer_lost = true;
        }
    }
    if world.asked.is_some_and(|(asked, _)| asked == node) {
        world.asked = None;
    }
}
