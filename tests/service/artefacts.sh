#!/bin/bash
# Shows the golden files to the programs that read such files: tests/service/artefacts.sh
# systemd-analyze, Python's plistlib and XML parser, and desktop-file-validate where it is installed.
set -u
cd "$(dirname "$0")/../it/golden/service"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_RUNTIME_DIR=$work
failures=0
check() { local text=$1; shift; if "$@" >"$work/out" 2>&1; then echo "ok    $text"; else echo "FAIL  $text"; sed 's/^/        /' "$work/out"; failures=$((failures + 1)); fi; }
silent() { "$@" && [ ! -s "$work/out" ]; }

if command -v systemd-analyze >/dev/null; then
    for unit in user.service user-hostile.service user-hostile-home.service; do
        # The programs do not exist here; one that does stands in for them, the homes stay.
        sed 's/^ExecStart="[^"]*" /ExecStart="\/bin\/true" /' $unit >"$work/$unit"
        check "systemd-analyze verify --user $unit" silent systemd-analyze verify --user "$work/$unit"
    done
    sed 's/^ExecStart="[^"]*" /ExecStart="\/bin\/true" /' system.service >"$work/system.service"
    check "systemd-analyze verify system.service" silent systemd-analyze verify "$work/system.service"
    check "exposure of system.service at most 1.5" systemd-analyze security --offline=yes --threshold=15 --no-pager "$work/system.service"
    tail -1 "$work/out"
else
    echo "SKIPPED: systemd-analyze is missing"
fi

if command -v python3 >/dev/null; then
    check "plistlib, and what it reads" python3 - <<'PYTHON'
import plistlib
for name in ("launchd.plist", "launchd-hostile.plist"):
    with open(name, "rb") as file:
        agent = plistlib.load(file)
    program, *arguments = agent["ProgramArguments"]
    assert program.endswith("/cleudocodebot") and arguments[:3] == ["daemon", "--quiet", "--home"], agent
    assert agent["KeepAlive"] == {"SuccessfulExit": False} and agent["RunAtLoad"] is True
    assert agent["Umask"] == 0o77 and agent["StandardErrorPath"].startswith(arguments[3])
assert program == "/opt/a b&c%d!e^f(g)ö'h$i\"j\\k;l#m`n~o|p<q>r*s?/cleudocodebot", program
PYTHON
    check "an XML parser, and what it reads" python3 - <<'PYTHON'
import xml.etree.ElementTree as tree
space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
for name in ("task.xml", "task-hostile.xml", "task-window.xml"):
    root = tree.parse(name).getroot()
    text = lambda path: root.findtext("/".join(space + part for part in path.split("/")))
    assert text("Triggers/LogonTrigger/UserId") == text("Principals/Principal/UserId")
    assert text("Settings/ExecutionTimeLimit") == "PT0S" and text("Settings/Priority") == "5"
    if name == "task-hostile.xml":
        assert text("Actions/Exec/WorkingDirectory") == r"D:\a b&c%PATH%d!e^f(g)ö'h$i;j#k`l~m,n=o@p[q]{r}+\cleudocodebot"
PYTHON
else
    echo "SKIPPED: python3 is missing"
fi

if command -v desktop-file-validate >/dev/null; then
    for entry in autostart.desktop autostart-hostile.desktop; do
        check "desktop-file-validate $entry" desktop-file-validate $entry
    done
else
    echo "SKIPPED: desktop-file-validate is missing (Debian package desktop-file-utils)"
fi
exit $((failures > 0))
