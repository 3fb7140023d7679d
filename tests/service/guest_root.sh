# Sourced by nspawn.sh and plain.sh: a Debian below $root, thrown away at the end, with the program
# in /opt/cleudocodebot and the users alice and bob. Skips aloud where the parts are missing.
skip() { echo "SKIPPED: $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip "needs root"
command -v systemd-nspawn >/dev/null || skip "systemd-nspawn is missing (Debian package systemd-container)"
guests=${GUESTS:-$HOME/.cache/cleudocodebot-tests}
base=$guests/bookworm
if [ ! -e "$base/.made" ]; then
    command -v debootstrap >/dev/null || skip "debootstrap is missing, and there is no guest at $base"
    mkdir -p "$guests"
    packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,sudo,iproute2
    debootstrap --variant=minbase --include=$packages bookworm "$base" >"$guests/debootstrap.log" 2>&1 \
        || skip "debootstrap failed, see $guests/debootstrap.log"
    touch "$base/.made"
fi
program=${PROGRAM:-}
[ -n "$program" ] || { cargo build --quiet; program=target/debug/cleudocodebot; }
work=$(mktemp -d)
trap 'umount "$work/root" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work"/{upper,scratch,root,out}
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/scratch" "$work/root" \
    || skip "this system cannot mount an overlay"
root=$work/root
mkdir -p "$root/opt/cleudocodebot" "$root/out"
cp "$program" "$root/opt/cleudocodebot/cleudocodebot"
for name in alice bob; do chroot "$root" useradd --create-home --shell /bin/bash $name; done
