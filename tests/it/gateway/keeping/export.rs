//! Messages are written out for programs, spreadsheets and people.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    gateway::media::{DOT, kept},
    support::{Daemon, Gateway, Scratch, program, run},
};

const HOSTILE: &str = "=1+1,\"</script><img src=x>\"\n\u{7}second";

fn rpc(gateway: &Gateway, method: &str, params: &Value) -> Value {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut answer = gateway.rpc(&call.to_string()).1;
    assert_eq!(answer["error"], Value::Null, "{method}");
    answer["result"].take()
}

/// More messages than one page has, some of which other programs would take for something else.
fn filled(gateway: &Gateway) -> String {
    let picture = kept(
        gateway,
        DOT,
        "Content-Disposition: attachment; filename=\"<b>.png\"\r\n",
    );
    for number in 0..1_100 {
        let peer = if number % 2 == 0 { "ana" } else { "rui" };
        let mut message =
            json!({"channel": "webchat", "peer": peer, "text": format!("message {number}")});
        if number == 7 {
            message["text"] = json!(HOSTILE);
            message["meta"] = json!({"name": "<i>Rui</i>"});
            message["media"] = json!({"media_id": picture});
        }
        rpc(gateway, "receive", &message);
    }
    picture
}

fn export(home: &Path, arguments: &[&str]) -> String {
    let (code, shown, told) = run(program(home, &[&["export"], arguments].concat()));
    assert_eq!(code, 0, "{arguments:?}: {told}");
    shown
}

#[test]
fn every_message_is_written_in_every_format_and_nothing_in_it_is_run() {
    let (home, out) = (Scratch::new(), Scratch::new());
    let daemon = Daemon::start(&home.0);
    let picture = filled(&daemon);
    let lines = export(&home.0, &[]);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let texts = |at: usize| lines[at]["text"].as_str().expect("a text");
    assert_eq!(
        (lines.len(), texts(0), texts(1099)),
        (1_100, "message 0", "message 1099")
    );
    assert_eq!(texts(7), HOSTILE);
    let of_ana = export(&home.0, &["-c", "webchat", "-p", "ana"]);
    assert_eq!(of_ana.lines().count(), 550);
    assert_eq!(export(&home.0, &["--since", "1h"]).lines().count(), 1_100);
    assert_eq!(export(&home.0, &["--since", "0s"]).lines().count(), 0);
    let file = out.0.join("all.csv");
    fs::write(&file, "meant for something else").expect("written");
    let table = ["--format", "csv", "-o", file.to_str().expect("UTF-8")];
    let (code, _, told) = run(program(&home.0, &[&["export"], &table[..]].concat()));
    assert!(
        code == 1 && told.contains("replace it with --force"),
        "{told}"
    );
    export(&home.0, &[&table[..], &["--force"]].concat());
    let table = fs::read_to_string(&file).expect("written");
    assert_eq!(table.matches("\r\n").count(), 1_101);
    assert!(
        table.contains("\"'=1+1,\"\"</script><img src=x>\"\"\n\u{fffd}second\""),
        "{table}"
    );
    opens_in_columns(&home.0);
    let folder = out.0.join("pages");
    let place = folder.to_str().expect("UTF-8");
    export(&home.0, &["--format", "html", "-o", place]);
    let index = fs::read_to_string(folder.join("index.html")).expect("written");
    let addresses: Vec<&str> = index
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(addresses.len(), 2, "{index}");
    let pages: Vec<String> = addresses
        .iter()
        .map(|name| fs::read_to_string(folder.join(name)).expect("a page"))
        .collect();
    let all = pages.concat();
    assert_eq!(all.matches("<article").count(), 1_100);
    assert!(
        !all.contains("<script") && !all.contains("<img src=x>") && !all.contains("<i>Rui"),
        "escaped"
    );
    assert!(all.contains("&lt;/script&gt;") && all.contains(&format!("media/{picture}.png")));
    assert_eq!(
        fs::read(folder.join("media").join(format!("{picture}.png"))).expect("beside"),
        DOT
    );
    let (code, _, told) = run(program(
        &home.0,
        &["export", "--format", "html", "-o", place],
    ));
    assert!(code == 1 && told.contains("not empty"), "{told}");
    let forced = ["export", "--format", "html", "-o", place, "--force"];
    let (code, _, told) = run(program(&home.0, &forced));
    assert!(code == 2 && told.contains("new or empty"), "{told}");
    let (code, _, told) = run(program(&home.0, &["export", "--format", "html"]));
    assert!(code == 2 && told.contains("-o FOLDER"), "{told}");
}

/// A table has the separator that spreadsheets in the language of the user expect, or the one that was named.
fn opens_in_columns(home: &Path) {
    let first = |arguments: &[&str]| {
        let table = export(home, &[&["--format", "csv"], arguments].concat());
        table.lines().next().unwrap_or_default().to_owned()
    };
    let portuguese = ["--set", "CLEUDOCODEBOT_LANG=pt-BR"];
    let tab = ["--separator", "tab"];
    let comma = [&portuguese[..], &["--separator", ","]].concat();
    for (arguments, separator) in [
        (&[][..], ','),
        (&portuguese, ';'),
        (&comma, ','),
        (&tab, '\t'),
    ] {
        let heading = first(arguments);
        let columns: Vec<&str> = heading.split(separator).collect();
        assert_eq!(
            (columns.len(), columns[0], columns[12]),
            (13, "\u{feff}time", "time_utc"),
            "{arguments:?}: {heading}"
        );
    }
    for wrong in [
        &["--format", "csv", "--separator", "|"][..],
        &["--separator", ";"],
    ] {
        let (code, _, told) = run(program(home, &[&["export"], wrong].concat()));
        assert!(code == 2 && told.contains("--separator"), "{told}");
    }
}
