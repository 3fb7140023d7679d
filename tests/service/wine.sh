#!/bin/bash
# Installs the true Windows program under Wine and lets it log on, crash, stop and go: tests/service/wine.sh
# What it needs, and PROGRAMS, PORT and QUICK: see wine_setting.sh.
self=$(realpath "$0")
cd "$(dirname "$0")/../.."
. tests/service/wine_setting.sh

bytes() { find "$home" -type f ! -path '*/logs/*' ! -name "messages.redb*" -print0 | sort -z | xargs -0 sha256sum; timeout 20 wine reg query 'HKCU\Software\Microsoft\Windows\CurrentVersion\Run' 2>/dev/null </dev/null | grep -a -i cleudo; }

# scenario HOME-BELOW-C HOME-OPTIONS...: the whole life of an installation.
scenario() {
    home=$WINEPREFIX/drive_c/$1; shift
    local where=("$@")
    say "== ${home#"$WINEPREFIX"/drive_c/}"
    local start=$(date +%s%N)
    code "onboard --install-daemon --yes" 0 onboard --install-daemon --yes --port "$port" "${where[@]}"
    local took=$(( ($(date +%s%N) - start) / 1000000 ))
    head -1 "$out"
    [ $took -le 2000 ] || [ -n "${QUICK:-}" ] && ok "it took $took ms" || bad "it took $took ms"
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
    [ "$left" = "./.env ./messages.redb ./messages.redb.closed " ] && ok "leaves $left" || bad "leaves $left"
    code "once more" 0 uninstall "${where[@]}"
    said "says so" "not installed"
    log_on; sleep 2
    silent && ok "log-on starts nothing" || bad "log-on starts something"
    code "uninstall --purge --yes" 0 uninstall --purge --yes "${where[@]}"
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
code "uninstall --purge --yes" 0 uninstall --purge --yes
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
code "uninstall --purge --yes" 0 uninstall --purge --yes --home "C:\\$long\\$long\\cleudocodebot"
home="$WINEPREFIX/drive_c/b/cleudocodebot"
code "install with a minimised window" 0 onboard --install-daemon --yes --port "$port" --home 'C:\b\cleudocodebot'
said "the window too" "window"
log_on
wait_for 15 answers && ok "log-on starts it" || bad "log-on does not start it"
code "uninstall --purge --yes" 0 uninstall --purge --yes --home 'C:\b\cleudocodebot'

finish
