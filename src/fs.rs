//! Files as this program needs them: private, replaced atomically, locked by one process.
//!
//! Not here: what is in them.

#[cfg(test)]
pub(crate) mod scratch;

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    error::{Error, Result},
    random,
};

/// Permission bits of files, on Unix.
const OWNER_ALONE: u32 = 0o600;
const READABLE: u32 = 0o644;
const RUNNABLE: u32 = 0o755;

/// How many random bytes make the name of a temporary file its own.
const UNIQUE: usize = 6;

/// How long a file may take to be written.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);

/// Creates a folder and its parents. Only the owner has access to the folder itself (0700 on Unix).
pub fn create_private_dir(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(Error::file("create the folder", path))
}

/// Opens a file for appending. A new file is created with access for the owner only (0600 on Unix).
pub fn open_private_append(path: &Path) -> io::Result<File> {
    expect_no_pipe(path)?;
    private(OpenOptions::new().append(true).create(true)).open(path)
}

/// Creates an empty file with access for the owner only (0600 on Unix). Replaces any of that name.
pub fn create_private_file(path: &Path) -> Result<()> {
    remove_if_there(path).map_err(Error::file("replace", path))?;
    private(OpenOptions::new().write(true).create_new(true))
        .open(path)
        .map(drop)
        .map_err(Error::file("create", path))
}

/// Renames a finished file durably: after a power cut it still has the new name.
pub fn rename_lasting(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .and_then(|()| sync_folder_of(to))
        .map_err(Error::file("make", to))
}

/// Replaces a file atomically: writes a temporary file beside it (0600 from its creation on Unix),
/// fsync, rename, fsync of the folder. A crash leaves the old content or the new, never a mixture.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content, OWNER_ALONE)
}

/// The same for a file that anyone may read (0644 on Unix).
pub fn write_atomic_readable(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content, READABLE)
}

/// Copies a program the same way (0755 on Unix).
pub fn copy_program(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).map_err(Error::file("read the file", from))?;
    replace(to, &content, RUNNABLE)
}

/// Writes a program the same way.
pub fn write_program(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content, RUNNABLE)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let temporary = temporary_beside(path);
    let replaced = write_new(&temporary, content, mode)
        .and_then(|()| adopt(&temporary))
        .and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced
        .and_then(|()| sync_folder_of(path))
        .map_err(Error::file("write", path))
}

/// Removes a file, if there is one.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The name in the same folder that has this behind it.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(suffix);
    path.with_file_name(name)
}

/// A random name in the same folder, which no other process picks.
fn temporary_beside(path: &Path) -> PathBuf {
    beside(
        path,
        &format!(".{}.tmp", random::hex(&random::bytes::<UNIQUE>())),
    )
}

/// The name of the file that `write_atomic` made this temporary one for; `None` where it is not one of ours.
fn written_for(temporary: &str) -> Option<&str> {
    let (name, hex) = temporary.strip_suffix(".tmp")?.rsplit_once('.')?;
    random::is_hex(hex, UNIQUE).then_some(name)
}

/// Removes from a folder what killed processes left of `write_atomic`: of the file of this name, or of any, where
/// `is_abandoned` holds. What cannot be removed is left: it does no harm but take space.
pub fn remove_temporary_files(
    folder: &Path,
    name: Option<&OsStr>,
    is_abandoned: impl Fn(&fs::DirEntry) -> bool,
) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let is_meant = |of: &str| name.is_none_or(|name| of == name.to_string_lossy());
        if written_for(&file).is_some_and(is_meant) && is_abandoned(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether nobody can be writing a file any more.
pub fn is_old(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|found| found.modified()).ok();
    let age = modified.and_then(|then| SystemTime::now().duration_since(then).ok());
    age.is_some_and(|age| age > WRITE_DEADLINE)
}

/// Fails where a pipe is in the place of a file: who opens it waits until somebody opens its other end.
pub fn expect_no_pipe(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
            let text = "it is a pipe and no file; remove it";
            return Err(io::Error::other(text));
        }
    }
    let _ = path;
    Ok(())
}

/// Opens a file, or what a link leads to. A pipe would be waited for, and a device may have no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::other("it is a pipe or a device and no file"))
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(content)?;
    open_up(&file, mode)?;
    file.sync_all()
}

