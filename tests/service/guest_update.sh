#!/bin/bash
# Updates of a user's daemon on a machine with systemd, good ones and bad ones, and on a disk that is full. Afterwards
# either the new program runs or the old one does, with its messages.
# Runs inside the booted guest of nspawn.sh, as a service, as root; alice is a user.
set -u
program=/opt/cleudocodebot/cleudocodebot
failures=0
out=/tmp/last
say() { printf '%s\n' "$*"; }
ok() { say "ok    $*"; }
bad() { say "FAIL  $*"; failures=$((failures + 1)); }
shown() { sed 's/^/        /' $out; }
said() { if grep -q -- "$2" $out; then ok "$1"; else bad "$1: not said: $2"; shown; fi; }
wait_for() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -ge $end ] && return 1; sleep 0.1; done; }
# A session of alice's, as a login has it.
alice() { su -l alice -c "export PATH=/home/alice/.local/bin:$PATH; $*"; }
unit() { su -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user show cleudocodebot.service --property=$1 --value"; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }

home=/home/alice/.cleudocodebot
folder=/home/alice/.local/share/cleudocodebot/bin
news=/home/alice/news
mkdir $news
cp $program /home/alice/cleudocodebot
old=$(sum $program)
facts=$($program version --json)
version=$(echo "$facts" | sed 's/.*"version":"\([^"]*\)".*/\1/')
schema=$(echo "$facts" | sed 's/.*"schema":\([0-9]*\).*/\1/')

# A good one is ours with a byte behind it. The others say of themselves what they are told to, and then run ours.
{ cat $program; echo; } >$news/good
# stand_in NAME VERSION SCHEMA COMMAND: the command runs before the daemon does.
stand_in() {
    cat >"$news/$1" <<SCRIPT
#!/bin/sh
if [ "\$1" = version ]; then echo '{"version":"$2","schema":$3,"platform":"linux-x86_64"}'; exit; fi
$4
exec $program "\$@"
SCRIPT
}
stand_in changing "$version" $((schema + 1)) :
stand_in older "$version" $((schema - 1)) :
stand_in unready 9.9.9 "$schema" :
stand_in ending "$version" "$schema" 'exit 1'
stand_in hanging "$version" "$schema" 'exec sleep 1000'
stand_in dying "$version" "$schema" '(sleep 3; kill -9 $$) &'
stand_in dying-late "$version" $((schema + 1)) '(sleep 60; kill -9 $$) &'
echo "no program" >$news/nothing
chown -R alice: /home/alice

fresh() {
    alice "cleudocodebot uninstall --purge --yes" >/dev/null 2>&1
    rm -rf $home
    alice "./cleudocodebot onboard --install-daemon --yes" >$out 2>&1 || { bad "it does not install"; shown; }
    alice "cleudocodebot send -c webchat --to me 'a message from before'" >$out 2>&1 || { bad "it does not send"; shown; }
}
left() { find $home $folder -name '*-new' -o -name '*-former' -o -name update.json -o -name '*.before-update' -o -name '*.tmp' | tr '\n' ' '; }
has_messages() { alice "cleudocodebot history --words 'a message from before'" >$out 2>&1 && grep -q 'a message from before' $out; }
runs() { [ "$(sum $folder/cleudocodebot)" = "$1" ] && [ "$(unit ActiveState)" = active ] && alice "cleudocodebot ping -c 1" >/dev/null 2>&1; }
# is TEXT SUM: this program runs, with the messages, and nothing is under way.
is() {
    runs "$2" && ok "$1 runs" || bad "$1 does not run: $(ls $folder | tr '\n' ' '), $(unit ActiveState)"
    has_messages && ok "with the messages from before" || { bad "the messages from before are gone"; shown; }
    [ -z "$(left)" ] && ok "and nothing is left of the update" || bad "left: $(left)"
}
# update TEXT CODE ARGUMENTS
update() { local text=$1 want=$2 got; shift 2; alice "cleudocodebot update $*" >$out 2>&1; got=$?; if [ $got = "$want" ]; then ok "$text (exit $got)"; else bad "$text (exit $got, not $want)"; shown; fi; }

loginctl enable-linger alice

say "== a good one"
fresh
update "with its hash" 0 $news/good --sha256 "$(sum $news/good)" --watch 3
is "the new program" "$(sum $news/good)"
fresh
update "one with another schema" 0 $news/changing --watch 3
is "the new program" "$(sum $news/changing)"

say "== refused"
fresh
before=$(unit MainPID)
update "a wrong hash" 1 $news/good --sha256 "$(printf %064d 0)"
said "says so" "not the one that was meant"
update "no program" 1 $news/nothing
said "says so" "othing was changed"
update "one of an older schema" 1 $news/older
said "says so" "is older"
is "the old program" "$old"
[ "$(unit MainPID)" = "$before" ] && ok "the same process" || bad "another process"

say "== one that is never ready"
for one in "unready:version $version answers" "ending:restart cleudocodebot.service. failed" "hanging:did not end within 30 s"; do
    update "${one%%:*}" 1 $news/${one%%:*} --watch 3
    said "says why" "${one#*:}"
    is "the old program" "$old"
done

say "== one that crashes after a minute"
update "after 60 s, with another schema" 1 $news/dying-late
said "says why" "did not stay so\|was started again"
said "and where its messages are" "messages.redb.of-$version"
[ -s "$home/messages.redb.of-$version" ] && ok "they are there" || bad "they are not"
is "the old program" "$old"

# killed_at PROGRAM TEXT: the update is killed as soon as it says this; then the user's manager starts anew.
killed_at() {
    fresh
    alice "cleudocodebot update $news/$1 --watch 60" >$out 2>&1 &
    local command=$!
    until grep -q "$2" $out || ! kill -0 $command 2>/dev/null; do :; done
    pkill -KILL -f "^cleudocodebot update" && ok "killed at: $(tail -1 $out)" || { bad "it was not killed at: $2"; shown; }
    { wait $command; } 2>/dev/null
    systemctl restart user@1000.service
}
say "== a kill at each step"
for step in "checking the new" "stopping the daemon" "copying the message" "replacing the program" "starting the new" "is ready"; do
    killed_at changing "$step"
    wait_for 30 alice "cleudocodebot ping -c 1" && ok "a program starts" || bad "none starts"
    if runs "$(sum $news/changing)"; then
        has_messages && ok "the new one, with the messages" || { bad "the messages from before are gone"; shown; }
        update "update --undo" 0 --undo
    fi
    is "the old program" "$old"
done

say "== a kill, and nobody watches"
killed_at changing "is ready"
wait_for 100 test ! -e $home/update.json && ok "the new program kept itself" || bad "the new program did not keep itself"
is "the new program" "$(sum $news/changing)"
killed_at dying "is ready"
wait_for 100 runs "$old" && ok "one that crashes is put back by itself" || bad "it is not put back"
is "the old program" "$old"

# A file system of so many bytes in a folder's place, with what is in it.
small() {
    local place=$1 bytes=$2
    systemctl stop user@1000.service
    cp -a "$place" /tmp/kept
    mount -t tmpfs -o "size=$bytes,mode=755" tmpfs "$place" || return 1
    cp -a /tmp/kept/. "$place"
    chown alice: "$place"
    rm -rf /tmp/kept
    systemctl start user@1000.service
    wait_for 30 alice "cleudocodebot ping -c 1"
}
large() { systemctl stop user@1000.service; rm -rf /tmp/kept; cp -a "$1" /tmp/kept; umount "$1"; cp -a /tmp/kept/. "$1"; rm -rf /tmp/kept; systemctl start user@1000.service; wait_for 30 alice "cleudocodebot ping -c 1"; }
say "== a full disk"
bytes=$(stat -c %s $program)
fresh
# Room for one program and a half, then for two and a half; three are needed.
for halves in 3 5; do
    if ! small $folder $((bytes * halves / 2)); then say "SKIPPED: no small file system can be mounted here"; break; fi
    update "room for $halves halves of the program" 1 $news/good --watch 3
    said "says why" "No space left"
    is "the old program" "$old"
    large $folder
done
# The home: room for the store but not for its copy, then for nothing.
for room in $((64 * 1024)) 0; do
    used=$(du -sb $home | cut -f1)
    small $home $((used + 8 * 1024 * 1024)) || break
    dd if=/dev/zero of=$home/filler bs=4096 >/dev/null 2>&1
    [ $room = 0 ] || truncate -s -$room $home/filler
    update "$room bytes of room in the home" 1 $news/changing --watch 3
    said "says why" "No space left"
    runs "$old" && ok "the old program runs" || bad "the old program does not run: $(unit ActiveState)"
    rm $home/filler
    is "the old program" "$old"
    large $home
done

say
[ $failures = 0 ] && say "all as it should be" || say "$failures failures"
exit $((failures > 0))
