#!/usr/bin/env bash
#
# Run ace-dt mirror gather and other programs in turn on the same work, check
# that each left the same content behind, and print one table.
#
#   bench/run.sh [-n ROUNDS] [ROW ...]
#
# Rows and programs: bench/README.md.  BENCH_IMAGES, BENCH_FAR_IMAGES,
# BENCH_ROUND_TRIP (ms), BENCH_LARGE_MB and BENCH_LIMIT (seconds for one run)
# change the work.  GO_ACE_DT names the ace-dt that is written in Go.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
build=${ACEDT_BUILD:-$top/build}
images=${BENCH_IMAGES:-100}
far_images=${BENCH_FAR_IMAGES:-20}
round_trip=${BENCH_ROUND_TRIP:-50}
large_mb=${BENCH_LARGE_MB:-2160}
limit=${BENCH_LIMIT:-900}
rounds=3
while getopts n: opt; do
	case $opt in
	n) rounds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(small latency large)

# shellcheck source=bench/registry.sh
. "$here/registry.sh"
# shellcheck source=bench/measure.sh
. "$here/measure.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/acedt-bench.XXXXXX")
cleanup()
{
	end_processes $$
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

export PATH="$build:$build/bench:$PATH" HOME="$work" DOCKER_CONFIG="$work"
unset ACE_DT_CONFIG ACE_DT_CONCURRENT_HTTP

# Programs: each copies the images of a list ($1, one reference a line) into one
# repository ($2).

# Each destination has a cache of its own: a first copy begins without one.
gather_ace-dt()
{
	ACE_DT_CACHE_PATH=$work/cache/${2##*/} \
	    ace-dt mirror gather "$1" "$2:gathered" -q
}

gather_ace-dt-64()
{
	ACE_DT_CONCURRENT_HTTP=64 gather_ace-dt "$@"
}

gather_go-ace-dt()
{
	"$GO_ACE_DT" mirror gather "$1" "$2:gathered"
}

# The others copy one image a call, which gets the tags i0, i1, ...
one_by_one()
{
	local list=$1 repo=$2 ref n=0
	shift 2
	while read -r ref; do
		"$@" "${transport:-}$ref" "${transport:-}$repo:i$n" \
		    </dev/null || return
		n=$((n + 1))
	done <"$list"
}

# It remembers which repositories have a blob, for root in a place of the whole
# system, for others in their home, and would mount in the second round what it
# is to copy.
gather_skopeo()
{
	local home as=()
	home=$(mktemp -d "$work/home.XXXXXX")
	if [ "$(id -u)" = 0 ]; then
		chmod 711 "$work"
		chown 65534:65534 "$home"
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fi
	HOME=$home transport=docker:// one_by_one "$1" "$2" "${as[@]}" \
	    skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false
}

gather_regctl()
{
	local first
	read -r first <"$1"
	one_by_one "$1" "$2" regctl --host "reg=${first%%/*},tls=disabled" \
	    --host "reg=${2%%/*},tls=disabled" image copy
}

gather_crane()
{
	one_by_one "$1" "$2" crane copy --insecure
}

gather_oras()
{
	one_by_one "$1" "$2" oras cp --from-plain-http --to-plain-http
}

# Not programs to copy images with, but what these could at best be: the same
# requests and nothing else, for blobs only or for all.

gather_loop()
{
	loop "$work/requests.1"
}

gather_loop-all()
{
	loop "$work/requests".[123]
}

# Only the upload of the large blobs, out of files, four at a time.
gather_curl()
{
	awk '$1 == "PUT" { print $2 }' "$work/requests.1" |
	    xargs -P 4 -n 1 "$here/upload.sh" "$work/src" "$2"
}

# Which programs take part in a row.
programs_of()
{
	local others=() name
	[ -z "${GO_ACE_DT:-}" ] || others+=(go-ace-dt)
	for name in skopeo regctl crane oras; do
		! command -v "$name" >/dev/null || others+=("$name")
	done
	case $1 in
	latency) echo ace-dt ace-dt-64 "${others[@]}" loop loop-all ;;
	small) echo ace-dt "${others[@]}" loop loop-all ;;
	large) echo ace-dt "${others[@]}" loop curl ;;
	*) echo ace-dt "${others[@]}" ;;
	esac
}

# Does a repository hold what the program is to copy?  Asked without the relay,
# which leads to the same two registries.
check_content()
{
	local prog=$1 repo=${3/#$dst_far/$dst_host} near=$work/near.list
	sed "s,^$src_far/,$src_host/," "$2" >"$near"
	case $prog in
	ace-dt* | go-ace-dt) set -- check "$near" "$repo" gathered ;;
	loop | curl) set -- blobs "$near" "$repo" ;;
	loop-all) set -- check "$near" "$repo" ;;
	*) set -- check "$near" "$repo" i%d ;;
	esac
	"$here/content.py" "$@" ||
	    { echo "bench: $prog left something else" >&2; exit 1; }
}

# What loop and curl are to do.
prepare()
{
	case $1 in
	loop* | curl) "$here/content.py" requests "$2" "$3" "$work/requests" ;;
	esac
}

# run_row ROW LIST HOST BASE: BASE is the row that copied first.  Every second
# round goes backwards, so that none always comes before another.
run_row()
{
	local row=$1 list=$2 host=$3 base=$4 prog round repo
	for round in $(seq "$rounds"); do
		for prog in $(programs_of "$row" | tr ' ' '\n' |
		    if [ $((round % 2)) = 1 ]; then cat; else tac; fi); do
			repo=$host/bench/$base-$prog-$round
			prepare "$prog" "$list" "$repo"
			measure "$row" "$prog" "gather_$prog" "$list" "$repo"
			check_content "$prog" "$list" "$repo"
		done
	done
}

write_config()
{
	local host
	echo 'registryConfig:'
	echo '  registries:'
	for host in "$src_host" "$dst_host" "$src_far" "$dst_far"; do
		echo "    \"$host\": {endpoints: [\"http://$host\"]}"
	done
}

src_host='' dst_host='' src_far='' dst_far=''	# set by start_*
start_registry src
start_registry dst
start_relay
write_config >"$work/ace-dt-config.yaml"
export ACE_DT_CONFIG="$work/ace-dt-config.yaml"

seed()
{
	local name=$1
	shift
	[ -f "$work/$name.list" ] ||
	    "$here/seed.py" "$src_host" "$@" >"$work/$name.list"
}

for row in "${rows[@]}"; do
	case $row in
	small)
		seed small small "$images"
		run_row small "$work/small.list" "$dst_host" small
		run_row small-again "$work/small.list" "$dst_host" small
		;;
	latency)
		seed small small "$images"
		head -n "$far_images" "$work/small.list" |
		    sed "s,^$src_host,$src_far," >"$work/far.list"
		run_row latency "$work/far.list" "$dst_far" latency
		run_row latency-again "$work/far.list" "$dst_far" latency
		;;
	large)
		seed large large "$large_mb"
		run_row large "$work/large.list" "$dst_host" large
		;;
	*)
		echo "bench: no row $row" >&2
		exit 2
		;;
	esac
done

echo
echo "Debian $(cat /etc/debian_version), $(nproc) processors, $(date +%Y-%m-%d), medians of $rounds"
echo
table
