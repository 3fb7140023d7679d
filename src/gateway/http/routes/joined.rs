//! The scripts of the first page as one: what a script imports is put before it, so that a browser asks once
//! where it would ask for each of them. Nothing else in them is changed.
//!
//! Each script becomes a function that is called at once and answers what it exports. A script that is loaded
//! later still imports the others by their own addresses: there stands one that hands on what the joined
//! script has made, since a second copy would have a state of its own.
//!
//! The scripts are ours, and a test holds them to the forms that are understood: an import in a line of its
//! own, an export at the beginning of a declaration (ECMA-262 §16.2).

use std::{collections::BTreeMap, fmt::Write as _};

/// Scripts by path, such as `/chat/row.js`.
pub(super) type Scripts<'a> = BTreeMap<&'a str, &'a str>;

/// What is served in place of the scripts that were joined, by path.
pub(super) fn joined<'a>(scripts: &Scripts<'a>, entry: &'a str) -> BTreeMap<&'a str, String> {
    let mut order = Vec::new();
    gather(scripts, entry, &mut order);
    let mut whole = String::new();
    let mut sent = BTreeMap::new();
    for path in order {
        let text = scripts[path];
        if path == entry {
            continue;
        }
        let exports = exports(text).join(", ");
        let name = name(path);
        let _ = writeln!(whole, "// {}", &path[1..]);
        let _ = writeln!(whole, "export const {name} = (() => {{");
        whole.push_str(&body(scripts, path, text));
        let _ = writeln!(whole, "return {{ {exports} }};\n}})();\n");
        let up = up(path);
        let hands_on = format!(
            "import {{ {name} }} from \"{up}{}\";\nexport const {{ {exports} }} = {name};\n",
            &entry[1..]
        );
        sent.insert(path, hands_on);
    }
    whole.push_str(&body(scripts, entry, scripts[entry]));
    sent.insert(entry, whole);
    sent
}

/// The way from the folder of this script to that of the page.
fn up(path: &str) -> String {
    match path.matches('/').count() {
        0 | 1 => "./".to_owned(),
        folders => "../".repeat(folders - 1),
    }
}

/// Appends this script behind all that it imports.
fn gather<'a>(scripts: &Scripts<'a>, path: &'a str, order: &mut Vec<&'a str>) {
    let Some(text) = scripts.get(path) else {
        return;
    };
    for import in text.lines().filter_map(Import::of) {
        let found = find(scripts, &import.target(path));
        if let Some(found) = found.filter(|found| !order.contains(found)) {
            gather(scripts, found, order);
        }
    }
    if !order.contains(&path) {
        order.push(path);
    }
}

fn find<'a>(scripts: &Scripts<'a>, path: &str) -> Option<&'a str> {
    scripts.get_key_value(path).map(|(known, _)| *known)
}

/// A script as the body of a function: what it imports are constants, what it exports are its own.
fn body(scripts: &Scripts<'_>, path: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let import = Import::of(line);
        if let Some(import) = import.filter(|one| scripts.contains_key(one.target(path).as_str())) {
            out.push_str(&import.constant(path));
        } else {
            let line = line.strip_prefix("export ").unwrap_or(line);
            out.push_str(&lifted(path, line));
        }
        out.push('\n');
    }
    out
}

/// How a script is called that is loaded later, seen from the folder of the page.
fn lifted(path: &str, line: &str) -> String {
    const LATER: &str = "import(\"";
    let Some((before, rest)) = line.split_once(LATER) else {
        return line.to_owned();
    };
    let Some((target, behind)) = rest.split_once('"') else {
        return line.to_owned();
    };
    format!(
        "{before}{LATER}.{}\"{}",
        resolved(path, target),
        lifted(path, behind)
    )
}

