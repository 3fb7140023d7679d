//! Which way imports point between the top-level modules of `src`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    paths::paths,
    sources::{Source, sources},
};

/// The layers from the bottom up. A module may name those of lower layers and of its own.
const LAYERS: &[&[&str]] = &[
    &[
        "error",
        "clock",
        "constant_time",
        "random",
        "suggest",
        "file_name",
        "fs",
        "backoff",
        "calendar",
        "shutdown",
        "panics",
        "body",
        "child",
        "observed_io",
        "qr",
        "phone",
        "words",
        "percent",
        "cut",
        "redact",
        "tar",
        "json5",
        "manual",
        "language",
    ],
    &["log"],
    &["message", "config"],
    &["protocol", "http_client", "certificate"],
    &["client", "store", "router"],
    &["keys"],
    &["media", "agents", "push"],
    &["cluster"],
    &["integrations", "transcription", "backup"],
    &["gateway", "service"],
    &["daemon"],
    &["cli"],
    &["lib", "main", "bin", "link"],
];

/// The top-level module that a file belongs to.
fn top(source: &Source) -> String {
    let first = source.module().into_iter().next();
    first.unwrap_or_else(|| "lib".to_owned())
}

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("{module} has no layer: add it to LAYERS"))
}

/// The top-level modules that a file names, and whose paths it writes.
fn named(source: &Source) -> BTreeSet<String> {
    let module = source.module();
    let absolute = |path: Vec<String>| {
        let climbs = path.iter().take_while(|name| *name == "super").count();
        let is_rooted = path[0] == "crate" || (climbs > 0 && climbs == module.len());
        is_rooted.then(|| path[climbs.max(1)].clone())
    };
    let found = paths(&source.code()).into_iter().filter_map(absolute);
    found
        .filter(|name| LAYERS.iter().any(|layer| layer.contains(&name.as_str())))
        .collect()
}

#[test]
fn each_module_has_one_layer() {
    let there: BTreeSet<String> = sources("src").iter().map(top).collect();
    let listed: Vec<&str> = LAYERS.concat();
    for module in &there {
        let times = listed.iter().filter(|name| *name == module).count();
        assert_eq!(times, 1, "how often {module} is in LAYERS");
    }
    for module in listed {
        assert!(
            there.contains(module),
            "src has no {module}: take it out of LAYERS"
        );
    }
}

#[test]
fn imports_point_downward_only() {
    let mut wrong = Vec::new();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources("src") {
        let module = top(&source);
        for other in named(&source).into_iter().filter(|other| *other != module) {
            if layer(&other) > layer(&module) {
                let path = source.path.display();
                wrong.push(format!("{path}: {module} names {other}, a higher layer"));
            }
            arrows.entry(module.clone()).or_default().insert(other);
        }
    }
    for (from, to) in &arrows {
        let back = |other: &&String| arrows.get(*other).is_some_and(|to| to.contains(from));
        for other in to.iter().filter(back) {
            wrong.push(format!("{from} and {other} name each other"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
