#!/bin/sh
#
# Install what is missing for one or more purposes from Debian's packages, and
# say what.  Silent, and without any network, when all of it is there.
#
#   scripts/deps.sh build|demo|test|lint|bench|deb|fuzz ...

set -eu

build='gcc libc6-dev libcurl4-openssl-dev libjq-dev libonig-dev libssl-dev
    libyaml-dev libseccomp-dev libpcre2-dev libunistring-dev'
demo='jq ca-certificates'
test='bats docker-registry apache2-utils curl jq skopeo umoci mandoc
    parallel iproute2 procps python3 openssl util-linux nginx-light tinyproxy
    python3-yaml slurmctld slurmd slurm-client'
lint='clang cppcheck git mandoc python3 shellcheck binutils'
bench='docker-registry skopeo curl python3 util-linux'
deb='debhelper dpkg-dev fakeroot git lintian mmdebstrap'
fuzz='clang libclang-rt-14-dev'

wanted=
for purpose; do
	case $purpose in
	build) wanted="$wanted $build" ;;
	demo) wanted="$wanted $demo" ;;
	test) wanted="$wanted $test lcov" ;;
	lint) wanted="$wanted $lint" ;;
	bench) wanted="$wanted $bench" ;;
	deb) wanted="$wanted $deb" ;;
	fuzz) wanted="$wanted $fuzz" ;;
	*) echo "deps: no purpose $purpose" >&2; exit 2 ;;
	esac
done

missing=
for package in $wanted; do
	case " $missing " in *" $package "*) continue ;; esac
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
	    2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: these packages are missing, and installing them" \
		    "needs root:$missing" >&2
		exit 1
	fi
	as_root=sudo
fi

echo "Installing from Debian's packages:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# Servers are started by the tests themselves, never by their packages.
if ! { $as_root apt-get update &&
    $as_root env RUNLEVEL=1 apt-get install -y --no-install-recommends \
    $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "deps: apt-get failed" >&2
	exit 1
fi
