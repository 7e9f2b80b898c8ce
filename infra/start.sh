#!/bin/sh
# Installs DocVault on this machine, or brings it up to date: sh infra/start.sh vault.example.com
# Needs Docker with Compose 2.24 or newer. The name must lead to this machine; `localhost` tries it out.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
if [ $# -ne 1 ] && [ ! -s "$here/.env" ]; then
    echo "Please say under which name people reach the portal: sh infra/start.sh vault.example.com" >&2
    exit 2
fi
sh "$here/make-secrets.sh" "$here/secrets"
if [ $# -eq 1 ]; then
    case "$1" in
    *[!A-Za-z0-9.-]* | "" | -*)
        echo "$1 is not the name of a host: vault.example.com, without https:// and without a port." >&2
        exit 2
        ;;
    esac
    grep -v '^PORTAL_HOST=' "$here/.env" 2>/dev/null >"$here/.env.part" || true
    echo "PORTAL_HOST=$1" >>"$here/.env.part"
    mv "$here/.env.part" "$here/.env"
fi
docker compose --file "$here/compose.yaml" up --build --detach --wait
docker compose --file "$here/compose.yaml" logs --no-log-prefix web | grep -A 2 "first administrator" ||
    echo "DocVault runs at https://$(sed -n 's/^PORTAL_HOST=//p' "$here/.env")."
