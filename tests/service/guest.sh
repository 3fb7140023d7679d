#!/bin/bash
# What happens to an installed daemon on a machine with systemd, from its first start to its removal.
# Runs inside the booted guest of nspawn.sh, as a service, as root; alice and bob are users.
set -u
program=/opt/cleudocodebot/cleudocodebot
failures=0

say() { printf '%s\n' "$*"; }
ok() { say "ok    $*"; }
bad() { say "FAIL  $*"; failures=$((failures + 1)); }
# check TEXT COMMAND...: the command succeeds.
check() { local text=$1; shift; if "$@" >/tmp/last 2>&1; then ok "$text"; else bad "$text ($*)"; sed 's/^/        /' /tmp/last; fi; }
# code TEXT CODE COMMAND...: the command ends with this code.
code() { local text=$1 want=$2; shift 2; "$@" >/tmp/last 2>&1; local got=$?; if [ "$got" = "$want" ]; then ok "$text (exit $got)"; else bad "$text (exit $got, not $want)"; sed 's/^/        /' /tmp/last; fi; }
said() { if grep -q -- "$2" /tmp/last; then ok "$1"; else bad "$1: not said: $2"; sed 's/^/        /' /tmp/last; fi; }
# A session of alice's, as a login has it.
alice() { su -l alice -c "export PATH=$PATH:/opt/cleudocodebot; $*"; }
in_alice() { su -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 $*"; }
unit() { in_alice "systemctl --user show cleudocodebot.service --property=$1 --value"; }
# wait_for SECONDS COMMAND...
wait_for() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -ge $end ] && return 1; sleep 0.1; done; }
answers() { alice "cleudocodebot ping -c 1"; }
bytes() { (cd / && find home/alice root/.cleudocodebot root/.config etc/systemd/system var/lib/cleudocodebot/.env -type f 2>/dev/null | grep -v -e '/logs/' -e 'messages.redb' -e '\.bash' | sort | xargs sha256sum; find home/alice/.config etc/systemd/system -type l | sort) | sha256sum; }
pid() { unit MainPID; }
new_pid() { local now; now=$(pid); [ "$now" != 0 ] && [ "$now" != "$1" ] && answers; }

say "== a user's daemon"
start=$(date +%s%N)
code "onboard --install-daemon --yes" 0 alice "cleudocodebot onboard --install-daemon --yes"
took=$(( ($(date +%s%N) - start) / 1000000 ))
cat /tmp/last
[ $took -le 2000 ] && ok "it took $took ms, login included" || bad "it took $took ms"
check "the daemon answers" answers
before=$(bytes)
code "a second time" 0 alice "cleudocodebot onboard --install-daemon --yes"
said "says so" "already installed"
[ "$before" = "$(bytes)" ] && ok "not a byte changed" || bad "bytes changed"
check "status" alice "cleudocodebot status"
check "systemd's own checks" in_alice "systemd-analyze --user verify /home/alice/.config/systemd/user/cleudocodebot.service"

