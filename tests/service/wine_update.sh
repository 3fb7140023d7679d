#!/bin/bash
# Updates an installed daemon under Wine, well and badly: tests/service/wine_update.sh
# Afterwards either the new program runs or the old one does, with its messages. What it needs, and PROGRAMS, PORT and
# QUICK: see wine_setting.sh.
self=$(realpath "$0")
cd "$(dirname "$0")/../.."
. tests/service/wine_setting.sh

# The programs to update to. A good one is ours with a byte behind it: another hash, the same behaviour.
{ cat "$PROGRAMS/cleudocodebot.exe"; echo; } >"$downloads/good.exe"
# The others say of themselves what they are told to, and as a daemon run ours as a child, which they may end.
cat >"$WINEPREFIX/stand_in.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <windows.h>
#ifndef SAYS
#define SAYS VERSION
#endif
#ifndef LASTS
#define LASTS INFINITE
#endif
int main(int count, char **arg) {
    if (count > 1 && !strcmp(arg[1], "version")) {
        printf("{\"version\":\"%s\",\"schema\":%d,\"platform\":\"windows-x86_64\"}\n", SAYS, SCHEMA);
        return 0;
    }
#ifdef ENDS
    return ENDS;
#endif
    /* The first argument is replaced, the rest handed on as it stands. */
    wchar_t *rest = wcschr(GetCommandLineW() + (*GetCommandLineW() == '"' ? wcscspn(GetCommandLineW() + 1, L"\"") + 2 : 0), ' ');
    wchar_t line[4096];
    _snwprintf(line, 4096, L"\"C:\\My Downloads\\cleudocodebot.exe\"%ls", rest ? rest : L"");
    STARTUPINFOW start = {sizeof start};
    PROCESS_INFORMATION child;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) return 1;
    if (WaitForSingleObject(child.hProcess, LASTS) == WAIT_TIMEOUT) {
        TerminateProcess(child.hProcess, 0xC0000005);
        WaitForSingleObject(child.hProcess, INFINITE);
        return 0xC0000005;
    }
    DWORD code;
    return GetExitCodeProcess(child.hProcess, &code) ? code : 1;
}
C
code "version" 0 version --json
version=$(sed 's/.*"version":"\([^"]*\)".*/\1/' "$out")
schema=$(sed 's/.*"schema":\([0-9]*\).*/\1/' "$out")
# stand_in NAME MACRO=VALUE...: our version and schema, unless told.
stand_in() {
    local name=$1 macros=("-DVERSION=\"$version\"")
    shift
    [[ "$*" == *SCHEMA=* ]] || macros+=("-DSCHEMA=$schema")
    x86_64-w64-mingw32-gcc -O1 "${macros[@]}" "${@/#/-D}" -o "$downloads/$name.exe" "$WINEPREFIX/stand_in.c" || skip "mingw does not compile"
}
stand_in changing SCHEMA=$((schema + 1))
stand_in unready 'SAYS="9.9.9"'
stand_in ending ENDS=1
stand_in dying LASTS=3000
stand_in dying-late LASTS=60000 SCHEMA=$((schema + 1))
stand_in older SCHEMA=$((schema - 1))
echo "no program" >"$downloads/nothing.exe"

sum() { sha256sum <"$1" | cut -d' ' -f1; }
old=$(sum "$downloads/cleudocodebot.exe")
# in_drive DRIVE: the home folder there, and what follows from it.
in_drive() { home=$WINEPREFIX/dosdevices/$1:/h where="${1^^}:\\h" installed="${1^^}:\\h\\bin\\cleudocodebot.exe" program="C:\\My Downloads\\cleudocodebot.exe"; }
# The old program as a daemon, with a message in its store.
fresh() {
    local downloaded='C:\My Downloads\cleudocodebot.exe'
    run "$downloaded" uninstall --purge --yes --home "$where"
    run "$downloaded" onboard --install-daemon --yes --port "$port" --home "$where" || { bad "it does not install"; shown; }
    run "$downloaded" send --home "$where" -c webchat --to me 'a message from before' || { bad "it does not send"; shown; }
}
# What an update leaves only while it is under way.
left() { (cd "$home" && find . -name '*-new.exe' -o -name '*-former.exe' -o -name update.json -o -name '*.before-update' -o -name '*.tmp') | tr '\n' ' '; }
has_messages() { run "$installed" history --home "$where" --words 'a message from before' && grep -q 'a message from before' "$out"; }
runs() { [ "$(sum "$home/bin/cleudocodebot.exe")" = "$1" ] && answers; }
# is TEXT SUM: this program runs, with the messages, and nothing is under way.
is() {
    runs "$2" && ok "$1 runs" || bad "$1 does not run: $(ls "$home/bin" | tr '\n' ' ')"
    has_messages && ok "with the messages from before" || { bad "the messages from before are gone"; shown; }
    [ -z "$(left)" ] && ok "and nothing is left of the update" || bad "left: $(left)"
}
update() { local text=$1 want=$2; shift 2; program=$installed PATIENCE=200 code "$text" "$want" update --home "$where" "$@"; }
in_drive c

