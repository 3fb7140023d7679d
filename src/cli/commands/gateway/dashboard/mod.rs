//! `dashboard`: the link to the page, and the page in the default browser.
//!
//! The token is never an argument of the browser: every user of the machine can read the list of
//! processes, and a browser keeps its first arguments for as long as it runs. So the browser opens
//! a file that only the owner can read and that redirects to the page. It is removed as soon as the
//! page has connected. `browser` knows what opens files on which system.

mod browser;

use std::{
    path::{Path, PathBuf},
    pin::pin,
    process::Child,
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect},
        context::Context,
        parser::{CommandSpec, switch},
        runtime::block_on,
    },
    client::{Client, page_link},
    error::{Error, Result},
    fs,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
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
    parse: |args| {
        Ok(Box::new(DashboardCommand {
            with_browser: !args.flag("no-browser"),
        }))
    },
};

/// Prints the link to the page and opens it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DashboardCommand {
    /// Open it in the browser.
    pub with_browser: bool,
}

/// The file that redirects to the page.
const FILE: &str = "cleudocodebot-dashboard.html";

/// Time for a browser to start and for the page to connect.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

/// The pause between two polls of the connected clients.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

impl Command for DashboardCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.open_page(context))
    }
}

impl DashboardCommand {
    async fn open_page(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let endpoint = &connection.endpoint;
        let link = page_link(&endpoint.authority(), endpoint.token.as_deref());
        context.terminal.foreign(&link)?;
        if !self.with_browser {
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
}

/// Where the file is put: in the home folder, unless that is hidden. Browsers installed as snaps
/// may read the user's folder but nothing hidden in it
/// (<https://snapcraft.io/docs/home-interface>).
fn place(home: &Path, user: Option<&Path>) -> PathBuf {
    let is_hidden = home
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."));
    let visible = user.filter(|user| is_hidden && user.is_dir());
    visible.unwrap_or(home).join(FILE)
}

/// Opens the page and returns once it is connected.
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
    // Removed at the end of this function, whatever happens.
    let redirect = RedirectFile::write(file, link)?;
    let mut child = None;
    for opener in &openers {
        child = opener.open(&redirect.0)?;
        if child.is_some() {
            break;
        }
    }
    let child = child.ok_or_else(|| Error::Failed(browser::none_found(&openers)))?;
    page_comes(&mut connection.client, &before, child).await
}

/// Waits until a page connects that was not there before. Not for the opener to end: it may be the
/// browser itself.
async fn page_comes(client: &mut Client, before: &[String], mut opener: Child) -> Result<()> {
    let deadline = Instant::now() + PAGE_TIMEOUT;
    let mut stopped = pin!(stopped());
    while Instant::now() < deadline {
        if pages(client).await?.iter().any(|id| !before.contains(id)) {
            return Ok(());
        }
        if let Ok(Some(status)) = opener.try_wait()
            && !status.success()
        {
            return Err(Error::Failed(format!(
                "the program that opens the browser failed ({status})"
            )));
        }
        tokio::select! {
            () = sleep(POLL_INTERVAL) => {}
            stopped = &mut stopped => return stopped,
        }
    }
    Err(Error::Failed(
        "the browser did not open the page".to_owned(),
    ))
}

/// Waits for a signal that ends this process while the file can still be removed.
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

/// The connected pages, by the ids of their clients.
async fn pages(client: &mut Client) -> Result<Vec<String>> {
    let answer = client.call("clients", &json!({})).await?;
    let clients = answer["clients"].as_array().into_iter().flatten();
    let pages = clients.filter(|client| client["kind"] == "webchat");
    Ok(pages.map(|page| page["id"].to_string()).collect())
}

/// A file that redirects a browser to the page, removed when this value is dropped.
struct RedirectFile(PathBuf);

impl RedirectFile {
    fn write(file: PathBuf, link: &str) -> Result<Self> {
        fs::write_atomic(&file, document(link).as_bytes())?;
        Ok(Self(file))
    }
}

impl Drop for RedirectFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An immediate refresh replaces this document in the browser's history, so "back" does not lead to
/// it.
fn document(link: &str) -> String {
    let link = link.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<title>cleudocodebot</title>\n\
         <a href=\"{link}\">cleudocodebot</a>\n"
    )
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
}
