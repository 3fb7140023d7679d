//! The batch files: ASCII, CRLF, no byte order mark. `daemon.bat` runs the daemon and brings it back;
//! the Start-up folder's file starts that one.
//!
//! Rules they keep to, each of which a batch file in the wild has broken: paths come from `%~dp0` and
//! stand in quotes (`&`, `^`, `(` and blanks are plain there); delayed expansion is off (`!` is plain);
//! input comes from `nul` (else Ctrl-C asks a question nobody sees); waiting is done by `ping`
//! (`timeout` needs a console); nothing is `call`ed (which reads `%` and `^` twice); the redirection
//! stands before `echo` (a digit before `>` is a handle); `.env` is never read here.

use crate::service::system::artefact::SEAL;

/// Size in bytes at which the log moves aside.
const MAX_LOG: u32 = 1 << 20;

/// Lines with CRLF.
fn windows_lines(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// `daemon.bat`. It does not depend on where it stands, so it is the same for everybody.
///
/// A failure is quick when the daemon ran for less than 30 s; a run of 5 minutes makes the waits
/// short again. `running.flag` says that a batch file is there to answer to `stop.flag`.
pub fn daemon() -> String {
    windows_lines(&format!(
        r#"@echo off
rem {SEAL}
rem A changed file is left alone: cleudocodebot install --force keeps it as .bak and writes anew.
setlocal EnableExtensions DisableDelayedExpansion
set "failures=0"
set "wait=1"
if not exist "%~dp0logs\" mkdir "%~dp0logs"
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"
>"%~dp0running.flag" echo 1

:run
for %%F in ("%~dp0logs\supervisor.log") do if exist "%%~F" if %%~zF GTR {MAX_LOG} move /y "%%~F" "%%~F.1" >nul
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% start
set "now=%TIME: =0%"
set "began="
set /a began=(1%now:~0,2%-100)*3600+(1%now:~3,2%-100)*60+1%now:~6,2%-100 2>nul
"%~dp0bin\cleudocodebot.exe" daemon --quiet --home "%~dp0." <nul >>"%~dp0logs\supervisor.log" 2>&1
set "code=%ERRORLEVEL%"
set "now=%TIME: =0%"
set "ended="
set /a ended=(1%now:~0,2%-100)*3600+(1%now:~3,2%-100)*60+1%now:~6,2%-100 2>nul
set "ran=0"
if defined began if defined ended set /a ran=ended-began
if %ran% LSS 0 set /a ran+=86400
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% exit code %code% after %ran% s
if "%code%"=="0" goto end
if "%code%"=="78" goto end
if exist "%~dp0stop.flag" goto end
if %ran% GEQ 30 set "failures=0"
if %ran% GEQ 300 set "wait=1"
if "%code%"=="75" goto restart
set /a failures+=1
if %failures% GEQ 6 goto give_up
set "left=%wait%"
set /a wait*=2
if %wait% GTR 60 set "wait=60"

:sleep
ping -n 2 127.0.0.1 >nul
if exist "%~dp0stop.flag" goto end
set /a left-=1
if %left% GTR 0 goto sleep
goto run

:restart
ping -n 2 127.0.0.1 >nul
if exist "%~dp0stop.flag" goto end
goto run

:give_up
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% gave up after 6 quick failures
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"
if exist "%~dp0running.flag" del /f /q "%~dp0running.flag"
exit /b 1

:end
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% end
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"
if exist "%~dp0running.flag" del /f /q "%~dp0running.flag"
exit /b 0
"#
    ))
}

/// The Start-up folder's file. `home` is written relative to `local` (`%LOCALAPPDATA%`) where it
/// stands below it: so the user's name, which may be anything, does not stand in it.
pub fn startup(home: &str, local: &str, windowless: bool) -> String {
    let place = place(home, local);
    // Only a path that is not ASCII needs a code page, and then the file is UTF-8.
    let code_page = if place.is_ascii() {
        ""
    } else {
        "chcp 65001 >nul\n"
    };
    let start = if windowless {
        format!("\"{place}\\bin\\cleudocodebotw.exe\"\n")
    } else {
        format!("start \"\" /min /d \"{place}\" cmd.exe /d /c .\\daemon.bat\n")
    };
    windows_lines(&format!(
        "@echo off\nrem {SEAL}\nsetlocal EnableExtensions DisableDelayedExpansion\n{code_page}{start}"
    ))
}

/// What stands in the Start-up folder's file for the daemon of this home, and in no other.
pub(super) fn names_home(home: &str, local: &str) -> [String; 2] {
    let place = place(home, local);
    [format!("\"{place}\\bin\\"), format!("\"{place}\"")]
}

fn place(home: &str, local: &str) -> String {
    let below = home
        .strip_prefix(local)
        .filter(|rest| !local.is_empty() && (rest.is_empty() || rest.starts_with('\\')));
    match below {
        Some(rest) => format!("%LOCALAPPDATA%{}", rest.replace('%', "%%")),
        None => home.replace('%', "%%"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        super::cmd_model::{FOLDER, LineContext, filled_in, read},
        *,
    };

    const LOCAL: &str = r"C:\Users\a\AppData\Local";

    /// The last line of the Start-up folder's file, as `cmd` reads it.
    fn started(home: &str, windowless: bool) -> (Vec<String>, Vec<char>) {
        let text = startup(home, LOCAL, windowless);
        let line = text.lines().last().expect("a line");
        let variables = BTreeMap::from([("LOCALAPPDATA", LOCAL), ("PATH", "C:\\x & y")]);
        let reading = read(&filled_in(line, LineContext::Batch("unused"), &variables));
        (reading.words, reading.operators)
    }

    proptest! {
        #[test]
        fn any_home_survives_cmd_in_the_start_up_folder(name in FOLDER, is_local: bool) {
            let home = if is_local { format!("{LOCAL}\\{name}") } else { format!("D:\\{name}%PATH%") };
            let program = format!("{home}\\bin\\cleudocodebotw.exe");
            prop_assert_eq!(started(&home, true), (vec![program], vec![]));
            let (words, operators) = started(&home, false);
            let expected = ["start", "", "/min", "/d", &home, "cmd.exe", "/d", "/c", r".\daemon.bat"];
            prop_assert_eq!(words, expected);
            prop_assert_eq!(operators, vec![]);
        }
    }

    #[test]
    fn the_folder_of_daemon_bat_never_stands_outside_of_quotes() {
        const PLAIN: &str = r"C:\plain\";
        const HOSTILE: &str = r"C:\a & b (x)\100% !x^ ;,=it's ö\";
        let variables = BTreeMap::from([("TIME", " 1:02:03.4"), ("DATE", "x")]);
        for line in daemon().lines() {
            let read_in = |folder| read(&filled_in(line, LineContext::Batch(folder), &variables));
            let (plain, hostile) = (read_in(PLAIN), read_in(HOSTILE));
            let replaced = plain.words.iter().map(|word| word.replace(PLAIN, HOSTILE));
            assert_eq!(hostile.words, replaced.collect::<Vec<_>>(), "{line}");
            assert_eq!(hostile.operators, plain.operators, "{line}");
        }
    }

    #[test]
    fn daemon_bat_keeps_its_own_rules() {
        let text = daemon();
        assert!(text.is_ascii() && text.lines().count() < 80);
        for line in text.lines().map(str::to_ascii_lowercase) {
            assert!(
                !line.starts_with("call ") && !line.contains("timeout"),
                "{line}"
            );
            // A digit before the sign would be a handle.
            assert!(
                !line.contains("echo") || !line.ends_with('>') && !line.contains("%>"),
                "{line}"
            );
            assert_eq!(line.matches('"').count() % 2, 0, "{line}");
        }
        for label in ["run", "sleep", "restart", "give_up", "end"] {
            assert!(text.contains(&format!("\r\n:{label}\r\n")), "{label}");
        }
    }
}
