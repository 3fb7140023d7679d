//! The rules of the cluster as plain state machines, small enough to try every order of events.
//!
//! Two nodes stand for one channel; a client sends messages to one peer, the next one only after the
//! last was acknowledged, each on whichever node it likes. Nodes crash, burn, are paused and are cut off
//! from the bus. `explore` visits every state that can be reached with a bounded number of such faults and
//! checks in each what [`crate::cluster`] promises. `Rules` can be broken one at a time: the tests show
//! that each break is caught, so that the search is known to be able to fail.
//!
//! What is taken as given, and not modelled: a lease that its holder still believes in has not expired
//! on the server (the holder's limit is shorter, counted from before it asked), and the check and the
//! write of a call are one step.
//!
//! - `rules`: those of the code, each of which can be left out.
//! - `state`: what there is, and what is promised of it.
//! - `steps`: what can happen.

mod rules;
mod state;
mod steps;

use std::collections::{HashSet, VecDeque};

use self::{rules::Rules, state::World, steps::steps};

/// How far the search went.
struct Explored {
    states: usize,
    /// The first promise that was broken, and the steps that led there.
    broken: Option<(&'static str, Vec<String>)>,
}

/// Visits every state within these bounds, breadth first, so that a broken promise comes with the
/// shortest way to it.
fn explore(rules: Rules, messages: u8, faults: u8) -> Explored {
    let first = World::new(messages, faults);
    let mut seen = HashSet::from([first.clone()]);
    let mut came_from: Vec<(World, usize, String)> = vec![(first, 0, "start".to_owned())];
    let mut waiting = VecDeque::from([0]);
    while let Some(at) = waiting.pop_front() {
        let world = came_from[at].0.clone();
        for (what, next) in steps(&world, rules) {
            let broken = next.broken();
            if !seen.insert(next.clone()) {
                continue;
            }
            came_from.push((next, at, what));
            if let Some(promise) = broken {
                let way = way_to(&came_from, came_from.len() - 1);
                let broken = Some((promise, way));
                return Explored {
                    states: seen.len(),
                    broken,
                };
            }
            waiting.push_back(came_from.len() - 1);
        }
    }
    Explored {
        states: seen.len(),
        broken: None,
    }
}

fn way_to(came_from: &[(World, usize, String)], mut at: usize) -> Vec<String> {
    let mut way = Vec::new();
    while at > 0 {
        way.push(came_from[at].2.clone());
        at = came_from[at].1;
    }
    way.reverse();
    way
}

#[test]
fn with_all_rules_no_order_of_events_breaks_a_promise() {
    // Two messages with two faults take fifteen seconds in a debug build, and hold too.
    for (messages, faults, at_least) in [(2, 1, 10_000), (1, 2, 10_000)] {
        let explored = explore(Rules::ALL, messages, faults);
        assert_eq!(explored.broken, None);
        // So many states show that the search went somewhere.
        assert!(explored.states > at_least, "{} states", explored.states);
    }
}

#[test]
fn each_rule_that_is_left_out_is_missed() {
    let all = Rules::ALL;
    let broken = [
        (
            Rules {
                checks_lease: false,
                ..all
            },
            "one owner sends",
        ),
        (
            Rules {
                reads_from_start: false,
                ..all
            },
            "nothing stuck",
        ),
        (
            Rules {
                reads_in_order: false,
                ..all
            },
            "in order",
        ),
        (
            Rules {
                names_readers: false,
                ..all
            },
            "nothing stuck",
        ),
        (
            Rules {
                catches_up: false,
                ..all
            },
            "nothing twice",
        ),
        (
            Rules {
                waits_for_stream: false,
                ..all
            },
            "nothing lost",
        ),
        (
            Rules {
                settles_after_answer: false,
                ..all
            },
            "nothing lost",
        ),
    ];
    for (rules, promise) in broken {
        let found = explore(rules, 2, 2).broken;
        let (what, way) = found.unwrap_or_else(|| panic!("{rules:?} breaks nothing"));
        assert_eq!(what, promise, "{rules:?} after {way:?}");
    }
}