say "== a good one"
fresh
update "from the installed program" 0 'C:\My Downloads\good.exe' --watch 3
is "the new program" "$(sum "$downloads/good.exe")"
fresh
program='C:\My Downloads\cleudocodebot.exe' code "from the downloaded one, with the hash" 0 update --home "$where" 'C:\My Downloads\good.exe' --sha256 "$(sum "$downloads/good.exe")" --watch 3
is "the new program" "$(sum "$downloads/good.exe")"
fresh
update "one with another schema" 0 'C:\My Downloads\changing.exe' --watch 3
is "the new program" "$(sum "$downloads/changing.exe")"

say "== refused"
fresh
before=$(pid)
update "a wrong hash" 1 'C:\My Downloads\good.exe' --sha256 "$(printf %064d 0)"
said "says so" "not the one that was meant"
update "no program" 1 'C:\My Downloads\nothing.exe'
said "says so" "othing was changed"
update "one of an older schema" 1 'C:\My Downloads\older.exe'
said "says so" "is older"
is "the old program" "$old"
[ "$(pid)" = "$before" ] && ok "the same process" || bad "another process"

say "== one that is never ready"
update "answers as another version" 1 'C:\My Downloads\unready.exe' --watch 3
said "says why" "version $version answers"
is "the old program" "$old"
update "ends at once" 1 'C:\My Downloads\ending.exe' --watch 3
said "says why" "nobody answers"
is "the old program" "$old"

say "== one that crashes after a minute"
update "after 60 s, with another schema" 1 'C:\My Downloads\dying-late.exe'
said "says why" "did not stay so\|was started again"
said "and where its messages are" "messages.redb.of-$version"
[ -s "$home/messages.redb.of-$version" ] && ok "they are there" || bad "they are not"
is "the old program" "$old"

# killed_at PROGRAM TEXT: the update is killed as soon as it says this; then there is a log-on.
killed_at() {
    fresh
    timeout 100 wine "$installed" update "C:\\My Downloads\\$1.exe" --home "$where" --watch 60 >"$out" 2>&1 </dev/null &
    local command=$!
    until grep -q "$2" "$out" 2>/dev/null || ! kill -0 $command 2>/dev/null; do :; done
    pkill -KILL -f '\\cleudocodebot.exe update ' && ok "killed at: $(tail -1 "$out" | tr -d '\r')" || { bad "it was not killed at: $2"; shown; }
    { wait $command; } 2>/dev/null
    log_on
    if [ ! -e "$home/bin/cleudocodebot.exe" ]; then
        program="${where}\\bin\\cleudocodebot-former.exe" code "between two renames: cleudocodebot-former update --undo" 0 update --undo --home "$where"
    fi
}
say "== a kill at each step"
for step in "checking the new" "stopping the daemon" "copying the message" "replacing the program" "starting the new" "is ready"; do
    killed_at changing "$step"
    wait_for 30 answers && ok "log-on starts a program" || bad "log-on starts none"
    if runs "$(sum "$downloads/changing.exe")"; then
        has_messages && ok "the new one, with the messages" || { bad "the messages from before are gone"; shown; }
        update "update --undo" 0 --undo
    fi
    is "the old program" "$old"
done

say "== a kill, and nobody watches"
killed_at changing "is ready"
wait_for 100 eval '[ ! -e "$home/update.json" ]' && ok "the new program kept itself" || bad "the new program did not keep itself"
is "the new program" "$(sum "$downloads/changing.exe")"
killed_at dying "is ready"
wait_for 100 runs "$old" && ok "one that crashes is put back by itself" || bad "it is not put back"
is "the old program" "$old"
finish
