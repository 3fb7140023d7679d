//! What opens a file in the default browser on each system. No shell is involved, so nothing needs
//! quoting.

use std::{
    ffi::OsString,
    io::ErrorKind,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    config::Environment,
    error::{Error, Result},
    percent,
    service::system::this_machine::spawn_detached,
};

/// A program that opens files, with its arguments before the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opener {
    program: &'static str,
    before: &'static [&'static str],
    /// Whether it joins its arguments to one line, so that a path with blanks needs escaping.
    takes_address: bool,
}

const fn opener(program: &'static str) -> Opener {
    Opener {
        program,
        before: &[],
        takes_address: false,
    }
}

/// What starts browsers on Linux and the BSDs; the last two under WSL and in a bare GNOME.
const FREE_DESKTOP: [Opener; 3] = [
    opener("xdg-open"),
    opener("wslview"),
    Opener {
        before: &["open"],
        ..opener("gio")
    },
];

const MACOS: [Opener; 1] = [opener("open")];

const WINDOWS: [Opener; 1] = [Opener {
    before: &["url.dll,FileProtocolHandler"],
    takes_address: true,
    ..opener("rundll32.exe")
}];

/// The programs to try, in order; none if there is no screen to open a window on.
pub(super) fn openers(environment: &Environment, system: &str) -> Vec<Opener> {
    const SCREENS: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"];
    let is_set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
    match system {
        "windows" => WINDOWS.to_vec(),
        "macos" => MACOS.to_vec(),
        _ if SCREENS.into_iter().any(is_set) => FREE_DESKTOP.to_vec(),
        _ => Vec::new(),
    }
}

/// The error if none of them is installed.
pub(super) fn none_found(openers: &[Opener]) -> String {
    let names: Vec<_> = openers.iter().map(|opener| opener.program).collect();
    format!("none of {} is installed", names.join(", "))
}

impl Opener {
    /// Starts it in a session of its own, so that closing the terminal does not end the browser.
    /// `None` if it is not installed.
    pub(super) fn open(self, file: &Path) -> Result<Option<Child>> {
        let mut command = Command::new(self.program);
        command
            .args(self.arguments(file))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match spawn_detached(&mut command) {
            Ok(child) => Ok(Some(child)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("start", self.program)(error)),
        }
    }

    fn arguments(self, file: &Path) -> Vec<OsString> {
        let file = if self.takes_address {
            file_address(file).into()
        } else {
            file.as_os_str().to_owned()
        };
        let before = self.before.iter().map(OsString::from);
        before.chain([file]).collect()
    }
}

/// The `file:` address of a file, with blanks escaped so that it stays one word.
fn file_address(file: &Path) -> String {
    let path = file.to_string_lossy().replace('\\', "/");
    let root = if path.starts_with('/') { "" } else { "/" };
    format!("file://{root}{}", percent::encode(&path, b"/:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_opener_and_no_screen_has_none() {
        let on = |system, pairs: &[(&str, &str)]| {
            let environment = Environment::from_pairs(pairs.iter().copied());
            let openers = openers(&environment, system);
            openers.iter().map(|o| o.program).collect::<Vec<_>>()
        };
        let free = ["xdg-open", "wslview", "gio"];
        assert_eq!(on("linux", &[("DISPLAY", ":0")]), free);
        assert_eq!(on("freebsd", &[("WAYLAND_DISPLAY", "wayland-0")]), free);
        assert_eq!(on("linux", &[("DISPLAY", "")]), [""; 0]);
        assert_eq!(on("macos", &[]), ["open"]);
        assert_eq!(on("windows", &[]), ["rundll32.exe"]);
    }

    #[test]
    fn the_file_is_one_argument_of_its_own() {
        let file = Path::new("/home/a b/d.html");
        assert_eq!(FREE_DESKTOP[0].arguments(file), ["/home/a b/d.html"]);
        assert_eq!(
            FREE_DESKTOP[2].arguments(file),
            ["open", "/home/a b/d.html"]
        );
        let expected = ["url.dll,FileProtocolHandler", "file:///home/a%20b/d.html"];
        assert_eq!(WINDOWS[0].arguments(file), expected);
    }

    #[test]
    fn a_path_becomes_an_address_in_one_word() {
        let address = |path: &str| file_address(Path::new(path));
        assert_eq!(address("/home/a b/x.html"), "file:///home/a%20b/x.html");
        let windows = address("C:\\Users\\Ana Ló\\x.html");
        assert_eq!(windows, "file:///C:/Users/Ana%20L%C3%B3/x.html");
    }
}
