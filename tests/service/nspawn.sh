#!/bin/bash
# Installs the daemon in a booted guest with systemd, or updates it there: tests/service/nspawn.sh [guest_update.sh]
# Needs root and the Debian packages systemd-container and debootstrap; the guest is made once
# (300 MB, from a Debian mirror) and kept below GUESTS, by default ~/.cache/cleudocodebot-tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/service/guest_root.sh
cp "tests/service/${1:-guest.sh}" "$root/opt/guest.sh"
cat >"$root/etc/systemd/system/guest.service" <<'UNIT'
[Unit]
After=multi-user.target systemd-logind.service
[Service]
Type=oneshot
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
ExecStart=/bin/bash -c 'bash /opt/guest.sh >/out/log 2>&1; echo $? >/out/code; systemctl poweroff'
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -sf ../guest.service "$root/etc/systemd/system/default.target.wants/guest.service"
timeout "${PATIENCE:-900}" systemd-nspawn --quiet --register=no --keep-unit --private-network \
    --directory="$root" --bind="$work/out:/out" --boot >"$work/boot.log" 2>&1 </dev/null || true
if [ ! -s "$work/out/log" ]; then
    tail -5 "$work/boot.log"
    skip "the guest did not boot"
fi
cat "$work/out/log"
exit "$(cat "$work/out/code" 2>/dev/null || echo 1)"
