//! `backup`: all that the gateway holds, in one file; and whether such a file is whole.
//!
//! Not here: what is in it (`crate::backup`).

use std::path::PathBuf;

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, JSON, ParsedArgs, switch},
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "backup",
    summary: "Save messages, files, keys and pairings in one file",
    usage: &[
        "FILE [--with-secrets] [--force] [--json]",
        "verify FILE [--json]",
    ],
    details: "FILE is an archive that tar reads; - is standard output or input. The daemon\n\
              may run or not: it is all of one moment. It is read back before it counts.\n\
              Once it is whole it replaces a backup of that name; another file only with\n\
              --force. Settings and tokens are only in it with --with-secrets.",
    options: &[
        switch("with-secrets", "With .env: settings and tokens"),
        switch("force", "Replace a file that is no backup"),
        JSON,
    ],
    examples: &[
        ("cleudocodebot backup monday.tar", "all of it in one file"),
        (
            "cleudocodebot backup - | zstd > monday.tar.zst",
            "the same, compressed",
        ),
        (
            "cleudocodebot backup verify monday.tar",
            "whether it is whole",
        ),
    ],
    parse,
};

/// Makes a backup, or checks one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BackupCommand {
    /// Makes one.
    Make {
        /// Where to.
        path: PathBuf,
        /// Whether the settings are in it.
        with_secrets: bool,
        /// Whether a file that is there and no backup is replaced.
        force: bool,
        /// For scripts.
        json: bool,
    },
    /// Checks one.
    Verify {
        /// Where it is.
        path: PathBuf,
        /// For scripts.
        json: bool,
    },
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let (json, with_secrets) = (args.flag("json"), args.flag("with-secrets"));
    let force = args.flag("force");
    let word = args.required_word("FILE")?;
    let command = match word.as_str() {
        "verify" => BackupCommand::Verify {
            path: args.required_word("FILE")?.into(),
            json,
        },
        path => BackupCommand::Make {
            path: path.into(),
            with_secrets,
            force,
            json,
        },
    };
    if with_secrets && matches!(command, BackupCommand::Verify { .. }) {
        let text = "--with-secrets is for making a backup".to_owned();
        return Err(Error::Usage(text));
    }
    if force && matches!(command, BackupCommand::Verify { .. }) {
        let text = "--force is for making a backup".to_owned();
        return Err(Error::Usage(text));
    }
    Ok(Box::new(command))
}

impl Command for BackupCommand {
    #[cfg(feature = "store")]
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        match self {
            Self::Make {
                path,
                with_secrets,
                force,
                json,
            } => {
                if !force {
                    making::expect_no_other_file(path)?;
                }
                making::make(path, *with_secrets, *json, context)
            }
            Self::Verify { path, json } => making::verify(path, *json, context),
        }
    }

    #[cfg(not(feature = "store"))]
    fn run(&self, _context: &mut Context<'_>) -> Result<()> {
        Err(Error::Failed(
            "this build keeps messages in memory only: there is nothing to back up".to_owned(),
        ))
    }
}

#[cfg(feature = "store")]
pub(in crate::cli) mod making {
    //! With a message file.

    use std::{
        fs::File,
        io::{self, Read, Write},
        path::Path,
    };

    use serde_json::{Value, json};

    use crate::{
        backup::{
            self, BackupError, BackupSource, CheckedWriter, Manifest, Summary, Unhurried,
            write_backup,
        },
        cli::{
            commands::messages::{destination::Destination, progress::ProgressBar},
            connection::connect,
            context::Context,
            output::{printable, units},
            runtime::block_on,
        },
        client::{Endpoint, files},
        error::{Error, Result},
        fs::Lock,
        service::system::runtime_file,
        store::{self, Store, StoreOptions},
    };

    /// What is wrong with a backup, as a person reads it.
    pub(in crate::cli) fn told(error: &BackupError) -> Error {
        Error::Failed(error.to_string())
    }

