#!/bin/bash
#
# Make the Debian package of the commit that is checked out, source and binary,
# in the folder $1, and look at both with lintian.

set -eu -o pipefail
out=$1
version=$(sed -n 's/^VERSION[[:blank:]]*:= //p' Makefile)
[ "$(dpkg-parsechangelog -S Version | sed 's/-[^-]*$//')" = "$version" ] || {
	echo "deb: debian/changelog is not about version $version" >&2
	exit 1
}

rm -rf "$out"
mkdir -p "$out/ace-dt-$version"
scripts/dist.sh "$out/ace-dt_$version.orig.tar.gz"
tar -xzf "$out/ace-dt_$version.orig.tar.gz" -C "$out"
git archive HEAD debian | tar -x -C "$out/ace-dt-$version"
log=$out/build.log
(cd "$out/ace-dt-$version" && dpkg-buildpackage -us -uc) >"$log" 2>&1 || {
	tail -n 40 "$log" >&2
	exit 1
}
# The authors have no address for bugs yet, and Debian no bug that asks for this
# package; there is no place to watch for releases.
lintian --fail-on error,warning --display-info --color never --allow-root \
    --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
    --suppress-tags initial-upload-closes-no-bugs,debian-watch-file-is-missing \
    "$out/ace-dt_$version"*.changes
echo 'lintian: nothing found'
rm -rf "$out/ace-dt-$version"
ls "$out"/*.deb
