//! `dashboard`: the link to the page, and the page in the default browser.
//!
//! The token never stands in an argument: arguments are in the list of processes, which every user of
//! the machine can read, and a browser keeps its first ones for as long as it runs. So the browser is
//! given a file of the owner's alone that leads to the page, and the file goes as soon as the page has
//! come in. `browser` knows who opens files on which system.

mod browser;

use std::{
    path::{Path, PathBuf},
    pin::pin,
    process::Child,
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    command::Command,
    connect::{Connection, connect},
    context::Context,
    spec::{CommandSpec, no_words, switch},
};
use crate::{
    client::{Client, escaped, page_link},
    error::{Error, Result},
    fs,
};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "dashboard",
    summary: "Open the page in the browser",
    usage: &["[--no-browser]"],
    details: "Prints the link, which holds the token: keep it to yourself. Then the default\n\
              browser opens it by way of a file that only you can read and that goes when\n\
              the page is there. No browser is no failure: the link is still good.\n\
              Exit code 1 where no daemon runs.",
    options: &[switch("no-browser", "Print the link and nothing else")],
    examples: &[
        ("cleudocodebot dashboard", "chat and control in the browser"),
        (
            "cleudocodebot dashboard --no-browser",
            "the link, for a browser elsewhere",
        ),
    ],
    first_word: no_words,
    read: |args| {
        Ok(Command::Dashboard {
            browser: !args.flag("no-browser"),
        })
    },
};

/// The file that leads to the page.
const FILE: &str = "cleudocodebot-dashboard.html";

/// Time for a browser to start and for the page to come in.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause between two looks at who is there.
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn run(with_browser: bool, context: &mut Context<'_>) -> Result<()> {
    let mut connection = connect(context).await?;
    let endpoint = &connection.endpoint;
    let link = page_link(&endpoint.authority(), endpoint.token.as_deref());
    context.terminal.line(&link)?;
    if !with_browser {
        return Ok(());
    }
    let user = context.environment.get("HOME");
    let file = place(&context.places()?.home, user.map(Path::new));
    match open(&mut connection, &link, file, context).await {
        Ok(()) => Ok(()),
        Err(why) => {
            context
                .terminal
                .note(format!("{why}; open the link in a browser yourself"));
            Ok(())
        }
    }
}

/// Where the file is put: in the home, unless that is hidden. Browsers that come as snaps may read the
/// user's folder and nothing hidden in it (<https://snapcraft.io/docs/home-interface>).
fn place(home: &Path, user: Option<&Path>) -> PathBuf {
    let is_hidden = home
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."));
    let visible = user.filter(|user| is_hidden && user.is_dir());
    visible.unwrap_or(home).join(FILE)
}

/// Opens the page and returns once it is there.
async fn open(
    connection: &mut Connection,
    link: &str,
    file: PathBuf,
    context: &Context<'_>,
) -> Result<()> {
    let openers = browser::openers(context.environment, std::env::consts::OS);
    if openers.is_empty() {
        return Err(Error::Failed("there is no screen here".to_owned()));
    }
    let before = pages(&mut connection.client).await?;
    let bridge = Bridge::build(file, link)?;
    let mut child = None;
    for opener in &openers {
        child = opener.open(&bridge.0)?;
        if child.is_some() {
            break;
        }
    }
    let child = child.ok_or_else(|| Error::Failed(browser::none_found(&openers)))?;
    page_comes(&mut connection.client, &before, child).await
}

/// Waits until a page has come in that was not there before; not for its opener, which may be the
/// browser itself.
async fn page_comes(client: &mut Client, before: &[String], mut opener: Child) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut stopped = pin!(stopped());
    while Instant::now() < deadline {
        if pages(client).await?.iter().any(|id| !before.contains(id)) {
            return Ok(());
        }
        if let Ok(Some(status)) = opener.try_wait()
            && !status.success()
        {
            return Err(Error::Failed(format!(
                "the browser did not start ({status})"
            )));
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            stopped = &mut stopped => return stopped,
        }
    }
    Err(Error::Failed(
        "the browser did not open the page".to_owned(),
    ))
}

/// Whatever ends us while we can still take the file away.
#[cfg(unix)]
async fn stopped() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let hear = |kind| signal(kind).map_err(|error| Error::Failed(error.to_string()));
    let mut interrupt = hear(SignalKind::interrupt())?;
    let mut terminate = hear(SignalKind::terminate())?;
    let mut hang_up = hear(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stopped() -> Result<()> {
    let heard = tokio::signal::ctrl_c().await;
    heard.map_err(|error| Error::Failed(error.to_string()))
}

/// The pages that are connected, by their clients' names.
async fn pages(client: &mut Client) -> Result<Vec<String>> {
    let answer = client.call("clients", &json!({})).await?;
    let clients = answer["clients"].as_array().into_iter().flatten();
    let pages = clients.filter(|client| client["kind"] == "webchat");
    Ok(pages.map(|page| page["id"].to_string()).collect())
}

/// A file that leads a browser to the page and is gone with this value.
struct Bridge(PathBuf);

impl Bridge {
    fn build(file: PathBuf, link: &str) -> Result<Self> {
        fs::write_atomic(&file, document(link).as_bytes())?;
        Ok(Self(file))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An immediate refresh takes the place of this document in the browser's history.
fn document(link: &str) -> String {
    let link = link.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<title>cleudocodebot</title>\n\
         <a href=\"{link}\">cleudocodebot</a>\n"
    )
}

/// A file as an address without blanks, which every program takes as one word.
fn file_address(file: &Path) -> String {
    let path = file.to_string_lossy().replace('\\', "/");
    let root = if path.starts_with('/') { "" } else { "/" };
    format!("file://{root}{}", escaped(&path, b"/:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_leads_to_the_link_and_says_nothing_else() {
        let text = document("http://127.0.0.1:1/#token=a\"b&c");
        assert_eq!(text.matches("#token=a&quot;b&amp;c\"").count(), 2, "{text}");
        assert_eq!(text.matches("http-equiv=\"refresh\"").count(), 1);
    }

    #[test]
    fn a_hidden_home_is_left_to_those_who_may_look_into_it() {
        let user = std::env::temp_dir();
        let hidden = user.join(".cleudocodebot");
        assert_eq!(place(&hidden, Some(&user)), user.join(FILE));
        assert_eq!(place(&hidden, None), hidden.join(FILE));
        let open = user.join("bot");
        assert_eq!(place(&open, Some(&user)), open.join(FILE));
    }

    #[test]
    fn a_path_becomes_an_address_in_one_word() {
        let address = |path: &str| file_address(Path::new(path));
        assert_eq!(address("/home/a b/x.html"), "file:///home/a%20b/x.html");
        let windows = address("C:\\Users\\Ana Ló\\x.html");
        assert_eq!(windows, "file:///C:/Users/Ana%20L%C3%B3/x.html");
    }
}
