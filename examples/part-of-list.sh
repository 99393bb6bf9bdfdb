#!/bin/sh
#
# part-of-list.sh LIST I N: the Ith of N parts of a list of images, from 0.
#
# Line by line in turn, so that no part gets all the large images of one team.
# A record of the list must take one line, as it does unless a label holds a
# line break.

set -eu
[ $# -eq 3 ] || { echo "usage: $0 LIST I N" >&2; exit 2; }
awk -v i="$2" -v n="$3" '
	/^[[:blank:]]*(#|$)/ { next }
	seen++ % n == i' "$1"
