//! A folder of pages: one of each conversation, a list of them, and their files.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    html::{self, FILES, Said},
    pages::Pages,
};
use crate::{
    cli::{
        commands::messages::progress::ProgressBar,
        connection::Connection,
        context::Context,
        output::{printable, shown_peer},
    },
    client::files,
    error::{Error, Result},
    fs::create_private_dir,
    message::{
        media::{self, media_id},
        session_stem,
    },
};

/// Conversations asked for at once.
const PAGE: u64 = 200;

/// The list of the conversations.
const INDEX: &str = "index.html";

struct Site<'c, 'a> {
    folder: PathBuf,
    context: &'c mut Context<'a>,
    language: &'static str,
    /// The files that are beside the pages already.
    kept: HashSet<String>,
    messages: u64,
}

/// Writes the pages; how many messages there were.
pub(super) async fn write(
    connection: &mut Connection,
    folder: &Path,
    within: &Value,
    since_ms: u64,
    context: &mut Context<'_>,
) -> Result<u64> {
    create_private_dir(folder)?;
    let mut entries = fs::read_dir(folder).map_err(Error::file("read the folder", folder))?;
    if entries.next().is_some() {
        let text = format!("{} is not empty: name a new folder", folder.display());
        return Err(Error::Failed(text));
    }
    create_private_dir(&folder.join(FILES))?;
    let language = context.terminal.translator().language().tag();
    let mut site = Site {
        folder: folder.to_owned(),
        context,
        language,
        kept: HashSet::new(),
        messages: 0,
    };
    site.conversations(connection, within, since_ms).await?;
    Ok(site.messages)
}

impl Site<'_, '_> {
    async fn conversations(
        &mut self,
        connection: &mut Connection,
        within: &Value,
        since_ms: u64,
    ) -> Result<()> {
        let mut index = self.create(INDEX)?;
        let title = self
            .context
            .terminal
            .translator()
            .word("conversations")
            .into_owned();
        self.put(&mut index, &html::head(&title, self.language))?;
        let mut before: Option<String> = None;
        loop {
            let mut asked = json!({"limit": PAGE});
            for (name, value) in [
                ("channel", within.get("channel")),
                ("before", before.map(Value::from).as_ref()),
            ] {
                if let Some(value) = value {
                    asked[name] = value.clone();
                }
            }
            let answer = connection.client.call("conversations", &asked).await?;
            for one in answer["conversations"].as_array().into_iter().flatten() {
                let is_wanted = within.get("peer").is_none_or(|peer| *peer == one["peer"]);
                if is_wanted
                    && let Some(line) = self.conversation(connection, one, since_ms).await?
                {
                    self.put(&mut index, &line)?;
                }
            }
            before = answer["next"].as_str().map(str::to_owned);
            if before.is_none() {
                break;
            }
        }
        close(index, &self.folder.join(INDEX))
    }

    /// Writes the page of a conversation; its line in the list, where there was anything to write.
    async fn conversation(
        &mut self,
        connection: &mut Connection,
        one: &Value,
        since_ms: u64,
    ) -> Result<Option<String>> {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        let (channel, peer) = (text("channel"), text("peer"));
        let address = shown_peer(channel, peer);
        let title = match text("name") {
            "" => format!("{address} ({channel})"),
            name => format!("{name} ({address}, {channel})"),
        };
        let within = json!({"channel": channel, "peer": peer});
        let mut pages = Pages::begin(&mut connection.client, within, since_ms).await?;
        let name = format!("{}.html", session_stem(channel, peer));
        let (mut page, mut count) = (None, 0_u64);
        while let Some(messages) = pages.next(&mut connection.client).await? {
            for message in &messages {
                if page.is_none() {
                    let mut new = self.create(&name)?;
                    self.put(&mut new, &html::head(&title, self.language))?;
                    page = Some(new);
                }
                let shown = self.message(connection, message, peer).await?;
                if let Some(page) = &mut page {
                    self.put(page, &shown)?;
                }
                count += 1;
            }
        }
        let Some(page) = page else {
            return Ok(None);
        };
        close(page, &self.folder.join(&name))?;
        self.messages += count;
        let title = html::escaped(&title);
        Ok(Some(format!(
            "<p><a href=\"{name}\"><bdi>{title}</bdi></a> <small>{count}</small></p>\n"
        )))
    }

    async fn message(
        &mut self,
        connection: &mut Connection,
        message: &Value,
        peer: &str,
    ) -> Result<String> {
        let mut places = Vec::new();
        for file in media::files(message.get("media")) {
            places.push(self.file(connection, file).await?);
        }
        let sender = message["sender"].as_str().filter(|sender| *sender != peer);
        let name = message["meta"]["name"].as_str();
        let said = Said {
            time: self
                .context
                .terminal
                .times
                .full(message["created_ms"].as_u64().unwrap_or(0)),
            sender: sender.map(|sender| name.unwrap_or(sender)),
            files: places,
        };
        Ok(html::message(
            message,
            &said,
            self.context.terminal.translator(),
        ))
    }

    /// Fetches a file once; its name, unless it is gone.
    async fn file(&mut self, connection: &Connection, file: &Value) -> Result<Option<String>> {
        let (Some(id), Some(name)) = (media_id(file), html::place_of(file)) else {
            return Ok(None);
        };
        if self.kept.contains(&name) {
            return Ok(Some(name));
        }
        let path = self.folder.join(FILES).join(&name);
        let mut bar = ProgressBar::new();
        let begin = |_: &files::Download| File::create(&path).map_err(Error::file("write", &path));
        let progress = &mut |done, total| bar.show(done, total);
        let fetched = files::download(&connection.endpoint, &id.to_string(), begin, progress).await;
        bar.end();
        match fetched {
            Ok(_) => {
                self.kept.insert(name.clone());
                Ok(Some(name))
            }
            // The message is worth its place without it.
            Err(Error::Refused { message, .. }) => {
                self.context.terminal.note(printable(&message));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn create(&self, name: &str) -> Result<BufWriter<File>> {
        let path = self.folder.join(name);
        let file = File::create(&path).map_err(Error::file("write", &path))?;
        Ok(BufWriter::new(file))
    }

    fn put(&self, page: &mut BufWriter<File>, text: &str) -> Result<()> {
        page.write_all(text.as_bytes())
            .map_err(Error::file("write in", &self.folder))
    }
}

fn close(page: BufWriter<File>, path: &Path) -> Result<()> {
    let written = page
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error);
    written
        .and_then(|file| file.sync_all())
        .map_err(Error::file("write", path))
}