say "== the token is in .env and nowhere else"
token=$(sed -n 's/^CLEUDOCODEBOT_TOKEN=//p' /home/alice/.env /home/alice/.cleudocodebot/.env 2>/dev/null)
[ ${#token} = 64 ] && ok "there is one" || bad "no token: $token"
found=$(grep -rlF -- "$token" /home/alice /etc/systemd /var/lib/systemd /tmp /run/user 2>/dev/null)
[ "$found" = /home/alice/.cleudocodebot/.env ] && ok "files: $found" || bad "files: $found"
for cmdline in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
    case $cmdline in /proc/self/*|/proc/$$/*) continue ;; esac
    # The search itself has it on its command line.
    if tr '\0' '\n' <"$cmdline" 2>/dev/null | grep -qF -- "$token"; then bad "it is in $cmdline"; fi
done
journalctl --quiet --output=cat --no-pager >/tmp/journal
grep -qF -- "$token" /tmp/journal && bad "it is in the journal" || ok "not in the journal"

say "== lingering"
if [ -e /var/lib/systemd/linger/alice ]; then ok "it was switched on"; else
    alice "cleudocodebot status" >/tmp/last 2>&1; said "without polkit it is refused, and status says the line" "sudo loginctl enable-linger alice"
    loginctl enable-linger alice
fi
alice "cleudocodebot status" >/tmp/last 2>&1; grep -q linger /tmp/last && bad "status still complains" || ok "status is content"
loginctl terminate-user bob 2>/dev/null
sleep 1
old=$(pid)
check "nobody is logged in" wait_for 30 sh -c '! loginctl list-sessions --no-legend | grep -q .'
sleep 12
[ "$(pid)" = "$old" ] && ok "the daemon outlived the log-out (pid $old)" || bad "the daemon did not outlive the log-out"

say "== crashes"
old=$(pid); kill -9 "$old"
check "after kill -9 another one answers" wait_for 15 new_pid "$old"
mkdir -p /home/alice/.config/systemd/user/cleudocodebot.service.d
printf '[Service]\nWatchdogSec=3\nRestartSec=200ms\n' >/home/alice/.config/systemd/user/cleudocodebot.service.d/quick.conf
chown -R alice: /home/alice/.config/systemd
in_alice "systemctl --user daemon-reload; systemctl --user restart cleudocodebot"
old=$(pid); sleep 5
[ "$(pid)" = "$old" ] && ok "it pings the watchdog: alive after 5 s of WatchdogSec=3" || bad "the watchdog bit a daemon that lives"
kill -STOP "$old"
check "a daemon that hangs is replaced by the watchdog" wait_for 20 new_pid "$old"

old=$(pid)
alice "cleudocodebot call shutdown '{\"restart\":true}'" >/dev/null
check "a daemon that asks for a restart gets it" wait_for 10 new_pid "$old"

say "== a configuration error is not retried"
in_alice "systemctl --user reset-failed cleudocodebot"
cp /home/alice/.cleudocodebot/.env /tmp/env
echo 'CLEUDOCODEBOT_PORT=abc' >>/home/alice/.cleudocodebot/.env
code "restart refuses the settings" 78 alice "cleudocodebot restart"
in_alice "systemctl --user restart cleudocodebot" 2>/dev/null
sleep 2
[ "$(unit ExecMainStatus)" = 78 ] && ok "exit code 78" || bad "exit code $(unit ExecMainStatus)"
[ "$(unit ActiveState)" = failed ] && [ "$(unit NRestarts)" = 0 ] && ok "no restart" || bad "$(unit ActiveState), $(unit NRestarts) restarts"
cat /tmp/env >/home/alice/.cleudocodebot/.env
code "status" 1 alice "cleudocodebot status"
said "status says why" "settings are wrong"
check "mended, start" alice "cleudocodebot start"

say "== the start limit"
alice "cleudocodebot stop" >/dev/null
python=$(command -v python3 || true)
nc=$(command -v socat || true)
perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalAddr=>"127.0.0.1",LocalPort=>18789,Listen=>5,ReuseAddr=>1) or die; while($c=$s->accept){}' &
stranger=$!
sleep 0.5
code "start with the port taken" 1 alice "cleudocodebot start"
said "and by whom" "taken by another program"
in_alice "systemctl --user restart cleudocodebot" 2>/dev/null
check "systemd gives up after 6 starts" wait_for 20 sh -c '[ "$(su -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user show cleudocodebot --property=Result --value")" = exit-code ] && ! su -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user is-active cleudocodebot" | grep -q activating'
say "      $(unit Result), $(unit NRestarts) restarts"
kill $stranger; wait $stranger 2>/dev/null
code "status" 1 alice "cleudocodebot status"
cat /tmp/last
check "start resets the limit" alice "cleudocodebot start"

say "== a unit changed by hand"
rm -r /home/alice/.config/systemd/user/cleudocodebot.service.d; in_alice "systemctl --user daemon-reload"
echo '# mine' >>/home/alice/.config/systemd/user/cleudocodebot.service
in_alice "systemctl --user daemon-reload"
code "is left alone" 78 alice "cleudocodebot install"
said "and said" "changed by hand"
check "--force" alice "cleudocodebot install --force"
check "keeps it" grep -q mine /home/alice/.config/systemd/user/cleudocodebot.service.bak
rm -f /home/alice/.config/systemd/user/cleudocodebot.service.bak

say "== a boot"
old=$(pid)
systemctl restart user@1000.service
check "the user's manager starts it again" wait_for 20 new_pid "$old"

say "== root through sudo"
code "is refused" 2 env SUDO_USER=alice HOME=/home/alice $program onboard --install-daemon --yes
said "with the way out" "--system"

say "== uninstall"
check "uninstall" alice "cleudocodebot uninstall"
left=$(cd /home/alice && find .cleudocodebot .config -type f -o -type l 2>/dev/null | sort | tr '\n' ' ')
[ "$left" = ".cleudocodebot/.env .cleudocodebot/messages.redb .cleudocodebot/messages.redb.closed " ] && ok "what is left: $left" || bad "what is left: $left"
[ "$(unit LoadState)" = not-found ] && ok "systemd has forgotten it" || bad "systemd still knows it"
code "once more" 0 alice "cleudocodebot uninstall"
said "says so" "not installed"
check "uninstall --purge --yes" alice "cleudocodebot uninstall --purge --yes"
[ -e /home/alice/.cleudocodebot ] && bad "something is left" || ok "nothing is left"

say "== the installer is killed at every moment"
for ((ms = 2; ms <= 200; ms += ms < 40 ? 3 : 20)); do
    su -l alice -c "cleudocodebot uninstall --purge --yes" >/dev/null 2>&1
    su -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 timeout --signal=KILL 0.$(printf %03d $ms) $program onboard --install-daemon --yes" >/dev/null 2>&1
    alice "cleudocodebot onboard --install-daemon --yes" >/tmp/last 2>&1 || { bad "killed after $ms ms: a second run does not repair"; sed 's/^/        /' /tmp/last; break; }
    answers >/dev/null 2>&1 || { bad "killed after $ms ms: no answer"; break; }
done
ok "each time the next run repaired"
alice "cleudocodebot uninstall --purge --yes" >/dev/null

say "== root without a session (as over SSH without PAM)"
export -n XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
code "onboard wakes root's own manager" 0 env -i HOME=/root PATH="$PATH" $program onboard --install-daemon --yes
cat /tmp/last
check "the daemon answers" env -i HOME=/root PATH="$PATH" $program ping -c 1
check "uninstall --purge --yes" env -i HOME=/root PATH="$PATH" $program uninstall --purge --yes
loginctl disable-linger root

say "== a daemon of the machine"
start=$(date +%s%N)
code "onboard --install-daemon --yes --system" 0 $program onboard --install-daemon --yes --system
took=$(( ($(date +%s%N) - start) / 1000000 ))
cat /tmp/last
[ $took -le 2000 ] && ok "it took $took ms" || bad "it took $took ms"
before=$(bytes)
code "a second time" 0 $program onboard --install-daemon --yes --system
said "says so" "already installed"
[ "$before" = "$(bytes)" ] && ok "not a byte changed" || bad "bytes changed"
systemd-analyze security cleudocodebot.service --no-pager | tail -1
check "exposure at most 1.5" systemd-analyze security cleudocodebot.service --threshold=15 --no-pager
check "as root, other commands find its home" $program ping -c 1
user=$(ps -o user= -p "$(systemctl show cleudocodebot --property=MainPID --value)")
[ "$user" != root ] && ok "it runs as $user" || bad "it runs as root"
check "root edits its settings" $program config set CLEUDOCODEBOT_PORT 18888
check "and restarts it" $program restart
said "as the machine's" "systemd system unit"
check "it answers there" $program ping -c 1
old=$(systemctl show cleudocodebot --property=MainPID --value); kill -9 "$old"
machine_back() { local now; now=$(systemctl show cleudocodebot --property=MainPID --value); [ "$now" != 0 ] && [ "$now" != "$old" ] && $program ping -c 1; }
check "after kill -9 another one answers" wait_for 15 machine_back
code "nobody else may read its settings" 1 su -l bob -c "cat /var/lib/cleudocodebot/.env"
check "status" $program status
check "uninstall" $program uninstall
say "      what is left: $(find /var/lib/cleudocodebot/ /var/lib/private /etc/systemd/system -name '*cleudocodebot*' -o -path '/var/lib/*' -type f 2>/dev/null | sort | tr '\n' ' ')"
check "uninstall --purge --yes --system" $program uninstall --purge --yes --system
ls -d /var/lib/cleudocodebot /var/lib/private/cleudocodebot 2>/dev/null && bad "something is left" || ok "nothing is left"

say "== a path with everything that Unix allows"
odd="/home/bob/a b&c%d!e^f(g)ö'h\$i\"j\\k;l#m\`n~o|p<q>r*s?"
mkdir "$odd" && cp $program "$odd/cleudocodebot" && chown -R bob: "$odd"
loginctl enable-linger bob
printf '%s\n' 'cd "$1" && shift && exec ./cleudocodebot "$@" --home "$PWD/a home of mine"' >/opt/odd.sh
bob() { systemd-run --quiet --pipe --wait --uid=bob --property=PAMName=login /bin/bash /opt/odd.sh "$odd" "$@"; }
code "onboard" 0 bob onboard --install-daemon --yes --port 18790
head -1 /tmp/last
code "a second time" 0 bob onboard --install-daemon --yes
said "says so" "already installed"
code "it answers" 0 bob ping -c 1
code "status" 0 bob status
said "as a systemd unit" "systemd user unit"
code "uninstall" 0 bob uninstall
left=$(cd "$odd/a home of mine" && find . -type f | sort | tr '\n' ' ')
[ "$left" = "./.env ./messages.redb ./messages.redb.closed " ] && ok "leaves $left" || bad "leaves $left"
code "uninstall --purge --yes" 0 bob uninstall --purge --yes
[ -e "$odd/a home of mine" ] && bad "something is left" || ok "nothing is left"

say "== from a home folder, the machine's program is a copy"
cp $program /root/cleudocodebot
check "install" /root/cleudocodebot onboard --install-daemon --yes --system
check "the copy" test -x /usr/local/lib/cleudocodebot/cleudocodebot
check "answers" /root/cleudocodebot ping -c 1
check "uninstall --purge --yes" /root/cleudocodebot uninstall --purge --yes --system
[ -e /usr/local/lib/cleudocodebot ] && bad "the copy is left" || ok "the copy is gone"

say
[ $failures = 0 ] && say "all as it should be" || say "$failures failures"
exit $((failures > 0))
