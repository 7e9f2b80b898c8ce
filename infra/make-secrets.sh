#!/bin/sh
# Makes the secrets that compose.yaml hands out, each of 256 random bits, and keeps those that are there.
# The folder is closed to everybody else; the files in it are not, because each container reads them as its own user.
set -eu
umask 077
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
chmod 700 "$folder"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # NAME: standard input becomes the secret, whole or not at all
    if [ -s "$folder/$1" ]; then
        cat >/dev/null
        return
    fi
    cat >"$folder/$1.part"
    chmod 444 "$folder/$1.part"
    mv "$folder/$1.part" "$folder/$1"
}
value() { cat "$folder/$1"; }
for name in database_admin_password database_owner_password database_app_password s3_access_key s3_secret_key; do
    random | keep "$name"
done
for role in owner app; do
    printf 'postgresql://docvault_%s:%s@database:5432/docvault' "$role" "$(value "database_${role}_password")" |
        keep "database_$role"
done
# What DocVault needs in its bucket and nothing more: no bucket is made, no lock taken off before its day.
actions=""
for action in Read Write List GetBucketObjectLockConfiguration GetObjectRetention PutObjectRetention; do
    actions="$actions${actions:+, }\"$action:docvault\""
done
printf '{"identities": [{"name": "docvault", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": [%s]}]}' \
    "$(value s3_access_key)" "$(value s3_secret_key)" "$actions" | keep s3_identities
echo "Secrets are in $folder. Keep a copy of this folder with your backups, closed to others."
