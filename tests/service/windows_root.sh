#!/bin/bash
# Runs a command where the Windows programs can be built and run: tests/service/windows_root.sh COMMAND ARGUMENT...
#
# That is a Debian of its own with cargo, MinGW and Wine, made once (3 GB, from a Debian mirror) and kept below GUESTS,
# by default ~/.cache/cleudocodebot-tests. Sid, because the cargo of a Debian release is older than ours. The command
# sees this repository, cargo's downloads and the folders named in SHARED (one a line) at the same paths, and this
# machine's network; what it starts ends with it. Where no such Debian can be had, the reason is said and the exit
# code is 69.
set -euo pipefail
cd "$(dirname "$0")/../.."
skip() { echo "SKIPPED: $*" >&2; exit 69; }

# Runs a command in a root; called in a mount and PID namespace of its own.
in_root() {
    local root=$1 folder
    shift
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --bind "$WINDOWS_SCRATCH" "$root/tmp"
    # The certificates that this machine trusts: its mirrors of crates may have their own.
    while read -r folder; do
        [ -n "$folder" ] || continue
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
    done < <(printf '%s\n' "$PWD" "$CARGO_HOME" /etc/ssl/certs /usr/local/share/ca-certificates "${SHARED:-}")
    # A child, not exec: the first process of a PID namespace takes all others with it.
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        CARGO_HOME="$CARGO_HOME" CARGO_INCREMENTAL=0 DEBIAN_FRONTEND=noninteractive IN_WINDOWS_ROOT=1 \
        ${QUICK:+QUICK="$QUICK"} ${PORT:+PORT="$PORT"} ${PROGRAMS:+PROGRAMS="$PROGRAMS"} \
        ${CLEUDOCODEBOT_COMMIT:+CLEUDOCODEBOT_COMMIT="$CLEUDOCODEBOT_COMMIT"} \
        ${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"} \
        sh -c 'cd "$0" && "$@"' "$PWD" "$@"
}

# Made under another name, so that half a root is never taken for a whole one.
make_root() {
    command -v debootstrap >/dev/null || skip "debootstrap is missing, and there is no root at $1"
    local new log=$guests/windows.log
    mkdir -p "$guests"
    new=$(mktemp -d "$guests/windows.XXXXXX")
    echo "making $1 (see $log) ..." >&2
    if ! debootstrap --variant=minbase sid "$new" "${MIRROR:-http://deb.debian.org/debian}" >"$log" 2>&1 || ! furnish "$new" >>"$log" 2>&1; then
        rm -rf --one-file-system "$new"
        skip "no root for the Windows programs: $(tail -1 "$log"); see $log"
    fi
    chmod 755 "$new"
    mv "$new" "$1"
}

furnish() {
    # A mirror that stood still for some weeks is good enough.
    echo 'Acquire::Check-Valid-Until "false";' >"$1/etc/apt/apt.conf.d/99late"
    apart "$1" apt-get update
    apart "$1" apt-get install -y --no-install-recommends \
        cargo rustc rust-src gcc libc6-dev gcc-mingw-w64-x86-64-win32 wine wine64 zip unzip python3 procps
    apart "$1" apt-get clean
}

apart() { unshare --mount --pid --fork --kill-child "$BASH" "$PWD/tests/service/windows_root.sh" --apart "$@"; }

if [ "${1:-}" = --apart ]; then
    shift
    in_root "$@"
    exit
fi
[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGUMENT..." >&2; exit 2; }
[ "$(id -u)" = 0 ] || skip "the root for the Windows programs can be entered by root alone"
guests=${GUESTS:-$HOME/.cache/cleudocodebot-tests}
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} WINDOWS_SCRATCH
mkdir -p "$CARGO_HOME"
unshare --mount --pid --fork true 2>/dev/null || skip "this system has no mount and PID namespaces"
WINDOWS_SCRATCH=$(mktemp -d)
trap 'rm -rf --one-file-system "$WINDOWS_SCRATCH"' EXIT
[ -e "$guests/windows" ] || make_root "$guests/windows"
apart "$guests/windows" "$@"