/// Widens the permissions, after the content is written. `set_permissions` ignores the umask.
#[cfg(unix)]
fn open_up(file: &File, mode: u32) -> io::Result<()> {
    if mode == OWNER_ALONE {
        return Ok(());
    }
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn open_up(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Gives a file that root wrote into another user's folder to that user: otherwise the daemon, which
/// runs as that user, could no longer read it. Other users cannot change owners and need not.
#[cfg(unix)]
fn adopt(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let Some(folder) = path.parent().and_then(|folder| fs::metadata(folder).ok()) else {
        return Ok(());
    };
    let file = fs::metadata(path)?;
    if file.uid() == 0 && folder.uid() != 0 {
        return chown(path, Some(folder.uid()), Some(folder.gid()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn adopt(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Options for a file that only its owner may use.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a new name in the folder of `path` durable. Windows journals names by itself and cannot open
/// folders.
#[cfg(unix)]
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The same; nothing to do here.
#[cfg(not(unix))]
pub fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The permission bits of a file, if they give access to others than its owner; `None` if the file is
/// private, and always on systems without such bits.
pub fn foreign_permissions(path: &Path) -> io::Result<Option<u32>> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let mode = fs::metadata(path)?.mode();
        Ok((mode & 0o077 != 0).then_some(mode & 0o777))
    }
    #[cfg(not(unix))]
    {
        fs::metadata(path).map(|_| None)
    }
}

/// A lock on a file, held while this value lives. The system releases it if the process dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, never read: dropping it frees the lock")] File);

impl Lock {
    /// Takes the lock on `path`, which is created if missing; `None` if another process holds it.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let file = expect_no_pipe(path)
            .and_then(|()| {
                private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
            })
            .map_err(Error::file("open the lock file", path))?;
        adopt(path).map_err(Error::file("give away", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::file("lock", path)(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{scratch::Scratch, *};

    #[test]
    fn what_a_killed_process_left_is_removed_once_it_is_old() {
        let folder = Scratch::new();
        let file = |name: &str| folder.path().join(name);
        let names = [
            ".env.0123456789ab.tmp",
            ".env.ba9876543210.tmp",
            ".env",
            "mine.tmp",
        ];
        for name in names {
            fs::write(file(name), b"CLEUDOCODEBOT_TOKEN=old").expect("written");
        }
        let long_ago = SystemTime::now() - 2 * WRITE_DEADLINE;
        for name in [names[0], names[2], names[3]] {
            let opened = OpenOptions::new().write(true).open(file(name));
            let aged = opened.and_then(|opened| opened.set_modified(long_ago));
            aged.expect("an old file");
        }
        remove_temporary_files(folder.path(), None, is_old);
        let there = names.map(|name| file(name).exists());
        assert_eq!(there, [false, true, true, true], "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for() {
        let folder = Scratch::new();
        let pipe = folder.path().join("daemon.lock");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|made| made.success()) {
            eprintln!("SKIPPED: mkfifo is missing");
            return;
        }
        let told = |refused: Error| refused.to_string();
        let refused = Lock::try_take(&pipe).map_err(told).expect_err("no file");
        assert!(refused.contains("a pipe and no file"), "{refused}");
        assert!(open_private_append(&pipe).is_err());
        expect_no_pipe(folder.path()).expect("a folder");
        expect_no_pipe(&folder.path().join("nothing")).expect("nothing");
    }

    #[test]
    fn a_written_file_is_private_and_leaves_no_temporary_behind() {
        let folder = Scratch::new();
        let file = folder.path().join("a.txt");
        write_atomic(&file, b"one").expect("written");
        write_atomic(&file, b"two").expect("replaced");
        assert_eq!(fs::read(&file).expect("read"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
        assert_eq!(foreign_permissions(&file).expect("seen"), None);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_is_meant_for_them_and_run_a_program() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = Scratch::new();
        let (text, program) = (folder.path().join("a.txt"), folder.path().join("b"));
        write_atomic_readable(&text, b"one").expect("written");
        copy_program(&text, &program).expect("copied");
        let mode = |path| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!((mode(&text), mode(&program)), (0o644, 0o755));
        assert_eq!(fs::read(&program).expect("read"), b"one");
    }

    #[test]
    fn half_written_files_are_known_by_their_names() {
        let temporary = temporary_beside(Path::new("/a/.env"));
        let temporary = temporary.file_name().expect("a name").to_string_lossy();
        let is_for = |name: &str| written_for(&temporary) == Some(name);
        assert!(is_for(".env") && !is_for("env") && !is_for(""));
        for other in [".env", ".env.tmp", ".env.zz.tmp", ".env.0123456789ag.tmp"] {
            assert_ne!(written_for(other), Some(".env"));
        }
    }

    #[test]
    fn a_lock_is_held_once_and_freed_on_drop() {
        let folder = Scratch::new();
        let file = folder.path().join("daemon.lock");
        let held = Lock::try_take(&file).expect("opened").expect("free");
        assert!(Lock::try_take(&file).expect("opened").is_none());
        drop(held);
        assert!(Lock::try_take(&file).expect("opened").is_some());
    }
}
