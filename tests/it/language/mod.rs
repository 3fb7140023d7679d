//! Every sentence of the source has its translation, with the same placeholders, and no other text has one.
//!
//! After a change of sentences, `MISSING_PO=FILE cargo test --test it language` writes those without a
//! translation into a file, for a translator; `MERGE_PO=FILE` takes them into the tables, sorts those by where
//! the sentences stand and drops what no longer does. What only a build with the feature `nats` says has a table
//! of its own, which only that build carries.

mod exempt;
mod po_text;
mod sentences;
mod tokens;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::Path,
};

use cleudocodebot::language::{Language, PoEntry, Translator, entries};

use self::{
    exempt::is_of_cluster,
    sentences::{Found, sentences},
};
use crate::architecture::{root, sources};

const TABLE: &str = "src/language/pt_BR.po";
const CLUSTER_TABLE: &str = "src/language/cluster_pt_BR.po";

/// The begin of the table, as gettext's programs want it.
const HEADER: &str = "msgid \"\"\nmsgstr \"\"\n\"Project-Id-Version: cleudocodebot\\n\"\n\
                      \"Language: pt_BR\\n\"\n\"MIME-Version: 1.0\\n\"\n\
                      \"Content-Type: text/plain; charset=UTF-8\\n\"\n\
                      \"Content-Transfer-Encoding: 8bit\\n\"\n";

/// Every text of the source by the file it is in, in the order of both.
fn found() -> Vec<(String, Found)> {
    let mut all = Vec::new();
    for source in sources("src") {
        let path = source.path.strip_prefix(root()).expect("in the project");
        let path = path.to_string_lossy().replace('\\', "/");
        if is_of_tests(&path) {
            continue;
        }
        let texts = sentences(&path, &source.text).into_iter();
        all.extend(texts.map(|found| (path.clone(), found)));
    }
    all
}

/// Files that are modules of tests alone.
fn is_of_tests(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("/scratch.rs")
        || path.ends_with("/versus_dotenvy.rs")
}

/// The entries of one table.
fn table(path: &str) -> Vec<PoEntry> {
    let text = fs::read_to_string(root().join(path)).expect("the table");
    entries(&text).collect()
}

/// The entries of both.
fn tables() -> Vec<PoEntry> {
    let mut all = table(TABLE);
    all.extend(table(CLUSTER_TABLE));
    all
}

/// The texts that every build has, and those that only one with the feature `nats` has.
fn by_build(found: &[(String, Found)]) -> (HashSet<&str>, HashSet<&str>) {
    let keys = |wanted: bool| -> HashSet<&str> {
        let of_build = found
            .iter()
            .filter(|(path, one)| is_of_cluster(path, &one.key) == wanted);
        of_build.map(|(_, one)| one.key.as_str()).collect()
    };
    let every = keys(false);
    let only = keys(true).difference(&every).copied().collect();
    (every, only)
}

#[test]
fn every_sentence_is_translated_and_nothing_else() {
    let found = found();
    if let Some(file) = std::env::var_os("MERGE_PO") {
        merge(&found, Path::new(&file));
    }
    let (every, only) = by_build(&found);
    let (table, of_cluster) = (table(TABLE), table(CLUSTER_TABLE));
    let translated = |one: &Found| {
        let own = if only.contains(one.key.as_str()) {
            &of_cluster
        } else {
            &table
        };
        let entry = own.iter().find(|entry| entry.key == one.key);
        entry.is_some_and(|entry| !entry.translation.is_empty())
    };
    let missing: Vec<&(String, Found)> = found
        .iter()
        .filter(|(_, one)| one.needed && !translated(one))
        .collect();
    if let Some(file) = std::env::var_os("MISSING_PO") {
        fs::write(file, written(missing.iter().copied(), &HashMap::new())).expect("written");
    }
    let missing: Vec<String> = missing
        .iter()
        .map(|(path, one)| format!("{path}:{}: {:?} has no translation", one.line, one.key))
        .collect();
    let orphans = |table: &[PoEntry], known: &HashSet<&str>| -> Vec<String> {
        let keys = table.iter().map(|entry| entry.key.clone());
        keys.filter(|key| !known.contains(key.as_str())).collect()
    };
    let mut orphans_of_both = orphans(&table, &every);
    orphans_of_both.extend(orphans(&of_cluster, &only));
    assert!(
        missing.is_empty(),
        "{} sentences: {missing:#?}",
        missing.len()
    );
    assert!(
        orphans_of_both.is_empty(),
        "no text of the source any more: {orphans_of_both:#?}"
    );
}

#[test]
fn no_sentence_stands_in_the_table_twice() {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for entry in tables() {
        *times.entry(entry.key).or_default() += 1;
    }
    times.retain(|_, times| *times > 1);
    assert!(times.is_empty(), "{times:#?}");
}

