//! The modules of `src`, and which of them each imports.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{
    paths::paths,
    sources::{Source, sources},
};

/// The names of a module, from the crate's root on.
type Module = Vec<String>;

/// The modules of `src`, tests left out, and what each of them imports.
pub(super) struct ImportGraph {
    files: BTreeMap<Module, File>,
}

struct File {
    path: PathBuf,
    /// Each path in the code, as it is written.
    paths: Vec<Module>,
    /// What `pub use` offers under a name.
    reexports: BTreeMap<String, Module>,
}

impl ImportGraph {
    pub(super) fn read() -> Self {
        let all = sources("src");
        let mut files = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for source in all.iter().filter(|source| !is_own_crate(source)) {
            let (module, code) = (source.module(), source.code());
            let (all, not_tests) = (declared(&source.text), declared(&code));
            let only_tests = all.difference(&not_tests).cloned();
            tests.extend(only_tests.map(|name| [module.clone(), vec![name]].concat()));
            let (public, rest) = public_uses(&code);
            let file = File {
                path: source.path.clone(),
                paths: paths(&rest),
                reexports: public.into_iter().filter_map(named).collect(),
            };
            files.insert(module, file);
        }
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self { files }
    }

    /// Each module with those whose items it names, but for the modules that it is nested in: a part may
    /// use what the whole defines.
    pub(super) fn arrows(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let arrows = self.files.iter().map(|(module, file)| {
            let found = file
                .paths
                .iter()
                .filter_map(|path| self.resolve(module, path));
            let others = found.filter(|other| !module.starts_with(other));
            (module, others.map(|other| self.key(&other)).collect())
        });
        arrows.collect()
    }

    pub(super) fn path(&self, module: &Module) -> &PathBuf {
        &self.files[module].path
    }

    fn key(&self, module: &Module) -> &Module {
        self.files.get_key_value(module).expect("a module").0
    }

    /// The module that defines what a path names, followed through re-exports. `None` for a path that
    /// leads out of the crate or begins with a name that only the compiler can look up.
    fn resolve(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            _ => {
                rest = path;
                let child = [from.clone(), vec![first.clone()]].concat();
                self.files.contains_key(&child).then(|| from.clone())?
            }
        };
        while let Some((name, more)) = rest.split_first() {
            let child = [at.clone(), vec![name.clone()]].concat();
            if name == "super" {
                at.pop()?;
            } else if self.files.contains_key(&child) {
                at = child;
            } else if let Some(offered) = self.files.get(&at)?.reexports.get(name) {
                let whole = [offered.as_slice(), more].concat();
                return self.resolve(&at, &whole);
            } else {
                break;
            }
            rest = more;
        }
        self.files.contains_key(&at).then_some(at)
    }
}

/// `main.rs` and the files of `bin` are crates of their own, on top of the library.
fn is_own_crate(source: &Source) -> bool {
    matches!(
        source.module().first().map(String::as_str),
        Some("main" | "bin" | "link")
    )
}

/// The modules that code declares in files of their own.
fn declared(code: &str) -> BTreeSet<String> {
    let lines = code.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
        let is_item = before.is_empty() || before.starts_with("pub");
        is_item.then(|| name.to_owned())
    });
    lines.collect()
}

/// The paths of all `pub use`, with the name each has then, and the code without them.
fn public_uses(code: &str) -> (Vec<Module>, String) {
    let (mut public, mut rest) = (Vec::new(), String::new());
    for item in code.split_inclusive(';') {
        let start = item
            .find("pub use ")
            .or_else(|| item.find("pub(crate) use "));
        match start.or_else(|| item.find("pub(super) use ")) {
            Some(start) => {
                public.extend(paths(&item[start..]));
                rest.push_str(&item[..start]);
            }
            None => rest.push_str(item),
        }
    }
    (public, rest)
}

fn named(path: Module) -> Option<(String, Module)> {
    Some((path.last()?.clone(), path))
}
