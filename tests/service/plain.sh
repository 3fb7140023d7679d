#!/bin/bash
# Installs the daemon in a container without systemd, and in bad surroundings: tests/service/plain.sh
# Needs root, the Debian package systemd-container and the guest that nspawn.sh makes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/service/guest_root.sh
cp tests/service/plain_guest.sh "$root/opt/guest.sh"
systemd-nspawn --quiet --register=no --keep-unit --private-network --as-pid2 --directory="$root" \
    --capability=CAP_SYS_ADMIN /bin/bash -c 'ip link set lo up 2>/dev/null; exec bash /opt/guest.sh'
