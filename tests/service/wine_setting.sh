# Sourced by the tests under Wine, whose path is $self: a fresh Windows below $WINEPREFIX with the programs in C:\My Downloads, and the words
# the tests are written in. Builds the programs unless PROGRAMS has them (QUICK=1: without LTO). Where this machine
# has no MinGW and no Wine of 9 or later, the whole test runs again in the root of windows_root.sh.
set -u
say() { printf '%s\n' "$*"; }
skip() { say "SKIPPED: $*"; exit 0; }

if [ -z "${PROGRAMS:-}" ]; then
    PROGRAMS=$(tests/service/windows_build.sh)
    case $? in 0) ;; 69) skip "there are no Windows programs" ;; *) say "FAIL  the Windows programs do not build"; exit 1 ;; esac
fi
PROGRAMS=$(cd "$PROGRAMS" && pwd) || exit 1
wine_version=$(wine --version 2>/dev/null | sed 's/^wine-\([0-9]*\).*/\1/')
if [ "${wine_version:-0}" -lt 9 ] || ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
    [ -z "${IN_WINDOWS_ROOT:-}" ] || skip "the root of windows_root.sh has no Wine; remove it, and it is made anew"
    SHARED="$PROGRAMS${SHARED:+$'\n'$SHARED}" PROGRAMS=$PROGRAMS tests/service/windows_root.sh bash "$self" "$@"
    code=$?
    [ $code = 69 ] && exit 0
    exit $code
fi

# Earlier versions lack ProcessPrng, which every program of Rust asks for.
export WINEPREFIX=$(mktemp -d) WINEDEBUG=-all WINEARCH=win64 LANG=C.UTF-8 LC_ALL=C.UTF-8
export XDG_RUNTIME_DIR=$WINEPREFIX
# Debian keeps it where no shell looks.
command -v wineserver >/dev/null || PATH=$PATH:$(dirname "$(ls /usr/lib/wine/wineserver /usr/lib/*/wine/wineserver 2>/dev/null | head -1)")
command -v wineserver >/dev/null || skip "wineserver is missing"
unset DISPLAY WAYLAND_DISPLAY
trap 'wineserver -k 2>/dev/null; rm -rf "$WINEPREFIX"' EXIT
failures=0
out=$WINEPREFIX/out
port=${PORT:-$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr=>"127.0.0.1",Listen=>1)->sockport')}
ok() { say "ok    $*"; }
bad() { say "FAIL  $*"; failures=$((failures + 1)); }
shown() { sed 's/^/        /' "$out"; }
# Output goes to a file: a pipe would be held by the daemon's own children.
run() { timeout "${PATIENCE:-120}" wine "$@" >"$out" 2>&1 </dev/null; }
# code TEXT CODE ARGUMENTS: the program ends with this code.
code() { local text=$1 want=$2; shift 2; run "$program" "$@"; local got=$?; if [ $got = "$want" ]; then ok "$text (exit $got)"; else bad "$text (exit $got, not $want)"; shown; fi; }
said() { if grep -q -- "$2" "$out"; then ok "$1"; else bad "$1: not said: $2"; shown; fi; }
wait_for() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -ge $end ] && return 1; sleep 0.2; done; }
# The gateway's port, asked by a Linux client: a bare HTTP request is enough to see who answers.
answers() { { exec 9<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$port" >&9 && timeout 2 head -1 <&9 | grep -q 200; }
silent() { ! answers 2>/dev/null; }
daemons() { pgrep -fc 'cleudocodebot.exe.* daemon' || true; }
# A crash: what taskkill ends has exit code 1 on Windows and 0 under Wine, which would be a clean end.
crash() { run 'C:\My Downloads\crash.exe' "$1"; }
pid() { sed 's/.*"pid":\([0-9]*\).*/\1/' "$home/daemon.json" | tr -d '\r'; }
another() { [ "$(pid)" != "$1" ] && answers; }
log_on() { wineserver -k; sleep 0.5; timeout 60 wineboot >/dev/null 2>&1 </dev/null; }
finish() { say; [ $failures = 0 ] && say "all as it should be" || say "$failures failures"; exit $((failures > 0)); }

say "== a fresh Windows: $(wine --version)"
timeout 300 wineboot --init >/dev/null 2>&1 </dev/null || skip "wineboot does not work here"
downloads="$WINEPREFIX/drive_c/My Downloads"
mkdir -p "$downloads"
# zip.sh brings a zip instead.
[ ! -e "$PROGRAMS/cleudocodebot.exe" ] || cp "$PROGRAMS"/cleudocodebot.exe "$PROGRAMS"/cleudocodebotw.exe "$downloads"
program='C:\My Downloads\cleudocodebot.exe'
cat >"$WINEPREFIX/crash.c" <<'C'
#include <stdlib.h>
#include <windows.h>
int main(int n, char **arg) {
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, atoi(arg[1]));
    return n == 2 && process && TerminateProcess(process, 0xC0000005) ? 0 : 1;
}
C
x86_64-w64-mingw32-gcc -o "$downloads/crash.exe" "$WINEPREFIX/crash.c" || skip "mingw does not compile"
