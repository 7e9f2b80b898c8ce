#!/bin/sh
# Makes the bucket of the files in SeaweedFS, with Object Lock, unless it is there.
set -eu
master="${MASTER:-127.0.0.1:9333}"
weed="${WEED:-/usr/bin/weed}"
ask() { echo "$1" | "$weed" shell -master="$master" 2>/dev/null; }
there() { ask s3.bucket.list | grep -Eq '^[[:space:]]*docvault([[:space:]]|$)'; }
there || ask "s3.bucket.create -name=docvault -withLock"
there || { echo "The bucket docvault could not be made." >&2; exit 1; }