    /// Where a backup goes, checked as it can be.
    enum Output {
        /// A file, which is read back.
        File(Destination),
        /// What cannot be read back.
        Passing(CheckedWriter<Destination>),
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self {
                Self::File(file) => file.write(bytes),
                Self::Passing(out) => out.write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            match self {
                Self::File(file) => file.flush(),
                Self::Passing(out) => out.flush(),
            }
        }
    }

    impl Output {
        fn at(path: &Path, is_watched: bool) -> Result<Self> {
            if path == Path::new("-") && is_watched {
                let text = "a backup is not for a terminal: name a file, or send it on as in backup - | zstd";
                return Err(Error::Usage(text.to_owned()));
            }
            let destination = Destination::at(path, is_watched)?;
            if destination.written().is_some() {
                return Ok(Self::File(destination));
            }
            let checked = CheckedWriter::new(destination);
            let failed = |error| Error::Failed(format!("cannot begin: {error}"));
            checked.map(Self::Passing).map_err(failed)
        }

        /// Checks what was written, beside a daemon without haste; where it is bad nothing of it stays.
        fn finish(self, is_beside: bool) -> Result<Summary> {
            let (destination, checked) = match self {
                Self::Passing(checked) => checked.finish(),
                Self::File(mut file) => {
                    file.flush()
                        .map_err(|error| told(&BackupError::Write(error)))?;
                    let written = file.written().map(File::open);
                    let opened = written.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()));
                    let check = |file| {
                        if is_beside {
                            backup::verify(Unhurried::new(file))
                        } else {
                            backup::verify(file)
                        }
                    };
                    let checked = opened.map_err(BackupError::Read).and_then(check);
                    (file, checked)
                }
            };
            let summary = checked.map_err(|error| told(&error))?;
            destination.finish()?;
            Ok(summary)
        }
    }

    /// Fails where a file would be replaced that is no backup: its name was meant for something else. What is
    /// written through, such as a device, is none.
    pub(super) fn expect_no_other_file(path: &Path) -> Result<()> {
        if !Destination::replaces(path)? {
            return Ok(());
        }
        let found = File::open(path).and_then(backup::is_backup);
        if found.map_err(Error::file("read", path))? {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "{} is there already and no backup; name another file, or replace it with --force",
            path.display()
        )))
    }

    pub(super) fn make(
        path: &Path,
        with_secrets: bool,
        json: bool,
        context: &mut Context<'_>,
    ) -> Result<()> {
        let mut output = Output::at(path, context.terminal.is_watched())?;
        let mut bar = ProgressBar::new();
        let daemon = block_on(running(context))?;
        let is_beside = daemon.is_some();
        match daemon {
            Some(endpoint) => {
                let (out, context) = (&mut output, &mut *context);
                let begin = move |manifest: &Value| {
                    announce(manifest, context);
                    Ok(out)
                };
                let progress = &mut |done, total| bar.show(done, total);
                block_on(files::backup(&endpoint, with_secrets, begin, progress)).map(drop)?;
            }
            None => stopped(&mut output, with_secrets, context)?,
        }
        bar.end();
        let summary = output.finish(is_beside)?;
        let is_output = path == Path::new("-");
        if json && !is_output {
            return context.terminal.json(&report(&summary, Some(path)));
        }
        if summary.missing > 0 {
            let text = format!(
                "{} kept files are not there any more and are not in it",
                summary.missing
            );
            context.terminal.note(text);
        }
        if summary.manifest.elsewhere > 0 {
            let text = format!(
                "{} files are on other machines of the cluster and are not in it; back those up too",
                summary.manifest.elsewhere
            );
            context.terminal.note(text);
        }
        let line = format!("{}, whole", line(&summary));
        if is_output {
            context.terminal.note(line);
            return Ok(());
        }
        let path = printable(&path.display().to_string());
        context.terminal.line(format!("{path}: {line}"))
    }

    /// Where the daemon answers, if it runs.
    async fn running(context: &mut Context<'_>) -> Result<Option<Endpoint>> {
        match connect(context).await {
            Ok(connection) => Ok(Some(connection.endpoint)),
            Err(Error::NotRunning { .. }) if context.common.host.is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says how large it will be.
    fn announce(manifest: &Value, context: &mut Context<'_>) {
        let messages = units::counted(&manifest["messages"], units::Noun::Message);
        let files = units::counted(&manifest["files"], units::Noun::File);
        let bytes = units::bytes(manifest["expected_bytes"].as_u64().unwrap_or(0));
        context
            .terminal
            .note(format!("{messages}, {files}, about {bytes}"));
    }

    /// Reads the home folder itself, which no daemon uses.
    fn stopped(output: &mut Output, with_secrets: bool, context: &mut Context<'_>) -> Result<()> {
        let places = context.places()?;
        let path = places.home.join(store::FILE);
        if path.symlink_metadata().is_err() {
            let text = format!("there is nothing to back up: no {}", path.display());
            return Err(Error::Failed(text));
        }
        let Some(_lock) = Lock::try_take(&places.home.join(runtime_file::LOCK))? else {
            let text =
                "a daemon uses this home folder but does not answer; see: cleudocodebot doctor";
            return Err(Error::Failed(text.to_owned()));
        };
        let options = StoreOptions {
            path,
            history_days: 0,
            ..StoreOptions::default()
        };
        let source = BackupSource {
            store: Store::open(options, |_| ())?,
            home: places.home.clone(),
            env_file: with_secrets.then_some(places.env_file),
        };
        let mut begun = |manifest: &Manifest| announce(&manifest.json(), context);
        let made = write_backup(&source, output, &mut begun);
        source.store.close();
        made.map(drop).map_err(|error| told(&error))
    }

    pub(super) fn verify(path: &Path, json: bool, context: &mut Context<'_>) -> Result<()> {
        let summary = backup::verify(input(path, context)?).map_err(|error| told(&error))?;
        if json {
            return context.terminal.json(&report(&summary, None));
        }
        context.terminal.line(format!("{}, whole", line(&summary)))
    }

    /// A backup to be read, with a bar.
    pub(in crate::cli) fn input(path: &Path, context: &mut Context<'_>) -> Result<Watched> {
        let bar = ProgressBar::new();
        if path == Path::new("-") {
            return Ok(Watched {
                input: context.take_input(),
                bar,
                done: 0,
                total: None,
            });
        }
        let file = File::open(path).map_err(Error::file("read the file", path))?;
        let total = file.metadata().ok().map(|about| about.len());
        Ok(Watched {
            input: Box::new(file),
            bar,
            done: 0,
            total,
        })
    }

    /// What is read, and how far.
    pub(in crate::cli) struct Watched {
        input: Box<dyn Read>,
        bar: ProgressBar,
        done: u64,
        total: Option<u64>,
    }

    impl Read for Watched {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let read = self.input.read(out)?;
            self.done += read as u64;
            self.bar.show(self.done, self.total);
            Ok(read)
        }
    }

    /// What a backup holds, for scripts.
    pub(in crate::cli) fn report(summary: &Summary, path: Option<&Path>) -> Value {
        let mut report = summary.manifest.json();
        report["bytes"] = json!(summary.bytes);
        report["missing"] = json!(summary.missing);
        if let Some(path) = path {
            report["path"] = json!(path.display().to_string());
        }
        report
    }

    /// What a backup holds.
    pub(in crate::cli) fn line(summary: &Summary) -> String {
        let messages = units::counted(&json!(summary.manifest.messages), units::Noun::Message);
        let files = units::counted(&json!(summary.files), units::Noun::File);
        format!("{messages}, {files}, {}", units::bytes(summary.bytes))
    }
}
