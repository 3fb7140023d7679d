//! Circles of imports between files.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::ImportGraph;

/// Circles that the project has, at most.
const MAX_CIRCLES: usize = 2;

/// Everything that can be reached from each node.
fn reachable<N: Ord + Copy>(arrows: &BTreeMap<N, BTreeSet<N>>) -> BTreeMap<N, BTreeSet<N>> {
    let from = |start: N| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(node) = open.pop() {
            let next = arrows.get(&node).into_iter().flatten().copied();
            open.extend(next.filter(|next| seen.insert(*next)));
        }
        seen
    };
    arrows.keys().map(|node| (*node, from(*node))).collect()
}

/// The groups of nodes that all reach each other.
fn circles<N: Ord + Copy>(arrows: &BTreeMap<N, BTreeSet<N>>) -> BTreeSet<Vec<N>> {
    let reachable = reachable(arrows);
    let in_circle = reachable.iter().filter(|(node, all)| all.contains(*node));
    let group = |(node, all): (&N, &BTreeSet<N>)| {
        let mutual = all.iter().filter(|other| reachable[*other].contains(node));
        mutual.copied().collect::<Vec<N>>()
    };
    in_circle.map(group).collect()
}

#[test]
fn circles_are_found() {
    let arrows = [(1, 2), (2, 3), (3, 2), (3, 4), (4, 5), (5, 4)];
    let mut all: BTreeMap<i32, BTreeSet<i32>> = BTreeMap::new();
    for (from, to) in arrows {
        all.entry(from).or_default().insert(to);
    }
    assert_eq!(circles(&all), BTreeSet::from([vec![2, 3], vec![4, 5]]));
}

#[test]
fn circles_between_files_are_few() {
    let imports = ImportGraph::read();
    let found: Vec<Vec<_>> = circles(&imports.arrows())
        .into_iter()
        .map(|circle| {
            circle
                .into_iter()
                .map(|module| imports.path(module))
                .collect()
        })
        .collect();
    assert!(
        found.len() <= MAX_CIRCLES,
        "{} circles: {found:#?}",
        found.len()
    );
}
