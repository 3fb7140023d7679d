#!/bin/bash
# Installs the true Windows program under Wine and lets it log on, crash, stop and go: tests/service/wine.sh
# Needs the Debian packages wine wine64 gcc-mingw-w64-x86-64 rustc-web cargo-web rust-web-src, or a
# folder with cleudocodebot.exe and cleudocodebotw.exe in PROGRAMS. QUICK=1 builds without LTO.
set -u
cd "$(dirname "$0")/../.."
skip() { echo "SKIPPED: $*"; exit 0; }
command -v wine >/dev/null || skip "wine is missing"
target=x86_64-win7-windows-gnu
if [ -z "${PROGRAMS:-}" ]; then
    [ -x /usr/bin/cargo ] && [ -e /usr/lib/rustlib/src/rust/library/std ] || [ -d /usr/src/rustc-* ] 2>/dev/null \
        || [ -x /usr/bin/cargo ] || skip "Debian's cargo-web and rust-web-src are missing"
    command -v x86_64-w64-mingw32-gcc >/dev/null || skip "gcc-mingw-w64-x86-64 is missing"
    quick=()
    [ -z "${QUICK:-}" ] || quick=(--config profile.release.lto=false --config profile.release.codegen-units=16 --config profile.release.opt-level=1)
    # Windows 7's target: the usual one needs ProcessPrng, which Wine 8 does not have.
    # C code of a dependency has to be told the compiler: its name does not follow from the target's.
    export CC_x86_64_win7_windows_gnu=x86_64-w64-mingw32-gcc AR_x86_64_win7_windows_gnu=x86_64-w64-mingw32-ar
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 nice -n 15 /usr/bin/cargo build --quiet --release --target-dir target/wine \
        -Z build-std=std,panic_abort --target $target "${quick[@]}" || skip "the cross build failed"
    PROGRAMS=target/wine/$target/release
fi
PROGRAMS=$(cd "$PROGRAMS" && pwd)

export WINEPREFIX=$(mktemp -d) WINEDEBUG=-all WINEARCH=win64 LANG=C.UTF-8 LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY
trap 'wineserver -k 2>/dev/null; rm -rf "$WINEPREFIX"' EXIT
failures=0
out=$WINEPREFIX/out
port=${PORT:-$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr=>"127.0.0.1",Listen=>1)->sockport')}
say() { printf '%s\n' "$*"; }
ok() { say "ok    $*"; }
bad() { say "FAIL  $*"; failures=$((failures + 1)); }
shown() { sed 's/^/        /' "$out"; }
# Output goes to a file: a pipe would be held by the daemon's own children.
run() { timeout 120 wine "$@" >"$out" 2>&1 </dev/null; }
# code TEXT CODE ARGUMENTS: the program ends with this code.
code() { local text=$1 want=$2; shift 2; run "$program" "$@"; local got=$?; if [ $got = "$want" ]; then ok "$text (exit $got)"; else bad "$text (exit $got, not $want)"; shown; fi; }
said() { if grep -q -- "$2" "$out"; then ok "$1"; else bad "$1: not said: $2"; shown; fi; }
wait_for() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -ge $end ] && return 1; sleep 0.2; done; }
# The gateway's port, asked by a Linux client: a bare HTTP request is enough to see who answers.
answers() { exec 9<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$port" >&9 && timeout 2 head -1 <&9 | grep -q 200; }
silent() { ! answers 2>/dev/null; }
daemons() { pgrep -fc 'cleudocodebot.exe.* daemon' || true; }
# A crash: what taskkill ends has exit code 1 on Windows and 0 under Wine, which would be a clean end.
crash() { run 'C:\My Downloads\crash.exe' "$1"; }
pid() { sed 's/.*"pid":\([0-9]*\).*/\1/' "$home/daemon.json" | tr -d '\r'; }
another() { [ "$(pid)" != "$1" ] && answers; }
log_on() { wineserver -k; sleep 0.5; timeout 60 wineboot >/dev/null 2>&1 </dev/null; }
bytes() { find "$home" -type f ! -path '*/logs/*' ! -name messages.redb -print0 | sort -z | xargs -0 sha256sum; timeout 20 wine reg query 'HKCU\Software\Microsoft\Windows\CurrentVersion\Run' 2>/dev/null </dev/null | grep -a -i cleudo; }

say "== a fresh Windows"
timeout 180 wineboot --init >/dev/null 2>&1 </dev/null || skip "wineboot does not work here"
downloads="$WINEPREFIX/drive_c/My Downloads"
mkdir -p "$downloads"
cp "$PROGRAMS"/cleudocodebot.exe "$PROGRAMS"/cleudocodebotw.exe "$downloads"
program='C:\My Downloads\cleudocodebot.exe'
command -v x86_64-w64-mingw32-gcc >/dev/null || skip "x86_64-w64-mingw32-gcc, which makes a program that crashes another, is missing"
cat >"$WINEPREFIX/crash.c" <<'C'
#include <stdlib.h>
#include <windows.h>
int main(int n, char **arg) {
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, atoi(arg[1]));
    return n == 2 && process && TerminateProcess(process, 0xC0000005) ? 0 : 1;
}
C
x86_64-w64-mingw32-gcc -o "$downloads/crash.exe" "$WINEPREFIX/crash.c" || skip "mingw does not compile"

