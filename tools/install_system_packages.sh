#!/bin/sh
# Installs what the tests use beside Python packages: Chromium and the independent validators.
# Where it may not install, it says which tests will be skipped and goes on.
set -u
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need chromium chromium
need pdfsig poppler-utils
need qpdf qpdf
need mutool mupdf-tools
need certutil libnss3-tools
need openssl openssl
need oathtool oathtool
need softhsm2-util softhsm2
need litmus litmus
need curl curl
need soffice libreoffice-writer-nogui
need clamd clamav-daemon
[ -x /usr/sbin/nginx ] || need nginx nginx-light
# Debian keeps the server's programs out of PATH; the tests start a server of their own with them.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql
[ -d /usr/share/fonts/truetype/noto ] || missing="$missing fonts-noto-core"
[ -d /usr/share/fonts/opentype/noto ] || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # the list is meant to be split
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 && exit 0
fi
echo "Not installed, and the tests that use them will say that they were skipped:$missing"
exit 0
