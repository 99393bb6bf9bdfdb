#!/bin/bash
#
# The release tarball of the commit that is checked out, into the file $1.  The
# same commit gives the same bytes.

set -eu -o pipefail
out=$1
version=$(sed -n 's/^VERSION[[:blank:]]*:= //p' Makefile)
[ -z "$(git status --porcelain)" ] ||
    echo "dist: what is not committed is not in it" >&2
mkdir -p "$(dirname "$out")"
git archive --prefix="ace-dt-$version/" HEAD -- . ':!debian' ':!.ci' |
    gzip -9n >"$out"