# scenario HOME-BELOW-C HOME-OPTIONS...: the whole life of an installation.
scenario() {
    home=$WINEPREFIX/drive_c/$1; shift
    local where=("$@")
    say "== ${home#"$WINEPREFIX"/drive_c/}"
    local start=$(date +%s%N)
    code "onboard --install-daemon --yes" 0 onboard --install-daemon --yes --port "$port" "${where[@]}"
    local took=$(( ($(date +%s%N) - start) / 1000000 ))
    head -1 "$out"
    [ $took -le 2000 ] && ok "it took $took ms" || bad "it took $took ms"
    answers && ok "a Linux client talks to it" || bad "no answer"
    before=$(bytes)
    code "a second time" 0 onboard --install-daemon --yes "${where[@]}"
    said "says so" "already installed"
    [ "$before" = "$(bytes)" ] && ok "not a byte changed" || { bad "bytes changed"; diff <(echo "$before") <(bytes); }
    head -c 3 "$home/daemon.bat" | grep -q '@ec' && ! LC_ALL=C grep -q -P '[^\x00-\x7f]|[^\r]\n' "$home/daemon.bat" \
        && ok "daemon.bat is ASCII with CRLF and no byte order mark" || bad "daemon.bat has the wrong bytes"
    local token; token=$(sed -n 's/^CLEUDOCODEBOT_TOKEN=//p' "$home/.env" | tr -d '\r')
    local found; found=$(grep -rlaF -- "$token" "$WINEPREFIX" 2>/dev/null; grep -rlaF -- "$(printf %s "$token" | iconv -t UTF-16LE | tr -d '\0')" "$WINEPREFIX"/*.reg 2>/dev/null)
    [ "$found" = "$home/.env" ] && ok "the token stands in .env alone" || bad "the token stands in: $found"
    code "status" 0 status "${where[@]}"
    said "knows how it starts" "Run value"

    say "-- log-on"
    log_on
    wait_for 15 answers && ok "starts it" || bad "does not start it"
    code "status" 0 status "${where[@]}"

    say "-- crashes"
    local old; old=$(pid)
    crash "$old"
    wait_for 15 another "$old" && ok "another one answers after a crash" || bad "it does not come back"
    [ "$(daemons)" = 1 ] && ok "there is one" || bad "there are $(daemons)"
    head -c 1100000 /dev/zero | tr '\0' x >>"$home/logs/supervisor.log" 2>/dev/null
    code "restart" 0 restart "${where[@]}"
    [ -s "$home/logs/supervisor.log.1" ] && [ "$(stat -c %s "$home/logs/supervisor.log")" -lt 10000 ] && ok "the batch file's log is rotated" || bad "the batch file's log is not rotated"
    old=$(pid)
    run "$program" call shutdown '{"restart":true}' "${where[@]}"
    wait_for 15 another "$old" && ok "a daemon that asks for a restart gets it" || bad "it does not come back"

    say "-- a clean stop"
    code "stop" 0 stop "${where[@]}"
    silent && ok "nobody answers" || bad "somebody answers"
    sleep 3
    silent && ok "and it stays so" || bad "it came back"
    [ -e "$home/stop.flag" ] || [ -e "$home/running.flag" ] && bad "a flag is left" || ok "no flag is left"
    code "status" 1 status "${where[@]}"
    said "says what to do" "cleudocodebot start"
    code "start" 0 start "${where[@]}"

    say "-- --force"
    old=$(pid)
    printf 'rem mine\r\n' >>"$home/daemon.bat"
    code "a batch file changed by hand is left alone" 78 install "${where[@]}"
    said "and said" "changed by hand"
    code "install --force" 0 install --force "${where[@]}"
    grep -q 'rem mine' "$home/daemon.bat.bak" && ok "keeps it" || bad "it is gone"
    rm -f "$home/daemon.bat.bak"
    [ "$(pid)" != "$old" ] && answers && ok "and restarts" || bad "it did not restart"

    say "-- uninstall"
    code "uninstall" 0 uninstall "${where[@]}"
    local left; left=$(cd "$home" && find . -type f | sort | tr '\n' ' ')
    [ "$left" = "./.env ./messages.redb " ] && ok "leaves $left" || bad "leaves $left"
    code "once more" 0 uninstall "${where[@]}"
    said "says so" "not installed"
    log_on; sleep 2
    silent && ok "log-on starts nothing" || bad "log-on starts something"
    code "uninstall --purge" 0 uninstall --purge "${where[@]}"
    left=$(cd "$home" 2>/dev/null && find . -mindepth 1 | tr '\n' ' ')
    [ -z "$left" ] && ok "leaves nothing" || bad "leaves $left"
}

user=$(ls "$WINEPREFIX/drive_c/users" | grep -v Public | head -1)
scenario "users/$user/AppData/Local/cleudocodebot"
# Not %: Wine's cmd drops it from %~dp0, other than that of Windows.
scenario 'Users & Co (ö)/!x^ it'"'"'s/cleudocodebot' --home 'C:\Users & Co (ö)\!x^ it'"'"'s\cleudocodebot'

say "== giving up"
home=$WINEPREFIX/drive_c/users/$user/AppData/Local/cleudocodebot
code "install" 0 onboard --install-daemon --yes --port "$port"
echo 'CLEUDOCODEBOT_LOG_LEVEL=' >>"$home/.env"
crash "$(pid)"
perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalAddr=>"127.0.0.1",LocalPort=>$ARGV[0],Listen=>5,ReuseAddr=>1) or die; while($c=$s->accept){}' "$port" &
stranger=$!
wait_for 90 grep -aq 'gave up' "$home/logs/supervisor.log" && ok "after 6 quick failures" || { bad "it does not give up"; cat "$home/logs/supervisor.log"; }
grep -ac ' start' "$home/logs/supervisor.log" | sed 's/^/      starts: /'
kill $stranger; wait $stranger 2>/dev/null
code "status" 1 status
said "says why" "failed too often"
code "start" 0 start
crash "$(pid)"
sed -i '/^CLEUDOCODEBOT_PORT/d' "$home/.env"; printf 'CLEUDOCODEBOT_PORT=abc\n' >>"$home/.env"
wait_for 20 grep -aq 'exit code 78' "$home/logs/supervisor.log" && ok "a configuration error ends it at once" || { bad "a configuration error is tried again"; cat "$home/logs/supervisor.log"; }
code "status" 78 status
said "says what" "CLEUDOCODEBOT_PORT"

say "== the installed program removes itself"
outside=$program
program="C:\\users\\$user\\AppData\\Local\\cleudocodebot\\bin\\cleudocodebot.exe"
code "uninstall --purge" 0 uninstall --purge
program=$outside
[ -e "$home" ] && bad "something is left: $(find "$home" | tr '\n' ' ')" || ok "nothing is left"

say "== the Start-up folder, without the windowless starter"
rm "$downloads/cleudocodebotw.exe"
# ASCII: Wine's cmd reads batch files in one code page, whatever chcp says.
long=$(printf 'long name %.0s' {1..10})x
home="$WINEPREFIX/drive_c/$long/$long/cleudocodebot"
code "install in a folder too long for a Run value" 0 onboard --install-daemon --yes --port "$port" --home "C:\\$long\\$long\\cleudocodebot"
said "is chosen, and said" "Start-up folder"
said "the window too" "window"
log_on
wait_for 15 answers && ok "log-on starts it" || bad "log-on does not start it"
code "uninstall --purge" 0 uninstall --purge --home "C:\\$long\\$long\\cleudocodebot"
home="$WINEPREFIX/drive_c/b/cleudocodebot"
code "install with a minimised window" 0 onboard --install-daemon --yes --port "$port" --home 'C:\b\cleudocodebot'
said "the window too" "window"
log_on
wait_for 15 answers && ok "log-on starts it" || bad "log-on does not start it"
code "uninstall --purge" 0 uninstall --purge --home 'C:\b\cleudocodebot'

say
[ $failures = 0 ] && say "all as it should be" || say "$failures failures"
exit $((failures > 0))
