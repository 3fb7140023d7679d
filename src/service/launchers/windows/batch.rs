//! The text of the batch files: ASCII, CRLF, no byte order mark. `daemon.bat` runs the daemon and
//! restarts it; the file in the Start-up folder starts `daemon.bat`.
//!
//! The rules they follow, each of which some published batch file breaks:
//!
//! - Paths start with `%~dp0` and are quoted, because `&`, `^`, `(` and blanks have no meaning there.
//! - Delayed expansion is off, so `!` has no meaning.
//! - Input comes from `nul`; otherwise Ctrl-C asks a question that nobody sees.
//! - `ping` is used to wait, because `timeout` needs a console.
//! - There is no `call`, which expands `%` and `^` twice.
//! - The redirection is written before `echo`, because a digit before `>` is a handle.
//! - `.env` is never read here: batch files cannot parse it.

use crate::service::system::artefact::SEAL;

/// Size in bytes at which the log is renamed to `supervisor.log.1`.
const MAX_LOG: u32 = 1 << 20;

fn with_crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// `daemon.bat`. It contains no path, so it is the same for every home folder.
///
/// It gives up after 6 quick failures, which are runs of less than 30 s. The pauses before a restart
/// double up to 60 s; a run of 5 minutes resets them. `running.flag` exists while the batch file runs
/// and so can see `stop.flag`.
pub fn daemon() -> String {
    with_crlf(&format!(
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

/// The file in the Start-up folder. A `home` below `local` is written with `%LOCALAPPDATA%`, so that
/// the user's name, which may have any character, does not appear in the file.
pub fn startup(home: &str, local: &str, windowless: bool) -> String {
    let folder = folder(home, local);
    // A file with a path that is not ASCII is UTF-8, and has to say so.
    let code_page = if folder.is_ascii() {
        ""
    } else {
        "chcp 65001 >nul\n"
    };
    let start = if windowless {
        format!("\"{folder}\\bin\\cleudocodebotw.exe\"\n")
    } else {
        format!("start \"\" /min /d \"{folder}\" cmd.exe /d /c .\\daemon.bat\n")
    };
    with_crlf(&format!(
        "@echo off\nrem {SEAL}\nsetlocal EnableExtensions DisableDelayedExpansion\n{code_page}{start}"
    ))
}

/// The texts of which the Start-up folder's file of this home, and of no other home, has one.
pub(super) fn home_markers(home: &str, local: &str) -> [String; 2] {
    let folder = folder(home, local);
    [format!("\"{folder}\\bin\\"), format!("\"{folder}\"")]
}

fn folder(home: &str, local: &str) -> String {
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
        super::cmd_model::{FOLDER, LineContext, expand, parse},
        *,
    };

    const LOCAL: &str = r"C:\Users\a\AppData\Local";

    /// The last line of the Start-up folder's file as `cmd` parses it: words and operators.
    fn started(home: &str, windowless: bool) -> (Vec<String>, Vec<char>) {
        let text = startup(home, LOCAL, windowless);
        let line = text.lines().last().expect("a line");
        let variables = BTreeMap::from([("LOCALAPPDATA", LOCAL), ("PATH", "C:\\x & y")]);
        let parsed = parse(&expand(line, LineContext::Batch("unused"), &variables));
        (parsed.words, parsed.operators)
    }

    proptest! {
        #[test]
        fn cmd_reads_any_home_in_the_start_up_file(name in FOLDER, is_local: bool) {
            let home = if is_local { format!("{LOCAL}\\{name}") } else { format!("D:\\{name}%PATH%") };
            let program = format!("{home}\\bin\\cleudocodebotw.exe");
            prop_assert_eq!(started(&home, true), (vec![program], vec![]));
            let (words, operators) = started(&home, false);
            let expected = ["start", "", "/min", "/d", &home, "cmd.exe", "/d", "/c", r".\daemon.bat"];
            prop_assert_eq!(words, expected);
            prop_assert_eq!(operators, Vec::<char>::new());
        }
    }

    #[test]
    fn daemon_bat_always_quotes_its_folder() {
        const PLAIN: &str = r"C:\plain\";
        const HOSTILE: &str = r"C:\a & b (x)\100% !x^ ;,=it's ö\";
        let variables = BTreeMap::from([("TIME", " 1:02:03.4"), ("DATE", "x")]);
        for line in daemon().lines() {
            let parsed_in = |folder| parse(&expand(line, LineContext::Batch(folder), &variables));
            let (plain, hostile) = (parsed_in(PLAIN), parsed_in(HOSTILE));
            let replaced = plain.words.iter().map(|word| word.replace(PLAIN, HOSTILE));
            assert_eq!(hostile.words, replaced.collect::<Vec<_>>(), "{line}");
            assert_eq!(hostile.operators, plain.operators, "{line}");
        }
    }

    #[test]
    fn daemon_bat_follows_the_rules() {
        let text = daemon();
        assert!(text.is_ascii() && text.lines().count() < 80);
        for line in text.lines().map(str::to_ascii_lowercase) {
            assert!(
                !line.starts_with("call ") && !line.contains("timeout"),
                "{line}"
            );
            // A digit before `>` would be a handle.
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