/// The name of the constant that holds what a script exports: `/chat/row.js` is `chat_row_js`.
fn name(path: &str) -> String {
    path[1..].replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// What a script exports.
fn exports(text: &str) -> Vec<&str> {
    let declared = text.lines().filter_map(|line| line.strip_prefix("export "));
    declared
        .filter_map(|line| {
            let line = line.strip_prefix("async ").unwrap_or(line);
            let (_, named) = line.split_once(' ')?;
            let end = named.find(|c: char| !(c.is_alphanumeric() || "_$".contains(c)));
            named.get(..end?)
        })
        .collect()
}

/// A line `import { a, b as c } from "./d.js";`, `import * as d from "./d.js";` or `import "./d.js";`.
struct Import<'a> {
    names: &'a str,
    from: &'a str,
}

impl<'a> Import<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let rest = line.strip_prefix("import ")?.strip_suffix("\";")?;
        let (names, from) = rest.rsplit_once('"')?;
        let names = names.trim_end().strip_suffix("from").unwrap_or(names);
        Some(Self {
            names: names.trim(),
            from,
        })
    }

    /// The path of what is imported.
    fn target(&self, path: &str) -> String {
        resolved(path, self.from)
    }

    fn constant(&self, path: &str) -> String {
        let name = name(&self.target(path));
        if let Some(whole) = self.names.strip_prefix("* as ") {
            format!("const {whole} = {name};")
        } else if self.names.is_empty() {
            String::new()
        } else {
            format!("const {} = {name};", self.names.replace(" as ", ": "))
        }
    }
}

/// A path as it is written in the script at another one.
fn resolved(path: &str, written: &str) -> String {
    let mut folders: Vec<_> = path.split('/').collect();
    folders.pop();
    for part in written.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    folders.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_imports_stands_before_it_once() {
        let scripts = Scripts::from([
            (
                "/app.js",
                "import { row } from \"./chat/row.js\";\nimport \"./late.js\";\nimport { make as box } from \"./dom.js\";\nrow(box);\nawait import(\"./control/control.js\");\n",
            ),
            (
                "/chat/row.js",
                "import * as dom from \"../dom.js\";\n\nexport const row = () => dom.$;\nconst later = () => import(\"../connect/a.js\");\n",
            ),
            (
                "/dom.js",
                "// Elements.\nexport const $ = 1;\nexport async function make() {}\nexport class Long_list2 {\n}\n",
            ),
            ("/late.js", "start();\n"),
            ("/other.js", "import { $ } from \"./dom.js\";\n"),
        ]);
        let sent = joined(&scripts, "/app.js");
        let whole = "// dom.js\nexport const dom_js = (() => {\n// Elements.\nconst $ = 1;\nasync function make() {}\nclass Long_list2 {\n}\nreturn { $, make, Long_list2 };\n})();\n\n\
                     // chat/row.js\nexport const chat_row_js = (() => {\nconst dom = dom_js;\n\nconst row = () => dom.$;\nconst later = () => import(\"./connect/a.js\");\nreturn { row };\n})();\n\n\
                     // late.js\nexport const late_js = (() => {\nstart();\nreturn {  };\n})();\n\n\
                     const { row } = chat_row_js;\n\nconst { make: box } = dom_js;\nrow(box);\nawait import(\"./control/control.js\");\n";
        assert_eq!(sent["/app.js"], whole);
        assert_eq!(
            sent["/chat/row.js"],
            "import { chat_row_js } from \"../app.js\";\nexport const { row } = chat_row_js;\n"
        );
        assert_eq!(
            sent["/dom.js"],
            "import { dom_js } from \"./app.js\";\nexport const { $, make, Long_list2 } = dom_js;\n"
        );
        assert!(!sent.contains_key("/other.js"), "nobody imports it");
    }

    #[test]
    fn ways_between_folders_are_followed() {
        for (path, written, found) in [
            ("/app.js", "./a/b.js", "/a/b.js"),
            ("/a/b.js", "../c.js", "/c.js"),
            ("/a/b.js", "./c.js", "/a/c.js"),
        ] {
            assert_eq!(resolved(path, written), found);
        }
    }
}
