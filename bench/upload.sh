#!/usr/bin/env bash
#
# Upload a blob with curl, for bench/run.sh: upload.sh STORE HOST/REPOSITORY
# DIGEST, where STORE is the directory of the docker-registry that has it.

set -euo pipefail

hex=${3#sha256:}
file=$1/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data
where=$(curl -fsS -m 60 -X POST -o /dev/null -w '%header{location}' \
    "http://${2%%/*}/v2/${2#*/}/blobs/uploads/")
sep='?'
[ "$where" = "${where%\?*}" ] || sep='&'
exec curl -fsS -m 600 -T "$file" "$where${sep}digest=$3"
