#!/bin/bash
# Tries what .ci/release made where nothing else is: tests/release/roots.sh [FOLDER]
# Bare Debian roots (stable and oldstable; SUITES names others) get the package, and then the tarball: the program runs,
# starts a daemon, and goes without a trace. Needs root, debootstrap and a mirror of Debian; else skipped aloud.
set -u
cd "$(dirname "$0")/../.."
files=${1:-target/download}
files=$(cd "$files" 2>/dev/null && pwd) || { echo "FAIL  there is no ${1:-target/download}; run .ci/release first"; exit 1; }
failures=0
ok() { echo "ok    $*"; }
bad() { echo "FAIL  $*"; failures=$((failures + 1)); }
skip() { echo "SKIPPED: $*"; }
check() { local text=$1; shift; if "$@" >"$log" 2>&1; then ok "$text"; else bad "$text"; sed 's/^/        /' "$log"; fi; }
work=$(mktemp -d)
log=$work/log
trap 'rm -rf --one-file-system "$work"' EXIT

echo "== the files"
check "the hashes are those of the files" sh -c "cd '$files' && sha256sum --quiet -c SHA256SUMS"
check "every file has its hash" sh -c "cd '$files' && [ \$(find . -type f ! -name SHA256SUMS | wc -l) = \$(wc -l <SHA256SUMS) ]"
for list in "$files"/*.json; do
    [ ! -e "$list" ] || check "$(basename "$list") is JSON" python3 -m json.tool "$list"
done
formula=$files/cleudocodebot.rb
if [ ! -e "$formula" ]; then skip "the Homebrew formula: there is none"
elif command -v ruby >/dev/null; then check "the Homebrew formula is Ruby" ruby -c "$formula"
else skip "the Homebrew formula is not parsed: ruby is missing"; fi
for manifest in "$files"/winget/*.yaml; do
    [ ! -e "$manifest" ] || python3 -c 'import yaml' 2>/dev/null || { skip "the winget manifests are not parsed: PyYAML is missing"; break; }
    [ ! -e "$manifest" ] || check "$(basename "$manifest") is YAML" python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$manifest"
done
tarball=$(ls "$files"/*-linux-*.tar.gz)
if [ -e "$files/update.json" ]; then
    wanted=$(python3 -c 'import json, sys; print(next(iter(json.load(open(sys.argv[1]))["files"].values()))["sha256"])' "$files/update.json")
    check "update.json has the hash of the plain program" grep -q "$wanted" "$files/SHA256SUMS"
fi

[ "$(id -u)" = 0 ] || { skip "the roots: not root"; exit $failures; }
command -v debootstrap >/dev/null || { skip "the roots: debootstrap is missing"; exit $failures; }

# The whole life of the program at $1, in the root $2.
lives() {
    local program=$1 root=$2
    inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
    check "$program version" inside "$program" version --json
    check "$program daemon answers" inside sh -c "
        $program daemon --home /root/try --port 0 --quiet & daemon=\$!
        for _ in \$(seq 100); do [ -e /root/try/daemon.json ] && break; sleep 0.1; done
        $program status --home /root/try && $program send --home /root/try -c webchat --to me hello \
            && $program history --home /root/try --words HELLO | grep -q hello; got=\$?
        kill \$daemon; wait \$daemon; rm -r /root/try; exit \$got"
}

for suite in ${SUITES:-stable oldstable}; do
    echo "== Debian $suite"
    root=$work/$suite
    if ! debootstrap --variant=minbase "$suite" "$root" "${MIRROR:-http://deb.debian.org/debian}" >"$log" 2>&1; then
        skip "Debian $suite: no root ($(tail -1 "$log"))"
        continue
    fi
    mount -t proc proc "$root/proc" 2>/dev/null || true
    cp "$files"/*.deb "$tarball" "$root/root" 2>/dev/null
    if ls "$root"/root/*.deb >/dev/null 2>&1; then
        check "the package installs, with what a bare root has" chroot "$root" sh -c 'dpkg -i /root/*.deb'
        check "it is whole" chroot "$root" sh -c '[ -x /usr/bin/cleudocodebot ] && [ -s /usr/share/bash-completion/completions/cleudocodebot ] && dpkg -L cleudocodebot | grep -q man1/cleudocodebot-send.1.gz'
        lives /usr/bin/cleudocodebot "$root"
        check "the package goes" chroot "$root" sh -c 'dpkg -P cleudocodebot && [ ! -e /usr/bin/cleudocodebot ]'
    else
        skip "the package: there is none"
    fi
    check "the tarball unpacks" chroot "$root" sh -c 'cd /opt && tar xzf /root/*.tar.gz'
    lives "/opt/$(basename "$tarball" .tar.gz)/cleudocodebot" "$root"
    umount "$root/proc" 2>/dev/null || true
done
echo "$failures failures"
exit $failures
