//! The files that go with a message, as the options of `send` name them.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use serde_json::{Value, json};

use super::progress::ProgressBar;
use crate::{
    cli::{context::Context, output::printable, parser::ParsedArgs},
    client::{
        Endpoint,
        files::{self, Source, Upload},
    },
    error::{Error, Result},
    message::media::MAX_FILES,
};

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileToSend {
    /// Where it is; none where it comes from standard input.
    pub path: Option<PathBuf>,
    /// Its name.
    pub name: Option<String>,
    /// What it is sent as, unless as what it is.
    pub kind: Option<String>,
}

/// The files of the options.
pub(super) fn files(args: &ParsedArgs) -> Result<Vec<FileToSend>> {
    let (paths, name) = (args.all("file"), args.text("name"));
    let kind = args.flag("voice").then(|| "voice".to_owned());
    let kind = kind.or_else(|| args.text("media-kind"));
    let piped = paths.iter().filter(|path| *path == "-").count();
    let wrong = if args.flag("voice") && args.text("media-kind").is_some() {
        Some("--voice and --media-kind do not go together".to_owned())
    } else if paths.len() > MAX_FILES {
        Some(format!("a message may have {MAX_FILES} files at most"))
    } else if piped > 1 {
        Some("only one file can come from standard input".to_owned())
    } else if paths.is_empty() && args.flag("voice") {
        Some("--voice needs --file".to_owned())
    } else if name.is_some() && paths.len() != 1 {
        Some("--name needs one --file".to_owned())
    } else {
        None
    };
    if let Some(wrong) = wrong {
        return Err(Error::Usage(wrong));
    }
    let file = |path: String| {
        let path = (path != "-").then(|| PathBuf::from(path));
        let own = path.as_ref().and_then(|path| path.file_name());
        FileToSend {
            name: name
                .clone()
                .or_else(|| own.map(|own| own.to_string_lossy().into_owned())),
            kind: kind.clone(),
            path,
        }
    };
    Ok(paths.into_iter().map(file).collect())
}

impl FileToSend {
    /// Hands the file in; what a message says of it.
    pub(super) async fn upload(
        &self,
        endpoint: &Endpoint,
        context: &mut Context<'_>,
    ) -> Result<Value> {
        let source = match &self.path {
            None => Source::Input(context.take_input()),
            Some(path) => {
                // Looked at first: opening a pipe would wait for ever.
                let about = fs::metadata(path).map_err(Error::file("read the file", path))?;
                if !about.is_file() {
                    let path = printable(&path.display().to_string());
                    return Err(Error::Failed(format!(
                        "{path} is no file; from a pipe: --file - --name NAME"
                    )));
                }
                let file = File::open(path).map_err(Error::file("read the file", path))?;
                Source::File(file, about.len())
            }
        };
        let upload = Upload {
            source,
            name: self.name.clone(),
            mime: None,
        };
        let mut bar = ProgressBar::new();
        let kept =
            files::upload(endpoint, upload, &mut |done, total| bar.show(done, total)).await?;
        let mut file = json!({"media_id": kept["media_id"]});
        if let Some(name) = &self.name {
            file["name"] = json!(name);
        }
        if let Some(kind) = &self.kind {
            file["kind"] = json!(kind);
        }
        Ok(file)
    }
}
