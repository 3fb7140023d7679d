#!/bin/bash
# Tries what .ci/release made where nothing else is: tests/release/roots.sh [FOLDER]
# Bare Debian roots (stable and oldstable; SUITES names others) get the package, and then the tarball: the program runs,
# starts a daemon, and goes without a trace. The manifests of package managers are read, and Homebrew's is run in the
# first root. Then zip.sh tries the Windows zip. Needs root, debootstrap and a mirror of Debian; else skipped aloud.
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
tarball=$(ls "$files"/*-linux-*.tar.gz)
python3 tests/release/manifests.py "$files"; failures=$((failures + $?))

finish() { echo "$failures failures"; exit $((failures > 0)); }
[ "$(id -u)" = 0 ] || { skip "the roots: not root"; finish; }
command -v debootstrap >/dev/null || { skip "the roots: debootstrap is missing"; finish; }

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

formula_read=
# Ruby comes into the root last: the program has to do without what it brings.
read_formula() {
    local root=$1
    formula_read=yes
    [ -e "$files/cleudocodebot.rb" ] || { skip "the Homebrew formula: there is none"; return; }
    chroot "$root" sh -c 'apt-get -o Acquire::Check-Valid-Until=false update && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends ruby' >"$log" 2>&1 \
        || { skip "the Homebrew formula is not read: Debian's ruby does not come"; return; }
    cp "$files/cleudocodebot.rb" tests/release/formula.rb "$root/root"
    check "the Homebrew formula names the tarball and its hash, installs it, and its test passes" chroot "$root" ruby /root/formula.rb /root/cleudocodebot.rb /root
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
    [ -n "$formula_read" ] || read_formula "$root"
    umount "$root/proc" 2>/dev/null || true
done
if [ -z "$formula_read" ]; then skip "the Homebrew formula is not read"; fi

echo "== the Windows zip"
bash tests/release/zip.sh "$files" || failures=$((failures + 1))
finish
