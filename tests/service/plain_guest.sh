#!/bin/bash
# What an installation does where there is no systemd, and in surroundings that are against it.
# Runs inside the guest of plain.sh, not booted, as root; alice is a user.
set -u
failures=0
say() { printf '%s\n' "$*"; }
ok() { say "ok    $*"; }
bad() { say "FAIL  $*"; failures=$((failures + 1)); }
shown() { sed 's/^/        /' /tmp/last; }
code() { local text=$1 want=$2; shift 2; "$@" >/tmp/last 2>&1; local got=$?; if [ "$got" = "$want" ]; then ok "$text (exit $got)"; else bad "$text (exit $got, not $want)"; shown; fi; }
said() { if grep -q -- "$2" /tmp/last; then ok "$1"; else bad "$1: not said: $2"; shown; fi; }
one_line() { if [ "$(grep -c '^cleudocodebot: ' /tmp/last)" = 1 ]; then say "        $(grep '^cleudocodebot: ' /tmp/last)"; else bad "not one line"; shown; fi; }
as() { local who=$1; shift; su -l "$who" -c "export PATH=\$PATH:/opt/cleudocodebot; $*"; }
bytes() { find /home/alice -type f ! -path '*/logs/*' ! -name "messages.redb*" | sort | xargs sha256sum | sha256sum; }
install="cleudocodebot onboard --install-daemon --yes"

say "== a container without systemd"
start=$(date +%s%N)
code "$install" 0 as alice "$install"
took=$(( ($(date +%s%N) - start) / 1000000 ))
cat /tmp/last
[ $took -le 2000 ] && ok "it took $took ms" || bad "it took $took ms"
said "what is missing" "was not started by systemd"
said "the foreground command" "cleudocodebot daemon"
code "the daemon answers" 0 as alice "cleudocodebot ping -c 1"
before=$(bytes)
code "a second time" 0 as alice "$install"
said "says so" "already installed"
[ "$before" = "$(bytes)" ] && ok "not a byte changed" || bad "bytes changed"
token=$(sed -n 's/^CLEUDOCODEBOT_TOKEN=//p' /home/alice/.cleudocodebot/.env)
found=$(grep -rlF -- "$token" /home /tmp /run /var/lib 2>/dev/null)
[ "$found" = /home/alice/.cleudocodebot/.env ] && ok "the token stands in $found alone" || bad "the token stands in $found"
for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
    case $file in /proc/$$/*) continue ;; esac
    tr '\0' '\n' <"$file" 2>/dev/null | grep -qF -- "$token" && bad "the token stands in $file"
done
code "the daemon outlives the shell that installed it" 0 as alice "cleudocodebot status"

say "== the installer is killed at every moment"
killed=0
for ((tenths = 2; tenths <= 600; tenths += tenths < 200 ? 3 : 20)); do
    as alice "cleudocodebot uninstall --purge --yes" >/dev/null 2>&1
    seconds=$(printf '0.%04d' $tenths)
    su alice -c "cd ~; exec timeout --signal=KILL $seconds /opt/cleudocodebot/$install" >/dev/null 2>&1 || killed=$((killed + 1))
    if ! as alice "$install" >/tmp/last 2>&1; then bad "killed after ${seconds} s: a second run does not repair"; shown; break; fi
    left=$(find /home/alice -name '*.tmp')
    [ -z "$left" ] || { bad "killed after $seconds s: $left is left"; break; }
    as alice "cleudocodebot ping -c 1" >/dev/null 2>&1 || { bad "killed after $seconds s: no answer"; break; }
done
ok "$killed runs were killed before they ended, each time the next one repaired"
as alice "cleudocodebot uninstall" >/dev/null
left=$(cd /home/alice && find . -type f ! -name '.bash*' ! -name .profile | sort | tr '\n' ' ')
[ "$left" = "./.cleudocodebot/.env ./.cleudocodebot/messages.redb ./.cleudocodebot/messages.redb.closed " ] && ok "uninstall leaves $left" || bad "uninstall leaves $left"
as alice "cleudocodebot uninstall --purge --yes" >/dev/null
left=$(cd /home/alice && find . -mindepth 1 ! -name '.bash*' ! -name .profile | tr '\n' ' ')
case $left in "" | "./.config ") ok "--purge leaves nothing" ;; *) bad "--purge leaves $left" ;; esac

say "== bad surroundings"
mkdir /readonly && chown root: /readonly
code "a home that is not writable" 1 as alice "$install --home /readonly/home"; one_line
mkdir /full && mount -t tmpfs -o size=8k,mode=777 tmpfs /full && head -c 100000 /dev/zero >/full/filler 2>/dev/null
code "a full disk" 1 as alice "$install --home /full/home"; one_line
umount /full
perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalAddr=>"127.0.0.1",LocalPort=>18789,Listen=>5,ReuseAddr=>1) or die; while($c=$s->accept){}' &
stranger=$!; sleep 0.3
code "the port taken by a stranger" 1 as alice "$install"; one_line
kill $stranger; wait $stranger 2>/dev/null
as alice "mkdir -p -m 700 .cleudocodebot; echo 'A=\"x' >.cleudocodebot/.env; chmod 600 .cleudocodebot/.env"
code "a broken .env" 78 as alice "$install"; one_line
as alice "echo CLEUDOCODEBOT_PORT=99999 >.cleudocodebot/.env"
code "a wrong port in .env" 78 as alice "$install"; one_line
as alice "echo >.cleudocodebot/.env; chmod 644 .cleudocodebot/.env"
code "an .env that others can read" 78 as alice "$install"; one_line
rm -r /home/alice/.cleudocodebot
code "root through sudo" 2 env SUDO_USER=alice HOME=/home/alice /opt/cleudocodebot/$install; one_line
as alice "mkdir -p .config/autostart; echo hello >.config/autostart/cleudocodebot.desktop"
code "an entry that is not ours" 78 as alice "$install"; one_line
code "--force" 0 as alice "$install --force"
grep -q hello /home/alice/.config/autostart/cleudocodebot.desktop.bak && ok "keeps it as .bak" || bad "it is gone"
echo '# mine' >>/home/alice/.config/autostart/cleudocodebot.desktop
code "an entry changed by hand" 78 as alice "$install"; one_line
mkdir -p /run/systemd/system
code "systemctl failing" 0 as alice "$install --force"
said "says so" "cannot be reached"
mv /usr/bin/systemctl /usr/bin/systemctl.away
code "systemctl missing" 0 as alice "$install"
said "says so" "systemctl is not installed"
rmdir /run/systemd/system
as alice "cleudocodebot stop" >/dev/null
code "--system without systemd" 1 /opt/cleudocodebot/$install --system; one_line
code "--system without root" 2 as alice "$install --system"; one_line
code "another home in its place" 78 as alice "$install --home /home/alice/other --port 18790"; one_line
code "uninstall" 0 as alice "cleudocodebot uninstall --purge --yes"

say
[ $failures = 0 ] && say "all as it should be" || say "$failures failures"
exit $((failures > 0))
