#!/bin/sh
# The real players, and the reader of QR codes, that the tests use. Installs them on Debian for root; else says how.
set -eu

missing=""
for tool in mpv ffmpeg zbarimg; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
[ -n "$missing" ] || exit 0

packages=$(echo "$missing" | sed 's/zbarimg/zbar-tools/')
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
    echo "Installing$packages ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # several names
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "Not here:$missing. The tests that need them will be skipped; to run them too:"
    echo "    sudo apt-get install --no-install-recommends$packages"
fi
