#!/bin/bash
# Tries the Windows zip of .ci/release under Wine, in a fresh Windows: tests/release/zip.sh [FOLDER]
# Unpacked and nothing else: the program says who it is, and its daemon is talked to from there and from Linux.
# What it needs: see tests/service/wine_setting.sh.
self=$(realpath "$0")
cd "$(dirname "$0")/../.."
files=$(cd "${1:-target/download}" 2>/dev/null && pwd) || { echo "FAIL  there is no ${1:-target/download}; run .ci/release first"; exit 1; }
zip=$(ls "$files"/*-windows-x86_64.zip 2>/dev/null) || { echo "SKIPPED: there is no Windows zip in $files"; exit 0; }
# The folder stands for the programs until the zip is unpacked.
PROGRAMS=$files SHARED=$files
set -- "$files"
. tests/service/wine_setting.sh

say "== $(basename "$zip")"
(cd "$downloads" && unzip -q "$zip") && ok "it unpacks" || bad "it does not unpack"
folder=$(basename "$zip" .zip)
for file in cleudocodebot.exe cleudocodebotw.exe cleudocodebot.ps1 LICENSE README.md README.pt-BR.md .env.example; do
    [ -s "$downloads/$folder/$file" ] && ok "it has $file" || bad "it has no $file"
done
libraries=$(x86_64-w64-mingw32-objdump -p "$downloads/$folder/cleudocodebot.exe" | sed -n 's/.*DLL Name: //p' | sort -u)
foreign=$(printf '%s\n' "$libraries" | grep -iE 'gcc|winpthread|stdc' | tr '\n' ' ')
[ -n "$libraries" ] && [ -z "$foreign" ] && ok "it needs libraries of Windows alone" || bad "it needs $foreign"
cmp -s "$downloads/$folder/cleudocodebot.exe" "${zip%.zip}.exe" && ok "the plain program is that of the zip" || bad "the plain program is another"

program="C:\\My Downloads\\$folder\\cleudocodebot.exe"
home=$WINEPREFIX/drive_c/try
code "--version" 0 --version
said "is that of the zip" "$(echo "$folder" | cut -d- -f2)"
code "version --json" 0 version --json
said "of Windows" '"platform":"windows-x86_64"'
wine "$program" daemon --home 'C:\try' --port "$port" --quiet >"$WINEPREFIX/daemon.log" 2>&1 </dev/null &
wait_for 30 answers && ok "the daemon answers" || { bad "the daemon does not answer"; cat "$WINEPREFIX/daemon.log"; }
if CLEUDOCODEBOT_URL=ws://127.0.0.1:$port/ CLEUDOCODEBOT_HOME=$home python3 tests/clients/plain.py >"$out" 2>&1; then
    ok "a Linux client pings it, sends and reads the history over a WebSocket"
else bad "a Linux client does not get on with it"; shown; fi
code "ping" 0 ping -c 1 --home 'C:\try'
code "send" 0 send --home 'C:\try' -c webchat --to me 'hello from Windows'
code "history" 0 history --home 'C:\try' --words WINDOWS
said "has it" "hello from Windows"
code "status" 0 status --home 'C:\try'
code "stop" 0 stop --home 'C:\try'
wait_for 10 silent && ok "nobody answers" || bad "somebody answers"
finish