#[test]
fn translations_have_the_placeholders_of_their_sentences() {
    let wrong: Vec<String> = tables().iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A sentence that is read as another one, or as a shorter one with a value behind it, comes out half
/// translated, and so does one with a code behind it.
#[test]
fn every_sentence_is_read_as_itself() {
    let portuguese = Translator::of(Language::BrazilianPortuguese);
    let written = |text: &str| {
        let mut text = text.replace("{{", "\u{1}");
        while let Some((before, (name, behind))) = text
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            let value = if name == "action" { "open" } else { "X1" };
            text = format!("{before}{value}{behind}");
        }
        text.replace('\u{1}', "{").replace("}}", "}")
    };
    // A word of the table is itself translated where it is what was done.
    let done = |text: String| text.replace(" open X1", " abrir X1");
    let mut wrong = Vec::new();
    for entry in table(TABLE) {
        let (text, expected) = (written(&entry.key), done(written(&entry.translation)));
        let told = portuguese.sentence(&text).into_owned();
        let is_one_line = !text.contains('\n');
        let coded = format!("{text} (bad_payload)");
        let with_code = portuguese.sentence(&coded);
        if told != expected || is_one_line && with_code != format!("{expected} (bad_payload)") {
            wrong.push(format!("{text:?} becomes {told:?}, {with_code:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}

/// What is wrong with an entry, if anything.
fn complaint(entry: &PoEntry) -> Option<String> {
    let PoEntry { key, translation } = entry;
    if translation.is_empty() {
        return None;
    }
    let (mut own, mut others) = (placeholders(key), placeholders(translation));
    own.sort();
    others.sort();
    let edge = |text: &str| {
        (
            text.starts_with(' '),
            text.ends_with(' '),
            text.ends_with('\n'),
        )
    };
    // A sentence of placeholders alone would be found in every text.
    let is_bare = !own.is_empty() && !sentences::bare(key).contains(char::is_alphabetic);
    (own != others || edge(key) != edge(translation) || is_bare)
        .then(|| format!("{key:?} is translated as {translation:?}"))
}

/// The names in braces; doubled braces count as braces.
fn placeholders(text: &str) -> Vec<String> {
    let bare = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut names: Vec<String> = bare
        .split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or_default().to_owned())
        .collect();
    names.extend(bare.matches(['\u{1}', '\u{2}']).map(str::to_owned));
    names
}

/// Takes the translations of a file into the tables; entries with an error are left out and told.
fn merge(found: &[(String, Found)], file: &Path) {
    let new = fs::read_to_string(file).expect("a PO file");
    let mut translations: HashMap<String, String> = HashMap::new();
    for entry in tables().into_iter().chain(entries(&new)) {
        match complaint(&entry) {
            Some(why) => eprintln!("left out: {why}"),
            None if entry.translation.is_empty() => {}
            None => drop(translations.insert(entry.key, entry.translation)),
        }
    }
    let (every, only) = by_build(found);
    for (path, keys) in [(TABLE, every), (CLUSTER_TABLE, only)] {
        let kept = found.iter().filter(|(_, one)| {
            translations.contains_key(&one.key) && keys.contains(one.key.as_str())
        });
        fs::write(root().join(path), written(kept, &translations)).expect("written");
    }
}

/// A PO file of these texts, each once, where it stands first.
fn written<'f>(
    found: impl Iterator<Item = &'f (String, Found)>,
    translations: &HashMap<String, String>,
) -> String {
    let mut seen = HashSet::new();
    let fresh = found.filter(|(_, one)| seen.insert(one.key.clone()));
    let entries = fresh.map(|(path, one)| {
        let translation = translations.get(&one.key).map_or("", String::as_str);
        format!(
            "\n{}",
            po_text::entry(std::slice::from_ref(path), &one.key, translation)
        )
    });
    HEADER.to_owned() + &entries.collect::<String>()
}

#[test]
fn texts_are_found_by_what_they_are_for() {
    let source = r##"
        //! a comment of "two words"
        #[doc = "an attribute of words"]
        fn f() {
            let one = format!("the {} of {name:?}, {{}}", x);
            let two = "braces {in} no format";
            log.warn("target", "a log line", &[]);
            x.expect("some good reason");
            y.map_err(Error::file("open", path));
            z(r#"a "raw" text here"#, b"bytes of words", 'x');
        }
        #[cfg(all(test, unix))]
        mod tests { const T: &str = "a text of tests"; }
        const SPEC: S = S { usage: &["[list of words]"], examples: &[("run this now", "what it does")] };
    "##;
    let found = sentences("src/x.rs", source);
    let needed: Vec<&str> = found
        .iter()
        .filter(|one| one.needed)
        .map(|one| one.key.as_str())
        .collect();
    assert_eq!(
        needed,
        [
            "the {1} of {name}, {{}}",
            "braces {{in}} no format",
            "open",
            "a \"raw\" text here",
            "what it does",
        ]
    );
}
