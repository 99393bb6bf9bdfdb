#!/bin/bash
#
# over-nodes.sh LIST IMAGE NODES-FILE
#
# Gather a list with several machines: each copies a part of the images, then
# this machine publishes the index of all of them.  NODES-FILE is for GNU
# parallel's --sshloginfile: a machine a line, ":" is this one.  All of them
# see the folder in which this is started, and have the programs in their PATH.

set -eu -o pipefail
[ $# -eq 3 ] || { echo "usage: $0 LIST IMAGE NODES-FILE" >&2; exit 2; }
list=$1 image=$2 nodes=$3
here=$(dirname "$(realpath "$0")")
n=$(grep -c . "$nodes" || true)
[ "$n" -gt 0 ] || { echo "$nodes names no machine" >&2; exit 2; }
parts=$(mktemp -d "$PWD/parts.XXXXXX")
trap 'rm -rf "$parts"' EXIT

for ((i = 0; i < n; i++)); do
	"$here/part-of-list.sh" "$list" "$i" "$n" >"$parts/$i"
done

# The first part that fails ends the others.
parallel --halt now,fail=1 --sshloginfile "$nodes" --workdir "$PWD" \
    "bash -o pipefail -c 'acedt-resolve --name $list - <{} | acedt-fetch |
    acedt-push $image >{}.stream'" ::: "$parts"/*

# A part that never came would leave no trace: --images counts.
sources=$("$here/part-of-list.sh" "$list" 0 1 | wc -l)
cat "$parts"/*.stream | acedt-index --images "$sources" "$image"
