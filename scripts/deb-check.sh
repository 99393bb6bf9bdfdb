#!/bin/bash
#
# Install the package $1 on a minimal Debian, use it, and take it off again:
# nothing may be left.  Needs root, and mmdebstrap.  The status is 77 if no
# minimal Debian could be made, for instance without a network.

set -eu -o pipefail
deb=$(realpath "$1")
root=$(mktemp -d)
system=$root/system
clean_up()
{
	umount "$system/proc" 2>/dev/null || true
	rm -rf "$root"
}
trap clean_up EXIT
export DEBIAN_FRONTEND=noninteractive

# Where this system gets its packages from, there the new one does too.
if ! mmdebstrap --quiet --variant=apt --include=ca-certificates \
    --setup-hook='cp -a /etc/apt/apt.conf.d /etc/apt/sources.list.d "$1/etc/apt/"' \
    --customize-hook='rm -f "$1/etc/apt/sources.list"' \
    --customize-hook='[ ! -e /etc/apt/sources.list ] ||
        cp -a /etc/apt/sources.list "$1/etc/apt/"' \
    bookworm "$system" 2>"$root/log"; then
	cat "$root/log" >&2
	echo "deb-check: skipped, a minimal Debian cannot be made here" >&2
	exit 77
fi
mount -t proc proc "$system/proc"
cp "$deb" "$system/tmp/ace-dt.deb"
cp debian/tests/gather "$system/tmp/gather"
inside()
{
	chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}
files()
{
	(cd "$system" && find . -xdev \( -path ./proc -o -path ./var -o \
	    -path ./tmp -o -path ./root \) -prune -o -type f -print | sort)
}

inside apt-get -qq update >/dev/null
inside apt-get -qq install -y --no-install-recommends jq man-db skopeo umoci \
    >/dev/null 2>&1
files >"$root/before"
inside apt-get -qq install -y --no-install-recommends /tmp/ace-dt.deb \
    >/dev/null 2>&1
inside mkdir -p /tmp/work
inside env AUTOPKGTEST_TMP=/tmp/work sh /tmp/gather
inside apt-get -qq purge -y ace-dt >/dev/null 2>&1
inside apt-get -qq autoremove -y --purge >/dev/null 2>&1
files >"$root/after"
if comm -13 "$root/before" "$root/after" | grep .; then
	echo "deb-check: these files are left" >&2
	exit 1
fi
echo "installed, used and removed: nothing is left"
