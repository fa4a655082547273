#!/bin/sh
# The real players, the browser and the reader of QR codes that the tests use, an X server without a screen for the
# windows, a message bus for the desktop's notifications, and systemd's eye for units. Installs them on Debian for
# root; else says how.
set -eu

missing=""
for tool in mpv ffmpeg zbarimg Xvfb chromium dbus-daemon systemd-analyze kodi; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
[ -n "$missing" ] || exit 0

# Where there is no graphics card, mpv draws with Mesa's software, which is a package of its own.
packages=$(echo "$missing" | sed 's/zbarimg/zbar-tools/; s/Xvfb/xvfb libgl1-mesa-dri/; s/systemd-analyze/systemd/')
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
